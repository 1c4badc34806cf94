from __future__ import annotations

from flows.night.feeds_alike import feeds_alike, named_together
from flows.night.outcome import not_fresh_told

GONE = "is not there: its folder cris is empty. Is it a share that is not mounted?"


def of_cris(*boroughs: str, why: str = GONE) -> list[tuple[str, str, str]]:
    return [(f"cris.{borough}", "held", f"cris/{borough}.csv: {why}") for borough in boroughs]


def test_feeds_of_one_source_with_one_trouble_are_told_in_one_line_and_others_beside_them() -> None:
    damaged = ("la_children.sutton", "held", "la/sutton.xlsx: is damaged.")
    told = list(not_fresh_told([*of_cris("barnet", "bexley"), damaged, *of_cris("brent", "bromley", "camden")]))
    assert told == [
        (
            "5 feeds of cris (barnet, bexley, brent and 2 more)",
            f"are held, the first for: cris/barnet.csv: {GONE}",
        ),
        ("la_children.sutton", "is held: la/sutton.xlsx: is damaged."),
    ]


def test_a_few_feeds_and_those_with_different_troubles_are_told_each() -> None:
    other = of_cris("bromley", why="is empty.")
    told = list(not_fresh_told([*of_cris("barnet", "bexley", "brent"), *other]))
    assert [feed for feed, _ in told] == ["cris.barnet", "cris.bexley", "cris.brent", "cris.bromley"]


def test_feeds_that_are_held_for_different_lengths_of_time_are_not_one_trouble() -> None:
    trouble = {f"cris.b{n}": ("held", "missing_file", days) for n, days in enumerate([1, 1, 1, 1, 9])}
    together, alone = feeds_alike(trouble)
    assert named_together(together) == "4 feeds of cris (b0, b1, b2 and 1 more)"
    assert alone == ["cris.b4"]
