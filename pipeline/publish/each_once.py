"""Keys that must be unique: checked while the rows pass by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from pipeline.core.parquet import has_each_once


class EachOnce:
    """Whether rows that come in parts are in order by the key, without nulls in it, and no key comes twice."""

    def __init__(self, key: tuple[str, ...]) -> None:
        self.key, self.holds = key, True

    def watch(self, parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the parts as they are, after checking them."""
        last = None
        for part in parts:
            if self.holds and len(part):
                keys = part.select(list(self.key))
                seam = keys.slice(0, 1) if last is None else pa.concat_tables([last, keys.slice(0, 1)])
                self.holds = has_each_once(keys, self.key) and has_each_once(seam, self.key)
                last = keys.slice(len(keys) - 1)
            yield part
