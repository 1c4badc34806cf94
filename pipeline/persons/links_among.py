"""Links of which both records are among some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.lookup import NOWHERE, places_among
from schemas.tables import ENDS


def links_between(parts: Iterable[pa.Table], record_ids: pa.Array) -> Iterator[pa.Table]:
    """As ``links_among``, of links that come in parts in the order of their key. Input: ``record_ids`` in order."""
    for part in parts:
        for end in ENDS:
            part = part.filter(pa.array(places_among(part.column(end), record_ids) != NOWHERE))  # noqa: PLW2901  (fewer each time)
        yield part


def links_among(links: pa.Table, record_ids: pa.Array) -> pa.Table:
    """Links of which both records are among these."""
    left_links = links.filter(pc.is_in(links.column("record_id_l"), record_ids))
    return left_links.filter(pc.is_in(left_links.column("record_id_r"), record_ids))
