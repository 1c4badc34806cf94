"""An order to erase reaches the audit log: ids of records and typed reasons go, who did what and when stay.

The database lets one change of an entry through: its subject is written anew and its reason is cut, under a receipt. The hash by
which the next entry names it stays, and the chained entry of the erasure has the hash of what is left, so ``verify`` proves both.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ONLY_GROWS = "the audit log is append-only"
NEXT_LINK = "an entry of the audit log takes the next number and names the hash before it"
GENESIS = "0" * 64
IS_NEXT = (
    "NEW.seq = (SELECT coalesce(max(seq), 0) + 1 FROM audit_log) AND NEW.erasure_id IS NULL"
    " AND NEW.prev_hash = coalesce((SELECT hash FROM audit_log ORDER BY seq DESC LIMIT 1), GENESIS)"
).replace("GENESIS", f"'{GENESIS}'")
UNCHANGED = ("seq", "at", "actor", "role", "action", "prev_hash", "hash")
IS_ERASURE = " AND ".join(
    (
        *(f"NEW.{name} = OLD.{name}" for name in UNCHANGED),
        "EXISTS (SELECT 1 FROM erasures WHERE erasure_id = NEW.erasure_id)",
        "coalesce(OLD.erasure_id, '') <> NEW.erasure_id",
        "substr(OLD.why, 1, length(NEW.why)) = NEW.why",
    )
)


def upgrade() -> None:
    """Add the column that names the receipt, and let erasures through the triggers."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    text = sa.Text() if is_sqlite else sa.Text(collation="C")
    op.add_column("audit_log", sa.Column("erasure_id", text))
    for event, allowed, message in (("INSERT", IS_NEXT, NEXT_LINK), ("UPDATE", IS_ERASURE, ONLY_GROWS)):
        if is_sqlite:
            _replace_sqlite_trigger(event, allowed, message)
        else:
            _replace_postgresql_function(event, allowed, message)


def _replace_sqlite_trigger(event: str, allowed: str, message: str) -> None:
    name = f"audit_log_{event.lower()}"
    op.execute(f"DROP TRIGGER {name}")
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON audit_log WHEN NOT coalesce({allowed}, 0)"
        f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _replace_postgresql_function(event: str, allowed: str, message: str) -> None:
    op.execute(
        f"CREATE OR REPLACE FUNCTION audit_log_{event.lower()}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NOT coalesce({allowed}, false) THEN"
        f" RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        f" RETURN NEW; END $$"
    )
