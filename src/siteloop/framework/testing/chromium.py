"""Which Chromium draws the pages under test."""

import shutil

#: the headless shell comes first: it draws the same pages for half the processor time, without a window's machinery around them
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
