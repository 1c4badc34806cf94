"""Person ids of publications that were rolled back and pruned: they were published once, so they always resolve.

``state/old_ids/RUN.arrow`` holds the rows of that publication's identity ledger whose person_id the current one does
not know.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.durable import make_folder, sync_folder
from pipeline.core.errors import StateError
from pipeline.core.log import log
from pipeline.core.parquet import ARROW, conform, read_table, write_table
from pipeline.core.places import Home
from pipeline.core.run_ids import run_order
from pipeline.publish.publication import Publication
from schemas.tables import IDENTITY_LEDGER

LEDGER = IDENTITY_LEDGER.name


def keep_old_ids(home: Home, removed: Publication, current: Publication) -> int:
    """Keep the ids of a publication that the current one does not know, on disk when this returns; returns how many."""
    current_ids = current.table(LEDGER).column("person_id")
    try:
        ledger = removed.table(LEDGER)
    except StateError:  # it is to go all the same
        log("old ids not kept", run=removed.run_id)
        return 0
    lost = ledger.filter(pc.invert(pc.is_in(ledger.column("person_id"), current_ids.combine_chunks())))
    if len(lost):
        make_folder(home.old_ids)
        write_table(home.old_ids / f"{removed.run_id}{ARROW}", conform(lost, IDENTITY_LEDGER), IDENTITY_LEDGER)
        sync_folder(home.old_ids)
    return len(pc.unique(lost.column("person_id")))


def old_ledgers(home: Home) -> list[tuple[str, pa.Table]]:
    """Run and rows of its ledger, of every publication of which such ids were kept, newest first."""
    paths = sorted(home.old_ids.glob(f"*{ARROW}"), key=lambda path: run_order(path.stem), reverse=True)
    return [(path.stem, read_table(path)) for path in paths]
