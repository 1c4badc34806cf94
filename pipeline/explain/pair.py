"""Why two records are, or are not, one person: what was decided, what speaks for and against, and the way through others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.explain.graph import Edge
from pipeline.explain.waterfall import Waterfall

Verdict = Literal["linked", "by_others", "waits", "parted", "apart"]
HEADLINES: Mapping[Verdict, str] = {
    "linked": "Linked: one person",
    "by_others": "One person, by way of other records",
    "waits": "Not linked: a steward decides",
    "parted": "Parted by a steward: two persons",
    "apart": "Not linked: two persons",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One scored pair: how its weight adds up, and what came of it."""

    waterfall: Waterfall
    decision: str
    """link, review or unlink"""
    decided_by: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PairStory:
    """Two records: their persons, the evidence if there is any, and the strongest path between them inside a person."""

    left: str
    right: str
    person_l: str
    person_r: str
    evidence: Evidence | None
    path: tuple[Edge, ...] | None
    """Chain of linked pairs whose weakest pair is strongest; none: no chain, or two persons."""
    link_bits: float | None = None
    review_bits: float | None = None

    @property
    def verdict(self) -> Verdict:
        """What became of the two."""
        decision = self.evidence.decision if self.evidence else None
        if self.person_l == self.person_r:
            return "linked" if decision not in (None, "unlink") else "by_others"
        return {"review": "waits", "unlink": "parted"}.get(decision or "", "apart")  # type: ignore[return-value]  # of these

    @property
    def has_way_round(self) -> bool:
        """A chain over other records is stronger than the pair itself."""
        return self.path is not None and len(self.path) > 1

    def reason(self) -> str:
        """Why, in words."""
        return _REASONS[self.verdict](self)


def pair_facts(story: PairStory) -> dict[str, Any]:
    """The story as JSON; no value of a record is in it."""
    facts: dict[str, Any] = {
        "verdict": story.verdict,
        "headline": HEADLINES[story.verdict],
        "reason": story.reason(),
        "record_ids": [story.left, story.right],
        "person_ids": sorted({story.person_l, story.person_r}),
        "link_bits": story.link_bits,
        "review_bits": story.review_bits,
        "pair": _evidence_facts(story.evidence) if story.evidence else None,
        "path": None,
    }
    if story.path is not None:
        facts["path"] = [edge_facts(edge) for edge in story.path]
        facts["path_weakest_bits"] = min((round(edge.bits, 6) for edge in story.path), default=None)
    return facts


def edge_facts(edge: Edge) -> dict[str, Any]:
    """One pair as JSON."""
    return {"record_id_l": edge.left, "record_id_r": edge.right, "match_weight": round(edge.bits, 6)}


def _evidence_facts(evidence: Evidence) -> dict[str, Any]:
    falls = evidence.waterfall
    steps = [
        {
            "name": step.name,
            "kind": step.kind,
            "bits": round(step.bits, 6),
            "total_bits": round(step.after, 6),
            "level": step.level,
        }
        for step in falls.steps
    ]
    return {
        "match_weight": round(falls.total, 6),
        "match_probability": round(falls.probability, 9),
        "decision": evidence.decision,
        "decided_by": evidence.decided_by,
        "rules": list(evidence.rules),
        "steps": steps,
        "no_evidence": list(falls.silent),
    }


def _why_linked(story: PairStory) -> str:
    evidence = _evidence(story)
    if evidence.decided_by == "steward":
        return "A steward decided it."
    if story.has_way_round:
        return "The pair by itself says less than the chain of other records of the person."
    if evidence.decided_by == "identifier":
        return "They share an identifier, and the weight of the whole person is enough."
    return "The weight is enough, and no other record of the person speaks against it."


def _why_by_others(story: PairStory) -> str:
    if story.evidence and story.evidence.decision == "unlink":
        return "A steward parted the two, but other decisions of stewards join them: one must be taken back."
    if story.path is None:
        return "No pair of the two was kept, nor a chain of pairs: all records of the two sides together were enough."
    return "No pair of the two was kept: other records of the person join them."


def _why_waiting(story: PairStory) -> str:
    evidence = _evidence(story)
    is_enough = story.link_bits is None or evidence.waterfall.total >= story.link_bits
    if evidence.rules:
        if is_enough:
            return "A rule keeps the machine from linking them."
        return "The weight alone is not enough to link them, and a rule would keep the machine from it too."
    if story.link_bits is not None and is_enough:
        return "The pair by itself would be enough, but not with all other records of the two persons."
    if story.review_bits is not None and evidence.waterfall.total < story.review_bits:
        return "The weight is low, but they share an identifier."
    return "The weight is not enough to link them, and too much to forget them."


def _why_parted(story: PairStory) -> str:
    if story.link_bits is not None and _evidence(story).waterfall.total >= story.link_bits:
        return "A steward decided that they are two persons; by its weight alone they would be one."
    return "A steward decided that they are two persons."


def _why_apart(story: PairStory) -> str:
    if story.evidence:
        return "The pair was linked, but the two are parted in the persons."
    low = f" is under {story.review_bits:zg} bits" if story.review_bits is not None else " is too low"
    return f"No scored pair of the two was kept: no key brought them together, or their weight{low}."


def _evidence(story: PairStory) -> Evidence:
    if story.evidence is None:
        raise ValueError(f"a pair that is {story.verdict} has evidence")
    return story.evidence


_REASONS: Mapping[Verdict, Callable[[PairStory], str]] = {
    "linked": _why_linked,
    "by_others": _why_by_others,
    "waits": _why_waiting,
    "parted": _why_parted,
    "apart": _why_apart,
}
