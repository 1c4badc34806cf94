"""What a record tells of its event: when, where, in which role, at what risk."""

from __future__ import annotations

import datetime as dt
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.standardise.addresses import read_address
from pipeline.standardise.cells import Cells
from pipeline.standardise.codes import read_borough, read_code, read_plain, read_status
from pipeline.standardise.distinct import Note, Read, RowNote, map_distinct, map_rows
from pipeline.standardise.identifiers import asn
from pipeline.standardise.notes import Gathered
from pipeline.standardise.people import Columns, read_column
from pipeline.standardise.reference import Reference
from pipeline.standardise.times import LONDON, read_time
from schemas.contract import Contract
from schemas.tables import ATTRIBUTE, ATTRIBUTES, TEXT, TIME

NEUTRAL_ROLE = "subject"


def read_events(cells: Cells, contract: Contract, reference: Reference, as_of: dt.date, gathered: Gathered) -> Columns:
    """The event columns; role is null only where it is written and not known."""
    columns = {
        "event_ref": read_column(cells, "event_ref", read_plain, TEXT, gathered),
        "role": _role(cells, reference, gathered),
        "borough": read_column(cells, "event_borough", read_borough, TEXT, gathered),
        "risk": read_column(cells, "risk", lambda text: read_code("risk", text, reference), TEXT, gathered),
        "status": read_column(cells, "status", read_status, TEXT, gathered),
        "attributes": _attributes(cells, contract, reference, as_of, gathered),
    }
    for name in ("started", "ended"):
        columns[f"{name}_at"] = _times(cells, name, contract, reference, as_of, gathered)
    columns |= _places(cells, reference, gathered)
    inferred = pa.array(cells.inferred.get("risk", np.zeros(cells.rows, bool)))
    columns["is_risk_inferred"] = pc.if_else(columns["risk"].is_valid(), inferred, pa.scalar(None, pa.bool_()))
    for flag in ("closed", "deceased", "adopted"):
        is_so = pc.fill_null(pc.starts_with(columns["status"], flag), False)
        gathered.add_flag(np.flatnonzero(is_so.to_numpy(zero_copy_only=False)), flag)
    return columns


def read_recorded_at(
    cells: Cells, events: Columns, contract: Contract, reference: Reference, as_of: dt.date, gathered: Gathered
) -> pa.Array:
    """When the source recorded each row, from the field that the contract names; a time to come is null."""
    name = contract.recorded_at
    if name in ("started", "ended"):
        moments = events[f"{name}_at"]
    else:
        name = f"{ATTRIBUTE}{name.removeprefix(ATTRIBUTE)}"
        moments = map_distinct(
            cells[name], lambda text: read_time(name, text, contract.dates, reference, as_of)
        ).column(lambda found: found.value, TIME)
    end_of_night = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time(12), dt.UTC)
    is_to_come = pc.fill_null(pc.greater(moments, pa.scalar(end_of_night, TIME)), False)
    note = Note(name, "recorded_at", "in_the_future")
    gathered.add_notes(RowNote(int(row), note) for row in np.flatnonzero(is_to_come.to_numpy(zero_copy_only=False)))
    return pc.if_else(is_to_come, pa.scalar(None, TIME), moments)


def _role(cells: Cells, reference: Reference, gathered: Gathered) -> pa.Array:
    role = read_column(cells, "role", lambda text: read_code("role", text, reference), TEXT, gathered)
    return pc.if_else(cells["role"].is_null(), NEUTRAL_ROLE, role)


def _times(
    cells: Cells,
    name: str,
    contract: Contract,
    reference: Reference,
    as_of: dt.date,
    gathered: Gathered,
) -> pa.Array:
    def read(text: str) -> Read[dt.datetime]:
        return read_time(name, text, contract.dates, reference, as_of)

    return read_column(cells, name, read, TIME, gathered)


def _places(cells: Cells, reference: Reference, gathered: Gathered) -> Columns:
    rows = list(zip(cells["place"].to_pylist(), cells["place_postcode"].to_pylist(), strict=True))
    found = map_rows(rows, partial(read_address, reference=reference, columns=("place", "place_postcode")))
    gathered.add_notes(found.notes(lambda address: address.notes))
    return {
        "place": found.column(lambda a: a.address, TEXT),
        "place_postcode": found.column(lambda a: a.postcode.postcode, TEXT),
    }


def _attributes(cells: Cells, contract: Contract, reference: Reference, as_of: dt.date, gathered: Gathered) -> pa.Array:
    """All attributes by name. By their names' endings ``_date`` and ``_at`` become ISO days and UTC moments."""

    def read(name: str, text: str) -> Read[str]:
        if name == f"{ATTRIBUTE}asn":
            number = asn(text)
            return Read(number, () if number else (Note(name, name, "invalid_check"),))
        if not name.endswith(("_date", "_at")):
            return read_plain(text)
        moment = read_time(name, text, contract.dates, reference, as_of)
        if moment.value is None:
            return Read(None, moment.notes)
        is_day = name.endswith("_date")
        return Read(moment.value.astimezone(LONDON).date().isoformat() if is_day else moment.value.isoformat())

    names = cells.attributes
    columns = [
        read_column(cells, name, lambda text, name=name: read(name, text), TEXT, gathered)  # type: ignore[misc]
        for name in names
    ]
    return _as_map([name.removeprefix(ATTRIBUTE) for name in names], columns, cells.rows)


def _as_map(names: list[str], columns: list[pa.Array], rows: int) -> pa.Array:
    """One map a row out of the columns, names in order; null for a row without any."""
    present = [np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False)) for column in columns]
    row = np.concatenate([np.zeros(0, np.int64), *present])
    which = np.repeat(np.arange(len(names)), [len(found) for found in present])
    order = np.lexsort((which, row))
    keys = pa.array(names, TEXT).take(pa.array(which[order]))
    items = pa.concat_arrays([pa.array([], TEXT), *(c.drop_null() for c in columns)]).take(pa.array(order))
    lengths = np.bincount(row.astype(np.int64), minlength=rows)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    is_null = np.concatenate((lengths == 0, [False]))
    return pa.MapArray.from_arrays(pa.array(offsets, pa.int32(), mask=is_null), keys, items).cast(ATTRIBUTES)
