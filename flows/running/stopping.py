"""Asked to stop, by Ctrl-C, SIGTERM or SIGHUP: a night, or a command that may be given again, says so and ends at once.

What is on disk is whole at any moment.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.markup import escape

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def on_stop(say: Callable[[str], object]) -> Iterator[None]:
    """While the block runs, a signal that asks to stop is told to ``say`` by its name, and then ends this process.

    Not by an exception: threads and libraries would be waited for. A second signal ends the process while ``say`` is at work.
    A signal that whoever began the process has it ignore (``nohup``) stays ignored. Only a main thread can be told of signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        try:
            say(signal.Signals(number).name)
        finally:
            os.kill(os.getpid(), number)  # so that whoever began it sees what ended it

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def told_on_stop(what_to_do: Callable[[], str]) -> Iterator[None]:
    """While the block runs, a command that is asked to stop says where that leaves things, and ends at once."""

    def say(signal_name: str) -> None:
        console = Console(stderr=True)
        console.show_cursor()
        console.print(f"\n[bold]Stopped[/] ({signal_name}). {escape(what_to_do())}", soft_wrap=True)

    with on_stop(say):
        yield
