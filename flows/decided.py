"""Where stewards' decisions are kept, and the store that commands and the night open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pipeline.core.places import Home
from pipeline.stewardship.policy import load_policy
from pipeline.stewardship.store import Store, open_store
from schemas.settings import RunSettings

DECISIONS_URL = "BOROUGHLINK_DECISIONS_URL"


def decisions_url(settings: RunSettings, home: Home, environment: Mapping[str, str]) -> str:
    """The environment's URL, else the run file's, else a SQLite file in the home."""
    own = environment.get(DECISIONS_URL) or settings.decisions_url
    return own or f"sqlite:///{home.decisions.resolve()}"


@contextmanager
def open_decisions(settings: RunSettings, home: Home, environment: Mapping[str, str]) -> Iterator[Store]:
    """The store under the policy file of the settings, closed after the block."""
    with open_store(decisions_url(settings, home, environment), load_policy(settings.steward_policy)) as store:
        yield store
