"""Thresholds that follow from the weights of pairs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.link.thresholds import derive


@pytest.mark.parametrize(("weight", "matches"), [(10.0, 50.0), (60.0, 50.0)])
def test_a_threshold_of_nought_has_no_sign(weight: float, matches: float) -> None:
    assert str(derive(np.full(50, weight), matches)["balanced"].link_bits) == "0.0"


@given(st.lists(st.floats(-8, 60), max_size=30), st.floats(0, 100))
def test_no_threshold_is_a_negative_zero(weights: list[float], matches: float) -> None:
    for policy in derive(np.array(weights), matches).values():
        for bits in (policy.link_bits, policy.review_bits):
            assert bits or math.copysign(1.0, bits) == 1.0
