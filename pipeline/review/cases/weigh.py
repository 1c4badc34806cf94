"""What speaks for and what against one person, in plain words and as the bars of a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.explain.waterfall import Step, Waterfall
from pipeline.review.frame.pages import short
from pipeline.review.frame.words import FIELD_WORDS, within

RARE, UNCOMMON = 1 / 1_000, 1 / 100
WIDTH, LEFT, RIGHT = 1_000, 250, 90
ROW, TOP = 34, 34
LIMIT_TEXT = 130
"""Width of the text beside the limit"""
MOST_TIMES = 1_000_000
LEAST = 0.05
"""Bits under which nothing is said"""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that speaks for or against."""

    field: str
    title: str
    level: str
    bits: float
    times: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the picture, in its own units."""

    label: str
    level: str
    x: int
    width: int
    y: int
    bits: float
    text_x: int
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """The waterfall as shapes."""

    bars: tuple[Bar, ...]
    zero_x: int
    link_x: int | None
    link_bits: float | None
    height: int
    width: int = WIDTH

    @property
    def limit_text_x(self) -> int:
        """Where the text beside the limit begins: right of it, unless the picture ends before the text does."""
        return min((self.link_x or 0) + 4, self.width - LIMIT_TEXT)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A pair's weight in words and as a picture."""

    total: float
    odds: str
    points_for: tuple[Point, ...]
    points_against: tuple[Point, ...]
    silent: tuple[str, ...]
    rarity: tuple[str, ...]
    picture: Picture


def weighed(falls: Waterfall, link_bits: float | None, rarity: Sequence[str]) -> Weighed:
    """The waterfall in words and as a picture."""
    steps = [step for step in falls.steps if step.kind != "prior"]
    pros = tuple(_point(step) for step in steps if step.bits >= LEAST)
    cons = tuple(_point(step) for step in sorted(steps, key=lambda step: step.bits) if step.bits <= -LEAST)
    silent = tuple(within(FIELD_WORDS.get(name, name)) for name in falls.silent)
    return Weighed(falls.total, odds_words(falls.total), pros, cons, silent, tuple(rarity), _picture(falls, link_bits))


def odds_words(bits: float) -> str:
    """A weight as odds, in words."""
    times = 2 ** min(abs(bits), 40)
    if times < 1.15:
        return "even odds: as likely one person as two"
    side = "one person" if bits > 0 else "two people"
    return f"about {_number(times)} to 1 that they are {side}"


def times_words(bits: float) -> str:
    """What one field does to the odds, in words."""
    times = 2 ** min(abs(bits), 40)
    return f"{_number(times)} times {'likelier' if bits > 0 else 'less likely'}"


def rarity_words(field: str, value: str, n: int, n_records: int, n_here: int = 0) -> str:
    """How common a value is, in words. They must not contradict the weight of its field, which says how much it counts.

    Args:
        field: of the value.
        value: that two records share.
        n: records that carry it.
        n_records: all records.
        n_here: of those that carry it, records of the case: they say nothing of how many others do.
    """
    share = n / n_records if n_records else 0
    name, value = FIELD_WORDS.get(field, field), short(value)
    word = "rare" if share <= RARE else "uncommon" if share <= UNCOMMON else "common"
    judged = (
        f" It is {word}." if word == "rare" or n > max(n_here, 2) else ""
    )  # nobody else has it: few records cannot tell
    if n <= 2 and field in ("surname", "forename"):
        return f"{name} {value}: only these {n} of {n_records:,} records carry it.{judged}"
    often = f"1 in {round(1 / share):,}" if share else "none"
    here = "" if not n_here else ", all of them shown here" if n_here >= n else f", {n_here} of them shown here"
    return f"{name} {value}: {n:,} of {n_records:,} records carry it ({often}){here}.{judged}"


def _number(times: float) -> str:
    if times >= MOST_TIMES:
        return f"{round(times / 1e6):,} million" if times < 1e9 else "over a thousand million"
    if times < 10:
        return f"{times:.1f}".removesuffix(".0")
    digits = 10 ** (int(math.log10(times)) - 1)
    return f"{round(times / digits) * digits:,}"


def _point(step: Step) -> Point:
    if step.kind == "related":
        title = "Relatives and neighbours share such values too"
        return Point(step.name, title, "", step.bits, "which takes away much of what speaks for it")
    return Point(step.name, FIELD_WORDS.get(step.name, step.name), step.level or "", step.bits, times_words(step.bits))


def _picture(falls: Waterfall, link_bits: float | None) -> Picture:
    low, high = falls.span
    low, high = min(low, link_bits or 0.0), max(high, link_bits or 0.0)
    room = (high - low) or 1.0

    def place(bits: float) -> int:
        return round(LEFT + (bits - low) / room * (WIDTH - LEFT - RIGHT))

    bars = []
    for row, step in enumerate(falls.steps):
        start, end = sorted((place(step.before), place(step.after)))
        name = FIELD_WORDS.get(step.name, step.name)
        bars.append(Bar(name, step.level or "", start, max(end - start, 2), TOP + row * ROW, step.bits, end + 8))
    start, end = sorted((place(0.0), place(falls.total)))
    bars.append(Bar("Match weight", "", start, max(end - start, 2), TOP + len(bars) * ROW, falls.total, end + 8, True))
    link_x = None if link_bits is None else place(link_bits)
    return Picture(tuple(bars), place(0.0), link_x, link_bits, TOP + len(bars) * ROW + 8)


def rarity_lines(
    values: Mapping[tuple[str, str], int], n_records: int, here: Mapping[tuple[str, str], int]
) -> list[str]:
    """One line a value, the rarest first.

    Args:
        values: field and value, and how many records carry it.
        n_records: all records.
        here: how many records of the case do.
    """
    rarest_first = sorted(values.items(), key=lambda item: (item[1], item[0]))
    return [
        rarity_words(field, value, n, n_records, here.get((field, value), 0)) for (field, value), n in rarest_first if n
    ]
