"""The threads of a workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")


class Workers:
    """So many threads; kernels work on them side by side, for they hold no lock of the interpreter."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="link")

    def map(self, work: Callable[[Part], Result], parts: Iterable[Part]) -> list[Result]:
        """Results of the work on each part, in the order of the parts."""
        return list(self._pool.map(work, parts))

    def each(self, work: Callable[[int], Result]) -> list[Result]:
        """Results of the work of each thread, which gets its number."""
        return self.map(work, range(self.count))
