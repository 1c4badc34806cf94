"""``boroughlink evaluate``: a linkage, the files it was made from, and the truth, brought together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.any_table.intake import People, take_in
from pipeline.core.errors import SettingsError
from pipeline.core.linked_folder import is_link_output, run_of
from pipeline.evaluate.evaluation import evaluate
from pipeline.evaluate.linkage import Linkage, open_linkage
from pipeline.evaluate.truth import PERSON_COLUMNS, RECORD, Truth, truth_of
from pipeline.read.any_file import headings, read_any
from pipeline.report.evaluate_page import render_evaluate_page
from schemas.tables import ROW

PAGE = "evaluation.html"
SYNTH_TRUTH = "records.parquet"


@dataclass(frozen=True, slots=True)
class Question:
    """What the command line asks."""

    folder: Path
    """a publication, or what ``boroughlink link`` wrote"""
    files: Sequence[Path] = ()
    """that were linked, for their columns"""
    truth: Path | None = None
    entity: str | None = None
    """column of the truth that names the person"""
    out: Path | None = None


def evaluate_folder(question: Question) -> tuple[dict[str, Any], Path]:
    """The facts of the evaluation, and the page that shows them.

    Raises:
        SettingsError: If there is no linkage, the files are not those that were linked, or the truth does not fit.
        SourceError: If a file cannot be read.
    """
    linkage = open_linkage(question.folder)
    link_settings = _link_settings(question.folder)
    people = _people(question, link_settings)
    if people:
        linkage = _with_columns(linkage, people)
    across = linkage.model.blocking.across if linkage.model else None
    if across:
        if across not in linkage.records.column_names:
            problem = "was linked across sources only, and does not keep which record is of which source."
            raise SettingsError(str(question.folder), problem, "Name the files that were linked, too.")
        linkage = linkage.across(linkage.records.column(across))
    truth = _truth(question, linkage, people, link_settings)
    facts = evaluate(linkage, truth, _grouping_columns(people))
    out = question.out or _beside(question.folder) / PAGE
    _write(out, render_evaluate_page(facts))
    return facts, out


def _link_settings(folder: Path) -> dict[str, Any]:
    """The settings of ``boroughlink link``; empty for a publication."""
    path = folder / "metrics.json"
    return json.loads(path.read_text("utf-8")).get("settings", {}) if path.is_file() else {}


def _people(question: Question, link_settings: Mapping[str, Any]) -> People | None:
    if not question.files:
        return None
    if not is_link_output(question.folder):
        problem = "are not needed: a publication keeps its records."
        raise SettingsError("files", problem, "Leave them out, or give --linked the folder of `boroughlink link`.")
    has_truth = link_settings.get("truth") in headings(question.files[0]) and not question.truth
    truth = link_settings["truth"] if has_truth else None
    return take_in(
        question.files,
        link_settings.get("fields", {}),
        truth,
        link_only=bool(link_settings.get("link_only")),
        canonical_only=bool(link_settings.get("canonical_only")),
    )


def _with_columns(linkage: Linkage, people: People) -> Linkage:
    """The linkage with what the files tell of each record.

    Raises:
        SettingsError: If the files have other records.
    """
    ids = linkage.records.column("record_id").combine_chunks()
    place = pc.index_in(ids, people.table.column("record_id").combine_chunks())
    if place.null_count or len(ids) != len(people.table):
        problem = f"are not those that were linked: {place.null_count:,} of {len(ids):,} records are not in them."
        if not place.null_count:
            problem = f"are not those that were linked: they have {len(people.table):,} records, not {len(ids):,}."
        raise SettingsError("the files", problem, "Name the same files in the same order.")
    table = people.table.take(place)
    for name in linkage.records.column_names:
        if name != "record_id":
            table = table.append_column(name, linkage.records.column(name))
    return replace(linkage, records=table)


def _grouping_columns(people: People | None) -> tuple[str, ...]:
    """Columns of the files that may group persons besides those that are known by name."""
    if people is None:
        return ()
    known_names = ("sex", "ethnicity", "source", "role", "borough")
    return tuple(
        comparison.field
        for comparison in people.model.comparison
        if comparison.kind == "category" and comparison.field not in known_names
    )


def _truth(
    question: Question, linkage: Linkage, people: People | None, link_settings: Mapping[str, Any]
) -> Truth | None:
    if question.truth:
        return _read_truth(question.truth, question.entity, linkage, link_settings)
    if people and people.truth is not None:
        entities = pa.table({"record_id": people.table.column("record_id"), "entity": people.truth})
        return truth_of(linkage.records, entities, RECORD, f"column {link_settings['truth']}")
    return None


def _read_truth(path: Path, entity: str | None, linkage: Linkage, link_settings: Mapping[str, Any]) -> Truth:
    """The truth of a file: by record id, or for a publication by the row of the export.

    Raises:
        SettingsError: If it lacks the columns for that.
    """
    path = path / SYNTH_TRUTH if path.is_dir() else path
    names = headings(path)
    person = next((name for name in (entity, link_settings.get("truth"), *PERSON_COLUMNS) if name in names), None)
    if person is None or (entity and entity not in names):
        problem = f"has no column {entity}." if entity else "has no column that names the true person."
        raise SettingsError(str(path), problem, f"Say which it is with --entity. Its columns are {', '.join(names)}.")
    mapped = next((column for column, kind in link_settings.get("fields", {}).items() if kind == "record_id"), None)
    record = next((name for name in ("record_id", mapped) if name in names), None)
    key = {name: name for name in ROW} if record is None else {RECORD[0]: record}
    if not set(key.values()) <= set(names) or not set(key) <= set(linkage.records.column_names):
        problem = "names no records: it has neither record_id nor, for a publication, " + ", ".join(ROW) + "."
        raise SettingsError(str(path), problem, f"Its columns are {', '.join(names)}.")
    rows = read_any(path, [*key.values(), person])
    columns = {name: rows.column(column) for name, column in key.items()} | {"entity": rows.column(person)}
    return truth_of(linkage.records, pa.table(columns), tuple(key), str(path))


def _beside(folder: Path) -> Path:
    """The folder of the run that made a publication; of ``boroughlink link`` the folder itself."""
    return folder.resolve() if is_link_output(folder) else run_of(folder).root


def _write(out: Path, page: str) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page, "utf-8")
    except OSError as error:
        raise SettingsError(f"--out {out}", f"cannot be written: {error.strerror}.") from error
