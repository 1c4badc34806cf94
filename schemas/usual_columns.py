"""Which columns of a table are taken for the kind of their usual heading, where several could be, or others say it already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from schemas.usual_headings import BIRTH_PARTS, WHOLE_ADDRESSES, heading_key, names_persons, usual_kinds

SEVERAL = ("address", "identifier", "category")
"""Kinds that several columns of a table have, each a field of its own; of others only one is taken"""


def kinds_taken(fitting: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """The columns that are taken, with their kinds.

    Args:
        fitting: columns whose heading and values say one kind, in the order of the table.
        known: kinds that other columns have without a doubt.
    """
    kinds = _one_of_each(_without_lesser_addresses(_without_other_names(fitting, known), known), known)
    of_table = {*known, *kinds.values()}
    is_whole = "date_of_birth" in of_table or BIRTH_PARTS[0] not in of_table
    left_out = set(BIRTH_PARTS if is_whole else ())
    if not {"forename", "full_name"} & of_table:
        left_out.add("middle_names")
    if not {"forename", "surname", "full_name"} & of_table:
        left_out.add("alias")
    return {column: kind for column, kind in kinds.items() if kind not in left_out}


def _without_other_names(fitting: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """Either whole names or forename and surname: the other one may be a firm's, a father's or a contact's."""
    short = [column for column, kind in fitting.items() if kind == "forename" and _is_whole_name(column)]
    whole = [column for column, kind in fitting.items() if kind == "full_name"]
    plain = [column for column in whole if not names_persons(column)]
    parts = {kind for column, kind in fitting.items() if kind in ("forename", "surname") and column not in short}
    left_out: set[str] = set()
    if {"forename", "surname", "full_name"} & {*known} or len(parts) > 1:
        left_out |= set(whole)
    elif whole and (plain or len(whole) == 1):
        left_out |= {column for column, kind in fitting.items() if kind in ("forename", "surname")}
        left_out |= set(whole) - {(plain or whole)[0]}
    else:
        left_out |= set(whole)
    if "full_name" in known:
        left_out |= {column for column, kind in fitting.items() if kind in ("forename", "surname")}
    if "surname" not in {*known, *parts} or "forename" in {*known, *parts}:
        left_out |= set(short)
    return _without(fitting, left_out)


def _is_whole_name(column: str) -> bool:
    return usual_kinds([column]).get(column) == "full_name"


def _without_lesser_addresses(fitting: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """One whole address, or else its parts."""
    addresses = [column for column, kind in fitting.items() if kind == "address"]
    whole = [column for column in addresses if heading_key(column) in WHOLE_ADDRESSES]
    kept = [] if "address" in known else whole[:1] or addresses
    return _without(fitting, set(addresses) - set(kept))


def _one_of_each(fitting: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for column, kind in fitting.items():
        if kind in SEVERAL or kind not in {*known, *kinds.values()}:
            kinds[column] = kind
    return kinds


def _without(fitting: Mapping[str, str], columns: Iterable[str]) -> dict[str, str]:
    left_out = set(columns)
    return {column: kind for column, kind in fitting.items() if column not in left_out}
