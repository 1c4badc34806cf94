"""The Spark engine behind the port."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from pipeline.core.cores import usable_cores
from pipeline.engines.spark.session import check_spark
from pipeline.engines.spark.workspace import SparkWorkspace
from schemas.model import Model


class SparkEngine:
    """The kernels of the local engine on the workers of a Spark cluster; the result does not depend on how many there are.

    Raises:
        SettingsError: If pyspark or Java is not there.
    """

    name = "spark"

    def __init__(self, groups: Mapping[str, tuple[str, ...]], records_a_part: int | None = None) -> None:
        check_spark()
        self._groups, self._records_a_part = groups, records_a_part

    def load(self, table: pa.Table, model: Model) -> SparkWorkspace:
        """Encode the table; Spark is started when its pairs are scored."""
        return SparkWorkspace(table, model, self._groups, usable_cores(), self._records_a_part)
