"""The night as a Prefect flow, whatever becomes of Prefect's server meanwhile: no stage needs it, so what they gave counts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import httpx

from flows.night.outcome import Outcome
from flows.night.plan import Night
from flows.running.local_server import API_URL, is_ours
from pipeline.core.errors import LinkageError
from pipeline.core.log import log

Flow = Callable[[Night, Callable[[Outcome], object]], Outcome]


def run_flow(flow: Flow, night: Night) -> Outcome:
    """Run it; where its server is gone at the end, what became of the night counts nevertheless.

    Raises:
        LinkageError: What the night failed for, also where Prefect could tell that nobody; or that the server does not
            answer.
    """
    outcomes: list[Outcome] = []
    try:
        return flow(night, outcomes.append)
    except Exception as error:
        if not _is_of_the_server(error):
            raise
        log("prefect does not answer", error=type(error).__name__)
        if outcomes:
            return outcomes[0]
        known_error = next((cause for cause in _causes(error) if isinstance(cause, LinkageError)), None)
        if known_error is None:
            known_error = LinkageError(_words())
        raise known_error from None


def _is_of_the_server(error: Exception) -> bool:
    """Prefect's server did not answer, or answered that it cannot."""
    return isinstance(error, httpx.HTTPError) or "Failed to reach API" in str(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _words() -> str:
    url = os.environ.get(API_URL)
    if url is None or is_ours():
        return "Prefect's local server ended while the night ran. Run again: finished stages are not repeated."
    server = url.partition("?")[0].rpartition("@")[2]
    return (
        f"Prefect's server ({server}) does not answer. Start it, or unset PREFECT_API_URL, and the night runs with a "
        "server of its own; then run again: finished stages are not repeated."
    )
