"""A publication of a few people, as far as the analysts' tables are made from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.tables import EVENTS, PERSONS, QUARANTINE, RECORDS, REVIEW_QUEUE, SOURCE_STATUS, Table

LONDON = ZoneInfo("Europe/London")
OF_EVENT = {"of", "is", "at", "to", "ref", "role", "borough", "risk", "status", "place", "place_postcode", "times"}
FILLED = {pa.string(): "x", pa.int64(): 0, pa.int32(): 1, pa.int16(): 1, pa.float64(): 1.0, pa.bool_(): False}
Rows = Iterable[Mapping[str, Any]]


def few_people(
    folder: Path,
    people: Mapping[str, Mapping[str, Any]],
    records: Rows = (),
    events: Rows = (),
    others: Mapping[Table, Rows] | None = None,
) -> None:
    """Write the tables into the folder. People are named by their ``person_id``; events are numbered e01, e02, ..."""
    tables: dict[Table, Rows] = dict.fromkeys((REVIEW_QUEUE, QUARANTINE, SOURCE_STATUS), ()) | (others or {})
    tables[PERSONS] = [_person(name, said) for name, said in people.items()]
    tables[RECORDS] = [_record(number, said) for number, said in enumerate(records, start=1)]
    each = (said for said in events for _ in range(said.get("times", 1)))
    tables[EVENTS] = [_event(number, said) for number, said in enumerate(each, start=1)]
    for table, rows in tables.items():
        schema = table.arrow_schema()
        must = {field.name: _filled(field.type) for field in schema if not field.nullable}
        (folder / table.name).mkdir(parents=True)
        whole = [{name: {**must, **row}.get(name) for name in schema.names} for row in rows]
        pq.write_table(pa.Table.from_pylist(whole, schema), folder / table.name / "part-0.parquet")


def _filled(kind: pa.DataType) -> Any:
    return [] if pa.types.is_list(kind) else FILLED[kind]


def _person(name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "person_id": name,
        "date_of_birth": said.get("born"),
        "boroughs": said.get("boroughs", []),
        "cluster_confidence": said.get("sure", 1.0),
        "n_open_questions": said.get("asked", 0),
    }


def _record(number: int, said: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in said.items() if name not in ("of", "at", "age")}
    return {
        "record_id": f"r{number:02}",
        "person_id": said["of"],
        "recorded_at": _moment(said.get("at")),
        "age_low": said.get("age"),
        **known,
    }


def _event(number: int, said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "event_id": f"e{number:02}",
        "person_id": said["of"],
        "record_id": f"of-e{number:02}",
        "event_type": said["is"],
        "role": said.get("role", "subject"),
        "event_ref": said.get("ref"),
        "started_at": _moment(said.get("at")),
        "ended_at": _moment(said.get("to")),
        **{name: said.get(name) for name in ("borough", "risk", "status", "place", "place_postcode")},
        "attributes": [(name, _text(value)) for name, value in said.items() if name not in OF_EVENT],
    }


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _moment(value: Any) -> dt.datetime | None:
    """A day as its midnight in London, a time of day without a zone as London's."""
    if value is None:
        return None
    moment = dt.datetime.fromisoformat(_text(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=LONDON)
