"""Keep Spark out of what is imported beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_spark() -> Iterator[None]:
    """Meanwhile nobody can import pyspark.

    Great Expectations does where it is installed, all for nothing: that takes seconds, and pyspark ends a process whose main
    module has no file (python -c) with exit code 0.
    """
    known = sys.modules.get("pyspark")
    sys.modules["pyspark"] = None  # type: ignore[assignment]  # so the import system knows what is not to be found
    try:
        yield
    finally:
        del sys.modules["pyspark"]
        if known is not None:
            sys.modules["pyspark"] = known
