"""The review desk: its audit log, which only grows and is chained by hashes, and the tables of accounts, sessions and work.

An entry of the audit log takes the next number and names the hash of the one before it; the database refuses anything else.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ONLY_GROWS = "the audit log is append-only"
NEXT_LINK = "an entry of the audit log takes the next number and names the hash before it"
GENESIS = "0" * 64
IS_NEXT = (
    "NEW.seq = (SELECT coalesce(max(seq), 0) + 1 FROM audit_log)"
    " AND NEW.prev_hash = coalesce((SELECT hash FROM audit_log ORDER BY seq DESC LIMIT 1), GENESIS)"
).replace("GENESIS", f"'{GENESIS}'")


def upgrade() -> None:
    """Make the tables, and the triggers that keep the audit log append-only."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    text = sa.Text() if is_sqlite else sa.Text(collation="C")
    number = sa.Integer() if is_sqlite else sa.BigInteger()
    _make_audit_log(text, number)
    _make_people(text)
    _make_work(text)
    if is_sqlite:
        _guard_sqlite()
    else:
        _guard_postgresql()


def _must(name: str, *kind: object) -> sa.Column[object]:
    return sa.Column(name, *kind, nullable=False)  # type: ignore[arg-type]


def _make_audit_log(text: sa.Text, number: sa.Integer) -> None:
    op.create_table(
        "audit_log",
        sa.Column("seq", number, autoincrement=False, nullable=False),
        *(_must(name, text) for name in ("at", "actor", "role", "action", "subject", "why", "prev_hash", "hash")),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_actor", "audit_log", ["actor"])
    op.create_index("ix_audit_log_action", "audit_log", ["action"])


def _make_people(text: sa.Text) -> None:
    time, flag = sa.DateTime(timezone=True), sa.Boolean()
    op.create_table(
        "desk_accounts",
        *(_must(name, text) for name in ("account_id", "name", "name_key", "role")),
        *(sa.Column(name, text) for name in ("borough", "password_hash", "totp_secret")),
        sa.Column("totp_step", sa.BigInteger()),
        sa.Column("subject", text),
        *(_must(name, flag) for name in ("is_active", "is_new", "has_shortcuts")),
        _must("failures", sa.Integer()),
        sa.Column("locked_until", time),
        _must("created_at", time),
        sa.PrimaryKeyConstraint("account_id", name="pk_desk_accounts"),
        sa.UniqueConstraint("name_key", name="uq_desk_accounts_name_key"),
        sa.UniqueConstraint("subject", name="uq_desk_accounts_subject"),
    )
    op.create_table(
        "desk_sessions",
        *(_must(name, text) for name in ("token_hash", "account_id")),
        _must("is_full", flag),
        *(_must(name, time) for name in ("began_at", "seen_at")),
        sa.PrimaryKeyConstraint("token_hash", name="pk_desk_sessions"),
        sa.ForeignKeyConstraint(["account_id"], ["desk_accounts.account_id"], name="fk_desk_sessions_account_id"),
    )
    op.create_index("ix_desk_sessions_account_id", "desk_sessions", ["account_id"])
    op.create_table(
        "desk_reasons",
        *(_must(name, text) for name in ("account_id", "subject", "why")),
        _must("given_at", time),
        sa.PrimaryKeyConstraint("account_id", "subject", name="pk_desk_reasons"),
    )


def _make_work(text: sa.Text) -> None:
    time, flag = sa.DateTime(timezone=True), sa.Boolean()
    op.create_table(
        "desk_claims",
        *(_must(name, text) for name in ("review_id", "account_id")),
        _must("until", time),
        sa.PrimaryKeyConstraint("review_id", name="pk_desk_claims"),
    )
    op.create_index("ix_desk_claims_account_id", "desk_claims", ["account_id"])
    op.create_table(
        "desk_answers",
        *(_must(name, text) for name in ("answer_id", "review_id", "review_type", "verdict", "decided_by")),
        _must("decided_at", time),
        _must("decision_ids", text),
        _must("last_seq", sa.BigInteger()),
        _must("was_linked", flag),
        sa.Column("match_probability", sa.Float()),
        _must("is_undone", flag),
        sa.PrimaryKeyConstraint("answer_id", name="pk_desk_answers"),
    )
    op.create_index("ix_desk_answers_review_id", "desk_answers", ["review_id"])
    op.create_index("ix_desk_answers_decided_at", "desk_answers", ["decided_at"])
    op.create_table(
        "desk_second_looks",
        *(_must(name, text) for name in ("look_id", "review_id", "review_type", "first_by", "first_verdict")),
        _must("first_at", time),
        *(sa.Column(name, text) for name in ("second_by", "second_verdict")),
        sa.Column("second_at", time),
        sa.PrimaryKeyConstraint("look_id", name="pk_desk_second_looks"),
    )
    op.create_index("ix_desk_second_looks_review_id", "desk_second_looks", ["review_id"])
    op.create_table(
        "desk_views",
        *(_must(name, text) for name in ("view_id", "account_id", "name", "filters")),
        sa.PrimaryKeyConstraint("view_id", name="pk_desk_views"),
    )
    op.create_index("ix_desk_views_account_id", "desk_views", ["account_id"])


def _guard_sqlite() -> None:
    for name, event, refused, message in (
        ("audit_log_insert", "INSERT", f"NOT ({IS_NEXT})", NEXT_LINK),
        ("audit_log_update", "UPDATE", "1", ONLY_GROWS),
        ("audit_log_delete", "DELETE", "1", ONLY_GROWS),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON audit_log WHEN {refused} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def _guard_postgresql() -> None:
    for event, allowed, message, each in (
        ("INSERT", IS_NEXT, NEXT_LINK, "ROW"),
        ("UPDATE", "false", ONLY_GROWS, "ROW"),
        ("DELETE", "false", ONLY_GROWS, "ROW"),
        ("TRUNCATE", "false", ONLY_GROWS, "STATEMENT"),
    ):
        name = f"audit_log_{event.lower()}"
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF NOT ({allowed}) THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
            f" RETURN NEW; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON audit_log FOR EACH {each} EXECUTE FUNCTION {name}()")
