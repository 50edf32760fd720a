"""Backups: the database, kept files, raw frames and sealed keys in one folder, and the way back."""
