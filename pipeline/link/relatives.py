"""Pairs of records that are of two persons of one household."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.model import Kind

RELATIVES: Mapping[str, tuple[Kind, ...]] = {
    "related": (),
    "twins": ("date", "age"),
    "namesakes": ("forename", "category"),
}
"""Classes of relatives, and the kinds on which they agree as often as records of one person.

All share what a household shares; twins also the birthday, namesakes also the forename and, as a rule, the sex. On
everything else they are like strangers.
"""
TWINS = list(RELATIVES).index("twins")
NAMESAKES = list(RELATIVES).index("namesakes")
