"""``boroughlink link``: any table of people, from files to clusters, without labels and without a model file."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.engines import engine_of
from flows.intake import People, take_in
from flows.progress import steps
from pipeline.core.errors import SettingsError
from pipeline.core.memory import give_back, memory_of_the_system, peak_mb
from pipeline.core.metrics import Metric
from pipeline.evaluate.curves import Bin, calibration, calibration_error
from pipeline.evaluate.quality import codes, quality
from pipeline.link.drift import drift_told
from pipeline.link.stage import Linked, link_records
from pipeline.report.link_page import LinkStory, render_link_page
from pipeline.report.model_charts import CalibrationBin
from schemas.model import Model, PolicyName, load_model, save_model


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """What the command line asks for."""

    policy: PolicyName = "balanced"
    engine: str = "local"
    model: Path | None = None
    truth: str | None = None
    link_only: bool = False
    one_per_source: bool = False


def link_files(
    files: Sequence[Path], out: Path, kinds_given: Mapping[str, str], options: LinkOptions
) -> dict[str, Any]:
    """Link the records of the files and write everything that ``boroughlink link`` promises into ``out``.

    Returns: what metrics.json says.
    """
    begun = time.perf_counter()
    with memory_of_the_system(), steps() as step:  # which gives back what is free, where Arrow's own pool keeps it
        step("read")
        people = take_in(files, kinds_given, options.truth, link_only=options.link_only)
        model = _fitting(load_model(options.model), people) if options.model else people.model
        give_back()
        read = Metric("link", "read_seconds", time.perf_counter() - begun, "s")
        step("link")
        linked = link_records(
            people.table, model, options.policy, engine_of(options.engine), is_one_per_source=options.one_per_source
        )
        step("write")
        out.mkdir(parents=True, exist_ok=True)
        facts = _facts(people, linked, options.policy, [read, *linked.metrics])
        bins = []
        if people.truth is not None:
            bins = calibration(*_predicted_and_true(people, people.truth, linked, facts["review_bits"]))
            facts["quality"] = _quality(people, people.truth, linked, bins)
        facts["columns_not_used"] = list(people.unused)
        facts["settings"] = {"fields": dict(kinds_given), "truth": options.truth, "link_only": options.link_only}
        facts |= {"wall_seconds": round(time.perf_counter() - begun, 3), "peak_memory_mb": round(peak_mb(), 1)}
        page = partial(_page, facts, linked.model, _distributions(linked), bins, _keys(facts, linked))
        write = partial(_write, linked.cluster_members, linked.links, people.id_type, linked.model, out)
        del people, linked  # what is neither drawn nor written makes room
        give_back()
        with ThreadPoolExecutor(1) as beside:
            writing = beside.submit(write)
            (out / "report.html").write_text(page(), "utf-8")
            writing.result()
        facts |= {"wall_seconds": round(time.perf_counter() - begun, 3), "peak_memory_mb": round(peak_mb(), 1)}
        (out / "metrics.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    return facts


def _fitting(model: Model, people: People) -> Model:
    """The model, checked to know no field that the files lack.

    Raises:
        SettingsError: If it compares a field that no column fills.
    """
    available = [comparison.field for comparison in people.model.comparison]
    lacking = [comparison.field for comparison in model.comparison if comparison.field not in available]
    if lacking:
        problem = f"compares {', '.join(lacking)}, which the files lack."
        advice = f"They have {', '.join(available)}. Use --field, or leave --model out."
        raise SettingsError(f"model {model.name}", problem, advice)
    return model


def _write(members: pa.Table, links: pa.Table, id_type: pa.DataType, model: Model, out: Path) -> None:
    """clusters.parquet and links.parquet with the ids that the files had, and the model that was used."""
    for name, table in (("clusters", members.rename_columns(["record_id", "person_id"])), ("links", links)):
        columns = {
            column: table.column(column).cast(id_type) if column.startswith("record_id") else table.column(column)
            for column in table.column_names
        }
        pq.write_table(pa.table(columns), out / f"{name}.parquet", compression="zstd")
    save_model(model, out / "model.toml")


def _facts(people: People, linked: Linked, policy: PolicyName, metrics: Sequence[Metric]) -> dict[str, Any]:
    measured = {metric.metric: metric.value for metric in metrics if metric.unit != "s"}
    seconds = {
        metric.metric.removesuffix("_seconds"): round(metric.value, 3) for metric in metrics if metric.unit == "s"
    }
    bits = linked.model.policy[policy]
    return {
        "records": len(people.table),
        "persons": int(measured["clusters"]),
        "candidate_pairs": int(measured["candidate_pairs"]),
        "linked_pairs": int(measured["linked_pairs"]),
        "pairs_to_review": int(measured["pairs_to_review"]),
        "policy": policy,
        "link_bits": bits.link_bits,
        "review_bits": bits.review_bits,
        "expected_precision": round(measured["expected_pair_precision"], 6),
        "expected_recall": _expected_recall(linked, len(people.table)),
        "model": linked.model.stamp,
        "has_converged": bool(measured.get("has_converged", 1.0)),
        "training": {metric.metric: round(metric.value, 6) for metric in metrics if metric.stage == "train"},
        "drift": drift_told(linked.metrics),
        "blocking_rules": _rules(linked),
        "expected_candidate_recall": linked.chosen_rules and round(linked.chosen_rules.expected_recall, 6),
        "seconds": seconds,
    }


def _expected_recall(linked: Linked, records: int) -> float | None:
    """Expected matches among the linked pairs, out of all that the model's prior expects; None without a prior."""
    prior = linked.model.prior
    if prior is None:
        return None
    probability = linked.links.column("match_probability")
    expected_links = pc.sum(probability.filter(pc.equal(linked.links.column("decision"), "link"))).as_py() or 0.0
    matches = max(prior.matches_per_record * records, pc.sum(probability).as_py() or 0.0)
    return round(expected_links / matches, 6) if matches else 1.0


def _rules(linked: Linked) -> list[dict[str, Any]]:
    """Blocking rules in the order of their choice, with what each brings; of a given model the rules alone."""
    if linked.chosen_rules is None:
        return [rule.model_dump() for rule in linked.model.blocking.rule]
    return [
        gain.rule.model_dump()
        | {"pairs_per_record": round(gain.pairs_per_record, 4)}
        | {"expected_matches": round(gain.matches, 1), "expected_new_matches": round(gain.new_matches, 1)}
        for gain in linked.chosen_rules.gains
    ]


def _quality(people: People, truth: pa.Array, linked: Linked, bins: list[Bin]) -> dict[str, Any]:
    """How good the linkage is, measured against the truth that a column tells."""
    links = linked.links.filter(pc.equal(linked.links.column("decision"), "link"))
    left, right = _rows(people, links)
    source = codes(people.table.column("source")) if people.model.blocking.across else None
    scores = quality(codes(linked.cluster_members.column("cluster_id")), codes(truth), left, right, source)
    return {
        "pairs": scores.pairs.as_dict(),
        "clusters": scores.clusters.as_dict(),
        "b_cubed": scores.b_cubed.as_dict(),
        "exact_persons": round(scores.exact_persons, 6),
        "true_pairs": scores.true_pairs,
        "calibration_error": round(calibration_error(bins), 6),
    }


def _rows(people: People, links: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of both records of each link."""
    ids = people.table.column("record_id").combine_chunks()
    left, right = (pc.index_in(links.column(f"record_id_{side}"), ids).to_numpy() for side in "lr")
    return left, right


def _predicted_and_true(
    people: People, truth: pa.Array, linked: Linked, review_bits: float
) -> tuple[np.ndarray, np.ndarray]:
    """Probability of every pair from the review threshold on, and whether it is a match.

    Under the threshold only pairs are kept whose clusters hold together: they are no fair sample of their weight.
    """
    entity = codes(truth)
    links = linked.links.filter(pc.greater_equal(linked.links.column("match_weight"), review_bits))
    left, right = _rows(people, links)
    return links.column("match_probability").to_numpy(), entity[left] == entity[right]


class _Distributions(NamedTuple):
    """What the report draws of the links and the clusters."""

    weight: np.ndarray
    is_link: np.ndarray
    """of each kept pair"""
    sizes: np.ndarray
    """records of each person"""


def _distributions(linked: Linked) -> _Distributions:
    is_link = pc.equal(linked.links.column("decision"), "link").to_numpy()
    sizes = linked.clusters.column("n_records").to_numpy().copy()
    return _Distributions(linked.links.column("match_weight").to_numpy().copy(), is_link, sizes)


def _page(
    facts: Mapping[str, Any],
    model: Model,
    distributions: _Distributions,
    bins: Sequence[Bin],
    keys: Sequence[tuple[str, int, float]],
) -> str:
    return render_link_page(
        LinkStory(
            facts,
            model,
            *distributions,
            drift=facts["drift"],
            keys=keys,
            expected_recall=facts["expected_candidate_recall"],
            estimated_recall=facts["expected_recall"],
            calibration=[
                CalibrationBin(one_bin.predicted, one_bin.observed, one_bin.pairs, one_bin.low, one_bin.high)
                for one_bin in bins
            ],
        )
    )


def _keys(facts: Mapping[str, Any], linked: Linked) -> list[tuple[str, int, float]]:
    """Each chosen blocking rule in words, the pairs that it brings, and the matches that no rule before it brought."""
    if linked.chosen_rules is None:
        return []
    return [
        (" and ".join(gain.rule.keys), round(gain.pairs_per_record * facts["records"]), gain.new_matches)
        for gain in linked.chosen_rules.gains
    ]
