"""Raw frames in files by day, and their replay through today's codec."""
