"""``boroughlink link``: any table of people, from files to clusters, without labels and without a model file."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flows.any_table.date_words import date_facts
from flows.any_table.intake import People, take_in
from flows.any_table.link_facts import link_facts, link_story, true_calibration, true_quality
from flows.night.place import check_no_home
from flows.night.progress import steps
from pipeline.core.errors import SettingsError, StorageError
from pipeline.core.memory import give_back, memory_of_the_system, peak_mb
from pipeline.core.metrics import Metric
from pipeline.engines.by_name import engine_of
from pipeline.engines.spark.session import check_spark
from pipeline.link.stage import Linked, link_records
from pipeline.report.link_page import LinkStory, render_link_page
from schemas.model import Model, PolicyName, load_model, save_model

NO_SOURCES = "no column names a source, and there is one file."


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """What the command line asks for."""

    policy: PolicyName = "balanced"
    engine: str = "local"
    model: Path | None = None
    truth: str | None = None
    link_only: bool = False
    one_per_source: bool = False
    canonical_only: bool = False


def link_files(
    files: Sequence[Path], out: Path, kinds_given: Mapping[str, str], options: LinkOptions
) -> dict[str, Any]:
    """Link the records of the files and write everything that ``boroughlink link`` promises into ``out``.

    Returns: what metrics.json says.

    Raises:
        SourceError: If a file cannot be read.
        SettingsError: If the columns do not fit what was said of them, ``out`` is no place for it, or Spark cannot be
            started.
    """
    check_no_home(out)
    if options.engine == "spark":
        check_spark()
    begun = time.perf_counter()
    with memory_of_the_system(), steps() as step:  # which gives back what is free, where Arrow's own pool keeps it
        step("read")
        people = take_in(
            files,
            kinds_given,
            options.truth,
            link_only=options.link_only,
            canonical_only=options.canonical_only,
        )
        if options.one_per_source and "source" not in people.table.column_names:
            raise SettingsError("--one-per-source", NO_SOURCES, "Give several files, or --field COLUMN=source.")
        model = _fitting(load_model(options.model), people) if options.model else people.model
        give_back()
        read = Metric("link", "read_seconds", time.perf_counter() - begun, "s")

        step("link")
        engine = engine_of(options.engine)
        linked = link_records(people.table, model, options.policy, engine, is_one_per_source=options.one_per_source)

        step("write")
        _make_folder(out)
        facts, story = _facts_and_story(people, linked, options, read)
        facts["settings"] = {
            "fields": dict(kinds_given),
            "truth": options.truth,
            "link_only": options.link_only,
            "canonical_only": options.canonical_only,
        }
        facts |= _cost(begun)
        with _all_at_once(out) as new:
            write = partial(_write, linked.cluster_members, linked.links, people.id_type, linked.model, new)
            del people, linked  # what is neither drawn nor written makes room
            give_back()
            with ThreadPoolExecutor(1) as beside:
                writing = beside.submit(write)
                (new / "report.html").write_text(render_link_page(story), "utf-8")
                writing.result()
            facts |= _cost(begun)
            (new / "metrics.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    return facts


def _make_folder(out: Path) -> None:
    """Make the folder of the answer.

    Raises:
        StorageError: If it cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"no folder can be made there ({os.strerror(error.errno or 0)})."
    else:
        return
    raise StorageError(str(out), problem, "Name another folder with --out.")


@contextmanager
def _all_at_once(out: Path) -> Iterator[Path]:
    """A folder to write into, whose files come into ``out`` together once all are written: no answer is of two runs."""
    with TemporaryDirectory(prefix=".new-", dir=out) as name:
        yield Path(name)
        for path in sorted(Path(name).iterdir()):
            path.replace(out / path.name)


def _fitting(model: Model, people: People) -> Model:
    """The model, checked to know no field that the files lack.

    Raises:
        SettingsError: If it compares a field that no column fills.
    """
    available = [comparison.field for comparison in people.model.comparison]
    available += [name for name in ("middle_names",) if name in people.table.column_names and name not in available]
    lacking = [comparison.field for comparison in model.comparison if comparison.field not in available]
    if lacking:
        problem = f"compares {', '.join(lacking)}, which the files lack."
        advice = f"They have {', '.join(available)}. Use --field, or leave --model out."
        raise SettingsError(f"model {model.name}", problem, advice)
    return model


def _facts_and_story(
    people: People, linked: Linked, options: LinkOptions, read: Metric
) -> tuple[dict[str, Any], LinkStory]:
    """The facts of metrics.json, and of the report, which shows the same facts."""
    facts = link_facts(people, linked, options.policy, [read, *linked.metrics])
    bins = []
    if people.truth is not None:
        bins = true_calibration(people, people.truth, linked, facts["review_bits"])
        facts["quality"] = true_quality(people, people.truth, linked, bins)
    facts["columns_used"] = dict(people.held)
    facts["columns_taken"] = dict(people.taken)
    facts["fields_of_some_files"] = {field: list(titles) for field, titles in people.some_files.items()}
    facts["fields_left_out"] = list(people.alone)
    facts["columns_without_values"] = [column for column, field in people.held.items() if field in people.empty]
    facts["columns_not_understood"] = dict(people.lost)
    facts["columns_not_used"] = list(people.unused)
    facts["columns_not_used_perhaps"] = dict(people.likely)
    facts["date_orders"] = date_facts(people.date_orders)
    facts["columns_told_by_others"] = dict(linked.redundant)
    return facts, link_story(facts, linked, bins)


def _cost(begun: float) -> dict[str, float]:
    return {"wall_seconds": round(time.perf_counter() - begun, 3), "peak_memory_mb": round(peak_mb(), 1)}


def _write(members: pa.Table, links: pa.Table, id_type: pa.DataType, model: Model, out: Path) -> None:
    """clusters.parquet and links.parquet with the ids that the files had, and the model that was used."""
    for name, table in (("clusters", members.rename_columns(["record_id", "person_id"])), ("links", links)):
        columns = {
            column: table.column(column).cast(id_type) if column.startswith("record_id") else table.column(column)
            for column in table.column_names
        }
        pq.write_table(pa.table(columns), out / f"{name}.parquet", compression="zstd")
    save_model(model, out / "model.toml")
