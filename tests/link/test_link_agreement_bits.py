"""What an exact agreement is worth by how common its value is: told by pairs, whoever makes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.frequency import Frequencies, frequencies
from pipeline.link.weights import agreement_bits, chance_bits

DAYS = 33_000
RECORDS = 10_000


def birthdays(copied: int, seed: int = 7) -> np.ndarray:
    """(RECORDS,) days of birth, equally common; so many records at the end are second records of those at the beginning."""
    days = np.random.default_rng(seed).integers(0, DAYS, RECORDS)
    days[RECORDS - copied :] = days[:copied]
    return days


def of_dates(days: np.ndarray) -> Frequencies:
    return frequencies("date", days, DAYS, len(days))


def worth(days: np.ndarray, copied: int, standing: int) -> tuple[float, float]:
    """Bits of an agreement on a day that stands so many times, and what they would be by the share of such days alone."""
    known, matches_per_record = of_dates(days), copied / RECORDS
    of_these = known.bin[np.bincount(days, minlength=DAYS) == standing][0]
    by_share = known.rarity_bits + chance_bits(known, matches_per_record)
    return float(agreement_bits(known, matches_per_record)[of_these]), float(by_share[of_these])


@pytest.mark.parametrize("copied", [0, 500, 1_000])
def test_a_birthday_that_two_records_of_a_small_table_share_is_as_rare_as_birthdays_are(copied: int) -> None:
    assert worth(birthdays(copied), copied, 2)[0] == pytest.approx(np.log2(DAYS), abs=0.8)


@pytest.mark.parametrize("copied", [0, 500, 1_000, 3_000])
@pytest.mark.parametrize("standing", [2, 3])
def test_by_its_share_alone_a_rare_birthday_would_seem_commoner_than_it_is(copied: int, standing: int) -> None:
    bits, by_share = worth(birthdays(copied), copied, standing)
    assert by_share + 0.5 < bits < np.log2(DAYS) + 2


def test_a_common_value_is_worth_what_its_share_says() -> None:
    names = np.repeat(np.arange(50), 200)
    known = frequencies("forename", names, 50, len(names))
    assert agreement_bits(known, 0.01)[known.bin[0]] == pytest.approx(np.log2(50), abs=0.05)


def test_an_identifier_that_few_records_have_is_as_telling_as_one_that_all_have() -> None:
    numbers = np.repeat(np.arange(100), 2)
    few = frequencies("identifier", numbers, 100, 20_000)
    assert agreement_bits(few, 0.5)[few.bin[0]] > 13


def test_values_that_stand_once_are_worth_no_less_than_commoner_ones() -> None:
    """Only another name of a person can agree with such a value, which no pair tells of."""
    known = of_dates(birthdays(500))
    assert agreement_bits(known, 0.05)[known.unseen_bin] >= known.rarity_bits[known.unseen_bin]
    alone = of_dates(np.arange(100))
    np.testing.assert_array_equal(agreement_bits(alone, 0.05), alone.rarity_bits)


@given(
    codes=st.lists(st.integers(0, 40), min_size=1, max_size=200),
    matches_per_record=st.floats(0, 20),
    kind=st.sampled_from(["forename", "date", "postcode", "identifier", "category"]),
)
def test_every_table_gives_finite_bits_of_at_most_all_its_pairs(
    codes: list[int], matches_per_record: float, kind: str
) -> None:
    known = frequencies(kind, np.array(codes), 41, len(codes))  # type: ignore[arg-type]
    bits = agreement_bits(known, matches_per_record)
    assert np.isfinite(bits).all()
    has_pairs = known.repeated > 0
    assert (bits[has_pairs] <= np.log2(2 * known.pairs) + 1e-9).all()
