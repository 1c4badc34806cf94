"""The forms of the case and person pages, and how one comes back to its page with what is wrong in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from pipeline.review.splitting import SideName

RecordId = Annotated[str, Field(max_length=128)]
Text = Annotated[str, Field(max_length=4_000)]
Done = Literal["", "saved", "waits", "split", "second", "look", "undone", "sent_back"]


class Shown(BaseModel):
    """What of a case is shown."""

    l: RecordId = ""  # noqa: E741  (the left record, as the address has it)
    r: RecordId = ""
    show: Literal["", "events"] = ""
    preview: Literal["", "link", "unlink"] = ""
    done: Done = ""
    back: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Decisions that count again by what was done"""

    @property
    def pair(self) -> tuple[str, ...]:
        """The two records that the address names; none where it does not name both."""
        return (self.l, self.r) if self.l and self.r else ()


class VerdictForm(BaseModel):
    """The form of a decision on a pair."""

    verdict: Annotated[str, Field(max_length=20)] = ""
    l: RecordId = ""  # noqa: E741
    r: RecordId = ""
    code: Annotated[str, Field(max_length=40)] = ""
    text: Text = ""
    decision_id: Annotated[str, Field(max_length=64)] = ""
    evidence: Annotated[str, Field(max_length=1_000)] = ""
    evidence_hash: Annotated[str, Field(max_length=128)] = ""
    head: Annotated[str, Field(max_length=64)] = ""
    replaces: Annotated[str, Field(max_length=5)] = ""


class SplitForm(BaseModel):
    """The form of a split."""

    records: Annotated[list[RecordId], Field(max_length=1_000)] = []
    code: Annotated[str, Field(max_length=40)] = ""
    text: Text = ""
    batch: Annotated[str, Field(max_length=64)] = ""
    joined: Annotated[list[SideName], Field(max_length=2)] = []
    """Sides that are said to be one person"""
    do: Literal["preview", "split"] = "preview"


class SecondForm(BaseModel):
    """The form of a second steward's word on a decision that waits."""

    decision_id: Annotated[str, Field(max_length=64)] = ""
    agrees: Annotated[str, Field(max_length=5)] = ""
    text: Text = ""


@dataclass(frozen=True, slots=True)
class FormBack:
    """A form that comes back to its page: with what is wrong, or with what it would do."""

    form: BaseModel | None = None
    errors: tuple[dict[str, str], ...] = ()
    status: int = 200


NO_FORM = FormBack()


def entered(form: BaseModel | None, kind: type[BaseModel]) -> dict[str, str]:
    """What was entered in a form that comes back; empty for the page's other forms."""
    names = ("verdict", "code", "text", "decision_id", "replaces")
    return {name: getattr(form, name, "") if isinstance(form, kind) else "" for name in names}
