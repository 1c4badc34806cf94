"""Find a person by name, birthday, identifier or postcode: candidates by keys, ranked by the comparison code of the linkage."""

from __future__ import annotations

import datetime as dt
import functools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipeline.core.errors import DeskRefusedError
from pipeline.core.phonetic import metaphone
from pipeline.core.places import MODELS, REFERENCE
from pipeline.core.reference import name_groups
from pipeline.explain.levels import words_of
from pipeline.review.access import Viewer
from pipeline.review.shelf import Row, Shelf
from pipeline.standardise.any_table import standardise_any
from pipeline.standardise.reference import Reference
from schemas.fields import read_uses
from schemas.model import LEVELS, Comparison, Model, load_model

ASKED = ("forename", "surname", "date_of_birth", "postcode", "identifier")
IDENTIFIERS = ("pnc_id", "cro_number", "nhs_number", "upn", "phone", "email")
MOST_OF_A_KEY, MOST_COMPARED, MOST_SHOWN = 300, 30, 20
LEAST_BITS = 0.0


class Asked(BaseModel):
    """What is searched for, as it was typed."""

    model_config = ConfigDict(frozen=True)

    forename: str = Field("", max_length=80)
    surname: str = Field("", max_length=80)
    date_of_birth: str = Field("", max_length=30)
    postcode: str = Field("", max_length=12)
    identifier: str = Field("", max_length=80)
    """PNC ID, CRO, NHS or pupil number, phone or e-mail"""

    def named(self) -> list[str]:
        """Which fields were filled in: what the audit log keeps of a search."""
        return [name for name in ASKED if getattr(self, name).strip()]


@dataclass(frozen=True, slots=True)
class Hit:
    """One person that may be the one searched for."""

    person_id: str
    bits: float
    agrees: tuple[str, ...]
    differs: tuple[str, ...]

    @property
    def strength(self) -> str:
        """How well it fits, in a word."""
        return "strong" if self.bits >= 15 else "fair" if self.bits >= 6 else "weak"


def search(shelf: Shelf, viewer: Viewer, asked: Asked) -> list[Hit]:
    """Persons that fit, best first. A borough user's search sees and compares records of their own borough only.

    Raises:
        DeskRefusedError: 422, if nothing is asked that could be searched for.
    """
    wanted = standard(asked)
    keys = _keys(wanted)
    if not keys:
        raise DeskRefusedError(422, "Give a surname, a forename, a date of birth, a postcode or an identifier that can be read.", "Write a date as 3 May 2011 or 03/05/2011.")  # fmt: skip
    found = _candidates(shelf, viewer, keys)
    records = [row for row in _records(shelf, found) if viewer.sees(row)]
    if not records:
        return []
    return _ranked(_levels(wanted, records, _model(shelf)), records, _model(shelf))


def standard(asked: Asked) -> Row:
    """What was typed, as a record of the linkage has it."""
    texts = {
        name: getattr(asked, name).strip() or None for name in ("forename", "surname", "date_of_birth", "postcode")
    }
    texts |= {name: asked.identifier.strip() or None for name in IDENTIFIERS}
    raw = pa.table({name: pa.array([text], pa.string()) for name, text in texts.items()})
    row: Row = standardise_any(raw, read_uses(raw.column_names, {}), _reference()).to_pylist()[0]
    for name in ("forename", "surname"):
        row[name] = row[name] if isinstance(row[name], list) else [own for own in [row[name]] if own]
    return {name: value for name, value in row.items() if value not in (None, [])}


def _keys(wanted: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Keys of the index as SQL and the values bound in it, the most telling first."""
    sounds = {name: [code for value in wanted.get(name, []) for word in value.split() if (code := metaphone(word))] for name in ("surname", "forename")}  # fmt: skip
    born = _day(wanted.get("date_of_birth"))
    s, f = sounds["surname"], sounds["forename"]
    keys = [("hash('i' || ?)", [wanted[name]]) for name in IDENTIFIERS if name in wanted]
    keys += [("hash('sf' || ? || '|' || ?)", [x, y]) for x in s for y in f]
    if born:
        keys += [("hash('sd' || ? || '|' || ?)", [x, born]) for x in s] + [
            ("hash('fd' || ? || '|' || ?)", [x, born]) for x in f
        ]
        keys.append(("hash('d' || ?)", [born]))
    elif not (s and f):
        keys += [("hash('s' || ?)", [x]) for x in s] + [("hash('f' || ?)", [x]) for x in f]
    if "postcode" in wanted:
        keys.append(("hash('p' || ?)", [wanted["postcode"]]))
    return keys[:24]


def _day(value: Any) -> str | None:  # noqa: ANN401
    """A birthday as the index has it; the standard one is a date or text that is none in a calendar."""
    if isinstance(value, list):
        value = value[0] if value else None
    try:
        return dt.date.fromisoformat(str(value)).isoformat() if value else None
    except ValueError:
        return None


def _candidates(shelf: Shelf, viewer: Viewer, keys: Iterable[tuple[str, list[str]]]) -> list[str]:
    """Persons whose records share most keys."""
    own = "" if viewer.sees_all else " AND borough = ?"
    places = [] if viewer.sees_all else [viewer.borough]
    times: Counter[str] = Counter()
    for key, values in keys:
        sql = f"SELECT DISTINCT person_id FROM search_keys WHERE key = {key}{own} LIMIT {MOST_OF_A_KEY}"  # noqa: S608  (keys of our own, values bound)
        times.update(row["person_id"] for row in shelf.rows(sql, [*values, *places]))
    return [person for person, _ in sorted(times.items(), key=lambda item: (-item[1], item[0]))[:MOST_COMPARED]]


def _records(shelf: Shelf, person_ids: Iterable[str]) -> list[Row]:
    return [row for person_id in person_ids for row in shelf.records(person_id)]


def _levels(wanted: Row, records: Sequence[Row], model: Model) -> list[dict[str, int]]:
    """Comparison levels of the search with each record: the code that links records, on a table of these few."""
    from pipeline.engines.recordlinkage_engine import RecordlinkageEngine  # noqa: PLC0415  (slow to import)

    asked = [comparison for comparison in model.comparison if comparison.field in wanted]
    few = model.model_copy(update={"comparison": tuple(asked)})
    names = [comparison.field for comparison in asked]
    kinds = {name: pa.list_(pa.string()) if name in ("forename", "surname") else pa.string() for name in names}
    rows = [wanted, *records]
    table = pa.table({name: pa.array([_text(row.get(name)) for row in rows], kind) for name, kind in kinds.items()})
    work = RecordlinkageEngine(_groups()).load(table, few)
    there = np.arange(1, len(rows), dtype=np.int32)
    found = work.compare(np.zeros(len(records), np.int32), there)
    return [dict(zip(names, map(int, row), strict=True)) for row in found]


def _text(value: Any) -> Any:  # noqa: ANN401
    return value if value is None or isinstance(value, list) else str(value)


def _ranked(levels: Sequence[Mapping[str, int]], records: Sequence[Row], model: Model) -> list[Hit]:
    comparisons = {comparison.field: comparison for comparison in model.comparison}
    best: dict[str, Hit] = {}
    for own, record in zip(levels, records, strict=True):
        told = {name: _level(comparisons[name], number) for name, number in own.items() if number}
        weight = sum(bits for _, bits in told.values())
        agrees = tuple(
            f"{name}={words_of(comparisons[name].kind, level)}" for name, (level, bits) in told.items() if bits > 0
        )
        differs = tuple(name for name, (_, bits) in told.items() if bits <= 0)
        hit = Hit(record["person_id"], weight, agrees, differs)
        if hit.person_id not in best or best[hit.person_id].bits < weight:
            best[hit.person_id] = hit
    fitting = [hit for hit in best.values() if hit.bits > LEAST_BITS]
    return sorted(fitting, key=lambda hit: (-hit.bits, hit.person_id))[:MOST_SHOWN]


def _level(comparison: Comparison, number: int) -> tuple[str, float]:
    """A level's name and bits; the frequency bins above the exact level count as exact."""
    name = LEVELS[comparison.kind][min(number, len(LEVELS[comparison.kind])) - 1]
    level = next((own for own in comparison.levels if own.name == name), None)
    return name, min(math.log2(level.m / level.u), comparison.max_bits) if level else 0.0


def warm(shelf: Shelf) -> None:
    """Load what the first search would have to wait for."""
    _levels({"surname": ["A"]}, [{"surname": ["A"]}], _model(shelf))
    _reference()


def _model(shelf: Shelf) -> Model:
    return shelf.kept.model or _bundled()


@functools.cache
def _bundled() -> Model:
    return load_model(MODELS / "person.toml")


@functools.cache
def _reference() -> Reference:
    return Reference.load()


@functools.cache
def _groups() -> dict[str, tuple[str, ...]]:
    return dict(name_groups(REFERENCE))
