"""The ways a record is named: every forename with every surname it has, then its aliases."""

from __future__ import annotations

import numpy as np
from numba import njit

MOST = 6


@njit(cache=True, nogil=True)
def alternatives(n, fore_start, fore, sur_start, sur, alias_start, alias_fore, alias_sur):
    """CSR of (forename, surname) codes a record, at most MOST; -1 is missing; a record without any name has none."""
    start = np.zeros(n + 1, np.int32)
    for i in range(n):
        f = fore_start[i + 1] - fore_start[i]
        s = sur_start[i + 1] - sur_start[i]
        plain = max(f, 1) * max(s, 1) if f + s > 0 else 0
        start[i + 1] = start[i] + min(plain + alias_start[i + 1] - alias_start[i], MOST)
    forename = np.empty(start[n], np.int32)
    surname = np.empty(start[n], np.int32)
    for i in range(n):
        at = start[i]
        f0, f1, s0, s1 = fore_start[i], fore_start[i + 1], sur_start[i], sur_start[i + 1]
        for x in range(max(f1 - f0, 1) if f1 - f0 + s1 - s0 > 0 else 0):
            for y in range(max(s1 - s0, 1)):
                if at < start[i + 1]:
                    forename[at] = fore[f0 + x] if f1 > f0 else -1
                    surname[at] = sur[s0 + y] if s1 > s0 else -1
                    at += 1
        for x in range(alias_start[i], alias_start[i + 1]):
            if at < start[i + 1]:
                forename[at] = alias_fore[x]
                surname[at] = alias_sur[x]
                at += 1
    return start, forename, surname
