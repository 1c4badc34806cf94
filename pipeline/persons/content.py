"""Which records say something else than last night."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipeline.persons.causes import CONTRACT, CORRECTED
from schemas.tables import PERSON_COLUMNS

CONTENT = ("role", "basis", "flags", *(column.name for column in PERSON_COLUMNS))
"""What a record says of its person. recorded_at is not in it: some exports stamp every row anew each night."""


def corrected(before: Path, std_records: pa.Table, record_ids: pa.Array) -> dict[str, str]:
    """Of the given records, those whose content changed: by the source, or by another contract version that read it.

    Args:
        before: folder of last night's published records.
        std_records: tonight's records.
        record_ids: records to compare; the others are not read whole.
    """
    if not len(record_ids):
        return {}
    published = ds.dataset(before, format="parquet")
    names = [name for name in CONTENT if name in published.schema.names]
    columns = ["record_id", "contract_version", *names]
    then = published.to_table(columns, filter=ds.field("record_id").isin(record_ids))
    now = std_records.filter(pc.is_in(std_records.column("record_id"), record_ids)).select(columns)
    differs = " OR ".join(f'n."{name}" IS DISTINCT FROM t."{name}"' for name in names)
    sql = f"""SELECT record_id, n.contract_version IS DISTINCT FROM t.contract_version AS is_read_anew
        FROM now n JOIN was t USING (record_id) WHERE {differs}"""  # noqa: S608  (names of our own columns)
    with duckdb.connect() as base:
        base.register("now", now)
        base.register("was", then)
        return {record: CONTRACT if is_read_anew else CORRECTED for record, is_read_anew in base.execute(sql).fetchall()}  # fmt: skip
