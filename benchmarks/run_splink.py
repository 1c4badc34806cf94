"""Splink on one data set, in a process of its own: ``python -m benchmarks.run_splink FAMILY RECORDS OUT``.

Writes clusters.parquet (record_id, person_id), pairs.parquet (record_id_l, record_id_r, match_weight, match_probability)
and facts.json. With ``--candidates TRUTH`` it only counts the pairs that its blocking rules bring together, and how many of
the true pairs are among them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from splink import DuckDBAPI, Linker, SettingsCreator

from benchmarks.splink_models import SplinkModel, splink_model

FLOOR = 0.01  # pairs below are not kept: low enough that the best threshold lies above


def link(family: str, records: Path, out: Path) -> None:
    """Train, predict and cluster as the demos do, and write the answer."""
    model = splink_model(family)
    _, linker = _linker(model, records)
    train = linker.training
    train.estimate_probability_two_random_records_match(list(model.deterministic), recall=model.recall)
    train.estimate_u_using_random_sampling(max_pairs=model.max_pairs, seed=model.seed)
    for rule in model.training:
        train.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=model.is_without_frequencies
        )
    pairs = linker.inference.predict(threshold_match_probability=FLOOR)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, model.cluster_probability)
    ids = "unique_id_l AS record_id_l, unique_id_r AS record_id_r, match_weight, match_probability"
    pairs.query_sql(f"SELECT {ids} FROM {{this}}").to_parquet(str(out / "pairs.parquet"))  # type: ignore[no-untyped-call]
    members = clusters.query_sql("SELECT unique_id AS record_id, cluster_id AS person_id FROM {this}")
    members.to_parquet(str(out / "clusters.parquet"))  # type: ignore[no-untyped-call]
    (out / "facts.json").write_text(json.dumps({"link_probability": model.cluster_probability}), "utf-8")


def count_candidates(family: str, records: Path, out: Path, truth: Path) -> None:
    """Candidate pairs, and the share of the true pairs that is among them."""
    model = splink_model(family)
    api, linker = _linker(model, records)
    blocked = linker.inference.compute_blocked_pairs_for_predict().physical_name
    api.duckdb_con.execute(f"CREATE VIEW truth AS SELECT * FROM read_parquet('{truth}')")
    is_link = "source_dataset" in pq.read_schema(truth).names
    key = "source_dataset || '-__-' || unique_id" if is_link else "unique_id"
    counts = api.duckdb_con.execute(f"""
        WITH person AS (SELECT {key} AS join_key, entity_id FROM truth)
        SELECT count(*), count(*) FILTER (l.entity_id = r.entity_id)
        FROM {blocked} AS pair JOIN person AS l ON join_key_l = l.join_key JOIN person AS r ON join_key_r = r.join_key
    """).fetchall()[0]
    facts = {"candidate_pairs": counts[0], "true_candidate_pairs": counts[1]}
    (out / "candidates.json").write_text(json.dumps(facts), "utf-8")


def _linker(model: SplinkModel, records: Path) -> tuple[DuckDBAPI, Linker]:
    api = DuckDBAPI()
    table = pq.read_table(records)
    parts = [table]
    if is_link := "source_dataset" in table.column_names:
        parts = [table.filter(pc.equal(table["source_dataset"], name)).drop_columns("source_dataset") for name in "ab"]
    if model.full_name:
        with_full_name = "*, first_name || ' ' || surname AS first_name_surname_concat"
        parts = [api.duckdb_con.from_arrow(part).project(with_full_name) for part in parts]
    registered = [api.register(part, dataset_display_name=name) for part, name in zip(parts, "ab", strict=False)]
    settings = SettingsCreator(
        link_type="link_only" if is_link else "dedupe_only",
        blocking_rules_to_generate_predictions=list(model.blocking),
        comparisons=list(model.comparisons),
    )
    return api, Linker(registered if is_link else registered[0], settings)


def main(arguments: Sequence[str]) -> None:
    family, records, out, *options = arguments
    Path(out).mkdir(parents=True, exist_ok=True)
    if options:
        count_candidates(family, Path(records), Path(out), Path(options[1]))
    else:
        link(family, Path(records), Path(out))


if __name__ == "__main__":
    main(sys.argv[1:])
