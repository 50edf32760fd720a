"""PostgreSQL's binary formats, written and read by numpy with no Python object a value."""
