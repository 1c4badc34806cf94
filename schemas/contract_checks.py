"""What a contract says that cannot be, told when it is loaded and not feed by feed at night."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from schemas.boroughs import BOROUGHS, slug
from schemas.tables import ATTRIBUTE, EVENT_RAW_FIELDS, PERSON_RAW_FIELDS
from schemas.written import near

if TYPE_CHECKING:
    from schemas.contract import Contract


def problems_of(contract: Contract) -> Iterator[str]:
    """What is wrong with a contract whose every setting is of the right kind; nothing where all is well."""
    yield from _of_fields(contract)
    yield from _of_boroughs(contract)
    yield from _of_readers(contract)
    yield from _of_places(contract)


def fold_heading(text: str) -> str:
    """A heading without case, extra space and trailing punctuation, so that ``D.O.B. `` meets ``D.O.B``."""
    return re.sub(r"\s+", " ", text).strip().strip(":.*").casefold()


def _of_fields(contract: Contract) -> Iterator[str]:
    """What is wrong with the fields that it names."""
    known = {*PERSON_RAW_FIELDS, *EVENT_RAW_FIELDS, *(name for name in contract.event if name.startswith(ATTRIBUTE))}
    split = contract.split_people.columns if contract.split_people else ()
    marks = [*contract.colours.values(), *([contract.strikethrough] if contract.strikethrough else [])]
    used = {*contract.person, *contract.event, *contract.constants, *contract.values, *contract.key, *contract.required, *split, contract.recorded_at, *(mark.field for mark in marks)}  # fmt: skip
    if wrong := sorted(used - known):
        told = ", ".join(f"{name}{near(name, known)}" for name in wrong)
        yield f"no field is called {told}; known are {', '.join(sorted(known))} and, under event, {ATTRIBUTE}NAME"
    headed = {name for name, headings in (*contract.person.items(), *contract.event.items()) if headings}
    for part, names in (("key", {*contract.key} - {*contract.constants}), ("required", {*contract.required}), ("split_people.columns", {*split})):  # fmt: skip
        if bare := sorted(names & known - headed):
            yield f"{part} names {', '.join(bare)}, for which person and event have no heading"
    if "role" not in contract.event and "role" not in contract.constants:
        yield "role is neither a column (event) nor a constant"
    owner: dict[str, str] = {}
    for name, headings in (*contract.person.items(), *contract.event.items()):
        for heading in headings:
            if owner.setdefault(fold_heading(heading), name) != name:
                yield f"the heading {heading!r} stands for {owner[fold_heading(heading)]} and for {name}; a column is one field"


def _of_boroughs(contract: Contract) -> Iterator[str]:
    """What is wrong with its boroughs, and with the feeds that say something otherwise."""
    own = contract.own_boroughs()
    if wrong := sorted(set(own) - set(BOROUGHS)):
        yield f"no borough is called {', '.join(f'{name}{near(name, BOROUGHS)}' for name in wrong)}"
    if twice := sorted({name for name in own if own.count(name) > 1}):
        yield f"boroughs names {', '.join(twice)} twice"
    slugs = [slug(borough) for borough in own]
    if wrong := sorted(set(contract.feeds) - set(slugs)):
        told = ", ".join(f"{name}{near(name, slugs)}" for name in wrong)
        yield f"feeds names {told}, which is none of its boroughs as they stand in file names, such as tower_hamlets"


def _of_readers(contract: Contract) -> Iterator[str]:
    """What no reader could make anything of."""
    for pattern in (*contract.ignore, *(contract.split_people.separators if contract.split_people else ())):
        yield from _of_pattern(pattern)
    for text in contract.dates.formats:
        yield from _of_date_format(text)
    for feed in contract.all_feeds():
        yield from _of_pattern(feed.sheets)
        if feed.format == "sql" and not feed.query:
            yield "format sql needs a query"
        if len(feed.delimiter) != 1 or feed.delimiter in '\r\n"':
            yield f"delimiter must be one character, such as ';', and is {feed.delimiter!r}"
        try:
            "".encode(feed.encoding)
        except LookupError:
            yield f"no encoding is called {feed.encoding!r}; most are utf-8 or cp1252"


def _of_places(contract: Contract) -> Iterator[str]:
    """What is wrong with where its exports lie: two feeds that read the same would make two persons' worth of each row."""
    seen: dict[tuple[str, str, str | None], str] = {}
    for feed in contract.all_feeds():
        if strange := re.search(r"\{\w*\}", feed.location):
            hint = "only {borough} is filled in, and only where there are boroughs"
            yield f"location has {strange.group()}, but {hint}"
        place = (feed.location, feed.sheets, feed.query)
        if place in seen:
            yield f"{seen[place]} and {feed.feed_id} would read the same export; write {{borough}} into location, or give each its own under feeds"
        seen[place] = feed.feed_id


def _of_pattern(pattern: str) -> Iterator[str]:
    try:
        re.compile(pattern)
    except re.error as error:
        yield f"{pattern!r} is no pattern: {error}"


def _of_date_format(text: str) -> Iterator[str]:
    try:
        dt.datetime.strptime(dt.datetime(2000, 1, 31).strftime(text), text)  # noqa: DTZ001, DTZ007  (any day)
        is_good = "%" in text
    except ValueError:
        is_good = False
    if not is_good:
        yield f"dates.formats: {text!r} is no way to write a date, such as '%d/%m/%Y'"
