"""Candidate pairs from shared tokens, by pandas group-bys: the semantics of ``local.blocks``, written plainly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import pandas as pd
from recordlinkage.base import BaseIndexAlgorithm

from pipeline.engines.plain.frame import NAMES
from pipeline.engines.tokens import check_rules, domain, token_kinds, tokens_of
from schemas.model import BlockingRule, Model


class TokenIndex(BaseIndexAlgorithm):  # type: ignore[misc]
    """Pairs of records that share a key of a blocking rule."""

    def __init__(self, model: Model, groups: Mapping[str, tuple[str, ...]], rules: Sequence[BlockingRule]) -> None:
        super().__init__(verify_integrity=False)
        check_rules(rules, token_kinds(model))
        self._model, self._groups = model, groups
        self._largest = {tuple(sorted(rule.keys)): rule.max_block for rule in rules}

    def _dedup_index(self, frame: pd.DataFrame) -> pd.MultiIndex:
        pairs = {pair for block in self.blocks(frame) for pair in combinations(sorted(set(block)), 2)}
        ordered = sorted(pairs)
        return pd.MultiIndex.from_arrays([[a for a, _ in ordered], [b for _, b in ordered]])

    def blocks(self, frame: pd.DataFrame, only: BlockingRule | None = None) -> Iterator[Sequence[int]]:
        """Row numbers of each block; of one rule only where one is named."""
        seen = pd.DataFrame(self._tokens(frame), columns=["row", "field", "kind", "text"]).drop_duplicates()
        count = seen.groupby(["kind", "text"])["row"].transform("size")
        is_alone = count <= seen["kind"].map(lambda kind: self._largest.get((kind,), 0)).astype(int)
        for (kind, _), block in seen[is_alone & (count > 1)].groupby(["kind", "text"]):
            if only is None or only.keys == (kind,):
                yield block["row"].tolist()
        columns = ["row", "kinds", "key"]
        keys = pd.DataFrame(self._keys(seen[~is_alone & (count > 1)]), columns=columns)
        wanted = None if only is None else tuple(sorted(only.keys))
        for _, block in keys.groupby(["kinds", "key"]):
            kinds = block["kinds"].iloc[0]
            if wanted in (None, kinds) and 1 < len(block) <= self._largest[kinds]:
                yield block["row"].tolist()

    def _tokens(self, frame: pd.DataFrame) -> Iterator[tuple[int, int, str, str]]:
        for at, field in enumerate(self._model.blocking.fields):
            kind = self._model.comparison_of(field).kind
            name = domain(kind, field)
            if name == "name":
                side = 0 if kind == "forename" else 1
                cells = [[way[side] for way in ways if way[side] is not None] for ways in frame[NAMES]]
            else:
                cells = list(frame[field])
            placed = [(row, value) for row, values in enumerate(cells) for value in values]
            for own in tokens_of(kind, [value for _, value in placed], self._groups):
                for number, text in zip(own.value, own.text, strict=True):
                    yield placed[number][0], at, f"{name}.{own.word}", text

    def _keys(self, common: pd.DataFrame) -> Iterator[tuple[int, tuple[str, ...], tuple[tuple[str, str], ...]]]:
        for _, own in common.groupby("row"):
            row = int(own["row"].iloc[0])
            tokens = list(zip(own["field"], zip(own["kind"], own["text"], strict=True), strict=True))
            for (field, a), (other, b) in combinations(tokens, 2):
                kinds = tuple(sorted((a[0], b[0])))
                if field != other and kinds in self._largest:
                    yield row, kinds, tuple(sorted((a, b)))
