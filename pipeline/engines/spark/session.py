"""Find a Spark session, or start one for as long as it is needed."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.errors import SettingsError, StorageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL, CLUSTER = "local[*]", "spark://"
LOGGING = Path(__file__).with_name("log4j2.properties")
QUICK_TO_START = (
    "-XX:TieredStopAtLevel=1"  # the work is done in Python: more compiling of Spark itself costs more than it brings
)
JAVA_ADVICE = (
    "Install Java 17 (on Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME, or take --engine local."
)
MEMORY_ADVICE = (
    "Did memory run out? Give more, or let fewer workers work at a time (SPARK_MASTER='local[1]'); then run again."
)
FAULT_ADVICE = "Run again; if it fails there again, take --engine local and tell the maintainers this line."
MASTER_ADVICE = (
    "Start it, or correct SPARK_MASTER or spark.master in spark-defaults.conf, which name it; or take --engine local."
)
OLDEST_JAVA = 17
JAVA_SECONDS = 60  # as long as a machine at its limit may take to start it
MASTER_SECONDS = 5


def check_spark() -> str:
    """That Spark can be started here: told with versions, and where it would run.

    Raises:
        SettingsError: If pyspark or Java is not there, Java is older than pyspark takes, or no master of a cluster answers.
    """
    if importlib.util.find_spec("pyspark") is None:
        advice = "Install boroughlink with its extra: pip install 'boroughlink[spark]'; or take --engine local."
        raise SettingsError("engine spark", "needs pyspark, which is not installed.", advice)
    java = find_java()
    if java is None:
        raise SettingsError("engine spark", f"needs Java, which is not found{_looked()}.", JAVA_ADVICE)
    java_version = _version_of(java)
    if java_version is None:
        raise SettingsError("engine spark", f"needs Java, and {java} does not start.", JAVA_ADVICE)
    if java_version < OLDEST_JAVA:
        problem = f"needs Java {OLDEST_JAVA} or newer, and {java} is Java {java_version}."
        raise SettingsError("engine spark", problem, JAVA_ADVICE)
    if not _answers(_master()):
        raise SettingsError("engine spark", f"no master answers at {_master()}.", MASTER_ADVICE)
    return f"pyspark {version('pyspark')}, Java {java_version}, master {_master()}"


def _answers(master: str) -> bool:
    """Whether one of the masters of a cluster of Spark's own takes a connection; of others only Spark can tell.

    Spark itself would try for a minute, once all is read, and say no more than that it gave up.
    """
    if not master.startswith(CLUSTER):
        return True
    for place in master.removeprefix(CLUSTER).split(","):
        host, _, port = place.strip().rpartition(":")
        with suppress(OSError, ValueError, OverflowError):
            socket.create_connection((host.strip("[]"), int(port)), MASTER_SECONDS).close()
            return True
    return False


def find_java() -> str | None:
    """The Java that Spark would start: that of JAVA_HOME, or else the one on the path."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home) / "bin") if home else None)


def _looked() -> str:
    home = os.environ.get("JAVA_HOME")
    return f" in JAVA_HOME ({home})" if home else ""


@functools.cache
def _version_of(java: str) -> int | None:
    """The main version that Java tells of itself; None where it cannot."""
    with suppress(OSError, subprocess.TimeoutExpired):
        told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=JAVA_SECONDS, check=False)  # noqa: S603
        if found := re.search(r'version "(?:1\.)?(\d+)', told.stderr):
            return int(found[1])
    return None


@contextmanager
def spark_session() -> Iterator[SparkSession]:
    """The session that is active; else a new one, which is stopped afterwards and leaves nothing behind.

    Where no master is named (SPARK_MASTER, or spark.master in spark-defaults.conf) it has this machine's cores for itself.

    Raises:
        SettingsError: If Spark does not start.
        StorageError: If it does not finish.
    """
    from py4j.protocol import Py4JError  # noqa: PLC0415  (an extra)
    from pyspark import SparkConf  # noqa: PLC0415
    from pyspark.errors import PySparkException  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    gone = (PySparkException, Py4JError, ConnectionError)
    with ExitStack() as ending:
        spark = SparkSession.getActiveSession()
        if spark is None:
            folder = ending.enter_context(tempfile.TemporaryDirectory(prefix="boroughlink-spark-"))
            conf = SparkConf().setAppName("boroughlink").setAll(list(_settings(folder).items()))
            try:
                spark = SparkSession.builder.config(conf=conf).getOrCreate()
            except gone:
                problem = f"Spark does not start with master {_master()}; it says above why."
                raise SettingsError("engine spark", problem, MASTER_ADVICE) from None
            ending.callback(_stop, spark)
        try:
            yield spark
        except gone as error:
            raise _told(error) from None


def _stop(spark: SparkSession) -> None:
    with suppress(Exception):  # where Java has ended before, pyspark meets whatever it finds
        spark.stop()


def _told(error: Exception) -> StorageError:
    """What became of a job that failed, without the text of the error."""
    text = str(error)
    if failed := re.search(r"WorkerError: (\w+), (.+)", text):
        problem = f"a worker failed ({failed[1]}, {failed[2].strip()})."
        return StorageError("engine spark", problem, MEMORY_ADVICE if failed[1] == "MemoryError" else FAULT_ADVICE)
    if "exited unexpectedly" in text:
        return StorageError("engine spark", "a worker process died.", MEMORY_ADVICE)
    if isinstance(error, ConnectionError) or type(error).__name__ == "Py4JNetworkError":
        return StorageError("engine spark", "Java ended in the middle of the work.", MEMORY_ADVICE)
    problem = f"Spark gave up ({type(error).__name__}); its own messages above say why."
    return StorageError("engine spark", problem, FAULT_ADVICE)


def _settings(folder: str) -> dict[str, str]:
    """Settings of a new session; one on this machine keeps to it, and its files to the folder."""
    master = _master()
    settings = {
        "spark.master": master,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.maxResultSize": "0",  # the pairs above the floor are the driver's, however many
    }
    if not master.startswith("local"):
        return settings | {"spark.log.level": "ERROR"}
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    return settings | {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={LOGGING.as_uri()} {QUICK_TO_START}",
        "spark.local.dir": folder,
        "spark.sql.warehouse.dir": folder,
    }


def _master() -> str:
    if named := os.environ.get("SPARK_MASTER") or os.environ.get("MASTER"):
        return named
    folder = os.environ.get("SPARK_CONF_DIR") or (
        os.environ.get("SPARK_HOME") and str(Path(os.environ["SPARK_HOME"]) / "conf")
    )
    defaults = Path(folder or "nowhere") / "spark-defaults.conf"
    lines = defaults.read_text("utf-8").splitlines() if defaults.is_file() else []
    values = [line.replace("=", " ", 1).split() for line in lines]
    return next((value[1] for value in values if len(value) == 2 and value[0] == "spark.master"), LOCAL)
