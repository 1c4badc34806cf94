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
from pipeline.engines.spellings import Spellings

ESTABLISHED = -1  # stands where the rows of names that no mistyping explains have no comparison
SPELLED = -2  # and this less the comparison where those of groups of spellings have theirs
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
    groups: tuple[tuple[pa.Array, np.ndarray], ...]
    """Of each comparison: the groups of spellings that are, and the bin of each"""
    name_pairs: NamePairs
    established: pa.Array
    """Names so common that they are no mistyping of others"""

    def bins(self, comparison: int, texts: pa.Array) -> np.ndarray:
        """(values,) int8 bin of each text."""
        return _bins(texts, *self.values[comparison], self.frequencies[comparison].unseen_bin)

    def spelling_bins(self, comparison: int, groups: pa.Array) -> np.ndarray:
        """(groups,) int8 bin of each group of spellings."""
        return _bins(groups, *self.groups[comparison], self.frequencies[comparison].spellings.unseen_bin)

    def is_established(self, texts: pa.Array) -> np.ndarray:
        """(names,) whether each is."""
        return pc.is_in(texts, self.established).to_numpy(zero_copy_only=False).astype(np.bool_)

    def rows(self) -> pa.Table:
        """Its values as a table; ``numbers`` has the rest."""
        parts = dict(enumerate(self.values))
        parts |= {SPELLED - comparison: known for comparison, known in enumerate(self.groups)}
        of_values = [
            pa.table(
                [pa.array(np.full(len(common), part), pa.int16()), common, pa.array(bins, pa.int8())], schema=SCHEMA
            )
            for part, (common, bins) in parts.items()
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
                [
                    field.rarity_bits.tolist(),
                    field.unseen_bin,
                    field.occurrences.tolist(),
                    field.agreeing.tolist(),
                    field.repeated.tolist(),
                    field.pairs,
                    field.spellings.unseen_bin,
                ]
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
    none = np.zeros(0, np.int8)
    frequencies = tuple(
        Frequencies(
            none,
            np.array(rarity),
            int(unseen),
            np.array(occurrences),
            np.array(agreeing),
            np.array(repeated),
            float(pairs),
            Spellings(none, None, int(rare)),
        )
        for rarity, unseen, occurrences, agreeing, repeated, pairs, rare in numbers["frequencies"]
    )

    def known(part: int) -> tuple[pa.Array, np.ndarray]:
        return values.filter(pa.array(comparison_of == part)), bins[comparison_of == part]

    return FrequencyTable(
        int(numbers["records"]),
        float(numbers["pairs_per_record"]),
        frequencies,
        tuple(known(comparison) for comparison in range(len(frequencies))),
        tuple(known(SPELLED - comparison) for comparison in range(len(frequencies))),
        NamePairs(*(np.array(part) for part in numbers["name_pairs"])),
        values.filter(pa.array(comparison_of == ESTABLISHED)),
    )


def _bins(texts: pa.Array, common: pa.Array, bins: np.ndarray, unseen_bin: int) -> np.ndarray:
    """(texts,) int8 bin of each; of those that are not among the common ones that of one seen once."""
    position = pc.index_in(texts, common).fill_null(-1).to_numpy(zero_copy_only=False)
    return np.append(bins, unseen_bin)[position].astype(np.int8)
