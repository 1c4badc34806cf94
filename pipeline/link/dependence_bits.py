"""What is told twice, because one field hangs on another among strangers: taken off once.

Weights of single fields stay as they are in the model file; what a field tells beside the one that it hangs on is its own
weight less these bits (a naive Bayes that is augmented by a tree: Friedman, Geiger and Goldszmidt 1997).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.engines.patterns import WIDTH, level_table
from pipeline.engines.port import DependenceBits
from pipeline.link.relatives import RELATIVES
from pipeline.link.shares import LEAST
from schemas.model import Comparison, Dependence, first_alike


def dependence_bits(dependences: Sequence[Dependence], comparisons: Sequence[Comparison]) -> tuple[DependenceBits, ...]:
    """The dependences of a model."""
    number = {comparison.field: nth for nth, comparison in enumerate(comparisons)}
    return tuple(_bits(one, number, comparisons) for one in dependences)


def bits_together(dependences: Sequence[DependenceBits], levels: np.ndarray) -> np.ndarray:
    """(dependences, patterns) bits by which strangers have these levels oftener than if fields were independent.

    Input: (patterns, comparisons) level indexes.
    """
    bits = np.zeros((len(dependences), len(levels)))
    for own, one in zip(bits, dependences, strict=True):
        own[:] = one.bits[levels[:, one.beside], levels[:, one.on], levels[:, one.comparison]]
    return bits


def _bits(one: Dependence, number: Mapping[str, int], comparisons: Sequence[Comparison]) -> DependenceBits:
    on, field = number[one.on], number[one.field]
    bits = np.tile(_known(one.times, comparisons[on], comparisons[field]), (WIDTH, 1, 1))
    if one.beside is not None:
        bits[1 + first_alike(comparisons[number[one.beside]].kind) :] = _known(
            one.times_beside, comparisons[on], comparisons[field]
        )
    child = comparisons[field]
    agreeing_kinds = [*RELATIVES.values(), ()]  # neighbours come last
    like_strangers = [not child.is_shared and child.kind not in kinds for kinds in agreeing_kinds]
    return DependenceBits(number[one.beside or one.on], on, field, bits, np.array(like_strangers, bool))


def _known(times: Sequence[Sequence[float]], on: Comparison, field: Comparison) -> np.ndarray:
    """(WIDTH, WIDTH) bits of each level index of both; 0 where one is null."""
    rows, columns = level_table([on, field])
    return np.pad(np.log2(np.maximum(np.array(times), LEAST)), ((1, 0), (1, 0)))[np.ix_(rows, columns)]
