"""Blocking tokens: what of a value may bring two records together, by kind of field.

Tokens belong to values, not to records, so they are made once for each distinct value. A token on few records is a
key by itself; a common one only together with a token of another field (see ``pipeline/engines/local/blocks.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from pipeline.core.phonetic import metaphone
from schemas.model import Kind

Groups = Mapping[str, tuple[str, ...]]


def domain(kind: Kind, field: str) -> str:
    """Values of one domain share a vocabulary and tokens: forename and surname do, so that order does not matter."""
    return "name" if kind in ("forename", "surname") else field


def tokens_of(kind: Kind, value: str, groups: Groups) -> tuple[str, ...]:
    """The tokens of one value, without repeats, in a fixed order; each begins with what it is."""
    match kind:
        case "forename" | "surname":
            found = _name_tokens(value, groups)
        case "date":
            year, month, day = value[:4], value[5:7], value[8:10]
            found = [f"d:{value}", f"ym:{year}{month}", f"md:{month}{day}", f"yd:{year}{day}", f"y:{year}"]
        case "postcode":
            found = [f"pc:{value}", f"pd:{postcode_parts(value)[1]}"]
        case "address":
            found = [f"w:{word}" for word in value.split() if len(word) > 2 or word.isdigit()]
        case "email":
            found = [f"e:{value}", f"el:{value.split('@', maxsplit=1)[0]}"]
        case _:
            found = [f"v:{value}"]
    return tuple(dict.fromkeys(found))


def postcode_parts(value: str) -> tuple[str, str, str]:
    """Sector, district and area of a postcode; of one in digits all but the last, all but two, and the first two."""
    if value.isdigit():
        return value[:-1], value[:-2], value[:2]
    district = value.split(" ", maxsplit=1)[0]
    return value[:-2], district, district.rstrip("0123456789")[:2]


def _name_tokens(value: str, groups: Groups) -> list[str]:
    found = []
    for word in value.split():
        if len(word) < 2:
            continue
        found += [f"n:{word}", f"m:{metaphone(word) or word}"]
        if len(word) > 2:
            found.append(f"p:{word[:3]}")
        found += [f"g:{group}" for group in groups.get(word, ())]
    return found


def is_paired(token: str) -> bool:
    """Whether a token that is too common to be a key by itself is one together with a token of another field.

    A whole name is not: its sound and its first letters stand for it. Nor is a year: too many share it.
    """
    return not token.partition("|")[2].startswith(("n:", "y:"))


def token_key(token: str) -> int:
    """64 bits that stand for a token whatever the data, its order or the machine."""
    return int.from_bytes(hashlib.blake2b(token.encode(), digest_size=8).digest(), "little")


def max_block(at_ten_thousand: int, records: int) -> int:
    """Records that may share a key: as many as the model says at 10,000 records, fewer as the data grows."""
    return max(8, min(at_ten_thousand, round(at_ten_thousand * (max(records, 1) / 10_000) ** -0.301)))
