"""Serve until asked to stop: the first Ctrl-C, SIGTERM or SIGHUP counts, at whatever moment it comes."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from multiprocessing import active_children, connection

from prefect.runner import Runner

from flows.running.stopping import SIGNALS

AGAIN_S = 2.0
"""Seconds after which serving is ended once more: Prefect, too, ends its tasks, and of two such calls one may be lost"""
NIGHT_S = 60.0
"""Seconds that a night which is at work has to end when serving ends"""


async def serve(runner: Runner, say: Callable[[str], object]) -> None:
    """Serve until a signal asks to stop; a night that is at work is asked to stop too, and continued by the next one.

    Args:
        runner: serves the flow; its own way to stop waits for what may never come.
        say: is told the name of the signal.
    """
    stopped = asyncio.Event()
    names: list[str] = []

    def stop(number: signal.Signals) -> None:
        names.append(number.name)
        stopped.set()

    serving = asyncio.create_task(runner.start())
    await asyncio.sleep(0)  # now it has its handler of SIGTERM, which ours replaces
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, stop, number)
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if names:
        say(names[0])
        await asyncio.to_thread(_end_nights)
    while not serving.done():
        serving.cancel()
        await asyncio.wait((serving,), timeout=AGAIN_S)
    if not names:
        serving.result()


def _end_nights() -> None:
    """Ask the nights that are at work to stop, and wait until they have; not by Prefect, which would have them say nothing."""
    nights = active_children()
    for night in nights:
        night.terminate()
    until = time.monotonic() + NIGHT_S
    sentinels = {night.sentinel for night in nights}
    while sentinels and (left := until - time.monotonic()) > 0:
        sentinels -= set(connection.wait(sentinels, left))
    for night in nights:
        if night.sentinel in sentinels:
            night.kill()
