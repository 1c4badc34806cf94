"""What the last night made of the decisions: its run keeps that beside the publication."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from pipeline.core.linked_folder import run_of
from pipeline.core.parquet import conform, read_table
from schemas.tables import STANDING_DECISIONS


def standing_of_night(publication: Path) -> pa.Table | None:
    """The contract ``standing_decisions`` as the night of a publication left it; None where its run is gone."""
    path = run_of(publication).table("link", STANDING_DECISIONS.name)
    return conform(read_table(path), STANDING_DECISIONS) if path.is_file() else None
