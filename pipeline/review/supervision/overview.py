"""A supervisor's numbers: what is open, what was decided, how far stewards agree, and what that says of the model."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.core.clock import london_day
from pipeline.evaluate.curves import wilson
from pipeline.review.questions.machine import LookedAt, looked_at_by_stewards
from pipeline.review.questions.queue import AGE_WORDS, AGES, answered_since
from pipeline.review.questions.standing_answers import answers_where, confirmations, fallen
from pipeline.review.records.shelf import Row, Shelf
from pipeline.review.supervision.agreement import Agreement, agreement, by_key
from pipeline.stewardship.columns import DESK_ANSWERS as ANSWERS
from pipeline.stewardship.columns import DESK_SECOND_LOOKS as LOOKS

DAYS = 28
VERDICTS = ("link", "unlink", "unsure", "split")
BANDS = ((0.0, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 0.99), (0.99, 1.0))
"""Match probabilities that answers are gathered by"""


@dataclass(frozen=True, slots=True)
class Band:
    """Answers to questions of about one match probability."""

    low: float
    high: float
    n: int
    expected: float
    """Mean probability that the model gave"""
    decided: float
    """Share that stewards called one person"""
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Precision:
    """What stewards' answers say of automatic links."""

    n_links: int
    """Pairs that the machine linked"""
    model: float | None
    """Mean probability that the model gives them"""
    looked_at: LookedAt
    interval: tuple[float, float]
    """Of the share of persons upheld"""


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the page needs."""

    open_by_type: dict[str, dict[str, int]]
    """Type to open questions by age"""
    ages: Mapping[str, str]
    per_day: list[tuple[dt.date, dict[str, int]]]
    stewards: list[tuple[str, int, int, int]]
    """Name, answers in the last four weeks, answers of others that were confirmed, and answers undone or taken back"""
    together: Agreement
    agreement_by_steward: dict[str, Agreement]
    agreement_by_type: dict[str, Agreement]
    looks_open: int
    bands: list[Band]
    precision: Precision

    @property
    def n_open(self) -> int:
        """Open questions."""
        return sum(sum(counts.values()) for counts in self.open_by_type.values())

    @property
    def n_answered(self) -> int:
        """Answers in the last four weeks."""
        return sum(sum(counts.values()) for _, counts in self.per_day)


def overview(shelf: Shelf, connection: Connection, now: dt.datetime) -> Overview:
    """Put the numbers together."""
    answers = answers_where(connection, ANSWERS.c.decided_at >= now - dt.timedelta(days=DAYS))
    looks = [row._asdict() for row in connection.execute(sa.select(LOOKS).where(LOOKS.c.second_by.is_not(None)))]
    waiting = connection.execute(
        sa.select(sa.func.count()).select_from(LOOKS).where(LOOKS.c.second_by.is_(None))
    ).scalar_one()
    no_more = fallen(connection, answers)
    undone = no_more.taken_back | {row["answer_id"] for row in answers if row["is_undone"]}
    seconded = confirmations(connection, answers) - undone
    first = [row for row in answers if row["answer_id"] not in undone | seconded]
    pairs = [(row, (row["first_verdict"], row["second_verdict"])) for row in looks]
    return Overview(
        _open(shelf, london_day(now), answered_since(connection, shelf.decisions_read)),
        AGE_WORDS,
        _per_day(first, now),
        _stewards(answers, seconded, undone),
        agreement([pair for _, pair in pairs]),
        by_key((name, pair) for row, pair in pairs for name in (row["first_by"], row["second_by"])),
        by_key((row["review_type"], pair) for row, pair in pairs),
        int(waiting),
        _bands([row for row in first if row["answer_id"] not in no_more.replaced]),
        _precision(shelf, connection),
    )


def _open(shelf: Shelf, today: dt.date, answered: Collection[str]) -> dict[str, dict[str, int]]:
    """Open questions that no answer waits on, as the queue counts them."""
    sql = """
        SELECT review_type, CAST(? AS DATE) - opened_on AS days, count(*) AS n FROM queue
        WHERE review_id NOT IN (SELECT unnest(?::VARCHAR[])) GROUP BY ALL ORDER BY ALL
    """
    rows = shelf.rows(sql, [today, sorted(answered)])
    by_type: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(AGES, 0))
    for row in rows:
        age = next((name for name, (low, high) in AGES.items() if low <= max(row["days"], 0) <= high), "old")
        by_type[row["review_type"]][age] += row["n"]
    return dict(sorted(by_type.items(), key=lambda item: -sum(item[1].values())))


def _per_day(answers: Sequence[Mapping[str, Any]], now: dt.datetime) -> list[tuple[dt.date, dict[str, int]]]:
    days = [london_day(now) - dt.timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    counts: dict[dt.date, dict[str, int]] = {day: dict.fromkeys(VERDICTS, 0) for day in days}
    for row in answers:
        if (day := london_day(row["decided_at"])) in counts and row["verdict"] in VERDICTS:
            counts[day][row["verdict"]] += 1
    return list(counts.items())


def _stewards(
    answers: Sequence[Mapping[str, Any]], seconded: Collection[str], undone: Collection[str]
) -> list[tuple[str, int, int, int]]:
    n_done, n_confirmed, n_undone = Counter[str](), Counter[str](), Counter[str]()
    for row in answers:
        is_undone, is_confirmation = row["answer_id"] in undone, row["answer_id"] in seconded
        (n_undone if is_undone else n_confirmed if is_confirmation else n_done)[row["decided_by"]] += 1
    names = sorted({row["decided_by"] for row in answers})
    return [(name, n_done[name], n_confirmed[name], n_undone[name]) for name in names]


def _bands(answers: Sequence[Mapping[str, Any]]) -> list[Band]:
    """Answers between two persons that stand: what the model expected and what stewards said. Those who could not tell are left out."""
    judged = [
        row
        for row in answers
        if row["verdict"] in ("link", "unlink") and row["match_probability"] is not None and not row["was_linked"]
    ]
    bands = []
    for low, high in BANDS:
        in_band = [
            row
            for row in judged
            if low <= row["match_probability"] < high or (high == 1.0 and row["match_probability"] == 1.0)
        ]
        if in_band:
            linked = sum(row["verdict"] == "link" for row in in_band)
            expected = sum(row["match_probability"] for row in in_band) / len(in_band)
            bands.append(Band(low, high, len(in_band), expected, linked / len(in_band), wilson(linked, len(in_band))))
    return bands


def _precision(shelf: Shelf, connection: Connection) -> Precision:
    links: Row = shelf.rows(
        "SELECT count(*) AS n, avg(match_probability) AS mean FROM links WHERE decision = 'link' AND decided_by <> 'steward'"
    )[0]
    looked_at = looked_at_by_stewards(connection)
    return Precision(
        int(links["n"]),
        links["mean"],
        looked_at,
        wilson(looked_at.persons - looked_at.persons_parted, looked_at.persons),
    )
