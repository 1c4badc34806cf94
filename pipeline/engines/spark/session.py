"""Find a Spark session, or start one for as long as it is needed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.errors import SettingsError, StorageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL = "local[*]"
LOGGING = Path(__file__).with_name("log4j2.properties")
QUICK_TO_START = (
    "-XX:TieredStopAtLevel=1"  # the work is done in Python: more compiling of Spark itself costs more than it brings
)
JAVA_ADVICE = (
    "Install Java 17 (on Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME, or take --engine local."
)


def check_spark() -> None:
    """That Spark can be started here.

    Raises:
        SettingsError: If pyspark or Java is not there.
    """
    if importlib.util.find_spec("pyspark") is None:
        advice = "Install boroughlink with its extra: pip install 'boroughlink[spark]'; or take --engine local."
        raise SettingsError("engine spark", "needs pyspark, which is not installed.", advice)
    if not has_java():
        raise SettingsError("engine spark", "needs Java, which is not found.", JAVA_ADVICE)


def has_java() -> bool:
    """Whether Java is where Spark looks for it: in JAVA_HOME, or else on the path."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home) / "bin") if home else None) is not None


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

    with ExitStack() as ending:
        spark = SparkSession.getActiveSession()
        if spark is None:
            folder = ending.enter_context(tempfile.TemporaryDirectory(prefix="boroughlink-spark-"))
            conf = SparkConf().setAppName("boroughlink").setAll(list(_settings(folder).items()))
            try:
                spark = SparkSession.builder.config(conf=conf).getOrCreate()
            except (PySparkException, Py4JError):
                raise SettingsError("engine spark", "Spark does not start; it says above why.", JAVA_ADVICE) from None
            ending.callback(spark.stop)
        try:
            yield spark
        except (PySparkException, Py4JError) as error:
            problem = f"Spark gave up ({type(error).__name__})."
            raise StorageError("engine spark", problem, "Its own messages above say why.") from error


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
