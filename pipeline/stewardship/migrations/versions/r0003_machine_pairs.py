"""What the machine had made of the two records of a decision, so that what stewards overturned can be counted once a pair.

Answers of before told only that they were about one person whom the machine had joined; their pairs are taken to be together.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

DECISIONS = sa.table("decisions", sa.column("decision_id"), sa.column("verdict"), sa.column("confirms"))
ANSWERS = sa.table("desk_answers", sa.column("decision_ids"), sa.column("was_linked", sa.Boolean()))
MOST_AT_ONCE = 400


def upgrade() -> None:
    """Make the table and fill it from the answers that there are."""
    text = sa.Text() if op.get_context().dialect.name == "sqlite" else sa.Text(collation="C")
    table = op.create_table(
        "machine_pairs",
        sa.Column("decision_id", text, nullable=False),
        sa.Column("made", text, nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_machine_pairs"),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.decision_id"], name="fk_machine_pairs_decision_id"),
        sa.CheckConstraint("made IN ('linked', 'together')", name=op.f("ck_machine_pairs_made")),
    )
    for decision_ids in _of_joined_persons():
        op.bulk_insert(table, [{"decision_id": decision_id, "made": "together"} for decision_id in decision_ids])


def _of_joined_persons() -> list[list[str]]:
    connection = op.get_bind()
    answers = connection.execute(sa.select(ANSWERS.c.decision_ids).where(ANSWERS.c.was_linked)).scalars().all()
    wanted = sorted({decision_id for answer in answers for decision_id in json.loads(answer)})
    parts = [wanted[start : start + MOST_AT_ONCE] for start in range(0, len(wanted), MOST_AT_ONCE)]
    is_verdict = DECISIONS.c.verdict.in_(["link", "unlink"]) & DECISIONS.c.confirms.is_(None)
    return [
        list(
            connection.execute(
                sa.select(DECISIONS.c.decision_id).where(is_verdict, DECISIONS.c.decision_id.in_(part))
            ).scalars()
        )
        for part in parts
    ]
