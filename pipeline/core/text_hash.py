"""Several texts as one, parted by signs that no source writes, and a hash of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

RECORD_SEPARATOR, UNIT_SEPARATOR = "\x1e", "\x1f"
"""ASCII's own signs between texts"""
HASH_BYTES = 16


def text_hash(parts: Iterable[str], separator: str) -> str:
    """A hash that only depends on the texts: the same tonight, tomorrow and elsewhere; 32 hexadecimal digits."""
    return hashlib.blake2b(separator.join(parts).encode("utf-8", "replace"), digest_size=HASH_BYTES).hexdigest()
