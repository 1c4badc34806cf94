"""A form that was not carried out is kept and offered again: its session was over, its page of an earlier one, or the store away.

It travels in the pages that offer it and in those of signing in only, and is stored nowhere. It is sent again by a form of the
session and by the person's own hand, so a form that another site made gains nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.review.frame.words import JUSTIFICATIONS, REASONS, VERDICT_WORDS

TO = (
    r"^/(cases/[A-Za-z0-9_-]{1,64}/(decide|split|second|retract|undo|why)"
    r"|persons/[A-Za-z0-9_-]{1,64}/(unmerge|compare|second|retract|undo|why)|queue/detached/retract|search(/compare)?)$"
)
"""Addresses of the forms that are kept"""
LONGEST = 48_000
LABELS = {
    "verdict": "Verdict",
    "code": "Reason",
    "text": "In your words",
    "why": "Why you look",
    "agrees": "The other steward's decision",
    "do": "What",
    "together": "How far",
    "joined": "Join as well",
    "surname": "Surname",
    "forename": "Forename",
    "date_of_birth": "Date of birth",
    "postcode": "Postcode",
    "identifier": "Identifier",
    "other": "The other person's id",
}
WORDS = {
    "ticked": "The ticked records are one person",
    "others": "The records not ticked are one person",
    "yes": "Confirm",
    "no": "Take it back",
    "all": "With all that was entered in its form",
    "split": "Part the ticked records",
    "preview": "Preview only",
    **VERDICT_WORDS,
    **REASONS,
    **JUSTIFICATIONS,
}
UNDO_WORDS = {"cases": "Undo your latest answer to this question", "persons": "Undo your latest unmerge of this person"}
"""What the form of an address says that ends with ``undo``: it has no field"""
CODED = frozenset({"verdict", "code", "why", "agrees", "do", "joined", "together"})
Name = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
Value = Annotated[str, Field(max_length=4_000)]


class KeptForm(BaseModel):
    """A form as it was sent, without its token."""

    model_config = ConfigDict(frozen=True)

    to: Annotated[str, Field(pattern=TO, max_length=200)]
    fields: Annotated[tuple[tuple[Name, Value], ...], Field(max_length=1_100)]

    @property
    def page(self) -> str:
        """The page on which the form stands."""
        return self.to if self.to == "/search" else self.to.rpartition("/")[0]

    @property
    def counts_once(self) -> bool:
        """Whether sent twice it does no more than sent once: an undo would take back the answer before, too."""
        return not self.to.endswith("/undo")

    @property
    def entered(self) -> list[tuple[str, str]]:
        """What a person entered, in words; ids and hashes are left out."""
        entries = [
            (LABELS[name], WORDS.get(value, value) if name in CODED else value)
            for name, value in self.fields
            if name in LABELS and value
        ]
        n_ticked = sum(name == "records" for name, _ in self.fields)
        ticked = [("Ticked records", str(n_ticked))] if n_ticked else []
        compared = [("Compared", value) for name, value in self.fields if name == "persons"]
        undo = [(LABELS["do"], UNDO_WORDS[self.to.split("/")[1]])] if self.to.endswith("/undo") else []
        return [*undo, *entries, *ticked, *compared]


async def kept_form_of(request: Request) -> KeptForm | None:
    """The form of a request, if it is one that is kept."""
    if not re.fullmatch(TO, request.url.path):
        return None
    form = await request.form()
    return _valid(request.url.path, ((name, value) for name, value in form.multi_items() if isinstance(value, str)))


def kept_form_in(text: str) -> KeptForm | None:
    """What a page of signing in carried on; None where it is nothing, or not what such a page carries."""
    try:
        return KeptForm.model_validate_json(text) if text else None
    except ValidationError:
        return None


def _valid(to: str, fields: Iterable[tuple[str, str]]) -> KeptForm | None:
    try:
        form = KeptForm(to=to, fields=tuple((name, value) for name, value in fields if name != "csrf"))
    except ValidationError:
        return None
    return form if len(form.model_dump_json()) <= LONGEST else None
