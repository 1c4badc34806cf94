"""The two tables of the store as SQLAlchemy sees them; the migrations make them, a test holds the two together."""

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
    "record_id_l", "record_id_r", "reason", "second_because", "fingerprint_l", "fingerprint_r", "evidence_hash", "evidence",
    "roles_l", "roles_r", "rules", "n_records",
)  # fmt: skip
"""Columns that an erasure empties; the others tell that there was a decision, by whom and when."""
