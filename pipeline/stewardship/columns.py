"""The tables of the store as SQLAlchemy sees them; the migrations make them, a test holds the two together."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = sa.MetaData(naming_convention=NAMING)


class UtcTime(sa.TypeDecorator[dt.datetime]):
    """A moment in UTC; SQLite keeps it without its zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """To the database: UTC, without the zone where the database knows none."""
        if value is None:
            return None
        at = value.astimezone(dt.UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """From the database: UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


# Ids are ordered by code point, as Python orders them, whatever the database's language is.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

ERASURES = sa.Table(
    "erasures",
    METADATA,
    sa.Column("erasure_id", TEXT, primary_key=True),
    sa.Column("ordered_by", TEXT, nullable=False),
    sa.Column("order_ref", TEXT, nullable=False),
    sa.Column("erased_at", UtcTime, nullable=False),
    sa.Column("n_decisions", sa.BigInteger, nullable=False),
)

DECISIONS = sa.Table(
    "decisions",
    METADATA,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("decision_id", TEXT, nullable=False, unique=True),
    sa.Column("record_id_l", TEXT, index=True),
    sa.Column("record_id_r", TEXT, index=True),
    sa.Column("verdict", TEXT, nullable=False),
    sa.Column("decided_by", TEXT, nullable=False),
    sa.Column("decided_at", UtcTime, nullable=False),
    sa.Column("recorded_at", UtcTime, nullable=False),
    sa.Column("entered_by", TEXT),
    sa.Column("reason", TEXT),
    sa.Column("retracts", TEXT, sa.ForeignKey("decisions.decision_id")),
    sa.Column("confirms", TEXT, sa.ForeignKey("decisions.decision_id")),
    sa.Column("supersedes", TEXT, sa.ForeignKey("decisions.decision_id")),
    sa.Column("needs_second", sa.Boolean, nullable=False),
    sa.Column("second_because", TEXT),
    sa.Column("fingerprint_l", TEXT),
    sa.Column("fingerprint_r", TEXT),
    sa.Column("evidence_hash", TEXT),
    sa.Column("evidence", TEXT),
    sa.Column("run_id", TEXT),
    sa.Column("model", TEXT),
    sa.Column("roles_l", TEXT),
    sa.Column("roles_r", TEXT),
    sa.Column("rules", TEXT),
    sa.Column("n_records", sa.BigInteger),
    sa.Column("erasure_id", TEXT, sa.ForeignKey("erasures.erasure_id")),
    sa.CheckConstraint("verdict IN ('link', 'unlink', 'unsure', 'retract')", name="verdict"),
    sa.CheckConstraint(
        "(erasure_id IS NULL AND record_id_l IS NOT NULL AND record_id_r IS NOT NULL AND record_id_l < record_id_r"
        " AND reason IS NOT NULL)"
        " OR (erasure_id IS NOT NULL AND record_id_l IS NULL AND record_id_r IS NULL AND reason IS NULL)",
        name="pair",
    ),
    sa.CheckConstraint(
        "(confirms IS NULL OR retracts IS NULL)"
        " AND ((verdict = 'retract') = (retracts IS NOT NULL) OR confirms IS NOT NULL)",
        name="refers",
    ),
)

ERASED = (
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
"""Columns that an erasure empties; the others show that there was a decision, by whom and when."""

MACHINE_PAIRS = sa.Table(
    "machine_pairs",
    METADATA,
    sa.Column("decision_id", TEXT, sa.ForeignKey("decisions.decision_id"), primary_key=True),
    sa.Column("made", TEXT, nullable=False),
    sa.CheckConstraint("made IN ('linked', 'together')", name="made"),
)
"""What the machine had made of the pair of a decision; none where it had left the two apart, or a steward had joined them."""

AUDIT_LOG = sa.Table(
    "audit_log",
    METADATA,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("at", TEXT, nullable=False),
    sa.Column("actor", TEXT, nullable=False, index=True),
    sa.Column("role", TEXT, nullable=False),
    sa.Column("action", TEXT, nullable=False, index=True),
    sa.Column("subject", TEXT, nullable=False),
    sa.Column("why", TEXT, nullable=False),
    sa.Column("prev_hash", TEXT, nullable=False),
    sa.Column("hash", TEXT, nullable=False),
    sa.Column("erasure_id", TEXT),
)
"""What was done at the desk, chained by hashes: see ``pipeline.stewardship.audit``."""

DESK_ACCOUNTS = sa.Table(
    "desk_accounts",
    METADATA,
    sa.Column("account_id", TEXT, primary_key=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("name_key", TEXT, nullable=False, unique=True),
    sa.Column("role", TEXT, nullable=False),
    sa.Column("borough", TEXT),
    sa.Column("password_hash", TEXT),
    sa.Column("totp_secret", TEXT),
    sa.Column("totp_step", sa.BigInteger),
    sa.Column("subject", TEXT, unique=True),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("is_new", sa.Boolean, nullable=False),
    sa.Column("has_shortcuts", sa.Boolean, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("locked_until", UtcTime),
    sa.Column("created_at", UtcTime, nullable=False),
)

DESK_SESSIONS = sa.Table(
    "desk_sessions",
    METADATA,
    sa.Column("token_hash", TEXT, primary_key=True),
    sa.Column("account_id", TEXT, sa.ForeignKey("desk_accounts.account_id"), nullable=False, index=True),
    sa.Column("is_full", sa.Boolean, nullable=False),
    sa.Column("began_at", UtcTime, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
)

DESK_REASONS = sa.Table(
    "desk_reasons",
    METADATA,
    sa.Column("account_id", TEXT, primary_key=True),
    sa.Column("subject", TEXT, primary_key=True),
    sa.Column("why", TEXT, nullable=False),
    sa.Column("given_at", UtcTime, nullable=False),
)
"""Why an account looks at a case or a person, asked once each."""

DESK_CLAIMS = sa.Table(
    "desk_claims",
    METADATA,
    sa.Column("review_id", TEXT, primary_key=True),
    sa.Column("account_id", TEXT, nullable=False, index=True),
    sa.Column("until", UtcTime, nullable=False),
)

DESK_ANSWERS = sa.Table(
    "desk_answers",
    METADATA,
    sa.Column("answer_id", TEXT, primary_key=True),
    sa.Column("review_id", TEXT, nullable=False, index=True),
    sa.Column("review_type", TEXT, nullable=False),
    sa.Column("verdict", TEXT, nullable=False),
    sa.Column("decided_by", TEXT, nullable=False),
    sa.Column("decided_at", UtcTime, nullable=False, index=True),
    sa.Column("decision_ids", TEXT, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Column("was_linked", sa.Boolean, nullable=False),
    sa.Column("match_probability", sa.Float),
    sa.Column("is_undone", sa.Boolean, nullable=False),
)
"""Which question was answered by which decisions: the queue leaves it out until a night has read them."""

DESK_SECOND_LOOKS = sa.Table(
    "desk_second_looks",
    METADATA,
    sa.Column("look_id", TEXT, primary_key=True),
    sa.Column("review_id", TEXT, nullable=False, index=True),
    sa.Column("review_type", TEXT, nullable=False),
    sa.Column("first_by", TEXT, nullable=False),
    sa.Column("first_verdict", TEXT, nullable=False),
    sa.Column("first_at", UtcTime, nullable=False),
    sa.Column("second_by", TEXT),
    sa.Column("second_verdict", TEXT),
    sa.Column("second_at", UtcTime),
)
"""Questions that another steward answers again without seeing the first answer."""

DESK_VIEWS = sa.Table(
    "desk_views",
    METADATA,
    sa.Column("view_id", TEXT, primary_key=True),
    sa.Column("account_id", TEXT, nullable=False, index=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("filters", TEXT, nullable=False),
)
