"""Find a person by name, birthday, identifier or postcode: candidates by keys, ranked by the comparison code of the linkage."""

from __future__ import annotations

import functools
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline.core.places import PERSON_MODEL
from pipeline.explain.levels import words_of
from pipeline.review.admission.access import Viewer
from pipeline.review.cases.compare import text_of
from pipeline.review.persons.candidates import candidates, keys_of
from pipeline.review.persons.search_request import IDENTIFIERS, SearchRequest, reference, standard, unread
from pipeline.review.records.shelf import Row, Shelf
from schemas.model import LEVELS, Comparison, Model, load_model

if TYPE_CHECKING:
    from pipeline.engines.port import Engine

SURE_BITS = 60.0
MOST_SHOWN = 20
LEAST_BITS = 0.0
NEEDED = (
    "record_id",
    "person_id",
    "borough",
    "forename",
    "surname",
    "date_of_birth",
    "date_of_birth_alt",
    "postcode",
    *IDENTIFIERS,
)
PERSON_ID = re.compile(r"P[A-Z0-9]{6,20}")


@dataclass(frozen=True, slots=True)
class Hit:
    """One person that may be the one searched for."""

    person_id: str
    bits: float
    agrees: tuple[str, ...]
    differs: tuple[str, ...]
    held: Mapping[str, str] = field(default_factory=dict)
    """Names and birthday of the record that fits best: the golden record may have others"""

    @property
    def strength(self) -> str:
        """How well it fits, in a word."""
        return "strong" if self.bits >= 15 else "fair" if self.bits >= 6 else "weak"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found."""

    hits: list[Hit]
    """Best first, at most so many as are shown"""
    n_fit: int
    """Persons that fit, shown or not"""
    is_complete: bool
    """Whether everybody who might fit was compared"""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Fields that were filled in and cannot be read; then nobody was looked for"""


def search(shelf: Shelf, viewer: Viewer, request: SearchRequest) -> SearchResult:
    """Persons that fit, best first. A borough user's search sees and compares records of their own borough only."""
    if hit := _by_id(shelf, viewer, request.identifier):
        return SearchResult([hit], 1, True)
    wanted = standard(request, shelf.as_of)
    if problems := unread(request, wanted):
        return SearchResult([], 0, True, problems)
    person_ids, is_complete = candidates(shelf, viewer, keys_of(wanted))
    records = [row for row in _records(shelf, person_ids) if viewer.sees(row)]
    if not records:
        return SearchResult([], 0, is_complete)
    fitting = _ranked(_levels(wanted, records, _model(shelf)), records, _model(shelf))
    return SearchResult(fitting[:MOST_SHOWN], len(fitting), is_complete)


def _by_id(shelf: Shelf, viewer: Viewer, text: str) -> Hit | None:
    """The person with this id, or into whom the person with this id was merged, if the viewer has a record of them."""
    person_id = text.strip().upper()
    standing = shelf.standing(person_id) if PERSON_ID.fullmatch(person_id) else None
    if standing and any(viewer.sees(row) for row in shelf.records(standing)):
        return Hit(standing, SURE_BITS, ("person_id=the same",), ())
    return None


def _records(shelf: Shelf, person_ids: Sequence[str]) -> list[Row]:
    """The records of these persons, with only the columns that are compared or shown.

    In one pass: person by person it would be most of a search's cost.
    """
    columns, of_persons = ", ".join(NEEDED), "person_id IN (SELECT unnest(?::VARCHAR[]))"
    sql = f"SELECT {columns} FROM records WHERE {of_persons} ORDER BY person_id, record_id"  # noqa: S608  (columns of our own)
    return shelf.rows(sql, [list(person_ids)])


def _levels(wanted: Row, records: Sequence[Row], model: Model) -> list[dict[str, int]]:
    """Comparison levels of the search with each record: the code that links records, on a table of these few."""
    comparisons = [comparison for comparison in model.comparison if comparison.field in wanted]
    model_of_search = model.model_copy(update={"comparison": tuple(comparisons)})
    names = [comparison.field for comparison in comparisons]
    kinds = {name: pa.list_(pa.string()) if name in ("forename", "surname") else pa.string() for name in names}
    rows = [wanted, *records]
    table = pa.table({name: pa.array([_text(row.get(name)) for row in rows], kind) for name, kind in kinds.items()})
    engine_work = _engine().load(table, model_of_search)
    record_positions = np.arange(1, len(rows), dtype=np.int32)
    levels = engine_work.compare(np.zeros(len(records), np.int32), record_positions)
    return [dict(zip(names, map(int, row), strict=True)) for row in levels]


def _text(value: Any) -> Any:  # noqa: ANN401
    return value if value is None or isinstance(value, list) else str(value)


def _ranked(levels: Sequence[Mapping[str, int]], records: Sequence[Row], model: Model) -> list[Hit]:
    """Persons by their record that fits best; of those alike, first the one of whom more records fit as well."""
    comparisons = {comparison.field: comparison for comparison in model.comparison}
    best: dict[str, Hit] = {}
    weights: defaultdict[str, list[float]] = defaultdict(list)
    for levels_of_record, record in zip(levels, records, strict=True):
        weighed_levels = {
            name: _level(comparisons[name], number) for name, number in levels_of_record.items() if number
        }
        identifiers = [name for name in weighed_levels if name in IDENTIFIERS]
        agreeing = [name for name in identifiers if weighed_levels[name][1] > 0]
        for name in set(identifiers) - set(agreeing) if agreeing else ():
            del weighed_levels[name]  # one text was typed: where it is one of them, it is not the other
        weight = sum(bits for _, bits in weighed_levels.values())
        agrees = tuple(
            f"{name}={words_of(comparisons[name].kind, level)}"
            for name, (level, bits) in weighed_levels.items()
            if bits > 0
        )
        differs = tuple(name for name, (_, bits) in weighed_levels.items() if bits <= 0)
        weights[record["person_id"]].append(weight)
        hit = Hit(record["person_id"], weight, agrees, differs, _held(record))
        if hit.person_id not in best or best[hit.person_id].bits < weight:
            best[hit.person_id] = hit
    fitting = [hit for hit in best.values() if hit.bits > LEAST_BITS]
    share = {hit.person_id: weights[hit.person_id].count(hit.bits) / len(weights[hit.person_id]) for hit in fitting}
    return sorted(fitting, key=lambda hit: (-hit.bits, -share[hit.person_id], hit.person_id))


def _held(record: Mapping[str, Any]) -> dict[str, str]:
    return {name: text for name in ("forename", "surname", "date_of_birth") if (text := text_of(record, name))}


def _level(comparison: Comparison, number: int) -> tuple[str, float]:
    """A level's name and bits; the frequency bins above the exact level count as exact."""
    name = LEVELS[comparison.kind][min(number, len(LEVELS[comparison.kind])) - 1]
    level = next((model_level for model_level in comparison.levels if model_level.name == name), None)
    return name, min(math.log2(level.m / level.u), comparison.max_bits) if level else 0.0


def warm(shelf: Shelf) -> None:
    """Load what the first search would have to wait for."""
    _levels({"surname": ["A"]}, [{"surname": ["A"]}], _model(shelf))
    reference()


def _model(shelf: Shelf) -> Model:
    return shelf.kept.model or _bundled()


@functools.cache
def _bundled() -> Model:
    return load_model(PERSON_MODEL)


@functools.cache
def _engine() -> Engine:
    """The engine that compares few records at once."""
    from pipeline.engines.by_name import engine_of  # noqa: PLC0415  (slow to import)

    return engine_of("recordlinkage")
