from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.explain.bars import AGAINST, FOR, MARK, ZERO, Scale
from pipeline.explain.levels import level_of, words_of
from pipeline.explain.picture import probability_words, waterfall_png
from pipeline.explain.waterfall import probability, waterfall
from schemas.model import LEVELS, SPELLING_BITS, Comparison, Kind, Level

BITS = st.floats(-40, 40).map(lambda bits: round(bits, 6))
FIELDS = st.dictionaries(st.sampled_from(["forename", "surname", "phone", "email", "upn", "age"]), BITS)
PNG = b"\x89PNG\r\n\x1a\n"


@given(FIELDS, BITS, st.floats(-40, 0))
def test_the_parts_of_a_waterfall_sum_to_the_total(fields: dict[str, float], prior: float, related: float) -> None:
    falls = waterfall(fields, prior, related)
    assert falls.total == pytest.approx(prior + sum(fields.values()) + related, abs=1e-9)
    assert sum(step.bits for step in falls.steps) == pytest.approx(falls.total, abs=1e-9)


@given(FIELDS, BITS, st.floats(-40, 0))
def test_each_step_begins_where_the_one_before_it_ended(fields: dict[str, float], prior: float, related: float) -> None:
    steps = waterfall(fields, prior, related).steps
    assert steps[0].before == 0
    assert all(later.before == earlier.after for earlier, later in itertools.pairwise(steps))


@given(FIELDS, BITS)
def test_fields_come_from_strongest_for_to_strongest_against_and_empty_ones_are_silent(
    fields: dict[str, float], prior: float
) -> None:
    falls = waterfall(fields, prior)
    bits = [step.bits for step in falls.steps if step.kind == "field"]
    assert bits == sorted(bits, reverse=True)
    assert set(falls.silent) == {name for name, value in fields.items() if value == 0}


@given(st.floats(-200, 200))
def test_a_weight_and_its_negative_have_probabilities_that_sum_to_one(bits: float) -> None:
    assert probability(bits) + probability(-bits) == pytest.approx(1)


def test_no_probability_is_told_as_certain() -> None:
    assert probability_words(probability(60)) == "over 0.999999"
    assert probability_words(probability(-60)) == "under 0.000001"
    assert probability_words(0.5) == "0.5"


@given(st.floats(-50, 50), st.floats(-50, 50), st.integers(8, 60))
def test_a_bar_is_as_wide_as_its_scale_and_never_empty(before: float, after: float, width: int) -> None:
    bar = Scale(min(before, after, 0.0), max(before, after, 0.0), width).bar(before, after)
    assert len(bar) == width
    assert (FOR if after >= before else AGAINST) in bar


def test_a_bar_shows_zero_and_the_threshold() -> None:
    assert Scale(-4, 8, 13).bar(1, 5, mark=7) == f"    {ZERO}{FOR * 4}  {MARK} "


def test_a_waterfall_picture_is_a_png_and_the_same_each_time() -> None:
    falls = waterfall(
        {"forename": 9.0, "$dear": 3.0, "surname": -4.0, "upn": 0.0}, -14.0, -2.0, {"forename": "the same"}
    )
    drawn = [
        waterfall_png(falls, "Linked: one person", ("a$1", "b$2"), link_bits) for link_bits in (7.0, None, 7.0, -3.0)
    ]
    assert all(picture.startswith(PNG) for picture in drawn)
    assert drawn[0] == drawn[2] != drawn[1]


def test_a_waterfall_of_the_prior_alone_can_be_drawn() -> None:
    assert waterfall_png(waterfall({}, 0.0), "Not linked", ("a", "b")).startswith(PNG)


def comparison(kind: Kind, m: list[float], u: list[float], max_bits: float = 24.0) -> Comparison:
    rows = zip(LEVELS[kind], m, u, strict=True)
    return Comparison(
        field="it", kind=kind, max_bits=max_bits, levels=tuple(Level(name=n, m=a, u=b, related=b) for n, a, b in rows)
    )


def test_a_level_is_known_by_its_bits_and_what_is_left_is_exact() -> None:
    phone = comparison("phone", [0.1, 0.2, 0.7], [0.95, 0.04, 0.01])
    assert level_of(phone, round(math.log2(0.1 / 0.95), 6)) == "else"
    assert level_of(phone, round(math.log2(0.2 / 0.04), 6)) == "close"
    assert level_of(phone, 11.0) == "exact"


def test_two_spellings_of_a_name_are_known_by_their_bits_however_common_it_is() -> None:
    m, u = [0.1, 0.1, 0.1, 0.1, 0.1, 0.5], [0.9, 0.03, 0.03, 0.02, 0.01, 0.01]
    surname = comparison("surname", m, u).model_copy(update={"usual_rarity": 6.3})
    usual = math.log2(0.1 / 0.01)
    assert {level_of(surname, round(usual + rarity - 6.3, 6)) for rarity in SPELLING_BITS} == {"variant"}
    assert level_of(surname, round(usual + 1.2, 6)) == "exact"


def test_no_level_is_named_where_there_is_no_evidence_or_several_levels_fit() -> None:
    phone = comparison("phone", [0.1, 0.3, 0.6], [0.1, 0.3, 0.6])
    assert level_of(phone, 0.0) is None
    capped = comparison("phone", [0.1, 0.3, 0.6], [0.949, 0.001, 0.05], max_bits=5.0)
    assert level_of(capped, 5.0) is None
    twice = comparison("email", [0.2] * 5, [0.1, 0.1, 0.1, 0.35, 0.35])
    assert level_of(twice, 1.0) is None


def test_an_untrained_comparison_names_no_level() -> None:
    assert level_of(Comparison(field="it", kind="phone"), 3.0) is None


@pytest.mark.parametrize("kind", LEVELS)
def test_every_level_of_every_kind_has_words(kind: Kind) -> None:
    words = [words_of(kind, level) for level in LEVELS[kind]]
    assert all(words)
    assert len(set(words)) == len(words)
