"""The event of each record: when, where, in which role, at what risk."""

from __future__ import annotations

import datetime as dt
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.clock import london_day
from pipeline.standardise.addresses import read_address
from pipeline.standardise.cells import Cells
from pipeline.standardise.codes import read_borough, read_code, read_plain, read_status
from pipeline.standardise.distinct import Note, Reading, RowNote, map_distinct, map_rows, no_value
from pipeline.standardise.identifiers import asn
from pipeline.standardise.notes import Remarks, offsets_of
from pipeline.standardise.people import Columns, read_column
from pipeline.standardise.reference import Reference
from pipeline.standardise.rules import Rules
from pipeline.standardise.times import read_time
from schemas.tables import ATTRIBUTE, ATTRIBUTES, TEXT, TIME

NEUTRAL_ROLE = "subject"


def read_events(cells: Cells, rules: Rules, remarks: Remarks) -> Columns:
    """The event columns; role is null only where it is written and not known."""
    columns = {
        "event_ref": read_column(cells, "event_ref", read_plain, TEXT, remarks),
        "role": _role(cells, rules.reference, remarks),
        "borough": read_column(cells, "event_borough", read_borough, TEXT, remarks),
        "risk": read_column(cells, "risk", lambda text: read_code("risk", text, rules.reference), TEXT, remarks),
        "status": read_column(cells, "status", read_status, TEXT, remarks),
        "attributes": _attributes(cells, rules, remarks),
    }
    for name in ("started", "ended"):
        columns[f"{name}_at"] = _times(cells, name, rules, remarks)
    columns |= _places(cells, rules.reference, remarks)
    inferred = pa.array(cells.inferred.get("risk", np.zeros(cells.rows, bool)))
    columns["is_risk_inferred"] = pc.if_else(columns["risk"].is_valid(), inferred, pa.scalar(None, pa.bool_()))
    for flag in ("closed", "deceased", "adopted"):
        is_so = pc.fill_null(pc.starts_with(columns["status"], flag), False)
        remarks.add_flag(np.flatnonzero(is_so.to_numpy(zero_copy_only=False)), flag)
    return columns


def read_recorded_at(cells: Cells, events: Columns, rules: Rules, remarks: Remarks) -> pa.Array:
    """When the source recorded each row, from the field that the contract names; a time to come is null."""
    name = rules.contract.recorded_at
    if name in ("started", "ended"):
        moments = events[f"{name}_at"]
    else:
        name = f"{ATTRIBUTE}{name.removeprefix(ATTRIBUTE)}"
        mapped = map_distinct(cells[name], lambda text: _time(name, text, rules))
        moments = mapped.column(lambda moment: moment.value, TIME)
    end_of_night = dt.datetime.combine(rules.as_of + dt.timedelta(days=1), dt.time(12), dt.UTC)
    is_to_come = pc.fill_null(pc.greater(moments, pa.scalar(end_of_night, TIME)), False)
    note = Note(name, "recorded_at", "in_the_future")
    remarks.add_notes(RowNote(int(row), note) for row in np.flatnonzero(is_to_come.to_numpy(zero_copy_only=False)))
    return pc.if_else(is_to_come, pa.scalar(None, TIME), moments)


def _role(cells: Cells, reference: Reference, remarks: Remarks) -> pa.Array:
    role = read_column(cells, "role", lambda text: read_code("role", text, reference), TEXT, remarks)
    return pc.if_else(cells["role"].is_null(), NEUTRAL_ROLE, role)


def _times(cells: Cells, name: str, rules: Rules, remarks: Remarks) -> pa.Array:
    return read_column(cells, name, lambda text: _time(name, text, rules), TIME, remarks)


def _time(name: str, text: str, rules: Rules) -> Reading[dt.datetime]:
    return read_time(name, text, rules.contract.dates, rules.reference, rules.as_of)


def _places(cells: Cells, reference: Reference, remarks: Remarks) -> Columns:
    rows = list(zip(cells["place"].to_pylist(), cells["place_postcode"].to_pylist(), strict=True))
    addresses = map_rows(rows, partial(read_address, reference=reference, columns=("place", "place_postcode")))
    remarks.add_notes(addresses.notes(lambda address: address.notes))
    return {
        "place": addresses.column(lambda address: address.address, TEXT),
        "place_postcode": addresses.column(lambda address: address.postcode.postcode, TEXT),
    }


def _attributes(cells: Cells, rules: Rules, remarks: Remarks) -> pa.Array:
    """All attributes by name. By their names' endings ``_date`` and ``_at`` become ISO days and UTC moments."""
    names = cells.attributes
    columns = [read_column(cells, name, partial(_attribute, name, rules), TEXT, remarks) for name in names]
    return _as_map([name.removeprefix(ATTRIBUTE) for name in names], columns, cells.rows)


def _attribute(name: str, rules: Rules, text: str) -> Reading[str]:
    if name == f"{ATTRIBUTE}asn":
        number = asn(text)
        return Reading(number) if number else no_value(name, "invalid_check")
    if not name.endswith(("_date", "_at")):
        return read_plain(text)
    moment = _time(name, text, rules)
    if moment.value is None:
        return Reading(None, moment.notes)
    is_day = name.endswith("_date")
    return Reading(london_day(moment.value).isoformat() if is_day else moment.value.isoformat())


def _as_map(names: list[str], columns: list[pa.Array], rows: int) -> pa.Array:
    """One map a row out of the columns, names in order; null for a row without any."""
    filled_rows = [np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False)) for column in columns]
    row_of = np.concatenate([np.zeros(0, np.int64), *filled_rows])
    column_of = np.repeat(np.arange(len(names)), list(map(len, filled_rows)))
    order = np.lexsort((column_of, row_of))
    keys = pa.array(names, TEXT).take(pa.array(column_of[order]))
    items = pa.concat_arrays([pa.array([], TEXT), *(column.drop_null() for column in columns)]).take(pa.array(order))
    return pa.MapArray.from_arrays(offsets_of(row_of, rows), keys, items).cast(ATTRIBUTES)
