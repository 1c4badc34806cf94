"""Which pairs share an identifier."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.link import shared


@given(st.lists(st.integers(-1, 4), max_size=12), st.integers(2, 5))
def test_all_holders_of_an_identifier_are_paired_and_of_many_each_with_the_next(codes: list[int], most: int) -> None:
    wanted = set()
    for code in set(codes) - {-1}:
        holders = [row for row, holder in enumerate(codes) if holder == code]
        wanted |= set(combinations(holders, 2) if len(holders) <= most else pairwise(holders))
    pairs = shared._pairs_sharing(np.array(codes, np.int32), most)
    assert sorted(map(tuple, pairs.tolist())) == sorted(wanted)
