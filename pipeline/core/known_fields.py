"""Facts that a home keeps as JSON, back as a dataclass: also those that a newer version wrote, with fields of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar("T")


def from_known(kind: type[T], facts: object, **given: object) -> T:
    """The dataclass made of those facts that it has a field for; the others are left out.

    Args:
        kind: a dataclass.
        facts: what JSON gave, by name of the field.
        given: fields that come from elsewhere, or in another form than JSON has them.

    Raises:
        TypeError: If the facts are no mapping, or a field without a default is not among them.
    """
    if not isinstance(facts, Mapping):
        raise TypeError(f"{kind.__name__} is made of a mapping")
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    known: dict[str, Any] = {name: facts[name] for name in names if name in facts}
    return kind(**{**known, **given})
