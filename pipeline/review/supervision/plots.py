"""Plots of the supervisor's page as shapes; the template draws them as SVG beside a table of the same numbers."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.review.frame.pages import kind_words
from pipeline.review.frame.words import VERDICT_WORDS
from pipeline.review.questions.queue import AGE_WORDS
from pipeline.review.supervision.overview import VERDICTS, Overview

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 230, 40, 30


@dataclass(frozen=True, slots=True)
class Box:
    """One piece of a bar."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text beside an axis."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Shapes of one plot."""

    boxes: tuple[Box, ...]
    labels: tuple[Label, ...]
    width: int = WIDTH
    height: int = HEIGHT
    dots: tuple[tuple[float, float, float, float], ...] = ()
    """x, y, and both ends of an interval on the y axis"""


def days_plot(overview: Overview) -> Plot:
    """Answers a day, in pieces by verdict."""
    most = max([sum(counts.values()) for _, counts in overview.per_day] + [4])
    step = (WIDTH - LEFT - 10) / len(overview.per_day)
    room = HEIGHT - BOTTOM - 15
    boxes, labels = [], [Label(LEFT - 6, HEIGHT - BOTTOM - room, str(most)), Label(LEFT - 6, HEIGHT - BOTTOM, "0")]
    for position, (day, counts) in enumerate(overview.per_day):
        y = float(HEIGHT - BOTTOM)
        for verdict in VERDICTS:
            size = counts[verdict] / most * room
            y -= size
            if size:
                boxes.append(
                    Box(
                        LEFT + position * step + 2,
                        y,
                        step - 4,
                        size,
                        verdict,
                        f"{day.day} {day:%b}: {counts[verdict]} {VERDICT_WORDS[verdict].lower()}",
                    )
                )
        if position % 7 == 6:
            labels.append(Label(min(LEFT + position * step + step / 2, WIDTH - 24), HEIGHT - 10, f"{day.day} {day:%b}"))
    return Plot(tuple(boxes), tuple(labels))


def open_plot(overview: Overview) -> Plot:
    """Open questions a type, in pieces by age."""
    most = max([sum(counts.values()) for counts in overview.open_by_type.values()] + [1])
    left, row = 220, 28
    boxes, labels = [], []
    for position, (name, counts) in enumerate(overview.open_by_type.items()):
        x = float(left)
        labels.append(Label(left - 8, position * row + 20, kind_words(name)))
        for age in AGE_WORDS:
            size = counts[age] / most * (WIDTH - left - 50)
            if size:
                boxes.append(
                    Box(
                        x,
                        position * row + 5,
                        size,
                        20,
                        age,
                        f"{kind_words(name)}, {AGE_WORDS[age].lower()}: {counts[age]}",
                    )
                )
            x += size
        labels.append(Label(x + 6, position * row + 20, f"={sum(counts.values()):,}"))
    return Plot(tuple(boxes), tuple(labels), height=max(len(overview.open_by_type), 1) * row + 10)


def bands_plot(overview: Overview) -> Plot:
    """What stewards said against what the model expected, with 95 % intervals; on the diagonal the model is right."""
    size, left, low = 220, 50, 240
    dots = tuple(
        (
            left + band.expected * size,
            low - band.decided * size,
            low - band.interval[0] * size,
            low - band.interval[1] * size,
        )
        for band in overview.bands
    )
    labels = (
        Label(left - 6, low, "0"),
        Label(left - 6, low - size + 8, "1"),
        Label(left, low + 20, "0"),
        Label(left + size, low + 20, "1"),
    )
    return Plot((), labels, width=left + size + 30, height=low + 30, dots=dots)
