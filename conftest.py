"""Shared fixtures; the engine starts in `siteloop.entry.testing`."""
