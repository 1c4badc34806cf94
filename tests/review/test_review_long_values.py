"""Values far longer than any name or address: cut where people read them, and whole behind "Show all"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.review.cases.weigh import rarity_words
from pipeline.review.frame.pages import LONGEST, TEMPLATES, short

MACROS: Any = TEMPLATES.get_template("case_parts.html").module
SHOWS: dict[str, Callable[[str], str]] = {
    "cut": lambda text: str(MACROS.cut(text)),
    "letters": lambda text: str(MACROS.letters([(text[:150], False), (text[150:], True)])),
}


@pytest.mark.parametrize("show", SHOWS)
def test_a_value_of_thousands_of_characters_is_cut_and_whole_behind_show_all(show: str) -> None:
    page = SHOWS[show]("x" * 5000)
    first, rest = page.split("</summary>")
    assert first.count("x") == LONGEST
    assert "Show all 5,000 characters" in first
    assert rest.count("x") == 5000


@pytest.mark.parametrize("show", SHOWS)
def test_a_value_that_is_no_longer_than_that_stands_as_it_is(show: str) -> None:
    assert "<details" not in SHOWS[show]("x" * LONGEST)


@pytest.mark.parametrize("show", SHOWS)
def test_a_long_value_is_escaped_in_both_places(show: str) -> None:
    assert "<script" not in SHOWS[show]("<script>alert(9)</script>" * 150)


def test_a_long_name_in_a_sentence_is_cut() -> None:
    assert short("x" * LONGEST) == "x" * LONGEST
    assert rarity_words("surname", "x" * 5000, 4, 1000).count("x") == LONGEST
