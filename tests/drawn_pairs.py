"""Pairs drawn from classes whose level shares are known, as the evidence that training takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.engines.frequency import Frequencies, NamePairs, frequencies
from pipeline.engines.port import PatternCounts
from pipeline.link.evidence import Evidence
from schemas.model import LEVELS, Blocking, Comparison, Kind, Model

Field = tuple[str, Kind, bool]
Levels = Sequence[Sequence[float]]
FIELDS: tuple[Field, ...] = (
    ("forename", "forename", False),
    ("surname", "surname", True),
    ("date_of_birth", "date", False),
    ("postcode", "postcode", True),
)
VALUES = {
    "forename": 100,
    "surname": 100,
    "date": 10_000,
    "postcode": 1_000,
    "address": 1_000,
    "phone": 1_000,
    "category": 2,
    "identifier": 10_000,
}
"""Equally common values of a field, so that two records agree on one as often as STRANGERS says."""


def shares(kind: Kind, **named: float) -> list[float]:
    """Shares of the kind's levels, those not named 0; the lowest has what is left."""
    levels = [named.get(name, 0.0) for name in LEVELS[kind]]
    return [1.0 - sum(levels[1:]), *levels[1:]]


MATCHES: Levels = (
    shares("forename", similar=0.02, part=0.02, close=0.06, variant=0.02, swapped=0.01, exact=0.83),
    shares("surname", similar=0.02, part=0.03, close=0.05, variant=0.02, exact=0.83),
    shares("date", **{"else": 0.02}, same_year=0.01, part=0.01, close=0.05, exact=0.90),
    shares("postcode", area=0.05, district=0.02, sector=0.01, close=0.02, exact=0.65),
)
STRANGERS: Levels = (
    shares("forename", similar=0.01, part=0.005, close=0.003, variant=0.001, swapped=0.001, exact=0.01),
    shares("surname", similar=0.01, part=0.005, close=0.003, variant=0.002, exact=0.01),
    shares("date", **{"else": 0.46}, same_year=0.018, part=0.02, first_of_january=0.001, close=0.0009, exact=0.0001),
    shares("postcode", area=0.06, district=0.007, sector=0.001, close=0.001, exact=0.001),
)
HOUSEHOLDS: Levels = (
    STRANGERS[0],
    shares("surname", similar=0.01, part=0.01, close=0.02, variant=0.01, exact=0.93),
    STRANGERS[2],
    shares("postcode", area=0.01, district=0.01, sector=0.01, close=0.02, exact=0.93),
)
NO_NAME_PAIRS = NamePairs(np.zeros(35), np.zeros(35), np.zeros(35))
PAIRS, RECORDS = 400_000, 895  # so many records have so many pairs


def model_of(fields: Sequence[Field] = FIELDS) -> Model:
    """An untrained model of these fields."""
    comparisons = tuple(Comparison(field=name, kind=kind, is_shared=shared) for name, kind, shared in fields)
    return Model(name="drawn", blocking=Blocking(fields=("forename",)), comparison=comparisons)


def spread(fields: Sequence[Field] = FIELDS) -> list[Frequencies]:
    """Frequencies by which any agreement is as rare as STRANGERS says, and owed to chance."""
    by_field = [frequencies(kind, np.arange(VALUES[kind]), VALUES[kind], VALUES[kind]) for _, kind, _ in fields]
    return [of_field._replace(agreeing=of_field.agreeing + 1e9) for of_field in by_field]


def drawn(levels: Levels, pairs: int, seed: int, fields: Sequence[Field] = FIELDS) -> np.ndarray:
    """(pairs, fields) level indexes of pairs of one class."""
    chance = np.random.default_rng(seed)
    rows = np.stack(
        [np.searchsorted(np.cumsum(p)[:-1], chance.random(pairs)) + 1 for p in levels[: len(fields)]], axis=1
    )
    bins = np.array([of_field.bin[0] for of_field in spread(fields)])
    exact = np.array([len(LEVELS[kind]) for _, kind, _ in fields])
    return (rows + (rows == exact) * bins).astype(np.uint8)


def counted(rows: np.ndarray) -> PatternCounts:
    """The rows as counted patterns."""
    packed = rows.astype(np.int64) @ 32 ** np.arange(rows.shape[1])
    _, first, count = np.unique(packed, return_index=True, return_counts=True)
    return PatternCounts(rows[first], count)


def evidence_of(*classes: tuple[float, Levels], fields: Sequence[Field] = FIELDS) -> Evidence:
    """Evidence of pairs of which so large shares are of each class."""
    candidates, random = (
        counted(
            np.concatenate(
                [drawn(levels, int(PAIRS * share), seed + k, fields) for k, (share, levels) in enumerate(classes)]
            )
        )
        for seed in (3, 30)
    )
    return Evidence(spread(fields), NO_NAME_PAIRS, candidates, 1.0, random, RECORDS, RECORDS * (RECORDS - 1) / 2)
