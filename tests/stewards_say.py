"""Decisions as tests write them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pipeline.stewardship.columns import ERASURES
from pipeline.stewardship.store import Store
from schemas.decisions import NewDecision


def said(left: str, right: str, verdict: str = "link", by: str = "ann", **more: Any) -> NewDecision:
    """A decision on two small persons of whom nothing asks for a second steward."""
    facts: dict[str, Any] = {"n_records": 2, "reason": "same handwriting", **more}
    return NewDecision(record_id_l=left, record_id_r=right, verdict=verdict, decided_by=by, **facts)


def retracted(decision_id: str, by: str = "ann", **more: Any) -> NewDecision:
    facts: dict[str, Any] = {"n_records": 2, "reason": "was a mistake", **more}
    return NewDecision(verdict="retract", retracts=decision_id, decided_by=by, **facts)


def confirmed(decision_id: str, by: str = "bob", **more: Any) -> NewDecision:
    return NewDecision(confirms=decision_id, decided_by=by, reason="looked at both files", **more)


def receipts(store: Store) -> list[tuple[str, int]]:
    """Id and emptied decisions of every erasure that a store keeps a receipt of, oldest first."""
    query = sa.select(ERASURES.c.erasure_id, ERASURES.c.n_decisions).order_by(
        ERASURES.c.erased_at, ERASURES.c.erasure_id
    )
    return [(own.erasure_id, own.n_decisions) for own in store.read(lambda connection: connection.execute(query).all())]
