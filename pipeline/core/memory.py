"""Memory that is no longer used goes back to the system, so that the peak of a run is what its stages need."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
from collections.abc import Callable


def give_back() -> None:
    """Let the C library return what it keeps of freed memory; cheap, and nothing where it has no such call."""
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], int]:
    try:
        return ctypes.CDLL(ctypes.util.find_library("c")).malloc_trim
    except (OSError, AttributeError):  # another C library than glibc
        return lambda _: 0
