"""Kernels against the libraries that others trust."""

from __future__ import annotations

import jellyfish
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from pipeline.engines.local.letters import is_one_edit, jaro_winkler

WORDS = st.text("ABCDEKNRS", min_size=1, max_size=24)


def letters(*words: str) -> np.ndarray:
    return np.array([word.encode() for word in words], dtype="S24").view(np.uint8).reshape(len(words), 24)


@settings(max_examples=400)
@given(WORDS, WORDS)
@example("SAANKAR", "SSNKAR")
@example("MARTHA", "MARHTA")
def test_jaro_winkler_is_that_of_jellyfish(a: str, b: str) -> None:
    ours = jaro_winkler(letters(a, b), 0, len(a), 1, len(b))
    assert abs(ours - jellyfish.jaro_winkler_similarity(a, b)) < 1e-9


@settings(max_examples=400)
@given(WORDS, WORDS)
@example("AB", "BA")
def test_one_edit_is_an_alignment_distance_of_one_at_most(a: str, b: str) -> None:
    assert is_one_edit(letters(a, b), 0, len(a), 1, len(b)) == (OSA.distance(a, b) <= 1)
