"""A command that waits for a database which does not answer says so, once, and not for a moment's wait."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from flows.night.waiting import told_while_waiting
from pipeline.core.errors import StoreUnavailableError
from pipeline.stewardship.database import engine_of, reading
from pipeline.stewardship.patience import with_patience

pytest.importorskip("psycopg", reason="the extra postgres is not installed")


@pytest.fixture
def gone() -> Iterator[str]:
    """URL of a database at a port that is taken, and at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"postgresql://nobody@127.0.0.1:{taken.getsockname()[1]}/decisions"


@pytest.mark.parametrize(
    ("patience_s", "told"),
    [
        (1.0, ""),
        (7.0, "The database of the decisions does not answer; waiting for it, at most 7 seconds.\n"),
    ],
)
def test_waiting_for_the_database_is_told_once_and_not_for_a_moment(
    gone: str, capsys: pytest.CaptureFixture[str], patience_s: float, told: str
) -> None:
    engine = engine_of(gone)

    def look() -> None:
        with reading(engine):
            pass

    with pytest.raises(StoreUnavailableError, match="gone or busy"), told_while_waiting():
        with_patience(engine, patience_s, look)
    assert capsys.readouterr().err == told
