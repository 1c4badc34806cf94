"""Reference lists in ``data/reference`` that more than one stage reads."""

from __future__ import annotations

import csv
import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.core.places import REFERENCE

NAME_LISTS = ("nicknames", "name_variants")


@functools.cache
def name_groups(folder: Path = REFERENCE) -> Mapping[str, tuple[str, ...]]:
    """Each listed name to the groups it shares with its nicknames and variants, sorted.

    A group is named by its list, kind and first name, such as ``nicknames:forename:william``; a name may stand in several.
    """
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for listed in NAME_LISTS:
        for row in rows(folder / f"{listed}.csv"):
            groups[row["name"]].add(f"{listed}:{row['kind']}:{row['group']}")
    return {name: tuple(sorted(shared)) for name, shared in sorted(groups.items())}


def given_names(folder: Path = REFERENCE) -> frozenset[str]:
    """Every name that a list gives as a forename."""
    lists = (*NAME_LISTS, "common_names", "name_origins")
    return frozenset(
        row["name"] for listed in lists for row in rows(folder / f"{listed}.csv") if row["kind"] == "forename"
    )


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of one reference list, by heading."""
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
