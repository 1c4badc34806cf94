"""Structured log of a run: JSON lines of ids, counts and seconds; never a name, a birthday or an address."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from pipeline.core.clock import utc_text

LOGGER = "boroughlink"
logging.getLogger(LOGGER).addHandler(
    logging.NullHandler()
)  # else Python would write warnings to the terminal, without their facts


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "facts", {})
        return json.dumps(
            {"at": utc_text(record.created), "level": record.levelname, "event": record.getMessage(), **facts}
        )


class _RunLog(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A line that a full disk does not take is dropped: the stage's own write says it in plain words."""


def log(event: str, **facts: str | int | float | None) -> None:
    """Write one line: what happened, and ids, counts or seconds about it."""
    logging.getLogger(LOGGER).info(event, extra={"facts": facts})


def warn(event: str, **facts: str | int | float | None) -> None:
    """Write one line as ``log`` does, of what somebody should look at."""
    logging.getLogger(LOGGER).warning(event, extra={"facts": facts})


def log_to(path: Path) -> logging.Handler:
    """Send the log to a file from now on; close the handler at the end of the run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = _RunLog(path, encoding="utf-8")
    handler.setFormatter(_JsonLines())
    logger = logging.getLogger(LOGGER)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    return handler


def stop_log(handler: logging.Handler) -> None:
    """Stop sending the log to this handler."""
    logging.getLogger(LOGGER).removeHandler(handler)
    handler.close()
