"""Ages as people count them: from birthday to birthday, by London's days."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.clock import LONDON

YEAR, MONTH = 372, 31  # days, were all months of 31: years and months are whole exactly on their days
LONDON_TIME = pa.timestamp("us", LONDON.key)


def calendar_days(days: pa.ChunkedArray) -> pa.ChunkedArray:
    """(rows,) int64 number of each date or moment; of two, the difference is a multiple of YEAR from birthday to birthday. Null for null."""
    years, months = pc.multiply(pc.year(days), YEAR), pc.multiply(pc.month(days), MONTH)
    return pc.add(pc.add(years, months), pc.day(days))
