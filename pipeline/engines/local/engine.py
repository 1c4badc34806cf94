"""The local engine behind the port."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from pipeline.core.cores import usable_cores
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.local.counted import frequency_table
from pipeline.engines.local.going_on import GoingOn
from pipeline.engines.local.workspace import LocalWorkspace
from pipeline.engines.port import KnowingWorkspace, Known
from schemas.model import Model


class LocalEngine:
    """Numba kernels on as many threads as the process may use cores; the result does not depend on how many."""

    name = "local"

    def __init__(self, groups: Mapping[str, tuple[str, ...]], threads: int | None = None) -> None:
        self._groups = groups
        self._threads = threads or usable_cores()

    def load(self, table: pa.Table, model: Model) -> LocalWorkspace:
        """Encode the table."""
        return LocalWorkspace(table, model, self._groups, self._threads)

    def load_knowing(self, table: pa.Table, model: Model, known: Known) -> KnowingWorkspace:
        """Encode the table, or of one that follows another what is needed."""
        if known.before is None:
            return LocalWorkspace(table, model, self._groups, self._threads, known.frequencies, is_remembering=True)
        return GoingOn(table, model, self._groups, self._threads, known.frequencies, known.before)

    def frequency_table(self, table: pa.Table, model: Model) -> FrequencyTable:
        """How common the table's values are."""
        return frequency_table(table, model)
