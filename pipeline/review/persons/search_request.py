"""What is searched for: as it was typed, as the linkage reads it, and what of it cannot be read."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipeline.review.records.shelf import Row
from pipeline.standardise.any_table import standardise_any
from pipeline.standardise.contacts import read_email, read_phone
from pipeline.standardise.reference import Reference
from schemas.fields import read_uses
from schemas.tables import OFFICIAL

SEARCH_FIELDS = ("forename", "surname", "date_of_birth", "postcode", "identifier")
IDENTIFIERS = (*OFFICIAL, "phone", "email")
CONTACTS = {"phone": read_phone, "email": read_email}
WHOLE_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}")
UNREAD: Mapping[str, str] = {
    "forename": "The forename cannot be read. Write letters, or leave it empty.",
    "surname": "The surname cannot be read. Write letters, or leave it empty.",
    "date_of_birth": (
        "The date of birth is no whole day of the calendar. Write it as 3 May 2011 or 03/05/2011, or leave it empty."
    ),
    "postcode": "The postcode is not a whole one. Write it as E4 9AA, or leave it empty.",
    "identifier": (
        "The identifier cannot be read, or is not there. Give a PNC ID, a CRO, NHS or pupil number, a phone, an e-mail"
        " or the id of a person."
    ),
}
"""The message where something was typed that cannot be searched for: a search that silently left it out would find other people"""


class SearchRequest(BaseModel):
    """What is searched for, as it was typed."""

    model_config = ConfigDict(frozen=True)

    forename: str = Field("", max_length=80)
    surname: str = Field("", max_length=80)
    date_of_birth: str = Field("", max_length=30)
    postcode: str = Field("", max_length=12)
    identifier: str = Field("", max_length=80)
    """PNC ID, CRO, NHS or pupil number, phone, e-mail, or the id of a person"""

    def filled_in(self) -> list[str]:
        """Which fields were filled in: what the audit log keeps of a search."""
        return [name for name in SEARCH_FIELDS if getattr(self, name).strip()]


def standard(request: SearchRequest, as_of: dt.date) -> Row:
    """What was typed, as a record of the publication has it whose night was that of ``as_of``."""
    texts = {
        name: getattr(request, name).strip() or None for name in ("forename", "surname", "date_of_birth", "postcode")
    }
    identifier = request.identifier.strip()
    texts |= {name: identifier or None for name in IDENTIFIERS if name not in CONTACTS}
    raw = pa.table({name: pa.array([text], pa.string()) for name, text in texts.items()})
    row: Row = standardise_any(raw, read_uses(raw.column_names, {}), reference(), as_of).to_pylist()[0]
    for name in ("forename", "surname"):
        row[name] = row[name] if isinstance(row[name], list) else [name_part for name_part in [row[name]] if name_part]
    if identifier:  # in the form in which nights have them
        row |= {name: read(identifier, reference()).value for name, read in CONTACTS.items()}
    return {name: value for name, value in row.items() if value not in (None, [], "")}


def unread(request: SearchRequest, wanted: Mapping[str, Any]) -> dict[str, str]:
    """Fields that were filled in and cannot be searched for, and the form as a whole where nothing was filled in."""
    filled_in = request.filled_in()
    if not filled_in:
        return {"surname": "Give a surname, a forename, a date of birth, a postcode or an identifier."}
    is_readable = {name: name in wanted for name in ("forename", "surname")}
    is_readable["date_of_birth"] = day_of(wanted.get("date_of_birth")) is not None
    is_readable["postcode"] = WHOLE_POSTCODE.fullmatch(wanted.get("postcode", "")) is not None
    is_readable["identifier"] = any(name in wanted for name in IDENTIFIERS)
    return {name: UNREAD[name] for name in filled_in if not is_readable[name]}


def day_of(value: Any) -> str | None:  # noqa: ANN401
    """A birthday as the index has it; the standard one is a date or text that is none in a calendar."""
    if isinstance(value, list):
        value = value[0] if value else None
    try:
        return dt.date.fromisoformat(str(value)).isoformat() if value else None
    except ValueError:
        return None


@functools.cache
def reference() -> Reference:
    """What standardising needs, loaded once."""
    return Reference.load()
