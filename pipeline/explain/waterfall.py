"""How a pair's match weight adds up: prior, each field, what relatives take off, total. Numbers in, numbers out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

StepKind = Literal["prior", "field", "related"]
MOST_BITS = 60.0  # beyond it a probability is 0 or 1 in any print


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the weight, and the running total before and after it, bits."""

    name: str
    kind: StepKind
    bits: float
    before: float
    after: float
    level: str | None = None
    """Comparison level of a field, in words, where it is known."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The parts of one pair's match weight in the order in which they are told."""

    steps: tuple[Step, ...]
    silent: tuple[str, ...]
    """Fields that add nothing: as a rule a side has no value."""

    @property
    def total(self) -> float:
        """Match weight, bits."""
        return self.steps[-1].after

    @property
    def probability(self) -> float:
        """Match probability."""
        return probability(self.total)

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest running total, 0 included, bits."""
        ends = [0.0, *(step.after for step in self.steps)]
        return min(ends), max(ends)


def waterfall(
    fields: Mapping[str, float], prior: float, related: float = 0.0, levels: Mapping[str, str] | None = None
) -> Waterfall:
    """The parts in order: prior, fields from strongest for to strongest against, and what relatives take off.

    Args:
        fields: bits of each field.
        prior: bits before anything is compared.
        related: bits that relatives and neighbours take off, 0 or less.
        levels: comparison level of a field, in words, where it is known.
    """
    ordered = sorted((item for item in fields.items() if item[1]), key=lambda item: (-item[1], item[0]))
    parts: list[tuple[str, StepKind, float]] = [
        ("prior", "prior", prior),
        *((name, "field", bits) for name, bits in ordered),
    ]
    if related:
        parts.append(("related", "related", related))
    steps = []
    before = 0.0
    for name, kind, bits in parts:
        level = (levels or {}).get(name) if kind == "field" else None
        steps.append(Step(name, kind, bits, before, before + bits, level))
        before += bits
    return Waterfall(tuple(steps), tuple(sorted(name for name, bits in fields.items() if not bits)))


def probability(bits: float) -> float:
    """Match weight to match probability."""
    return 1.0 / (1.0 + math.exp2(-max(-MOST_BITS, min(MOST_BITS, bits))))
