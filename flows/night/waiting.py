"""A command that waits for the database of the decisions says so on the terminal; else it would stand still without a word."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.core.log import LOGGER
from pipeline.stewardship.patience import WAITS

TOLD_AFTER_S = 3.0
"""One that is busy for a moment is not told"""


class _Told(logging.Handler):
    """Says it once, however often it is tried."""

    is_told = False

    def emit(self, record: logging.LogRecord) -> None:
        facts = getattr(record, "facts", {})
        if self.is_told or record.getMessage() != WAITS or facts["waited_seconds"] < TOLD_AFTER_S:
            return
        self.is_told = True
        at_most = f"{facts['at_most_seconds']:.0f} seconds"
        sys.stderr.write(f"The database of the decisions does not answer; waiting for it, at most {at_most}.\n")


@contextmanager
def told_while_waiting() -> Iterator[None]:
    """Say it on the terminal where the block waits."""
    handler, logger = _Told(), logging.getLogger(LOGGER)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
