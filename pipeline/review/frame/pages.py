"""Templates: every value is escaped, and a page knows its viewer, form token and nonce."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.core.clock import london_day, london_time
from pipeline.review.admission.access import ROLE_WORDS
from pipeline.review.admission.sessions import csrf_of
from pipeline.review.frame.visits import token_of
from pipeline.review.frame.words import (
    ETHNICITIES,
    FIELD_WORDS,
    FLAG_WORDS,
    SECOND_WORDS,
    SEXES,
    VERDICT_WORDS,
    WRONG_WORDS,
    within,
)
from pipeline.review.records.said import numbers_of, parted_words
from schemas.question_words import TYPE_WORDS
from schemas.tables import MARKING

FOLDER = Path(__file__).resolve().parents[1]
STATIC = FOLDER / "static"
EMPTY = "\N{EN DASH}"
FILES_HASH = hashlib.sha256(
    b"".join((STATIC / name).read_bytes() for name in ("desk.css", "desk.js", "session.js"))
).hexdigest()[:10]
"""In the addresses of the desk's own files: browsers keep them for a day, and after an upgrade want the new ones at once"""
LONGEST = 200
"""Characters of a value that are shown at once"""
ON_PAPER = 5
"""Records that fit beside each other on a sheet"""


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., object]] = {
        "said": value_text,
        "short": short,
        "day": day,
        "moment": moment,
        "night": night,
        "value": value_words,
        "second": second_words,
        "within": within,
        "bits": bits,
        "field": field_words,
        "flags": flag_words,
        "kind": kind_words,
        "numbers": numbers_of,
        "parted": parted_words,
        "beginning": beginning,
    }
    environment.filters |= filters
    environment.globals |= {
        "MARKING": MARKING,
        "ROLE_WORDS": ROLE_WORDS,
        "VERDICT_WORDS": VERDICT_WORDS,
        "WRONG_WORDS": WRONG_WORDS,
        "LONGEST": LONGEST,
        "ON_PAPER": ON_PAPER,
        "FILES_HASH": FILES_HASH,
    }
    return environment


def value_text(value: Any) -> str:  # noqa: ANN401
    """A value of a record as text."""
    if value is None or value == []:
        return EMPTY
    if isinstance(value, dt.datetime):
        return moment(value)
    if isinstance(value, dt.date):
        return day(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


def short(text: str) -> str:
    """The text, or its first ``LONGEST`` characters and a sign that there are more."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def beginning(parts: Iterable[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Of a text in parts, some of them marked, the first ``LONGEST`` characters."""
    shown: list[tuple[str, bool]] = []
    left = LONGEST
    for text, is_marked in parts:
        if left > 0:
            shown.append((text[:left], is_marked))
        left -= len(text)
    return shown


def day(value: dt.date | None) -> str:
    """A day as people write it; of a moment, the day that it was in London."""
    if isinstance(value, dt.datetime):
        value = london_day(value)
    return f"{value.day} {value:%B} {value.year}" if value else EMPTY


def value_words(text: str | None, field: str) -> str:
    """A value of a golden record, which is kept as text, as people read it."""
    if not text:
        return EMPTY
    if field == "date_of_birth":
        try:
            return day(dt.date.fromisoformat(text))
        except ValueError:
            return text
    return code_words(text, field)


def code_words(text: str, field: str) -> str:
    """A code in words, where the field has codes; an ethnicity keeps its code, which forms and other systems ask for."""
    if field == "ethnicity" and text in ETHNICITIES:
        return f"{ETHNICITIES[text]} ({text})"
    return SEXES.get(text, text) if field == "sex" else text


def second_words(because: str) -> str:
    """Why the policy asks for a second person; rules of the user's own by their names."""
    return " and ".join(SECOND_WORDS.get(name, name.replace("_", " ")) for name in because.split(";"))


def moment(value: dt.datetime | None) -> str:
    """A day and time, by a clock in London."""
    if not value:
        return EMPTY
    value = london_time(value)
    return f"{value.day} {value:%B} {value.year}, {value:%H:%M}"


def night(run_id: str) -> str:
    """The day of a night by its run id, as ``2026-11-20-1``; a later run of the same day says which it was."""
    text, _, number = run_id.rpartition("-")
    try:
        words = day(dt.date.fromisoformat(text))
    except ValueError:
        return run_id
    return words if number == "1" else f"{words} (run {number})"


def bits(value: float | None) -> str:
    """A weight with its sign."""
    if value is None:
        return EMPTY
    return "0.0" if abs(value) < 0.05 else f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")


def field_words(name: str) -> str:
    """A column's name in words."""
    return FIELD_WORDS.get(name) or name.replace("_", " ").capitalize()


def flag_words(flags: Iterable[str] | None) -> str:
    """What a reader must know of a record, in words."""
    return ", ".join(FLAG_WORDS.get(flag, flag.replace("_", " ")) for flag in flags or ())


def kind_words(name: str) -> str:
    """A type of question in words."""
    return TYPE_WORDS.get(name) or name.replace("_", " ").capitalize()


TEMPLATES = _environment()


def page(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401
    """A whole page."""
    token = token_of(request)
    visit = getattr(request.state, "visit", None)
    common = {
        "viewer": visit.viewer if visit else None,
        "csrf": csrf_of(token) if token else "",
        "nonce": request.state.nonce,
        "path": request.url.path,
        "idle_minutes": request.app.state.desk.settings.idle_minutes,
        "errors": (),
        "notice": None,
    }
    return HTMLResponse(TEMPLATES.get_template(template).render({**common, **context}), status)


def joined(values: Iterable[object]) -> str:
    """Values in one line."""
    return ", ".join(map(str, values))
