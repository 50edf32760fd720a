"""Words both planes share. Pure: no I/O, no Django, no clock except where a function takes one."""
