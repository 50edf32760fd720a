"""Modbus sensors: which registers mean what, as data, and what blocks of registers say; the asking is the poller's."""
