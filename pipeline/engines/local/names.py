"""The ways a record is named: every forename with every surname it has, then its aliases."""

from __future__ import annotations

import numpy as np
from numba import njit

MOST_NAMINGS = 6


@njit(cache=True, nogil=True)
def alternatives(n, fore_start, fore, sur_start, sur, alias_start, alias_fore, alias_sur):
    """CSR of (forename, surname) codes a record, at most MOST_NAMINGS; -1 is missing; a record without any name has none."""
    start = np.zeros(n + 1, np.int32)
    for record in range(n):
        n_forenames = fore_start[record + 1] - fore_start[record]
        n_surnames = sur_start[record + 1] - sur_start[record]
        n_plain = max(n_forenames, 1) * max(n_surnames, 1) if n_forenames + n_surnames > 0 else 0
        start[record + 1] = start[record] + min(n_plain + alias_start[record + 1] - alias_start[record], MOST_NAMINGS)
    forename = np.empty(start[n], np.int32)
    surname = np.empty(start[n], np.int32)
    for record in range(n):
        filled = start[record]
        forename_first, forename_end, surname_first, surname_end = (
            fore_start[record],
            fore_start[record + 1],
            sur_start[record],
            sur_start[record + 1],
        )
        for nth_forename in range(
            max(forename_end - forename_first, 1)
            if forename_end - forename_first + surname_end - surname_first > 0
            else 0
        ):
            for nth_surname in range(max(surname_end - surname_first, 1)):
                if filled < start[record + 1]:
                    forename[filled] = fore[forename_first + nth_forename] if forename_end > forename_first else -1
                    surname[filled] = sur[surname_first + nth_surname] if surname_end > surname_first else -1
                    filled += 1
        for nth_forename in range(alias_start[record], alias_start[record + 1]):
            if filled < start[record + 1]:
                forename[filled] = alias_fore[nth_forename]
                surname[filled] = alias_sur[nth_forename]
                filled += 1
    return start, forename, surname
