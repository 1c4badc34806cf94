"""Errors cross processes whole, and say where, what and what to do."""

from __future__ import annotations

import pickle

import pytest

from pipeline.core.errors import (
    PlacedError,
    SettingsError,
    SourceError,
    StateError,
    StorageError,
    StoreUnavailableError,
)

TOLD = {
    "a.yaml: is empty.": SettingsError("a.yaml", "is empty."),
    "a.yaml: is empty. Fill it.": SettingsError("a.yaml", "is empty", "Fill it."),
    "a.csv: is cut off. Send it again.": SourceError("cut", "a.csv", "is cut off.", "Send it again.", True),
    "Decisions in a.sqlite3: is locked. Wait.": StoreUnavailableError("a.sqlite3", "is locked.", "Wait."),
    "/home: is full. Free some space.": StorageError("/home", "is full.", "Free some space."),
    "run.json: is damaged. Delete it.": StateError("run.json", "is damaged.", "Delete it."),
}


@pytest.mark.parametrize("error", TOLD.values(), ids=lambda error: type(error).__name__)
def test_an_error_says_the_same_in_another_process(error: PlacedError) -> None:
    other = pickle.loads(pickle.dumps(error))
    assert TOLD[str(other)] is error
    assert vars(other) == vars(error)
