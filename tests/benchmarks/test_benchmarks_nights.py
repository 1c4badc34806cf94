"""Nights in a row: exports that move on with their truth, and ids that never mean a stranger."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.night_checks import ids_of_strangers
from benchmarks.night_exports import Drift, Exports

ROWS = 200


def london(place: Path) -> Exports:
    """One CSV file, a person a row."""
    (place / "exports" / "cris").mkdir(parents=True)
    (place / "truth").mkdir()
    text = "Ref,Name\n" + "".join(f"{n},Name{n:03d}abc\n" for n in range(ROWS))
    (place / "exports" / "cris" / "camden.csv").write_text(text, "utf-8")
    rows = [
        {"file": "cris/camden.csv", "sheet": None, "row_number": n + 2, "part": 1, "true_person_id": f"T{n}"}
        for n in range(ROWS)
    ]
    pq.write_table(pa.Table.from_pylist(rows), place / "truth" / "records.parquet")
    exports = Exports(place, Drift(0.05, 0.05, 0.05), 1, 3)
    exports.begin()
    return exports


def test_a_row_keeps_its_truth_wherever_it_stands(tmp_path: Path) -> None:
    exports = london(tmp_path)
    texts = []
    for night in range(4):
        exports.write(night)
        texts.append((tmp_path / "exports" / "cris" / "camden.csv").read_bytes())
    assert len(set(texts)) == 4
    for text in texts:
        sha256 = hashlib.sha256(text).hexdigest()
        for number, line in enumerate(text.decode().splitlines()[1:], start=2):
            assert exports.truth_of("cris/camden.csv", sha256, None, number, 1) == f"T{line.split(',')[0]}"


def test_an_export_can_be_cut_short(tmp_path: Path) -> None:
    exports = london(tmp_path)
    exports.write(0, held="cris/camden.csv")
    assert len((tmp_path / "exports" / "cris" / "camden.csv").read_text("utf-8").splitlines()) == 4


def test_an_id_of_two_persons_counts_unless_they_were_linked_at_some_time() -> None:
    first = {"r1": ("P1", "anna"), "r2": ("P2", "bea")}
    assert ids_of_strangers([first, {"r2": ("P1", "bea")}]) == (2, 1)
    together = {"r1": ("P1", "anna"), "r2": ("P1", "bea")}
    assert ids_of_strangers([first, together, {"r2": ("P1", "bea")}]) == (2, 0)
