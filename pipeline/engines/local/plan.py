"""What kernels are told: the comparisons of a model, weights, and the room a thread works in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.core.errors import SettingsError
from pipeline.engines.local.values import KIND_CODE
from pipeline.engines.patterns import level_table
from pipeline.engines.port import LevelWeights
from schemas.model import FREQUENCY_BINS, LEVELS, Model, level_numbers

CACHE_BITS = 16
PATTERN_BITS = 63
CHEAP_FIRST = (
    "identifier",
    "phone",
    "email",
    "category",
    "ethnicity",
    "age",
    "date",
    "postcode",
    "address",
    "middle_names",
)


class Plan(NamedTuple):
    """The comparisons as kernels read them."""

    kind: np.ndarray
    shift: np.ndarray
    order: np.ndarray
    """Comparisons other than names, in the order they are made"""
    forename: int
    surname: int
    """Which comparisons are names; -1 where the model has none"""


class Weights(NamedTuple):
    """Bits of every level: (comparisons, 32) float32; level 0 (null) is 0."""

    match: np.ndarray
    relatives: np.ndarray
    """(classes, comparisons, 32)"""
    prior_match: float
    prior_relatives: np.ndarray
    name_lift: np.ndarray
    """Bits that two exact names are worth less together; all 0 where the model has not both"""
    namesakes: int
    floor: float
    reach: np.ndarray
    """The most that comparisons order[q], order[q + 1], .. can still add"""
    best_names: np.ndarray
    """The most that both names can add, a forename that differs, and a surname that differs"""


class NameCache(NamedTuple):
    """Levels of pairs of names that a thread has met."""

    keys: np.ndarray
    """pair of value codes"""
    level: np.ndarray
    """its level"""


class Scratch(NamedTuple):
    """What one thread writes while it goes through the blocks."""

    stamp: np.ndarray
    """(records,) the record that last met this one"""
    near: np.ndarray
    """Fellows of the record at hand"""


def make_cache() -> NameCache:
    """An empty cache."""
    return NameCache(np.full(1 << CACHE_BITS, -1, np.int64), np.zeros(1 << CACHE_BITS, np.int8))


def make_scratch(records: int, room: int) -> Scratch:
    """Fresh arrays for so many records, none of which has more fellows than ``room``."""
    return Scratch(np.full(records, -1, np.int32), np.empty(room, np.int32))


def make_weights(bits: LevelWeights, floor: float, model: Model, plan: Plan) -> Weights:
    """Weights with the bounds that let a hopeless pair be dropped early."""
    most = np.maximum(bits.match.max(axis=1), 0.0)
    reach = np.append(np.cumsum(most[plan.order][::-1])[::-1], 0.0)
    differing = np.array(
        [
            max(bits.match[number, levels < len(LEVELS[comparison.kind])].max(), 0.0)
            for number, (comparison, levels) in enumerate(
                zip(model.comparison, level_table(model.comparison), strict=True)
            )
        ]
    )
    names = [number for number in (plan.forename, plan.surname) if number >= 0]
    best = [most[names].sum(), *(differing[number] if number >= 0 else 0.0 for number in (plan.forename, plan.surname))]
    return Weights(
        bits.match.astype(np.float32),
        bits.relatives.astype(np.float32),
        float(bits.prior_match),
        bits.prior_relatives.astype(np.float64),
        bits.name_lift.astype(np.float64) if bits.names else np.zeros(2 * FREQUENCY_BINS["forename"][0]),
        bits.namesakes,
        float(floor),
        reach,
        np.array(best),
    )


def make_plan(model: Model) -> Plan:
    """The order, and the place of every comparison in a pattern."""
    kinds = [comparison.kind for comparison in model.comparison]
    sizes = [(len(level_numbers(kind)) - 1).bit_length() for kind in kinds]
    order = sorted(
        (number for number, kind in enumerate(kinds) if kind not in ("forename", "surname")),
        key=lambda number: CHEAP_FIRST.index(kinds[number]),
    )
    shift = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    if shift[-1] > PATTERN_BITS:
        problem = f"compares {len(kinds)} fields, whose levels need {shift[-1]} bits where {PATTERN_BITS} are."
        raise SettingsError(f"model {model.name}", problem, "Leave some out, as with --field COLUMN=ignore.")
    number_of_kind = {kind: number for number, kind in enumerate(kinds)}
    codes = np.array([KIND_CODE[kind] for kind in kinds], np.int64)
    return Plan(
        codes, shift, np.array(order, np.int64), number_of_kind.get("forename", -1), number_of_kind.get("surname", -1)
    )


def unpack(patterns: np.ndarray, plan: Plan) -> np.ndarray:
    """(patterns, comparisons) uint8 level indexes."""
    levels = np.empty((len(patterns), len(plan.kind)), np.uint8)
    for number in range(len(plan.kind)):
        levels[:, number] = (patterns >> plan.shift[number]) & (
            (1 << (plan.shift[number + 1] - plan.shift[number])) - 1
        )
    return levels
