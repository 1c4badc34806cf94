"""Identifiers with valid check letters, for people who do not exist."""

from __future__ import annotations

import random

POLICE_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"
SCHOOL_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


def pnc_id(year: int, serial: int) -> str:
    """PNC ID in canonical form, such as 2003/0011985X."""
    return f"{year}/{serial:07d}{POLICE_LETTERS[int(f'{year % 100:02d}{serial:07d}') % 23]}"


def cro_number(year: int, serial: int) -> str:
    """CRO number, such as 265416/21G."""
    letter = POLICE_LETTERS[int(f"{year % 100:02d}{serial:06d}") % 23]
    return f"{serial}/{year % 100:02d}{letter}"


def asn(year: int, unit: str, serial: int) -> str:
    """Arrest summons number, such as 11/01ZD/01/448754K."""
    letter = POLICE_LETTERS[int(f"0101{year % 100:02d}{serial:011d}") % 23]
    return f"{year % 100:02d}/01{unit}/01/{serial}{letter}"


def nhs_number(random_: random.Random) -> str:
    """NHS number of ten digits in the test range that begins with 9."""
    while True:
        digits = [9] + [random_.randrange(10) for _ in range(8)]
        check = (11 - sum(digit * (10 - at) for at, digit in enumerate(digits)) % 11) % 11
        if check != 10:
            return "".join(map(str, [*digits, check]))


def upn(authority: int, school: int, year: int, serial: int) -> str:
    """Unique pupil number: check letter, authority, school, year of entry, serial."""
    digits = f"{authority:03d}{school:04d}{year % 100:02d}{serial:03d}"
    return SCHOOL_LETTERS[sum(int(digit) * (at + 2) for at, digit in enumerate(digits)) % 23] + digits
