"""How a word sounds, as a code that is the same for words that sound alike."""

from __future__ import annotations

import jellyfish


def metaphone(word: str) -> str:
    """Metaphone (Philips 1990) of one word; empty where it has no letters."""
    return str(jellyfish.metaphone(word))
