"""Growth with size: a power law is found again, and n log n is told from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.growth import against_n_log_n, fit, n_log_n, n_log_n_exponent

SIZES = [1e5, 3e5, 1e6, 3e6, 1e7]


@given(st.floats(0.2, 3.0), st.floats(1e-6, 10.0))
def test_the_exponent_of_a_power_law_is_found_again(exponent: float, factor: float) -> None:
    law = fit(SIZES, [factor * n**exponent for n in SIZES])
    assert law.exponent == pytest.approx(exponent)
    assert law.at(2e6) == pytest.approx(factor * 2e6**exponent)


def test_n_log_n_is_fitted_with_a_little_more_than_one() -> None:
    assert 1.05 < n_log_n_exponent(SIZES) < 1.09


@given(st.floats(1e-9, 1e3))
def test_what_grows_as_n_log_n_stays_at_one(factor: float) -> None:
    assert against_n_log_n(SIZES, (factor * n_log_n(SIZES)).tolist()) == pytest.approx([1.0] * 5)


def test_what_grows_faster_rises_and_what_grows_slower_falls() -> None:
    faster, slower = (against_n_log_n(SIZES, [n**exponent for n in SIZES]) for exponent in (1.3, 1.0))
    assert faster == sorted(faster)
    assert slower == sorted(slower, reverse=True)
