"""Settings of a contract that cannot be right together, found when it is loaded and not feed by feed at night."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING

from schemas.boroughs import BOROUGHS, BY_CODE, slug
from schemas.contract_codes import code_problems
from schemas.path_words import path_problem
from schemas.tables import ATTRIBUTE, EVENT_RAW_FIELDS, PERSON_RAW_FIELDS
from schemas.written import Place, Problem, near

if TYPE_CHECKING:
    from schemas.contract import Contract, Feed


RECORDED_AT = ("started", "ended")
COLOUR = re.compile("#?([0-9A-F]{2})?[0-9A-F]{6}", re.IGNORECASE)
"""As workbooks write it: red, green and blue, perhaps behind how opaque it is"""


def problems_of(contract: Contract) -> Iterator[Problem]:
    """What is wrong with a contract whose every setting is of the right kind; nothing where all is well."""
    yield from _field_problems(contract)
    yield from code_problems(contract)
    yield from _borough_problems(contract)
    yield from _reader_problems(contract)
    yield from _location_problems(contract)


def fold_heading(text: str) -> str:
    """A heading without case, extra space and trailing punctuation, so that ``D.O.B. `` meets ``D.O.B``."""
    return re.sub(r"\s+", " ", text).strip().strip(":.*").casefold()


def _field_problems(contract: Contract) -> Iterator[Problem]:
    """What is wrong with the fields that it names."""
    attributes = [
        name for name in contract.event if name.startswith(ATTRIBUTE) and name.removeprefix(ATTRIBUTE).strip()
    ]
    known_fields = {*PERSON_RAW_FIELDS, *EVENT_RAW_FIELDS, *attributes}
    for field, place in _named_fields(contract).items():
        if field not in known_fields:
            listed = f"known are {', '.join(sorted(known_fields))} and, under event, {ATTRIBUTE}NAME"
            yield Problem(f"no field is called {field}{near(field, known_fields)}; {listed}", place)
    headed = {name for name, headings in (*contract.person.items(), *contract.event.items()) if headings}
    for part, fields_of_part in (
        ("key", {*contract.key} - {*contract.constants}),
        ("required", {*contract.required}),
        ("split_people.columns", {*_split_columns(contract)}),
        ("found_in_text", {*contract.found_in_text}),
    ):
        if without_heading := sorted(fields_of_part & known_fields - headed):
            text = f"{part} names {', '.join(without_heading)}, for which person and event have no heading"
            yield Problem(text, tuple(part.split(".")))
    yield from _text_problems(contract, known_fields)
    if contract.recorded_at in known_fields:
        yield from _recorded_at_problems(contract, headed | {*contract.constants})
    if "role" not in contract.event and "role" not in contract.constants:
        yield Problem("role is neither a column nor a constant: add it under event, or `constants: { role: subject }`")
    yield from _heading_problems(contract)


def _recorded_at_problems(contract: Contract, filled: Set[str]) -> Iterator[Problem]:
    """A field that cannot tell when a row was recorded; ``filled``: fields that a heading or a constant fills."""
    field = contract.recorded_at
    may_be = f"it may be {', '.join(RECORDED_AT)} or, under event, {ATTRIBUTE}NAME, with a heading for it"
    if field not in RECORDED_AT and not field.startswith(ATTRIBUTE):
        yield Problem(f"recorded_at names {field}, which is no moment of the event; {may_be}", ("recorded_at",))
    elif field not in filled and "recorded_at" in contract.model_fields_set:
        yield Problem(f"recorded_at names {field}, for which event has no heading; {may_be}", ("recorded_at",))
    elif field not in filled and contract.limits.max_age_days:
        text = f"limits.max_age_days counts from {field}, for which event has no heading; give it one, or say recorded_at: {may_be}"
        yield Problem(text, ("limits", "max_age_days"))


def _named_fields(contract: Contract) -> dict[str, Place]:
    """Each field that the contract names, and where it does so first."""
    places: dict[str, Place] = {}
    for part in ("person", "event", "constants", "values"):
        for field in getattr(contract, part):
            places.setdefault(field, (part, field))
    for part in ("key", "required"):
        for position, field in enumerate(getattr(contract, part)):
            places.setdefault(field, (part, position))
    for field in contract.found_in_text:
        places.setdefault(field, ("found_in_text", field))
    for position, field in enumerate(_split_columns(contract)):
        places.setdefault(field, ("split_people", "columns", position))
    places.setdefault(contract.recorded_at, ("recorded_at",))
    for colour, meaning in contract.colours.items():
        places.setdefault(meaning.field, ("colours", colour, "field"))
    if contract.strikethrough:
        places.setdefault(contract.strikethrough.field, ("strikethrough", "field"))
    return places


def _text_problems(contract: Contract, known_fields: Set[str]) -> Iterator[Problem]:
    """Patterns for running text that find no field, or one that is not known; of a pattern that is none, others tell."""
    for column, patterns in contract.found_in_text.items():
        for position, pattern in enumerate(patterns):
            place = ("found_in_text", column, position)
            if any(_pattern_problems(pattern, place)):
                continue
            fields = re.compile(pattern).groupindex
            if not fields:
                yield Problem(f"{pattern!r} finds no field: name a group, such as (?P<surname>[A-Z]+)", place)
            for field in sorted({*fields} - known_fields):
                yield Problem(
                    f"no field is called {field}{near(field, known_fields)}, as a group of the pattern is", place
                )


def _split_columns(contract: Contract) -> tuple[str, ...]:
    return contract.split_people.columns if contract.split_people else ()


def _heading_problems(contract: Contract) -> Iterator[Problem]:
    """Headings that stand for two fields."""
    field_of_heading: dict[str, str] = {}
    for part in ("person", "event"):
        for field, headings in getattr(contract, part).items():
            for heading in headings:
                first = field_of_heading.setdefault(fold_heading(heading), field)
                if first != field:
                    text = f"the heading {heading!r} stands for {first} and for {field}; a column is one field"
                    yield Problem(text, (part, field))


def _borough_problems(contract: Contract) -> Iterator[Problem]:
    """What is wrong with its boroughs, and with the feeds that say something otherwise."""
    boroughs = contract.own_boroughs()
    if unknown := sorted(set(boroughs) - set(BOROUGHS)):
        names = ", ".join(f"{name}{_near_borough(name)}" for name in unknown)
        listed = "" if all(_near_borough(name) for name in unknown) else "; known are the 33 of London, such as Hackney"
        yield Problem(f"no borough is called {names}{listed}", ("boroughs",))
    if twice := sorted({name for name in boroughs if boroughs.count(name) > 1}):
        yield Problem(f"boroughs names {', '.join(twice)} twice", ("boroughs",))
    slugs = [slug(borough) for borough in boroughs]
    for name in sorted(set(contract.feeds) - set(slugs)):
        hint = "which is none of its boroughs as they stand in file names, such as tower_hamlets"
        text = f"feeds names {name}{near(name, slugs)}, {hint}"
        yield Problem(text, ("feeds", name))


def _near_borough(name: str) -> str:
    """A hint at the borough that a code, or a name written otherwise, is of."""
    named = BY_CODE.get(slug(name))
    return f" (did you mean {named}?)" if named else near(name, BOROUGHS)


def _reader_problems(contract: Contract) -> Iterator[Problem]:
    """What no reader could make anything of."""
    for place, patterns in _patterns(contract).items():
        for position, pattern in enumerate(patterns):
            yield from _pattern_problems(pattern, (*place, position))
    for colour in contract.colours:
        if not COLOUR.fullmatch(colour):
            yield Problem(
                f"{colour!r} is no colour: write six digits from 0 to F, such as 'FFC000'", ("colours", colour)
            )
    for feed in contract.all_feeds():
        yield from _pattern_problems(feed.sheets, _place_of(contract, feed, "sheets"))
        yield from _format_problems(feed.dates.formats, _place_of(contract, feed, "dates"))
        if feed.format == "sql" and not feed.query:
            yield Problem("format sql needs a query", _place_of(contract, feed, "format"))
        if len(feed.delimiter) != 1 or feed.delimiter in '\r\n"':
            text = f"delimiter must be one character, such as ';' or, for a tab, \"\\t\" in double quotes, and is {feed.delimiter!r}"
            yield Problem(text, _place_of(contract, feed, "delimiter"))
        try:
            "".encode(feed.encoding)
        except LookupError:
            text = f"no encoding is called {feed.encoding!r}; most are utf-8 or cp1252"
            yield Problem(text, _place_of(contract, feed, "encoding"))


def _patterns(contract: Contract) -> dict[Place, tuple[str, ...]]:
    """The patterns that hold for all of its feeds, by where they stand."""
    return {
        ("ignore",): contract.ignore,
        ("ignore_sheets",): contract.ignore_sheets,
        ("split_people", "separators"): contract.split_people.separators if contract.split_people else (),
        **{("found_in_text", column): patterns for column, patterns in contract.found_in_text.items()},
    }


def _format_problems(formats: Sequence[str], place: Place) -> Iterator[Problem]:
    for position, text in enumerate(formats):
        if not _is_date_format(text):
            problem = f"dates.formats: {text!r} is no way to write a date, such as '%d/%m/%Y'"
            yield Problem(problem, (*place, "formats", position))


def _place_of(contract: Contract, feed: Feed, setting: str) -> Place:
    """Where a setting of a feed stands: among the feeds where it says something otherwise, else in the contract."""
    name = slug(feed.borough) if feed.borough else ""
    says_otherwise = name in contract.feeds and getattr(contract.feeds[name], setting) is not None
    return ("feeds", name, setting) if says_otherwise else (setting,)


def _location_problems(contract: Contract) -> Iterator[Problem]:
    """What is wrong with where its exports lie: two feeds that read the same would make two persons' worth of each row."""
    feed_of_export: dict[tuple[str, str, str | None], str] = {}
    for feed in contract.all_feeds():
        place = _place_of(contract, feed, "location")
        if "{borough}" in feed.location:
            text = "location has {borough}, and the contract has no boroughs: add `boroughs: all`, or a list such as [Hackney, Camden]"
            yield Problem(text, place)
        elif placeholder := re.search(r"\{\w*\}", feed.location):
            yield Problem(f"location has {placeholder.group()}, but only {{borough}} is filled in", place)
        if "://" not in feed.location and (problem := path_problem(feed.location)):
            yield Problem(f"location {problem}", place)
        first = feed_of_export.setdefault((feed.location, feed.sheets, feed.query), feed.feed_id)
        if first != feed.feed_id:
            hint = "write {borough} into location, or give each its own under feeds"
            yield Problem(f"{first} and {feed.feed_id} would read the same export; {hint}", place)


def _pattern_problems(pattern: str, place: Place) -> Iterator[Problem]:
    try:
        re.compile(pattern)
    except re.error as error:
        hint = "; for any text write .*" if pattern.startswith("*") else ""
        yield Problem(f"{pattern!r} is no pattern: {error}{hint}", place)


def _is_date_format(text: str) -> bool:
    try:
        dt.datetime.strptime(dt.datetime(2000, 1, 31).strftime(text), text)  # noqa: DTZ001, DTZ007  (any day)
    except ValueError:
        return False
    return "%" in text
