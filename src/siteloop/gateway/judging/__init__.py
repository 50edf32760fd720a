"""Blocks in order through every detector: as they come, and over stored history."""
