"""A folder that holds a linkage: what ``boroughlink link`` wrote, or a publication."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.errors import SettingsError
from pipeline.core.places import MODELS, Home, RunFolder
from schemas.model import Model, load_model

MODEL = "model.toml"


@dataclass(frozen=True, slots=True)
class LinkedFolder:
    """Where its tables lie, and what made them."""

    links: Path
    persons: Path
    """The table that has the person of each record"""
    is_publication: bool
    """Then ``persons`` has the records' values too"""
    facts: dict[str, Any]
    """Its metrics or its manifest; empty where it has none"""
    model: Model | None
    """None where the model that made it is not at hand"""
    decided: Path | None
    """Pairs that stewards join or part; None where no run keeps them"""


def linked_folder(folder: Path) -> LinkedFolder:
    """The linkage of a folder.

    Raises:
        SettingsError: If it is neither the output of ``boroughlink link`` nor a publication.
    """
    if is_link_output(folder):
        facts, model = _json(folder / "metrics.json"), _model_in(folder / MODEL)
        return LinkedFolder(folder / "links.parquet", folder / "clusters.parquet", False, facts, model, None)
    if is_publication(folder):
        facts = _json(folder / "manifest.json")
        run = run_of(folder)
        model = _model_in(run.root / MODEL) or _bundled(str(facts.get("model")))
        decided = run.table("link", "decided_pairs")
        is_kept = decided.is_file()
        return LinkedFolder(folder / "links", folder / "records", True, facts, model, decided if is_kept else None)
    what_to_do = "Make a publication with `boroughlink run`, or give --linked the folder that `boroughlink link` wrote."
    raise SettingsError(str(folder), "holds no links and persons.", what_to_do)


def is_link_output(folder: Path) -> bool:
    """Whether ``boroughlink link`` wrote it."""
    return (folder / "links.parquet").is_file() and (folder / "clusters.parquet").is_file()


def is_publication(folder: Path) -> bool:
    """Whether a night published it."""
    return (folder / "links").is_dir() and (folder / "records").is_dir()


def run_of(publication: Path) -> RunFolder:
    """The run that made a publication; it may be gone."""
    folder = publication.resolve()
    return Home(folder.parent.parent).run(folder.name)


def _bundled(stamp: str) -> Model | None:
    """The bundled model of this name, version and hash: for a run whose folder is gone."""
    models = (_model_in(path) for path in sorted(MODELS.glob("*.toml")))
    return next((model for model in models if model and model.stamp == stamp), None)


def _model_in(path: Path) -> Model | None:
    """The model of a file; None where it is not there, or was written for other levels than today's."""
    try:
        return load_model(path)
    except SettingsError:
        return None


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}
