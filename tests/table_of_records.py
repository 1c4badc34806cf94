"""Records as plain mappings, made into the table that linking reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from schemas.tables import COMPARISONS

LISTS = ("forename", "surname", "alias", "flags")
KINDS = {
    **dict.fromkeys(LISTS, pa.list_(pa.string())),
    "date_of_birth": pa.date32(),
    "date_of_birth_alt": pa.date32(),
    "age_low": pa.int16(),
    "age_high": pa.int16(),
    "recorded_at": pa.timestamp("us", tz="UTC"),
}
COLUMNS = tuple(
    dict.fromkeys(["record_id", "role", "middle_names", *KINDS, *(name for name in COMPARISONS if name != "age")])
)


def table_of(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Rows as the columns that engines read, in the given order, which is also that of their record ids."""
    filled = [{"record_id": f"{at:05d}", "role": "subject", **row} for at, row in enumerate(rows)]
    return pa.table(
        {name: pa.array([row.get(name) for row in filled], KINDS.get(name, pa.string())) for name in COLUMNS}
    )
