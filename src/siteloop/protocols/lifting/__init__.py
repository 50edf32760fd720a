"""Tower cranes and hoists: the frame families of their vendors, translated into one model (standards.md 2.3, 2.4)."""
