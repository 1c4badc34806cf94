"""Where a name comes from, as far as lists tell: a rough word for a group of names, never for a person's ethnicity.

``data/reference/name_origins.csv`` holds names of London's communities (the lists of Faker and ours). A name that several
communities share stands there only where one of them holds four fifths of those who bear it.
"""

from __future__ import annotations

import functools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.places import REFERENCE
from pipeline.core.reference import rows

COMMONEST = "british"
"""Such a forename or surname is borne in every community, so any other origin goes before it."""
KINDS = ("surname", "forename")


def name_origins(records: pa.Table) -> pa.Array:
    """Origin of each record's names, null where no list has them; surnames go before forenames.

    Args:
        records: with forename and surname, text or lists of text in upper case without accents.
    """
    origins, origin_of_name = _listed()
    origin_of = np.full(len(records), len(origins), np.int64)
    commonest = origins.index(COMMONEST) if COMMONEST in origins else -1
    for kind in KINDS:
        if kind in records.column_names:
            owner, origin = _origins_of(records.column(kind).combine_chunks(), origin_of_name[kind])
            for row, code in zip(owner.tolist(), origin.tolist(), strict=True):
                if origin_of[row] in (len(origins), commonest):
                    origin_of[row] = code
    return pa.array(origins, pa.string()).take(pa.array(origin_of, mask=origin_of == len(origins)))


@functools.cache
def _listed() -> tuple[tuple[str, ...], dict[str, dict[str, int]]]:
    listed = list(rows(REFERENCE / "name_origins.csv"))
    origins = tuple(sorted({row["origin"] for row in listed}))
    return origins, {
        kind: {row["name"]: origins.index(row["origin"]) for row in listed if row["kind"] == kind} for kind in KINDS
    }


def _origins_of(column: pa.Array, origin_of_name: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose names are known, in order, and what each name says; each distinct name is looked up once."""
    if pa.types.is_list(column.type):
        owner, names = pc.list_parent_indices(column).to_numpy(zero_copy_only=False), pc.list_flatten(column)
    else:
        owner, names = np.arange(len(column)), column
    encoded = names if pa.types.is_dictionary(names.type) else names.dictionary_encode()
    of_name = np.array([_origin(name, origin_of_name) for name in encoded.dictionary.to_pylist()] + [-1], np.int64)
    code = of_name[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    return owner[code >= 0], code[code >= 0]


def _origin(name: str, origin_of_name: dict[str, int]) -> int:
    """Of the whole name, or of the first of its words that is known."""
    return next((origin_of_name[part] for part in (name, *name.split()) if part in origin_of_name), -1)
