"""The model's rules, applied to scored pairs: which of them a steward must see, whatever their weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.marks import are_different, flag_bits, has_flag, has_role
from pipeline.engines.port import ScoredPairs
from pipeline.link.given_names import clash
from schemas.model import LEVELS, Model, PolicyName, Rule, level_numbers


@dataclass(frozen=True, slots=True)
class RuleHits:
    """Which rules hold for which pair."""

    names: tuple[str, ...]
    holds: np.ndarray
    """(pairs, rules) bool"""
    is_apart: np.ndarray
    """(pairs,) no cluster may hold both"""
    is_neutral: np.ndarray
    """(pairs,) the pair by itself links nothing"""

    def merged(self, more: RuleHits, place: np.ndarray) -> RuleHits:
        """With those of other pairs among them, where ``merge`` puts the pairs."""
        return RuleHits(
            self.names,
            np.insert(self.holds, place, more.holds, axis=0),
            np.insert(self.is_apart, place, more.is_apart),
            np.insert(self.is_neutral, place, more.is_neutral),
        )


def apply_rules(model: Model, table: pa.Table, pairs: ScoredPairs, policy: PolicyName) -> RuleHits:
    """Test every rule of the policy on every pair: what it asks of levels once a pattern, what of records where these hold."""
    rules = [rule for rule in model.rule if policy in rule.policies]
    levels = pairs.patterns.levels
    pattern_holds = np.zeros((len(levels), len(rules)), bool)
    for number, rule in enumerate(rules):
        pattern_holds[:, number] = _levels_hold(rule, model, levels)
    holds = pattern_holds[pairs.patterns.of]
    for number, rule in enumerate(rules):
        if rule.roles or rule.flag or rule.flags_differ or rule.names:
            held = np.flatnonzero(holds[:, number])
            holds[held, number] = _records_hold(rule, table, pairs.left[held], pairs.right[held])
    apart = np.array([rule.effect == "apart" for rule in rules], bool)
    is_apart: np.ndarray = np.logical_or.reduce(holds[:, apart], axis=1)
    is_neutral: np.ndarray = np.logical_or.reduce(holds[:, ~apart], axis=1)
    return RuleHits(tuple(rule.name for rule in rules), holds, is_apart, is_neutral)


def sides(model: Model, table: pa.Table) -> np.ndarray:
    """(records,) 1 or 2 for the two sets of roles that a rule keeps apart, 0 for other roles."""
    side_of = np.zeros(len(table), np.int8)
    for rule in model.rule:
        if rule.roles and rule.effect == "apart":
            for side, roles in enumerate(rule.roles, start=1):
                side_of[has_role(table, roles)] = side
    return side_of


def identifier_codes(model: Model, table: pa.Table) -> dict[str, np.ndarray]:
    """(records,) int32 code of each identifier, by field; -1 where the record has none."""
    fields = [c.field for c in model.comparison if c.kind == "identifier" and c.field in table.column_names]
    return {field: _codes(table.column(field)) for field in fields}


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    codes = pc.fill_null(column.combine_chunks().dictionary_encode().indices, -1)
    return codes.to_numpy(zero_copy_only=False).astype(np.int32)


def unique_identifiers(model: Model, codes: Mapping[str, np.ndarray], records: int, policy: PolicyName) -> np.ndarray:
    """(records, kinds) those codes of identifiers that a rule of the policy takes for unique: two never share a cluster."""
    unique_fields = {
        field
        for rule in model.rule
        if rule.effect == "apart" and policy in rule.policies
        for field, levels in rule.any.items()
        if "conflict" in levels
    }
    columns = [column for field, column in codes.items() if field in unique_fields]
    return np.stack(columns, axis=1) if columns else np.full((records, 0), -1, np.int32)


def at_levels(model: Model, field: str, wanted: tuple[str, ...], levels: np.ndarray) -> np.ndarray:
    """(patterns,) whether the field's comparison is at one of the wanted levels."""
    number = next(number for number, comparison in enumerate(model.comparison) if comparison.field == field)
    kind = model.comparison[number].kind
    names = ("null", *LEVELS[kind])
    is_wanted = np.array([names[level] in wanted for level in level_numbers(kind)])
    return is_wanted[levels[:, number]]


def share_identifier(model: Model, levels: np.ndarray) -> np.ndarray:
    """(patterns,) whether both records carry the same identifier of one kind."""
    is_shared = np.zeros(len(levels), bool)
    for comparison in model.comparison:
        if comparison.kind == "identifier":
            is_shared |= at_levels(model, comparison.field, ("exact",), levels)
    return is_shared


def _levels_hold(rule: Rule, model: Model, levels: np.ndarray) -> np.ndarray:
    holds = np.ones(len(levels), bool)
    for field, wanted in rule.all.items():
        holds &= at_levels(model, field, wanted, levels)
    if rule.any:
        holds &= np.any([at_levels(model, field, wanted, levels) for field, wanted in rule.any.items()], axis=0)
    for field, wanted in rule.none.items():
        holds &= ~at_levels(model, field, wanted, levels)
    return holds


def _records_hold(rule: Rule, table: pa.Table, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    holds = np.ones(len(left), bool)
    if rule.roles:
        first, second = (has_role(table, roles) for roles in rule.roles)
        holds &= (first[left] & second[right]) | (second[left] & first[right])
    if rule.flag:
        flagged = has_flag(table, rule.flag)
        holds &= flagged[left] | flagged[right]
    if rule.flags_differ:
        carried = flag_bits(table, rule.flags_differ)
        holds &= are_different(carried[left], carried[right])
    if rule.names:
        holds &= clash(rule.names, table, left, right)
    return holds
