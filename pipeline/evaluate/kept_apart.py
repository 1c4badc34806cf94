"""Pairs that a rule of the model keeps from a machine, whatever their evidence: such as a victim with an offender."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.core.marks import are_different, flag_bits, has_flag, has_role
from schemas.model import Model, PolicyName, Rule


@dataclass(frozen=True, slots=True, eq=False)
class KeptApart:
    """Records by what such rules look at, and which kinds of records may not be linked."""

    rules: tuple[str, ...]
    kind: np.ndarray
    """(records,)"""
    is_apart: np.ndarray
    """(kinds, kinds)"""

    def pairs(self, block: np.ndarray) -> np.ndarray:
        """(blocks,) pairs of records of one block that a rule keeps apart; blocks are codes from 0."""
        kinds, blocks = len(self.is_apart), int(block.max(initial=-1)) + 1
        sizes = np.bincount(block * kinds + self.kind, minlength=blocks * kinds).reshape(blocks, kinds)
        counts = np.zeros(blocks, np.int64)
        for kind_l, kind_r in zip(*np.nonzero(np.triu(self.is_apart)), strict=True):
            counts += (
                sizes[:, kind_l] * sizes[:, kind_r]
                if kind_l != kind_r
                else sizes[:, kind_l] * (sizes[:, kind_l] - 1) // 2
            )
        return counts


def kept_apart(model: Model | None, policy: PolicyName, records: pa.Table) -> KeptApart:
    """What the model's rules keep apart by role or flags alone; a rule that looks at evidence too is not among them."""
    rules = [rule for rule in model.rule if _is_of_records(rule) and policy in rule.policies] if model else []
    rules = [rule for rule in rules if _columns(rule) <= set(records.column_names)]
    marks = [np.zeros(len(records), np.int64)]
    for rule in rules:
        anyone = np.ones(len(records), bool)
        roles = [has_role(records, side) for side in rule.roles] if rule.roles else [anyone] * 2
        flagged = has_flag(records, rule.flag) if rule.flag else anyone
        marks += [*roles, flagged, flag_bits(records, rule.flags_differ)]
    kinds, kind = np.unique(np.stack(marks, axis=1), axis=0, return_inverse=True)
    is_apart = np.zeros((len(kinds), len(kinds)), bool)
    for number, rule in enumerate(rules):
        first, second, flag, bits = (kinds[:, 1 + 4 * number + part] for part in range(4))
        one_of_each = first[:, None] & second[None, :] | second[:, None] & first[None, :]
        holds = (one_of_each & (flag[:, None] | flag[None, :])).astype(bool)
        is_apart |= holds & are_different(bits[:, None], bits[None, :]) if rule.flags_differ else holds
    return KeptApart(tuple(rule.name for rule in rules), kind, is_apart)


def _is_of_records(rule: Rule) -> bool:
    return rule.effect == "apart" and not (rule.all or rule.any or rule.none or rule.names)


def _columns(rule: Rule) -> set[str]:
    """What the rule looks at."""
    return {name for name, wanted in (("role", rule.roles), ("flags", rule.flag or rule.flags_differ)) if wanted}
