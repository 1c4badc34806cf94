"""How far stewards agree: Cohen's kappa over questions that two of them answered without seeing each other's answer."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Pair = tuple[str, str]
"""First and second verdict"""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement over some questions."""

    n: int
    agreed: int
    kappa: float | None
    """None where it is not defined: no question, or both always gave one and the same answer"""

    @property
    def share(self) -> float | None:
        """Share of questions with the same answer."""
        return self.agreed / self.n if self.n else None


def agreement(pairs: Sequence[Pair]) -> Agreement:
    """Cohen's kappa (1960): agreement beyond what the two would reach by chance, 1 at best."""
    n = len(pairs)
    agreed = sum(first == second for first, second in pairs)
    if not n:
        return Agreement(0, 0, None)
    counts = [Counter(verdicts) for verdicts in zip(*pairs, strict=True)]
    chance = sum(counts[0][verdict] * counts[1][verdict] for verdict in counts[0]) / n**2
    return Agreement(n, agreed, None if math.isclose(chance, 1.0) else (agreed / n - chance) / (1 - chance))


def by_key(rows: Iterable[tuple[str, Pair]]) -> dict[str, Agreement]:
    """Agreement by steward or type, sorted by it."""
    pairs_by_key: defaultdict[str, list[Pair]] = defaultdict(list)
    for key, pair in rows:
        pairs_by_key[key].append(pair)
    return {key: agreement(pairs) for key, pairs in sorted(pairs_by_key.items())}
