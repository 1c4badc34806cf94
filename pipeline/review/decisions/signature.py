"""Who decides and why, set under each of the decisions that one form enters."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.core.text_hash import UNIT_SEPARATOR
from pipeline.review.records.group import Pair
from schemas.decisions import NewDecision, Verdict


@dataclass(frozen=True, slots=True)
class Signature:
    """Who decides and why; ids of the decisions are made of the form's own, so that the same form sent again enters nothing."""

    by: str
    reason: str
    """As the store keeps it"""
    batch: str
    """Id of the form"""

    def say(self, verdict: Verdict, pair: Pair, facts: Mapping[str, Any]) -> NewDecision:
        """A verdict on a pair."""
        return NewDecision(
            decision_id=self._id(verdict, *pair), verdict=verdict, decided_by=self.by, reason=self.reason, **facts
        )

    def confirm(self, decision_id: str) -> NewDecision:
        """The second person's word on a decision that waits."""
        return NewDecision(
            decision_id=self._id("confirm", decision_id),
            confirms=decision_id,
            decided_by=self.by,
            reason=self.reason,
        )

    def retract(self, decision_id: str, facts: Mapping[str, Any]) -> NewDecision:
        """A decision taken back."""
        return NewDecision(
            decision_id=self.retraction_id(decision_id),
            verdict="retract",
            retracts=decision_id,
            decided_by=self.by,
            reason=self.reason,
            **facts,
        )

    def retraction_id(self, decision_id: str) -> str:
        """Id of the retraction of a decision."""
        return self._id("retract", decision_id)

    def _id(self, *parts: str) -> str:
        """A UUID."""
        digest = hashlib.sha256(UNIT_SEPARATOR.join((self.batch, *parts)).encode()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
