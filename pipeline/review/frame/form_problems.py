"""What is wrong with a form, all of it at once, each with the field that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.core.errors import DeskRefusedError
from pipeline.review.frame.words import REASONS

Problem = tuple[str, str]
"""What is wrong, and the id of the field"""


class FormRefusedError(DeskRefusedError):
    """A form in which something is missing or wrong."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(422, " ".join(text for text, _ in problems))
        self.args = (problems,)  # rebuild it in another process
        self.problems = problems

    @property
    def errors(self) -> list[dict[str, str]]:
        """The problems for the summary at the top of a page."""
        return [{"text": text, "href": f"#{field}"} for text, field in self.problems]


def need_none(problems: Iterable[Problem]) -> None:
    """Refuse the form if something is wrong with it.

    Raises:
        FormRefusedError: With all that is wrong.
    """
    if all_problems := tuple(problems):
        raise FormRefusedError(all_problems)


def reason_problems(code: str, text: str, at: str = "") -> list[Problem]:
    """Of a reason; ``at``: what the ids of its fields begin with."""
    if code not in REASONS:
        return [("Choose a reason.", f"{at}code")]
    return [("Tell the reason in the text.", f"{at}text")] if code == "other" and not text.strip() else []


def ticked_problems(ticked: Sequence[str], n_records: int) -> list[Problem]:
    """Of records that are to be parted from the others."""
    if not ticked:
        return [("Tick the records to part from the others.", "pick-1")]
    return [("Leave at least one record without a tick.", "pick-1")] if len({*ticked}) >= n_records else []
