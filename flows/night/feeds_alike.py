"""Feeds of one source that share a trouble, told together: a share that is not mounted is one cause, and not one of 33 boroughs each."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

MOST_ALONE = 3
"""More feeds than these are told together"""
NAMED = 3


def feeds_alike(trouble: Mapping[str, Hashable]) -> Iterator[list[str]]:
    """Feed ids by what is wrong with each, in the order in which they are given: those of one source and one trouble together, few alone."""
    together: dict[tuple[str, Hashable], list[str]] = {}
    for feed_id, wrong in trouble.items():
        together.setdefault((_source(feed_id), wrong), []).append(feed_id)
    for feed_ids in together.values():
        if len(feed_ids) > MOST_ALONE:
            yield feed_ids
        else:
            yield from ([feed_id] for feed_id in feed_ids)


def named_together(feed_ids: Sequence[str]) -> str:
    """``33 feeds of cris (barnet, bexley, brent and 30 more)``."""
    names = ", ".join(feed_id.partition(".")[2] for feed_id in feed_ids[:NAMED])
    return f"{len(feed_ids)} feeds of {_source(feed_ids[0])} ({names} and {len(feed_ids) - NAMED} more)"


def _source(feed_id: str) -> str:
    return feed_id.partition(".")[0]
