"""The embedded stack: the whole mesh with a real PostgreSQL and a real NATS on one machine."""
