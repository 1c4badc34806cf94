"""What the checks of a publication say of tables, without writing them."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.publish.checks import Checks
from pipeline.publish.rows import Rows
from schemas.tables import PUBLISHED


def problems_of(tables: Mapping[str, Rows]) -> list[str]:
    """What is wrong, in words and counts; nothing where all is well."""
    checks = Checks(tables)
    for table in PUBLISHED:
        list(checks.watch(table.name))
    return [*checks.within(), *checks.between()]
