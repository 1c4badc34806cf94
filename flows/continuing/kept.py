"""What a night keeps for the next one, so that only what is new or changed is worked on again.

``<home>/kept/<run_id>`` belongs to the publication of that name: a night goes on from what lies beside the current one,
and from nothing else. Where that is gone, damaged or of another program, the night is a full one and gives the same.
Nothing here is needed to read a publication, and all of it may be deleted at any time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.durable import checksum_of, make_folder, sync_file, sync_folder, write_synced
from pipeline.core.log import log
from pipeline.core.parquet import ARROW, AT_ONCE
from pipeline.core.places import Home
from pipeline.engines.frequency_table import FrequencyTable, from_rows
from pipeline.engines.patterns import Patterns
from pipeline.engines.port import ScoredPairs
from pipeline.link.kept import KeptAnswers, LinkKept
from pipeline.link.second_pass import Questions

FORMAT = 4
LINK, FACTS = "link", "kept.json"
FREQUENCIES, RECORDS, ANSWERS = "frequencies.arrow", "records.arrow", "answers.arrow"
PAIRS, PATTERNS = "pairs.arrow", "patterns.arrow"
CLUSTER = "cluster_before"
DAMAGED = (OSError, ValueError, KeyError, TypeError, IndexError, pa.ArrowException)


def write_tables(folder: Path, tables: Mapping[str, pa.Table], facts: Mapping[str, Any]) -> None:
    """Write a folder anew, whole or not at all; ``read_kept_table`` reads each table back."""
    new = folder.with_name(f".new-{folder.name}")
    shutil.rmtree(new, ignore_errors=True)
    make_folder(new, 0o700)
    checksums = {}
    for name, table in tables.items():
        with pa.OSFile(str(new / name), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
        sync_file(new / name)
        checksums[name] = checksum_of(new / name)
    write_synced(new / FACTS, json.dumps({"format": FORMAT, **facts, "checksums": checksums}))
    shutil.rmtree(folder, ignore_errors=True)
    new.replace(folder)
    sync_folder(folder.parent)


def read_facts(folder: Path) -> dict[str, Any] | None:
    """The facts noted of a folder; None if there are none, if they are of another format, or cannot be read."""
    try:
        facts: dict[str, Any] = json.loads((folder / FACTS).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except DAMAGED:
        log("kept state damaged", folder=folder.name)
        return None
    return facts if isinstance(facts, dict) and facts.get("format") == FORMAT else None


def read_kept_table(folder: Path, name: str, facts: Mapping[str, Any]) -> pa.Table | None:
    """One table; None if it is not byte by byte the one that was written."""
    try:
        if checksum_of(folder / name) == facts["checksums"][name]:
            with pa.memory_map(str(folder / name)) as source:
                return pa.ipc.open_file(source).read_all()
    except DAMAGED:
        pass
    log("kept state damaged", folder=folder.name, file=name)
    return None


def keep_link(home: Home, run_id: str, kept: LinkKept, facts: Mapping[str, Any]) -> None:
    """Keep what linking hands on."""
    if kept.records is None or kept.pairs is None or kept.answers is None or kept.memory is None:
        raise ValueError("nothing was linked")
    pairs, questions = kept.pairs, kept.answers.questions
    columns: dict[str, pa.Array] = {name: pa.array(getattr(pairs, name)) for name in ("left", "right", "weight")}
    columns["pattern"] = pa.array(pairs.patterns.of)
    levels = {
        f"level_{position}": pa.array(np.ascontiguousarray(level))
        for position, level in enumerate(pairs.patterns.levels.T)
    }
    records = kept.records.append_column(CLUSTER, pa.array(kept.answers.cluster_of.astype(np.int32)))
    answers = pa.table({name: pa.array(getattr(questions, name)) for name in ("low", "high", "together")})
    engine_tables = {f"{name}{ARROW}": table for name, table in kept.memory.items()}
    tables = {
        FREQUENCIES: kept.frequencies.rows(),
        RECORDS: records,
        PAIRS: pa.table(columns),
        PATTERNS: pa.table(levels),
        ANSWERS: answers,
    }
    link_facts = {
        **facts,
        "policy": kept.answers.policy,
        "candidates": pairs.candidates,
        "engine": list(engine_tables),
        "frequencies": kept.frequencies.numbers(),
    }
    write_tables(home.kept / run_id / LINK, {**tables, **engine_tables}, link_facts)


def kept_frequencies(home: Home, run_id: str) -> FrequencyTable | None:
    """The frequency table that a publication was linked with."""
    folder = home.kept / run_id / LINK
    facts = read_facts(folder)
    rows = read_kept_table(folder, FREQUENCIES, facts) if facts else None
    try:
        return from_rows(rows, facts["frequencies"]) if facts and rows is not None else None
    except DAMAGED:
        return None


def kept_link(home: Home, run_id: str, frequencies: FrequencyTable) -> LinkKept | None:
    """The records, pairs and answers of a publication; None where they cannot be read."""
    folder = home.kept / run_id / LINK
    facts = read_facts(folder)
    if facts is None:
        return None
    try:
        names = (RECORDS, PAIRS, PATTERNS, ANSWERS, *facts["engine"])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            pool_results = pool.map(lambda name: read_kept_table(folder, name, facts), names)
            read = [table for table in pool_results if table is not None]
        if len(read) < len(names):
            return None
        records, pairs, patterns, question_table, *engine_tables = read
        remembered = {
            name.removesuffix(ARROW): table for name, table in zip(facts["engine"], engine_tables, strict=True)
        }
        questions = Questions(*(question_table.column(name).to_numpy() for name in ("low", "high", "together")))
        answers = KeptAnswers(facts["policy"], records.column(CLUSTER).to_numpy(), questions)
        left, right, weight = (pairs.column(name).to_numpy() for name in ("left", "right", "weight"))
        levels = np.ascontiguousarray(np.stack([column.to_numpy() for column in patterns.columns], axis=1))
        kept_patterns = Patterns(levels, pairs.column("pattern").to_numpy())
        scored = ScoredPairs(left, right, kept_patterns, weight, facts["candidates"])
        return LinkKept(frequencies, records.drop_columns([CLUSTER]), remembered, scored, answers)
    except DAMAGED:
        return None


def forget_others(home: Home, *run_ids: str) -> None:
    """Remove what belongs to other runs than these."""
    for folder in home.kept.iterdir() if home.kept.is_dir() else ():
        if folder.name not in run_ids:
            shutil.rmtree(folder, ignore_errors=True)


def damage(home: Home, run_id: str) -> str | None:
    """What keeps the next night from going on from a publication; None where nothing does."""
    folders = [path.parent for path in sorted((home.kept / run_id).rglob(FACTS))]
    if home.kept / run_id / LINK not in folders:
        return "there is none for it"
    for folder in folders:
        facts = read_facts(folder)
        if facts is None or any(read_kept_table(folder, name, facts) is None for name in facts["checksums"]):
            return f"{folder.name} is damaged, or of another version"
    return None
