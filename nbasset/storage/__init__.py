"""Where events and records are kept: one protocol, in memory, SQLite and PostgreSQL behind it."""
