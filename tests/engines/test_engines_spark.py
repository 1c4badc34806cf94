"""The Spark engine as users meet it: the command line, in processes of its own."""

from __future__ import annotations

import random
import socket
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import boroughlink
from failing_workers import QUOTED, failing_workers

from pipeline.engines.spark.session import find_java

pytestmark = pytest.mark.spark
FIRST = ["ANNA", "JOHN", "MARY", "OMAR", "LEILA", "PETER", "GRACE", "IBRAHIM", "SOFIA", "THOMAS"]
LAST = ["SMITH", "JONES", "KHAN", "OKAFOR", "NOWAK", "PATEL", "BROWN", "DIALLO", "GREEN", "WALKER"]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Two hundred people, each twice, the second time with a letter of the surname left out."""
    chance, rows = random.Random(3), []
    for number in range(200):
        forename, surname = chance.choice(FIRST), chance.choice(LAST)
        born = f"{chance.randint(1950, 2010)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        shared = {
            "forename": forename,
            "date_of_birth": born,
            "postcode": f"E{chance.randint(1, 17)} {number % 9 + 1}AA",
        }
        rows.append({"record_id": f"{number}a", "surname": surname, **shared})
        rows.append({"record_id": f"{number}b", "surname": surname[:2] + surname[3:], **shared})
    path = tmp_path / "people.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_spark_gives_the_clusters_links_and_model_of_the_local_engine_to_the_byte(people: Path, tmp_path: Path) -> None:
    if not find_java():
        pytest.skip("this machine has no Java")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for engine in ("local", "spark"):
        out = str(tmp_path / engine)
        done = boroughlink("link", str(people), "--out", out, "--engine", engine, "--json", TMPDIR=str(temporary))
        assert done.code == 0, done.err
        said = [line for line in done.err.splitlines() if "incubator modules" not in line]  # which Java itself says
        assert said == []
    for name in ("clusters.parquet", "links.parquet", "model.toml"):
        ours, theirs = ((tmp_path / engine / name).read_bytes() for engine in ("local", "spark"))
        assert ours == theirs, name
    assert pq.read_table(tmp_path / "spark" / "links.parquet").num_rows > 100
    assert not list(temporary.glob("*spark*"))


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("raise", "engine spark: a worker failed (ValueError, sitecustomize.py line "),
        ("die", "engine spark: a worker process died. Did memory run out?"),
        ("java", "engine spark: Java ended in the middle of the work. Did memory run out?"),
    ],
)
def test_work_that_fails_on_spark_is_told_without_what_it_quotes_and_leaves_nothing_behind(
    people: Path, tmp_path: Path, how: str, told: str
) -> None:
    if not find_java():
        pytest.skip("this machine has no Java")
    (temporary := tmp_path / "temporary").mkdir()
    command = ("link", str(people), "--out", str(tmp_path / "out"), "--engine", "spark")
    done = boroughlink(*command, TMPDIR=str(temporary), **failing_workers(tmp_path / "hook", how))
    assert done.code == 1
    assert told in done.err.splitlines()[-1]
    assert QUOTED not in done.err
    assert not (tmp_path / "out").exists()
    assert not list(temporary.glob("boroughlink-spark-*"))


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """A file that is not there, which would be told if anything was read."""
    return str(tmp_path / "nowhere.csv")


def test_without_java_the_command_says_before_it_reads_what_to_install(nowhere: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    command = ("link", nowhere, "--out", str(tmp_path / "out"), "--engine", "spark")
    done = boroughlink(*command, PATH=str(tmp_path / "empty"), JAVA_HOME="")
    assert done.code == 2
    assert "openjdk-17-jre-headless" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("echo 'openjdk version \"11.0.2\" 2019-01-15' >&2", "needs Java 17 or newer, and {java} is Java 11."),
        ("echo 'java version \"1.8.0_202\"' >&2", "needs Java 17 or newer, and {java} is Java 8."),
        ("exit 1", "needs Java, and {java} does not start."),
    ],
)
def test_a_java_that_spark_cannot_take_is_told_with_its_place_before_anything_is_read(
    nowhere: str, tmp_path: Path, says: str, told: str
) -> None:
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\n{says}\n")
    java.chmod(0o755)
    command = ("link", nowhere, "--out", str(tmp_path / "out"), "--engine", "spark")
    done = boroughlink(*command, JAVA_HOME=str(tmp_path / "jdk"))
    assert done.code == 2
    assert told.format(java=java) in done.err


def test_a_master_that_does_not_answer_is_told_as_one_before_anything_is_read(nowhere: str, tmp_path: Path) -> None:
    if not find_java():
        pytest.skip("this machine has no Java")
    command = ("link", nowhere, "--out", str(tmp_path / "out"), "--engine", "spark")
    with socket.create_server(("127.0.0.1", 0)) as free:
        taken = f"spark://127.0.0.1:{free.getsockname()[1]}"
        assert "no master answers" not in boroughlink(*command, SPARK_MASTER=f"spark://127.0.0.1:1,{taken[8:]}").err
    for master in (taken, "spark://127.0.0.1", "spark://127.0.0.1:port,127.0.0.1:1"):
        done = boroughlink(*command, SPARK_MASTER=master)
        assert done.code == 2
        assert f"engine spark: no master answers at {master}. Start it, or correct SPARK_MASTER" in done.err
        assert "Java" not in done.err


def test_without_pyspark_the_command_names_the_extra_before_it_reads(nowhere: str, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['pyspark'] = None\n")
    command = ("link", nowhere, "--out", str(tmp_path / "out"), "--engine", "spark")
    done = boroughlink(*command, PYTHONPATH=str(hidden))
    assert done.code == 2
    assert "boroughlink[spark]" in done.err
