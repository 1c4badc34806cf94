"""What the doctor looks at in publications: files, journal, feeds, drift, and what is kept for the next night."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc

from flows.continuing.kept import damage
from flows.doctor.finding import Finding, problem_of
from flows.night.counted import counted
from flows.night.feeds_alike import feeds_alike, named_together
from pipeline.core.errors import SettingsError, StateError, StorageError
from pipeline.core.metrics import Metric
from pipeline.core.places import Home
from pipeline.link.drift import drift_told
from pipeline.publish import journal
from pipeline.publish.publication import (
    Publication,
    damaged_publications,
    how_to_point_again,
    list_publications,
    read_current,
)
from pipeline.publish.verify import damaged_files
from schemas.contract import load_contracts
from schemas.model import load_model
from schemas.settings import RunSettings

OLD_DAYS = 3


def current_publication(home: Home, run_command: str) -> Publication | Finding:
    """The publication that readers see, or what is wrong with it; where there is none, the command is advised."""
    try:
        publication = read_current(home)
    except StateError as error:
        return problem_of("publication", error)
    if publication is None and (publications := list_publications(home)):
        return Finding("publication", "problem", f"{home.current} is gone.", how_to_point_again(publications[-1], home))
    return publication or Finding("publication", "warning", "none yet.", f"Run: {run_command}")


def other_publications(home: Home) -> Iterator[Finding]:
    """Older publications that cannot be read."""
    for error in damaged_publications(home):
        if home.current.resolve() not in Path(error.place).parents:
            what_to_do = "Restore it from a backup; else remove its folder: nothing goes back to it then."
            yield Finding("publication", "warning", f"{error.place} {error.problem}", what_to_do)


def publication_files(current: Publication, *, is_deep: bool) -> Finding:
    """Whether its files are those that its manifest tells of."""
    damaged = damaged_files(current.folder, is_deep=is_deep)
    if damaged:
        return Finding(
            "publication",
            "problem",
            f"{current.run_id} is damaged: {'; '.join(damaged)}.",
            "Restore it from a backup, or point current at an older publication.",
        )
    return Finding(
        "publication",
        "ok",
        f"{current.run_id} goes with its manifest{', every byte' if is_deep else ' (rows; --deep reads every byte)'}.",
    )


def journal_lines(home: Home) -> Iterator[Finding]:
    """Lines of the journal that cannot be read."""
    try:
        n_lines = journal.n_unreadable(home)
    except StorageError as error:
        yield problem_of("journal", error)
        return
    if n_lines:
        what_to_do = f"Restore {home.journal} from a backup."
        yield Finding(
            "journal",
            "warning",
            f"{n_lines:,} lines cannot be read: releases, rollbacks and prunes that they told of are not known.",
            what_to_do,
        )


def kept_state(settings: RunSettings, home: Home, current: Publication) -> Finding:
    """Whether the next night can go on from what is kept of the publication."""
    try:
        is_trained = load_model(settings.model).is_trained
    except SettingsError as error:
        return problem_of("kept state", error)
    if settings.engine != "local" or not is_trained:
        return Finding("kept state", "ok", "none: with this engine or model every night rebuilds everything.")
    if kept_damage := damage(home, current.run_id):
        return Finding(
            "kept state",
            "warning",
            f"of {current.run_id}: {kept_damage}.",
            "The next night rebuilds everything, and keeps it again.",
        )
    return Finding("kept state", "ok", f"the next night goes on from {current.run_id}.")


def feeds(current: Publication) -> Iterator[Finding]:
    """Feeds that are not fresh, and for how long."""
    as_of = dt.date.fromisoformat(str(current.manifest.get("as_of", "1970-01-01")))
    rows = current.table("source_status").select(["feed_id", "state", "reason_code", "export_date"]).to_pylist()
    not_fresh = [row for row in rows if row["state"] != "fresh"]
    trouble = {
        row["feed_id"]: (
            row["state"],
            row["reason_code"],
            (as_of - row["export_date"]).days if row["export_date"] else None,
        )
        for row in not_fresh
    }
    for feed_ids in feeds_alike(trouble):
        state, code, days = trouble[feed_ids[0]]
        is_one = len(feed_ids) == 1
        age = f"{'it has' if is_one else 'they have'} no export at all"
        if days is not None:
            age = f"{'its export is' if is_one else 'their exports are'} {counted(days, 'day')} old"
        yield Finding(
            "feeds",
            "problem" if days is None or days >= OLD_DAYS else "warning",
            f"{feed_ids[0] + ' is' if is_one else named_together(feed_ids) + ' are'} {state} ({code}), {age}.",
            "See validation.html of the run.",
        )
    if not not_fresh:
        yield Finding("feeds", "ok", f"{len(rows)} fresh on {as_of}.")


def feeds_of_no_contract(settings: RunSettings, current: Publication) -> Iterator[Finding]:
    """Feeds of the publication that no contract names any more; contracts that cannot be read are told elsewhere."""
    try:
        named = {feed.feed_id for contract in load_contracts(settings.contracts) for feed in contract.all_feeds()}
    except SettingsError:
        return
    published: list[str] = current.table("source_status").column("feed_id").to_pylist()
    for feed_ids in feeds_alike(dict.fromkeys(feed for feed in published if feed not in named)):
        who = f"{feed_ids[0]} is" if len(feed_ids) == 1 else f"{named_together(feed_ids)} are"
        yield Finding(
            "feeds",
            "warning",
            f"{who} published, and no contract names {'it' if len(feed_ids) == 1 else 'them'} any more: the records leave with the next night.",
            f"Was a contract renamed or removed by a slip? Look into {settings.contracts}.",
        )


def drift(current: Publication) -> Iterator[Finding]:
    """How far the data has moved away from the model."""
    measures = current.table("run_metrics")
    drift_metrics = [Metric(**row) for row in measures.filter(pc.equal(measures.column("stage"), "drift")).to_pylist()]
    for sentence in drift_told(drift_metrics):
        yield Finding("drift of the model", "warning", sentence, "Train the model anew: boroughlink train.")
    if drift_metrics and not drift_told(drift_metrics):
        yield Finding("drift of the model", "ok", "none that counts, as far as it was measured.")
