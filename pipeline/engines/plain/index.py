"""Candidate pairs from shared tokens, by pandas group-bys: the semantics of ``local.blocks``, written plainly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import pandas as pd
from recordlinkage.base import BaseIndexAlgorithm

from pipeline.engines.local.blocks import slot_bits
from pipeline.engines.plain.frame import NAMES
from pipeline.engines.tokens import domain, max_block, token_key, tokens_of
from schemas.model import Model

WORD = (1 << 64) - 1


class TokenIndex(BaseIndexAlgorithm):  # type: ignore[misc]
    """Pairs of records that share a token on few records, or a rare pair of common tokens of two fields."""

    def __init__(self, model: Model, groups: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(verify_integrity=False)
        self._model, self._groups = model, groups

    def _dedup_index(self, frame: pd.DataFrame) -> pd.MultiIndex:
        cap = max_block(self._model.blocking.max_block, len(frame))
        seen = pd.DataFrame(self._tokens(frame), columns=["row", "field", "token"]).drop_duplicates()
        count = seen.groupby("token")["row"].transform("size")
        pairs: set[tuple[int, int]] = set()
        for _, block in seen[(count > 1) & (count <= cap)].groupby("token"):
            pairs.update(_pairs(block["row"]))
        keys = pd.DataFrame(self._key_pairs(seen[count > cap], len(frame)), columns=["row", "slot", "check"])
        size = keys.groupby("slot")["row"].transform("size")
        for _, block in keys[(size > 1) & (size <= cap)].groupby(["slot", "check"]):
            pairs.update(_pairs(block["row"]))
        ordered = sorted(pairs)
        return pd.MultiIndex.from_arrays([[a for a, _ in ordered], [b for _, b in ordered]])

    def _tokens(self, frame: pd.DataFrame) -> Iterator[tuple[int, int, str]]:
        for at, field in enumerate(self._model.blocking.fields):
            kind = self._model.comparison_of(field).kind
            name = domain(kind, field)
            if name == "name":
                side = 0 if kind == "forename" else 1
                cells = [[way[side] for way in ways if way[side] is not None] for ways in frame[NAMES]]
            else:
                cells = list(frame[field])
            for row, values in enumerate(cells):
                for value in values:
                    for token in tokens_of(kind, value, self._groups):
                        yield row, at, f"{name}|{token}"

    @staticmethod
    def _key_pairs(common: pd.DataFrame, records: int) -> Iterator[tuple[int, int, int]]:
        bits = slot_bits(records)
        for _, own in common.groupby("row"):
            row = int(own["row"].iloc[0])
            tokens = list(zip(own["field"], own["token"].map(token_key), strict=True))
            for (field, a), (other, b) in combinations(tokens, 2):
                if field != other:
                    key = _mixed((a + b) & WORD)
                    yield row, key >> (64 - bits), key & 255


def _pairs(rows: pd.Series) -> set[tuple[int, int]]:
    return set(combinations(sorted(set(rows)), 2))


def _mixed(h: int) -> int:
    """The finaliser of SplitMix64."""
    h = ((h ^ (h >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    h = ((h ^ (h >> 27)) * 0x94D049BB133111EB) & WORD
    return h ^ (h >> 31)
