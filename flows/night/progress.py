"""Progress of the night on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Protocol, cast

import rich.progress
from rich.console import Console

STAGES = ("read", "validate", "link", "persons", "publish", "report")


class Terminal(Console):
    """Standard error, which may go away while the work goes on: a pipe that nobody reads any more, a terminal that is closed."""

    def __init__(self) -> None:
        super().__init__(stderr=True, file=None if sys.stderr is None else cast("IO[str]", _Lasting(sys.stderr)))


class _Lasting:
    """A text stream that takes what can no longer be written."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


class Reporter(Protocol):
    """Is told how far each stage has come."""

    def begin(self, stage: str) -> None:
        """A stage is at work from now on."""

    def advance(self, stage: str, total: int) -> None:
        """One more of ``total`` steps of a stage is done."""


class _Silent:
    def begin(self, stage: str) -> None:
        """Show nothing."""

    def advance(self, stage: str, total: int) -> None:
        """Show nothing."""


class Bars:
    """A bar a stage; use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._bars = rich.progress.Progress(
            rich.progress.TextColumn("{task.description:<10}"),
            rich.progress.BarColumn(),
            rich.progress.MofNCompleteColumn(),
            rich.progress.TimeElapsedColumn(),
            console=console,
        )
        self._tasks = {stage: self._bars.add_task(stage, total=None, start=False) for stage in STAGES}

    def __enter__(self) -> Bars:
        self._bars.start()
        _current.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _current.remove(self)
        self._bars.stop()

    def begin(self, stage: str) -> None:
        """Its clock goes from now on; a stage without a bar has none."""
        if stage in self._tasks:
            self._bars.start_task(self._tasks[stage])

    def advance(self, stage: str, total: int) -> None:
        """One more step of a stage is done."""
        self._bars.update(self._tasks[stage], total=total, advance=1)


_current: list[Reporter] = [_Silent()]


def progress() -> Reporter:
    """The reporter of the moment: bars on a terminal, or one that shows nothing."""
    return _current[-1]


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Tell which step is at work, on a terminal only: call the value with the step's name."""
    console = Console(stderr=True)
    with console.status("starting") as status:
        yield status.update
