"""Identifiers with valid check letters, for people who do not exist."""

from __future__ import annotations

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


def serial(number: int, prime: int) -> int:
    """A number from 1 to the prime that looks drawn by lot; people whose numbers are below the prime never share one."""
    return 1 + number * 6_180_339 % prime


def nhs_number(number: int) -> str:
    """NHS number of a person, ten digits that begin with 9 or 8; different people have different ones."""
    middle = f"{number * 61_803_399 % 10**8:08d}"
    digits = next(first + middle for first in "98" if _nhs_check(first + middle) != 10)
    return f"{digits}{_nhs_check(digits)}"


def _nhs_check(digits: str) -> int:
    return (11 - sum(int(digit) * (10 - position) for position, digit in enumerate(digits)) % 11) % 11


def upn(authority: int, school: int, year: int, serial: int) -> str:
    """Unique pupil number: check letter, authority, school, year of entry, serial."""
    digits = f"{authority:03d}{school:04d}{year % 100:02d}{serial:03d}"
    return SCHOOL_LETTERS[sum(int(digit) * (position + 2) for position, digit in enumerate(digits)) % 23] + digits
