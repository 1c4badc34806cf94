"""One night under the run lock: its log, the note of what became of it, and messages to operators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from typing import Any

from rich.console import Console

from flows.continuing.resume import begin
from flows.night.notify import RunMessage, message_of, notify
from flows.night.openmetrics import write_metrics
from flows.night.outcome import Outcome
from flows.night.plan import Night
from flows.night.progress import Bars, Terminal
from flows.night.ready import idle_suites
from flows.running.local_server import begin_prefect
from flows.running.quiet import quiet_prefect
from flows.running.stopping import on_stop
from flows.stages.workers import warm_up
from flows.stewards.expunging import finish_orders
from pipeline.core.clock import utc_now
from pipeline.core.durable import forget_checksums, storage_error
from pipeline.core.errors import LinkageError, PublishRefusedError, RunLockedError
from pipeline.core.limits import allow_open_files, check_limits
from pipeline.core.lock import run_lock
from pipeline.core.log import log, log_to, stop_log, warn
from pipeline.core.memory import few_cycles
from pipeline.core.run_note import RunNote, change_note, read_note

GOES_ON = "the next `boroughlink run` goes on where this one stopped."


def run_night(night: Night, console: Console | None, *, fresh: bool = False) -> Outcome:
    """Run the flow under the lock, with a log in the run's folder and, on a console, progress.

    A run that died or failed is continued, unless ``fresh``: the run's id may be another than the night was planned
    with.
    """
    with _storage_errors_in_words(night), ExitStack() as until_the_end:
        with _told_where_none_begins(night):
            until_the_end.enter_context(run_lock(night.home.lock))
            until_the_end.enter_context(on_stop(lambda signal_name: _note_stop(night, signal_name, console)))
            forget_checksums()
            allow_open_files()
            check_limits()
            night = begin(night, fresh=fresh)
            handler = log_to(night.folder.file("run.log"))
        if console:
            console.print(_begins(night), soft_wrap=True, markup=False)
        try:
            finish_orders(night.settings, night.home)
            outcome = _run_flow(night, console)
        except Exception as error:
            _note_failure(night, error)
            raise
        else:
            facts = {"state": "published", "ended_at": utc_now(), "peak_mb": outcome.peak_mb}
            note = change_note(night.folder.root, **facts)
            log("run ends", run=night.run_id, state="published", seconds=outcome.seconds)
            if note:
                _tell(night, note, outcome, outcome.exit_code)
        finally:
            stop_log(handler)
    return outcome


def _begins(night: Night) -> str:
    """What a run is, told before Prefect, which takes some ten seconds to start."""
    note = read_note(night.folder.root)
    if note and note.n_resumed:
        return f"Night {night.run_id} goes on where it stopped."
    return f"Night {night.run_id} begins."


@contextmanager
def _told_where_none_begins(night: Night) -> Iterator[None]:
    """Notify operators where no run can begin, whatever the cause; but for one that is at work, which itself tells how it ends."""
    try:
        yield
    except RunLockedError:
        raise
    except Exception as error:
        known_error = error if isinstance(error, LinkageError) else storage_error(error, night.home.root)
        kind, reason = type(known_error or error).__name__, str(known_error) if known_error else None
        note = RunNote(night.run_id, "failed", night.as_of.isoformat(), stage="begin", error=kind, reason=reason)
        _notify(night, message_of(note, night.home.root, None))
        raise


@few_cycles()
def _run_flow(night: Night, console: Console | None) -> Outcome:
    warm_up(night.settings.workers)
    quiet_prefect(night.home.root)
    prefect_answers = begin_prefect()
    from prefect.task_runners import ThreadPoolTaskRunner  # noqa: PLC0415  (reads its settings when imported)

    from flows.nightly import nightly, one_night  # noqa: PLC0415  (imports Prefect)
    from flows.running.under_prefect import run_flow  # noqa: PLC0415  (imports what Prefect does)
    from flows.stages.validating import check_suites  # noqa: PLC0415  (imports Great Expectations)

    check_suites(night)  # told now, not after an hour of reading
    log("run begins", run=night.run_id, feeds=len(night.feeds))
    if idle := idle_suites(night.settings.expectations, [contract.source for contract in night.contracts]):
        warn("suites of no source", files=", ".join(idle))
    threads: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=night.settings.workers)
    has_prefect = prefect_answers()
    flow = nightly.with_options(task_runner=threads) if has_prefect else one_night  # type: ignore[arg-type]
    if not has_prefect:
        log("prefect does not start")
        (console or Terminal()).print("Prefect's local server does not start; the night runs without it.")
    with Bars(console) if console else nullcontext():
        return run_flow(flow, night)


def _note_failure(night: Night, error: Exception) -> None:
    """Write what became of the run into its folder and log, as far as a full disk allows."""
    state = "refused" if isinstance(error, PublishRefusedError) else "failed"
    kind, reason, stage = type(error).__name__, None, None
    known_error = error if isinstance(error, LinkageError) else storage_error(error, night.home.root)
    if known_error is not None:
        reason, stage = str(known_error), known_error.stage
    facts: dict[str, Any] = {"state": state, "ended_at": utc_now(), "stage": stage, "error": kind, "reason": reason}
    note: RunNote | None = None
    with suppress(OSError, LinkageError):
        log("run ends", run=night.run_id, state=state, stage=stage, error=kind, reason=reason)
        note = change_note(night.folder.root, **facts)
    _tell(night, note or RunNote(night.run_id, as_of=night.as_of.isoformat(), **facts), None, 1)


def _note_stop(night: Night, signal_name: str, console: Console | None) -> None:
    """Say on the terminal, in the run's folder and to operators that the night was asked to stop."""
    console = console or Terminal()
    with suppress(OSError):
        console.show_cursor()
        console.print(f"\n[bold]Stopped[/] ({signal_name}). Nothing is half done: {GOES_ON}", soft_wrap=True)
    with suppress(OSError, LinkageError):
        note = read_note(night.folder.root)
        if note is None or note.state != "unfinished":
            return  # it had not begun, or was over
        reason = f"It was asked to stop ({signal_name}): {GOES_ON}"
        facts: dict[str, Any] = {"state": "failed", "ended_at": utc_now(), "error": signal_name, "reason": reason}
        log("run ends", run=night.run_id, **{name: facts[name] for name in ("state", "error", "reason")})
        if note := change_note(night.folder.root, **facts):
            _tell(night, note, None, 1)


def _tell(night: Night, note: RunNote, outcome: Outcome | None, exit_code: int) -> None:
    """Write measures for the node exporter and send the message that the run file asks for; neither fails the run."""
    try:
        write_metrics(night.home, note, exit_code)
    except Exception as error:
        with suppress(OSError):
            log("metrics not written", error=type(error).__name__)
    _notify(night, message_of(note, night.folder.root, outcome))


def _notify(night: Night, message: RunMessage) -> None:
    for channel, problem in notify(night.settings.notify, message).items():
        Terminal().print(f"Not notified by {channel}: {problem}.", soft_wrap=True, markup=False)


@contextmanager
def _storage_errors_in_words(night: Night) -> Iterator[None]:
    """Raise an error in plain words where a disk is full, read-only or not ours, or the machine has no more to give."""
    try:
        yield
    except Exception as error:
        known_error = None if isinstance(error, LinkageError) else storage_error(error, night.home.root)
        if known_error is None:
            raise
        raise known_error from None
