"""What Alembic runs: the upgrade on the connection, and in the transaction, that ``pipeline.stewardship.migrate`` opened."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transactional_ddl=True,  # also on SQLite: an upgrade that is killed leaves nothing behind
)
with context.begin_transaction():
    context.run_migrations()
