"""Memory that is no longer used goes back to the system, so that the peak of a run is what its stages need."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import gc
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa

SELDOM = (50_000, 50, 50)


def give_back() -> None:
    """Let the C library return what it keeps of freed memory; cheap, and nothing where it has no such call."""
    _trim()(0)


def peak_mb() -> float:
    """Most memory that this process has held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def few_cycles() -> Iterator[None]:
    """A command that ends some time and makes few reference cycles: Python looks for them seldom.

    Every look goes through all objects of all imported packages: a twentieth of the time of a linkage, a tenth of a night's.
    """
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def memory_of_the_system() -> Iterator[None]:
    """Arrow takes memory from the C library, not from a pool of its own.

    Where several threads make and drop tables of some megabytes, which is how exports are read and validated, that pool gives back and takes
    again what it needs all the time: a tenth of the work.
    """
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)
        give_back()


@functools.cache
def _trim() -> Callable[[int], int]:
    try:
        return ctypes.CDLL(ctypes.util.find_library("c")).malloc_trim
    except (OSError, AttributeError):  # another C library than glibc
        return lambda _: 0
