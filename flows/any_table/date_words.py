"""How the birthdays of each list are written, as ``boroughlink link`` tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.standardise.date_order import FoundOrder

MOST_NAMED = 5
"""Lists that are named in one sentence"""


def date_facts(found: Iterable[FoundOrder]) -> list[dict[str, Any]]:
    """The order of each column's dates in each list, how it was told, and how many different dates tell it."""
    return [
        {
            "column": each.column,
            "list": each.list_name,
            "order": "day first" if each.order.is_day_first else "month first",
            "told_by": each.told_by,
            "only_day_first": each.evidence.day_first,
            "only_month_first": each.evidence.month_first,
            "either": each.evidence.either,
        }
        for each in found
    ]


def dates_told(facts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same in words; lists that are alike in one sentence."""
    alike: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for each in facts:
        alike.setdefault((each["column"], each["order"], each["told_by"]), []).append(each)
    return [_sentence(*kind, some_lists) for kind, some_lists in alike.items()]


def _sentence(column: str, order: str, told_by: str, lists: Sequence[Mapping[str, Any]]) -> str:
    day_first, month_first, either = (
        sum(each[name] for each in lists) for name in ("only_day_first", "only_month_first", "either")
    )
    begin = f"{column}{_of_lists([each['list'] for each in lists if each['list']])} is read {order}"
    if told_by == "own":
        telling, against = sorted((day_first, month_first), reverse=True)
        but = f", and {against:,} only the other way round" if against else ""
        return f"{begin}: {_dates(telling)} can only be read so{but}."
    n_open = day_first + month_first + either
    open_dates = f"{_dates(n_open)} {'does' if n_open == 1 else 'do'} not tell"
    if told_by == "others":
        return f"{begin}, as in all lists together: its own {open_dates}."
    return f"{begin}, as is usual in Britain: its {open_dates}. If it is not so, write them as YYYY-MM-DD."


def _dates(n: int) -> str:
    return "one date" if n == 1 else f"{n:,} different dates"


def _of_lists(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - MOST_NAMED:,} more lists" if len(names) > MOST_NAMED else ""
    return f" of {', '.join(names[:MOST_NAMED])}{more}"
