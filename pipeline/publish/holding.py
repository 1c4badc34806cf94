"""Which tables of a home hold a record, whatever column names it: publications, kept runs and last good exports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import StateError
from pipeline.core.parquet import ARROW, read_schema, read_table
from pipeline.core.places import Home
from pipeline.publish.orders import digest
from schemas.tables import ENDS

RECORD_IDS = ("record_id", *ENDS)
CLUSTERS = ("cluster_id", "cluster_id_l", "cluster_id_r")
TABLES = (ARROW, ".parquet")
DAMAGED = "is damaged, so that nothing can be taken out of it."
WAY_OUT = (
    "Restore it from a backup, or remove the folder of the run or export that it is of; then give the order again."
)


def known_records(home: Home, record_ids: Collection[str]) -> set[str]:
    """Those of the records that any table of the home holds."""
    wanted = pa.array(sorted(record_ids), pa.string())
    known: set[str] = set()
    for column in _columns_of_records(home):
        known |= set(column.filter(pc.fill_null(pc.is_in(column, wanted), False)).to_pylist())
        if len(known) == len(wanted):
            break
    return known


def sources_of(home: Home, record_ids: Collection[str]) -> dict[str, str]:
    """The source of each of the records that a publication, a last good export or a kept run has a row of."""
    wanted, sources = pa.array(sorted(record_ids), pa.string()), {}
    places = (
        *home.published.glob("*/records/*"),
        *home.last_good.glob("*/*/std_records.*"),
        *home.runs.glob("*/standardise/*/std_records.*"),
    )
    for path in (path for path in places if path.suffix in TABLES):
        rows = rows_of(path, is_named=lambda field: field.name in ("record_id", "source"))
        for row in rows.filter(pc.is_in(rows.column("record_id"), wanted)).to_pylist():
            sources[row["record_id"]] = row["source"]
        if len(sources) == len(wanted):
            break
    return sources


def records_of(home: Home, digests: Collection[str]) -> set[str]:
    """Records of these digests that a table of the home still holds: what is left of an order that was cut short."""
    return {
        record
        for column in _columns_of_records(home)
        for record in pc.unique(column).to_pylist()
        if record is not None and digest(record) in digests
    }


def _columns_of_records(home: Home) -> Iterator[pa.Array | pa.ChunkedArray]:
    """Every column of a table of the home that names records; published ones first."""
    for root in (home.published, home.last_good, home.old_ids, home.runs):
        for path in sorted(path for path in root.rglob("*") if path.suffix in TABLES and path.is_file()):
            for column in rows_of(path, is_named=_names_records).columns:
                told = pc.list_flatten(column) if pa.types.is_list(column.type) else column
                yield pc.struct_field(told, RECORD_IDS[0]) if pa.types.is_struct(told.type) else told


def rows_of(path: Path, is_named: Callable[[pa.Field], bool] | None = None) -> pa.Table:
    """A table, or only its columns for which ``is_named`` is true.

    Raises:
        StateError: If it cannot be read.
    """
    try:
        if is_named is None:
            return read_table(path)
        names = [field.name for field in read_schema(path) if is_named(field)]
        return read_table(path, names) if names else pa.table({})
    except (OSError, pa.ArrowException):
        error = StateError(str(path), DAMAGED, WAY_OUT)
    raise error


def _names_records(field: pa.Field) -> bool:
    return field.name in RECORD_IDS + CLUSTERS or lists_records(field)


def lists_records(field: pa.Field) -> bool:
    """Whether each of its values is a list of records, or of what is told of one record each."""
    if field.type == pa.list_(pa.string()):
        return "record" in field.name
    return tells_of_records(field)


def tells_of_records(field: pa.Field) -> bool:
    """Whether each of its values is a list of facts, each with the record that it is of."""
    kind = field.type
    is_of_facts = pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)
    return is_of_facts and kind.value_type.get_field_index(RECORD_IDS[0]) >= 0
