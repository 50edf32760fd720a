"""Refused messages judged again by today's codec and registry: explained, and let in."""
