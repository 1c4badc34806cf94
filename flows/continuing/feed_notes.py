"""What a stage of a run noted of a feed: ``<run>/<stage>/<feed>/note.json``, which the stages after it read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.continuing.checkpoints import NOTE
from flows.night.plan import Night
from pipeline.core.durable import write_synced
from pipeline.core.errors import SourceError
from pipeline.core.log import log
from pipeline.core.places import RunFolder

READ, STANDARDISE = "read", "standardise"


def note_failure(night: Night, feed_id: str, error: SourceError) -> None:
    """Note that tonight's export cannot be used, and why."""
    keep_note(night, feed_id, READ, {"reason_code": error.code, "reason": str(error)})
    log("feed failed", feed=feed_id, code=error.code)


def keep_note(night: Night, feed_id: str, stage: str, facts: Mapping[str, object]) -> None:
    """Note what a stage made of a feed."""
    path = note_path(night.folder, feed_id, stage)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_synced(path, json.dumps(facts))


def note_of(folder: RunFolder, feed_id: str, stage: str = READ) -> dict[str, Any]:
    """What a stage of a run noted of a feed; nothing where it did not."""
    path = note_path(folder, feed_id, stage)
    note: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return note


def note_path(folder: RunFolder, feed_id: str, stage: str = READ) -> Path:
    """Where a stage of a run notes what it made of a feed."""
    return folder.root / stage / feed_id / NOTE
