"""The engines by name."""

from __future__ import annotations

from pipeline.core.errors import SettingsError
from pipeline.core.places import REFERENCE
from pipeline.core.reference import name_groups
from pipeline.engines.port import Engine


def engine_of(name: str) -> Engine:
    """The engine of that name, with the nicknames and variants of ``data/reference``.

    Raises:
        SettingsError: If there is none, or what it needs is not installed.
    """
    if name == "local":
        from pipeline.engines.local.engine import LocalEngine  # noqa: PLC0415  (slow to import)

        return LocalEngine(name_groups(REFERENCE))
    if name == "recordlinkage":
        from pipeline.engines.recordlinkage_engine import RecordlinkageEngine  # noqa: PLC0415  (slow to import)

        return RecordlinkageEngine(name_groups(REFERENCE))
    if name == "spark":
        from pipeline.engines.spark.engine import SparkEngine  # noqa: PLC0415  (slow to import)

        return SparkEngine(name_groups(REFERENCE))
    raise SettingsError("engine", f"{name!r} is none.", "Name local, spark or recordlinkage.")
