"""Strangers of one forename: what else they agree on because of it.

Who is called Grace is a girl, and so is the other Grace: strangers who share a forename agree far more often on sex,
initials and ethnicity than any two. Were their fields taken for independent (as Fellegi and Sunter 1969 do), there would be
many more such pairs than chance explains, and training would take the surplus for matches. How often they agree is read off
the random pairs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.engines.port import PatternCounts
from schemas.model import LEVELS, Comparison

COMMON = 0.01  # of random pairs: a comparison on which more agree exactly may hang on the forename, on which fewer tells matches
CAUTION = 50.0  # pairs of fields that are independent, counted beside those that are seen


def forename_lift(
    comparisons: Sequence[Comparison], observed: np.ndarray, random: PatternCounts, levels: np.ndarray
) -> np.ndarray:
    """(patterns,) how many times likelier among strangers than if the other fields had nothing to do with the forename.

    1 where forenames are not alike. Surnames are left to ``lift_bits``. Random pairs that agree on something telling as
    well may be matches, and are not looked at; where nothing is telling, nothing can be read off.

    Args:
        comparisons: of the model.
        observed: (comparisons, MOST_LEVELS) share of each level among the random pairs that have it.
        random: patterns of random pairs.
        levels: (patterns, comparisons) to be judged.
    """
    lift = np.ones(len(levels))
    kinds = [comparison.kind for comparison in comparisons]
    is_other = np.array([kind not in ("forename", "surname") for kind in kinds])
    is_common = is_other & np.array([observed[c, len(LEVELS[kind]) - 1] >= COMMON for c, kind in enumerate(kinds)])
    is_telling = ~is_common & np.array([kind != "forename" for kind in kinds])
    if "forename" not in kinds or not is_telling.any():
        return lift
    alike_from = np.array([_first_alike(comparison) for comparison in comparisons])
    is_alike = random.levels >= alike_from
    is_namesake = is_alike[:, kinds.index("forename")] & ~is_alike[:, is_telling].any(1)
    namesakes = PatternCounts(random.levels[is_namesake], random.count[is_namesake])
    for c in np.flatnonzero(is_common).tolist():
        ratio = _ratio(namesakes, c, observed[c, : len(LEVELS[kinds[c]])])
        lift *= ratio[np.minimum(levels[:, c], len(ratio) - 1)]
    return np.where(levels[:, kinds.index("forename")] >= alike_from[kinds.index("forename")], lift, 1.0)


def _ratio(namesakes: PatternCounts, c: int, observed: np.ndarray) -> np.ndarray:
    """(1 + levels,) share of each level among namesakes over that among all random pairs; 1 for null."""
    level = np.minimum(namesakes.levels[:, c], len(observed))  # frequency bins count as the exact level
    seen = np.bincount(level, weights=namesakes.count, minlength=1 + len(observed))[1:]
    share = (seen + CAUTION * observed) / (seen.sum() + CAUTION)
    return np.append(1.0, share / observed)


def _first_alike(comparison: Comparison) -> int:
    """The first level index of values that may well be one person's: close, where the kind has that, else exact."""
    names = LEVELS[comparison.kind]
    return 1 + (names.index("close") if "close" in names else len(names) - 1)
