"""Orders to expunge records: ``state/expunged.json``, which keeps their records out of every later night.

An order is noted before anything of it is done and again when all of it is done, so that one that was cut short is
known. No order names a record or its content: of a record it keeps a SHA-256 of the record's id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any

from pipeline.core.durable import make_folder, write_synced
from pipeline.core.errors import StateError
from pipeline.core.places import Home


@dataclass(frozen=True, slots=True)
class Order:
    """An order that was begun or carried out; it is its own receipt."""

    receipt_id: str
    ordered_by: str
    order_ref: str
    """The order's own number or file mark: must not name the person."""
    begun_at: str
    digests: tuple[str, ...]
    """Of the records"""
    expunged_at: str | None = None
    """None until all of it is done"""
    publications: tuple[str, ...] = ()
    """Runs whose publications were written anew, or are about to be"""
    files: tuple[str, ...] = ()
    """Tables of kept runs and last good exports that were written anew, or are about to be: their paths in the home"""
    n_decisions: int = 0
    n_may_return: int = 0
    """Records whose id hangs on what their row says: when the source changes it, the row is a new record"""


def digest(record_id: str) -> str:
    """What an order keeps of a record."""
    return hashlib.sha256(record_id.encode()).hexdigest()


def expunged(home: Home) -> frozenset[str]:
    """Digests of every record that was expunged.

    Raises:
        StateError: If the list cannot be read: without it expunged records would come back.
    """
    return frozenset(record_digest for order in orders(home) for record_digest in order.digests)


def orders(home: Home) -> list[Order]:
    """Every order that was carried out or begun, oldest first.

    Raises:
        StateError: If the list cannot be read.
    """
    path = home.expunge_orders
    if not path.exists():
        return []
    try:
        return [_order(fields) for fields in json.loads(path.read_text("utf-8"))]
    except (OSError, ValueError, KeyError, TypeError):
        what_to_do = "Bring it back from a backup: expunged records would come back without it."
        raise StateError(str(path), "cannot be read.", what_to_do) from None


def unfinished(home: Home) -> list[Order]:
    """Orders that were begun and are not done."""
    return [order for order in orders(home) if order.expunged_at is None]


def check_finished(home: Home) -> None:
    """Check that no order was cut short, so that nothing is published which it was to take out.

    Raises:
        StateError: If an order was cut short.
    """
    for order in unfinished(home):
        problem = (
            f"the expunge by order {order.order_ref} was cut short, so that its records may still be in what "
            "would be published."
        )
        raise StateError(
            str(home.expunge_orders), problem, "Finish it first: boroughlink expunge --again, or the same command."
        )


def note_order(home: Home, order: Order) -> Order:
    """Note an order, replacing its earlier note; it is on disk when this returns."""
    by_receipt = {earlier.receipt_id: earlier for earlier in orders(home)} | {order.receipt_id: order}
    path = home.expunge_orders
    make_folder(path.parent)
    write_synced(path, json.dumps([asdict(each) for each in by_receipt.values()], indent=1))
    return order


def reopened(home: Home, ordered_by: str, order_ref: str, record_ids: Collection[str]) -> Order | None:
    """The same order if it was given before, to be carried out once more under its receipt."""
    digests = tuple(sorted(map(digest, record_ids)))
    matching = (
        order
        for order in orders(home)
        if (order.ordered_by, order.order_ref, order.digests) == (ordered_by, order_ref, digests)
    )
    earlier = next(matching, None)
    return replace(earlier, expunged_at=None) if earlier else None


def _order(fields: dict[str, Any]) -> Order:
    """An order as it was noted; those of an older version do not tell whether they were done, and count as begun."""
    lists = {name: tuple(fields.get(name, ())) for name in ("publications", "files")}
    return Order(**{**fields, **lists, "digests": tuple(fields["digests"])})
