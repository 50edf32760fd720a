"""PostgreSQL and NATS as child processes from wheels; external ones are used when their address is set."""
