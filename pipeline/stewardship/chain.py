"""The shortest chain of steps from one record to another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

S = TypeVar("S")


def shortest_chain(
    start: str, end: str, steps_from: Callable[[str, Collection[str]], Iterable[tuple[str, S]]]
) -> tuple[S, ...] | None:
    """The steps in order, none where there is no chain.

    Args:
        start: record where it begins.
        end: record where it ends.
        steps_from: each neighbour of a record with the step to it; is told which records are reached already, and may leave
            them out. Of chains as short, the one whose steps are told first is taken.
    """
    step_to: dict[str, tuple[str, S] | None] = {start: None}
    to_visit = deque([start])
    while to_visit and end not in step_to:
        record = to_visit.popleft()
        for neighbour, step in steps_from(record, step_to):
            if neighbour not in step_to:
                step_to[neighbour] = (record, step)
                to_visit.append(neighbour)
    if end not in step_to:
        return None
    chain, last = list[S](), step_to[end]
    while last:
        chain.append(last[1])
        last = step_to[last[0]]
    return tuple(reversed(chain))
