"""How many of what, as operators read it."""

from __future__ import annotations


def counted(number: int, word: str) -> str:
    """``1 record``, ``2 records``."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
