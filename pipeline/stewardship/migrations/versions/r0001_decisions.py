"""The log of decisions and the receipts of erasures: both only grow, and the database itself refuses anything else.

A decision is never updated but to empty it by order: then its text columns, record ids among them, become null, the receipt
of the order is named, and everything else stays. An insert takes the next number, so numbers have no gaps and nothing is
replaced. Downgrades do not exist: they would lose decisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEPT = (
    "seq",
    "decision_id",
    "verdict",
    "decided_by",
    "decided_at",
    "recorded_at",
    "entered_by",
    "retracts",
    "confirms",
    "supersedes",
    "needs_second",
    "run_id",
    "model",
)
EMPTIED = (
    "record_id_l",
    "record_id_r",
    "reason",
    "second_because",
    "fingerprint_l",
    "fingerprint_r",
    "evidence_hash",
    "evidence",
    "roles_l",
    "roles_r",
    "rules",
    "n_records",
)
ONLY_GROWS = "decisions are append-only"
RECEIPTS_STAY = "receipts of erasures are append-only"
NEXT_NUMBER = "a decision takes the next number and is never replaced"


def upgrade() -> None:
    """Make both tables, their indexes and the triggers that keep them append-only."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    text = sa.Text() if is_sqlite else sa.Text(collation="C")
    number = sa.Integer() if is_sqlite else sa.BigInteger()
    _make_tables(text, number)
    if is_sqlite:
        _guard_sqlite()
    else:
        _guard_postgresql()


def _make_tables(text: sa.Text, number: sa.Integer) -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "erasures",
        sa.Column("erasure_id", text, nullable=False),
        sa.Column("ordered_by", text, nullable=False),
        sa.Column("order_ref", text, nullable=False),
        sa.Column("erased_at", time, nullable=False),
        sa.Column("n_decisions", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("erasure_id", name="pk_erasures"),
    )
    op.create_table(
        "decisions",
        sa.Column("seq", number, autoincrement=False, nullable=False),
        sa.Column("decision_id", text, nullable=False),
        sa.Column("record_id_l", text),
        sa.Column("record_id_r", text),
        sa.Column("verdict", text, nullable=False),
        sa.Column("decided_by", text, nullable=False),
        sa.Column("decided_at", time, nullable=False),
        sa.Column("recorded_at", time, nullable=False),
        sa.Column("entered_by", text),
        sa.Column("reason", text),
        sa.Column("retracts", text),
        sa.Column("confirms", text),
        sa.Column("supersedes", text),
        sa.Column("needs_second", sa.Boolean(), nullable=False),
        sa.Column("second_because", text),
        sa.Column("fingerprint_l", text),
        sa.Column("fingerprint_r", text),
        sa.Column("evidence_hash", text),
        sa.Column("evidence", text),
        sa.Column("run_id", text),
        sa.Column("model", text),
        sa.Column("roles_l", text),
        sa.Column("roles_r", text),
        sa.Column("rules", text),
        sa.Column("n_records", sa.BigInteger()),
        sa.Column("erasure_id", text),
        sa.PrimaryKeyConstraint("seq", name="pk_decisions"),
        sa.UniqueConstraint("decision_id", name="uq_decisions_decision_id"),
        *(
            sa.ForeignKeyConstraint([name], ["decisions.decision_id"], name=f"fk_decisions_{name}")
            for name in ("retracts", "confirms", "supersedes")
        ),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasures.erasure_id"], name="fk_decisions_erasure_id"),
        sa.CheckConstraint("verdict IN ('link', 'unlink', 'unsure', 'retract')", name=op.f("ck_decisions_verdict")),
        sa.CheckConstraint(
            "(erasure_id IS NULL AND record_id_l IS NOT NULL AND record_id_r IS NOT NULL AND record_id_l < record_id_r"
            " AND reason IS NOT NULL)"
            " OR (erasure_id IS NOT NULL AND record_id_l IS NULL AND record_id_r IS NULL AND reason IS NULL)",
            name=op.f("ck_decisions_pair"),
        ),
        sa.CheckConstraint(
            "(confirms IS NULL OR retracts IS NULL)"
            " AND ((verdict = 'retract') = (retracts IS NOT NULL) OR confirms IS NOT NULL)",
            name=op.f("ck_decisions_refers"),
        ),
    )
    op.create_index("ix_decisions_record_id_l", "decisions", ["record_id_l"])
    op.create_index("ix_decisions_record_id_r", "decisions", ["record_id_r"])


def _is_erasure(same: str) -> str:
    """The one update that may be: everything that tells content becomes null, with a receipt; the rest stays."""
    kept = " AND ".join(f"NEW.{name} {same} OLD.{name}" for name in KEPT)
    emptied = " AND ".join(f"NEW.{name} IS NULL" for name in EMPTIED)
    has_receipt = "EXISTS (SELECT 1 FROM erasures WHERE erasure_id = NEW.erasure_id)"
    return f"OLD.erasure_id IS NULL AND {has_receipt} AND {kept} AND {emptied}"


def _guard_sqlite() -> None:
    is_next = (
        "NEW.seq = (SELECT coalesce(max(seq), 0) + 1 FROM decisions)"
        " AND NOT EXISTS (SELECT 1 FROM decisions WHERE decision_id = NEW.decision_id)"  # also refuses INSERT OR REPLACE
        " AND NEW.erasure_id IS NULL"
    )
    _sqlite_trigger("decisions_insert", "BEFORE INSERT ON decisions", f"NOT ({is_next})", NEXT_NUMBER)
    _sqlite_trigger("decisions_update", "BEFORE UPDATE ON decisions", f"NOT ({_is_erasure('IS')})", ONLY_GROWS)
    _sqlite_trigger("decisions_delete", "BEFORE DELETE ON decisions", "1", ONLY_GROWS)
    is_known = "EXISTS (SELECT 1 FROM erasures WHERE erasure_id = NEW.erasure_id)"
    _sqlite_trigger("erasures_insert", "BEFORE INSERT ON erasures", is_known, RECEIPTS_STAY)
    _sqlite_trigger("erasures_update", "BEFORE UPDATE ON erasures", "1", RECEIPTS_STAY)
    _sqlite_trigger("erasures_delete", "BEFORE DELETE ON erasures", "1", RECEIPTS_STAY)


def _sqlite_trigger(name: str, event: str, refused: str, message: str) -> None:
    op.execute(f"CREATE TRIGGER {name} {event} WHEN {refused} BEGIN SELECT RAISE(ABORT, '{message}'); END")


def _guard_postgresql() -> None:
    is_next = (
        "NEW.seq = (SELECT coalesce(max(seq), 0) + 1 FROM decisions) AND NEW.erasure_id IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM decisions WHERE decision_id = NEW.decision_id)"
    )
    _postgresql_trigger("decisions_insert", "BEFORE INSERT ON decisions FOR EACH ROW", is_next, NEXT_NUMBER)
    is_erasure = _is_erasure("IS NOT DISTINCT FROM")
    _postgresql_trigger("decisions_update", "BEFORE UPDATE ON decisions FOR EACH ROW", is_erasure, ONLY_GROWS)
    for table, message in (("decisions", ONLY_GROWS), ("erasures", RECEIPTS_STAY)):
        each_row = ("DELETE",) if table == "decisions" else ("UPDATE", "DELETE")
        for event in each_row:
            name = f"{table}_{event.lower()}"
            _postgresql_trigger(name, f"BEFORE {event} ON {table} FOR EACH ROW", "false", message)
        _postgresql_trigger(f"{table}_truncate", f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT", "false", message)


def _postgresql_trigger(name: str, event: str, allowed: str, message: str) -> None:
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NOT ({allowed}) THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        f" RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} {event} EXECUTE FUNCTION {name}()")
