"""How common values were in one table, kept so that pairs weigh the same in the tables that follow it.

What a pair weighs depends on how common its values are. Were that counted anew each night, every new record would move the
weight of pairs that it has nothing to do with. So a night counts with a table that was made with the model or at a later refresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.engines.frequency import Frequencies, NamePairs

ESTABLISHED = -1  # stands where the rows of names that no mistyping explains have no comparison
SCHEMA = pa.schema([("comparison", pa.int16()), ("value", pa.string()), ("bin", pa.int8())])


@dataclass(frozen=True, slots=True)
class FrequencyTable:
    """Frequencies of a table of records; a value that it does not know counts as one seen once."""

    records: int
    pairs_per_record: float
    """Pairs of its records that may be compared, a record"""
    frequencies: tuple[Frequencies, ...]
    """Of each comparison, in the model's order; their ``bin`` is empty: ``values`` has it"""
    values: tuple[tuple[pa.Array, np.ndarray], ...]
    """Of each comparison: the values that are commoner than one seen once, and the bin of each"""
    name_pairs: NamePairs
    established: pa.Array
    """Names so common that they are no mistyping of others"""

    def bins(self, comparison: int, texts: pa.Array) -> np.ndarray:
        """(values,) int8 bin of each text."""
        common, bins = self.values[comparison]
        position = pc.index_in(texts, common).fill_null(-1).to_numpy(zero_copy_only=False)
        unseen_bin = np.int8(self.frequencies[comparison].unseen_bin)
        return (
            np.where(position >= 0, bins[position], unseen_bin).astype(np.int8)
            if len(bins)
            else np.full(len(texts), unseen_bin)
        )

    def is_established(self, texts: pa.Array) -> np.ndarray:
        """(names,) whether each is."""
        return pc.is_in(texts, self.established).to_numpy(zero_copy_only=False).astype(np.bool_)

    def rows(self) -> pa.Table:
        """Its values as a table; ``numbers`` has the rest."""
        of_values = [
            pa.table(
                [pa.array(np.full(len(common), comparison), pa.int16()), common, pa.array(bins, pa.int8())],
                schema=SCHEMA,
            )
            for comparison, (common, bins) in enumerate(self.values)
        ]
        n_names = len(self.established)
        columns = [pa.array([ESTABLISHED] * n_names, pa.int16()), self.established, pa.array([0] * n_names, pa.int8())]
        return pa.concat_tables([*of_values, pa.table(columns, schema=SCHEMA)])

    def numbers(self) -> dict[str, Any]:
        """All but the values, as JSON can hold it without losing a bit."""
        return {
            "records": self.records,
            "pairs_per_record": self.pairs_per_record,
            "name_pairs": [part.tolist() for part in self.name_pairs],
            "frequencies": [
                [field.rarity_bits.tolist(), field.unseen_bin, field.occurrences.tolist(), field.agreeing.tolist()]
                for field in self.frequencies
            ],
        }


def from_rows(rows: pa.Table, numbers: Mapping[str, Any]) -> FrequencyTable:
    """The table that ``rows`` and ``numbers`` tell.

    Raises:
        KeyError, ValueError, TypeError: If they do not.
    """
    comparison_of = rows.column("comparison").to_numpy()
    values, bins = rows.column("value").combine_chunks(), rows.column("bin").to_numpy()
    frequencies = tuple(
        Frequencies(np.zeros(0, np.int8), np.array(rarity), int(unseen), np.array(occurrences), np.array(agreeing))
        for rarity, unseen, occurrences, agreeing in numbers["frequencies"]
    )
    return FrequencyTable(
        int(numbers["records"]),
        float(numbers["pairs_per_record"]),
        frequencies,
        tuple(
            (values.filter(pa.array(comparison_of == comparison)), bins[comparison_of == comparison])
            for comparison in range(len(frequencies))
        ),
        NamePairs(*(np.array(part) for part in numbers["name_pairs"])),
        values.filter(pa.array(comparison_of == ESTABLISHED)),
    )
