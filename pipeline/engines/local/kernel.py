"""How kernels are compiled.

``kernel``: no reference counting. The arrays belong to the caller, and nothing is allocated inside. With it, numba
counts every array of every tuple up and down for every pair, on counters that all threads share: ten times the
work of the comparison itself. ``inner`` is copied into the kernel that calls it.
"""

from __future__ import annotations

from numba import njit

kernel = njit(cache=True, nogil=True, _nrt=False)  # type: ignore[call-overload]
inner = njit(inline="always")
