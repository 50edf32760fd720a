"""The embedded engines: PostgreSQL and NATS as child processes from wheels."""
