"""How the store's tables came to be: Alembic runs ``versions`` in order, one transaction an upgrade."""
