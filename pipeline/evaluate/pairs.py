"""The pairs that a linkage kept, as row numbers of its records."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import SettingsError
from schemas.model import Model
from schemas.tables import ENDS

PAIR_COLUMNS = (*ENDS, "match_weight", "match_probability", "decision", "decided_by", "rules")


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Kept pairs: those inside persons, and those that wait for a steward."""

    left: np.ndarray
    """row number of a record, with ``right``"""
    right: np.ndarray
    weight: np.ndarray
    """bits"""
    probability: np.ndarray
    is_link: np.ndarray
    """both records are one person's"""
    by_steward: np.ndarray
    rule: np.ndarray
    """(pairs,) number of the first rule that keeps the machine from linking the pair by itself, in ``rules``; -1 none"""
    rules: tuple[str, ...]

    @property
    def by_machine(self) -> np.ndarray:
        """(pairs,) linked, and not because a steward said so."""
        return self.is_link & ~self.by_steward

    def only(self, keep: np.ndarray) -> Pairs:
        """Some of the pairs."""
        columns = ("left", "right", "weight", "probability", "is_link", "by_steward", "rule")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})


def read_pairs(links: pa.Table, ids: pa.Array, model: Model | None) -> Pairs:
    """The rows of links, with the row number of each record among ``ids``; without those that a steward parted.

    Raises:
        SettingsError: If a pair is of a record that is not among them.
    """
    links = links.filter(pc.not_equal(links.column("decision"), "unlink"))
    places = [pc.index_in(links.column(end).cast(pa.string()), ids) for end in ENDS]
    if strange := sum(place.null_count for place in places):
        problem = f"names {strange:,} records that no person has."
        raise SettingsError("links", problem, "The folder is of two linkages: make it anew.")
    left, right = (place.to_numpy() for place in places)
    rule, rules = _first_rules(links.column("rules"), model)
    return Pairs(
        left=left,
        right=right,
        weight=links.column("match_weight").to_numpy(),
        probability=links.column("match_probability").to_numpy(),
        is_link=pc.equal(links.column("decision"), "link").to_numpy(),
        by_steward=pc.equal(links.column("decided_by"), "steward").to_numpy(),
        rule=rule,
        rules=rules,
    )


def _first_rules(column: pa.ChunkedArray, model: Model | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number of the gravest rule that each pair met, -1 none; and the rules' names in the order of the model."""
    lists = column.cast(pa.list_(pa.string())).combine_chunks()
    met = pc.list_flatten(lists)
    order = [rule.name for rule in model.rule] if model else []
    names = (*order, *sorted(set(met.unique().to_pylist()) - set(order)))
    rule = np.full(len(lists), len(names), np.int64)
    owner = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    np.minimum.at(rule, owner, pc.index_in(met, pa.array(names, pa.string())).to_numpy(zero_copy_only=False))
    return np.where(rule == len(names), -1, rule), names
