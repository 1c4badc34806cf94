"""What stewards decide about pairs of records: an append-only log in SQLite or PostgreSQL, and what of it stands tonight."""
