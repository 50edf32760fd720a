"""How to judge: detectors over blocks of readings. Pure: numpy and the kernel, no I/O, no clock of its own."""
