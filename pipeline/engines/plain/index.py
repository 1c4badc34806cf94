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
        tokens = pd.DataFrame(self._tokens(frame), columns=["row", "field", "kind", "text"]).drop_duplicates()
        count = tokens.groupby(["kind", "text"])["row"].transform("size")
        is_alone = count <= tokens["kind"].map(lambda kind: self._largest.get((kind,), 0)).astype(int)
        for (kind, _), block in tokens[is_alone & (count > 1)].groupby(["kind", "text"]):
            if only is None or only.keys == (kind,):
                yield block["row"].tolist()
        columns = ["row", "kinds", "key"]
        keys = pd.DataFrame(self._keys(tokens[~is_alone & (count > 1)]), columns=columns)
        wanted = None if only is None else tuple(sorted(only.keys))
        for _, block in keys.groupby(["kinds", "key"]):
            kinds = block["kinds"].iloc[0]
            if wanted in (None, kinds) and 1 < len(block) <= self._largest[kinds]:
                yield block["row"].tolist()

    def _tokens(self, frame: pd.DataFrame) -> Iterator[tuple[int, int, str, str]]:
        for field_number, field in enumerate(self._model.blocking.fields):
            kind = self._model.comparison_of(field).kind
            name = domain(kind, field)
            if name == "name":
                side = 0 if kind == "forename" else 1
                values_of_rows = [
                    [naming[side] for naming in namings if naming[side] is not None] for namings in frame[NAMES]
                ]
            else:
                values_of_rows = list(frame[field])
            row_values = [(row, value) for row, values in enumerate(values_of_rows) for value in values]
            for tokens in tokens_of(kind, [value for _, value in row_values], self._groups):
                for number, text in zip(tokens.value, tokens.text, strict=True):
                    yield row_values[number][0], field_number, f"{name}.{tokens.word}", text

    def _keys(self, common: pd.DataFrame) -> Iterator[tuple[int, tuple[str, ...], tuple[tuple[str, str], ...]]]:
        for _, of_row in common.groupby("row"):
            row = int(of_row["row"].iloc[0])
            tokens = list(zip(of_row["field"], zip(of_row["kind"], of_row["text"], strict=True), strict=True))
            for (field, a), (other_field, b) in combinations(tokens, 2):
                kinds = tuple(sorted((a[0], b[0])))
                if field != other_field and kinds in self._largest:
                    yield row, kinds, tuple(sorted((a, b)))
