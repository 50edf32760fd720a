"""Talking devices: they speak the real protocols to real ports. What they say comes from a behaviour: time -> readings."""
