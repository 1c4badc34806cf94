"""Agreement patterns: pairs keep their levels however patterns are told apart and put together."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.engines.patterns import WIDTH, Patterns, join_patterns, patterns_of

COMPARISONS = 14  # more than one 64-bit number holds
LEVELS = st.integers(0, 40).flatmap(
    lambda pairs: arrays(
        np.uint8, (pairs, COMPARISONS), elements=st.sampled_from([0, 1, WIDTH - 1]), fill=st.just(np.uint8(0))
    )
)


def no_row_twice(patterns: Patterns) -> bool:
    return len({row.tobytes() for row in patterns.levels}) == len(patterns.levels)


@given(LEVELS)
def test_every_pair_has_its_levels_and_no_pattern_comes_twice(levels: np.ndarray) -> None:
    patterns = patterns_of(levels)
    np.testing.assert_array_equal(patterns.levels[patterns.of], levels)
    assert no_row_twice(patterns)


@given(LEVELS, LEVELS)
def test_joined_patterns_leave_the_first_pairs_as_they_are_and_give_the_others_their_levels(
    first: np.ndarray, second: np.ndarray
) -> None:
    before = patterns_of(first)
    of_first, of_second = join_patterns(before, patterns_of(second))
    assert of_first.of is before.of
    np.testing.assert_array_equal(of_first.levels[of_first.of], first)
    np.testing.assert_array_equal(of_second.levels[of_second.of], second)
    assert of_first.levels is of_second.levels
    assert no_row_twice(of_first)
