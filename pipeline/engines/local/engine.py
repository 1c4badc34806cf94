"""The local engine behind the port."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from pipeline.core.cores import usable_cores
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.local.counted import frequency_table
from pipeline.engines.local.incremental import LocalIncrementalWorkspace
from pipeline.engines.local.workspace import LocalWorkspace
from pipeline.engines.port import IncrementalWorkspace, PriorKnowledge
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

    def load_incremental(self, table: pa.Table, model: Model, knowledge: PriorKnowledge) -> IncrementalWorkspace:
        """Encode the table, or of one that follows another what is needed."""
        if knowledge.earlier is None:
            return LocalWorkspace(table, model, self._groups, self._threads, knowledge.frequencies, keeps_tokens=True)
        return LocalIncrementalWorkspace(
            table, model, self._groups, self._threads, knowledge.frequencies, knowledge.earlier
        )

    def frequency_table(self, table: pa.Table, model: Model) -> FrequencyTable:
        """How common the table's values are."""
        return frequency_table(table, model, self._groups)
