"""The stages as Prefect tasks: retries, time limits, timing and progress around the plain functions of the other modules here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pebble import ProcessExpired
from prefect import Task, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import Flow, FlowRun, State
from prefect.context import FlowRunContext
from prefect.tasks import exponential_backoff

from flows.continuing.checkpoints import once
from flows.continuing.feed_notes import note_failure
from flows.night.outcome import Outcome
from flows.night.plan import Night
from flows.night.progress import progress
from flows.stages import building, linking, publishing, reading, steps, validating
from flows.stages.stage_frame import add_metrics, metrics_of, private, timed
from flows.stages.workers import Workers
from pipeline.core.errors import LinkageError, SourceError, StorageError, StoreUnavailableError
from pipeline.core.log import log
from pipeline.core.memory import memory_of_the_system
from pipeline.core.metrics import Metric
from pipeline.validate.hold import FeedState
from schemas.contract import Contract

RETRY_DELAY_SECONDS = 10
P = ParamSpec("P")
R = TypeVar("R")


def note_state(_flow: Flow, flow_run: FlowRun, state: State) -> None:
    """State change hook: what became of the run goes to the log."""
    log("run ended", run=flow_run.name, state=str(state.type.value if state.type else state.name))


def may_be_mended(error: BaseException) -> bool:
    """Whether a later try may go better: an export that could not be reached, a store that did not answer."""
    return isinstance(error, StoreUnavailableError) or (isinstance(error, SourceError) and error.is_retryable)


def _is_retryable(_task: object, _run: object, state: State) -> bool:
    try:
        state.result()
    except Exception as error:
        return may_be_mended(error)
    return False


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=exponential_backoff(backoff_factor=2),
    retry_condition_fn=_is_retryable,
    task_run_name="read {feed_id}",
)
def read_and_standardise(night: Night, feed_id: str, workers: Workers) -> reading.FeedTimes:
    """One feed: tonight's export in standard form."""
    with private(night, feed_id):
        done = once(
            steps.read(night, feed_id),
            reading.FeedTimes,
            lambda: _read_by(workers, night, feed_id),
            lambda: reading.is_still_read(night, feed_id),
        )
    progress().advance("read", len(night.feeds))
    return done


def _read_by(workers: Workers, night: Night, feed_id: str) -> reading.FeedTimes:
    limit = night.settings.feed_seconds
    try:
        return workers.do(limit, reading.read_and_standardise, night, feed_id)
    except TimeoutError:
        what_to_do = "Ask for a smaller export, or raise feed_seconds in the run file."
        raise SourceError("too_slow", feed_id, f"took longer than {limit:,.0f} seconds.", what_to_do) from None
    except ProcessExpired as error:
        what_to_do = "Did memory run out? Ask for a smaller export, or set fewer workers in the run file."
        raise SourceError(
            "reader_died", feed_id, f"ended the process that read it ({error.exitcode}).", what_to_do
        ) from None
    except BrokenProcessPool:
        what_to_do = "Is memory or the number of processes limited? Set `workers: 1` in the run file to read without."
        raise SourceError(
            "no_reader", feed_id, "could not be read: no process to read it starts.", what_to_do
        ) from None


def read_feeds(night: Night) -> None:
    """Read every feed, several at a time; one that fails for good is noted and will be held, the others go on."""
    log_file = night.folder.file("run.log")
    with timed(night, "read"), memory_of_the_system(), Workers(night.settings.workers, log_file) as workers:
        step = read_and_standardise.with_options(retries=night.settings.source_retries)
        times = []
        calls = [(night, feed_id, workers) for feed_id in night.feeds]
        results = zip(night.feeds, submit(step, calls, night.settings.workers), strict=True)
        for feed_id, result in results:
            try:
                times.append(result())
            except SourceError as error:
                _give_up(night, feed_id, error)
            except StorageError:
                raise  # of our own disk: no fault of the feed, and none that holding it would mend
            except Exception as error:
                what_to_do = "Set BOROUGHLINK_DEBUG=1 and run again to see where; tell the maintainers."
                problem = SourceError(
                    "failed", feed_id, f"could not be processed ({type(error).__name__}).", what_to_do
                )
                _give_up(night, feed_id, problem)
    add_metrics(night, reading.read_metrics(night, times, workers.processes))


def _give_up(night: Night, feed_id: str, error: SourceError) -> None:
    """Note that no try could read the feed; it is done with, too."""
    note_failure(night, feed_id, error)
    progress().advance("read", len(night.feeds))


def validate_sources(night: Night) -> None:
    """Validate every source, several at a time."""
    with timed(night, "validate"), memory_of_the_system():
        step = validate.with_options(**_patience(night))
        for result in submit(step, [(night, contract) for contract in night.contracts], night.settings.workers):
            with _in_time(night, "validate"):
                result()


def run(step: Task[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The step as a task of the flow, with its time limit and retries; where no flow is running as a plain function, retries only."""
    night: Night = args[0]  # type: ignore[assignment]
    patient = step.with_options(**_patience(night))
    if not FlowRunContext.get():
        return _plainly(patient, *args, **kwargs)
    with _in_time(night, step.name):
        return patient(*args, **kwargs)


def _patience(night: Night) -> dict[str, Any]:
    """Time limit and retries of a stage; only what a later try may mend is tried again."""
    settings = night.settings
    return {
        "timeout_seconds": settings.stage_seconds,
        "retries": settings.stage_retries,
        "retry_delay_seconds": RETRY_DELAY_SECONDS,
        "retry_condition_fn": _is_retryable,
    }


@contextmanager
def _in_time(night: Night, stage: str) -> Iterator[None]:
    """Raise an error of ours where Prefect stops a stage at its time limit."""
    try:
        yield
    except TimeoutError:
        limit = night.settings.stage_seconds
        too_slow = LinkageError(
            f"{stage} took longer than {limit:g} seconds. Raise stage_seconds in the run file; finished stages "
            "are not repeated."
        )
        too_slow.stage = stage
        log("stage failed", stage=stage, error="TimeoutError", reason=str(too_slow))
        raise too_slow from None


def submit(step: Task[..., R], calls: Sequence[tuple[Any, ...]], at_once: int) -> list[Callable[[], R]]:
    """Start the step for every tuple of arguments; returns a function for each result, which raises what went wrong.

    Where no flow is running as many threads as ``at_once`` says do them; in a flow its task runner has as many.
    """
    if FlowRunContext.get():
        return [step.submit(*call).result for call in calls]
    with ThreadPoolExecutor(at_once) as pool:
        return [pool.submit(_plainly, step, *call).result for call in calls]


def _plainly(step: Task[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call the plain function, and again as often, for the same errors and after the same waits as the task would be tried."""
    waits = step.retry_delay_seconds
    for number in range(step.retries):
        try:
            return step.fn(*args, **kwargs)
        except LinkageError as error:
            if not may_be_mended(error):
                raise
            time.sleep((waits[min(number, len(waits) - 1)] if isinstance(waits, list) else waits) or 0)
    return step.fn(*args, **kwargs)


@task(cache_policy=NO_CACHE, persist_result=False, task_run_name="validate {contract.source}")
def validate(night: Night, contract: Contract) -> list[str]:
    """One source: its exports against its expectations."""
    with private(night, contract.source):
        done = once(steps.validate(night, contract), list[str], lambda: validating.validate(night, contract))
    progress().advance("validate", len(night.contracts))
    return done


@task(cache_policy=NO_CACHE, persist_result=False)
def settle_feeds(night: Night) -> list[FeedState]:
    """Which export stands for each feed tonight."""
    with private(night, "settle"), timed(night, "settle"):
        return once(steps.settle(night), list[FeedState], lambda: validating.settle_feeds(night))


@task(cache_policy=NO_CACHE, persist_result=False)
def link(night: Night, states: list[FeedState]) -> None:
    """Records of one person into one cluster."""
    with private(night, "link"), timed(night, "link"):
        done = once(
            steps.link(night),
            list[Metric],
            lambda: linking.link(night, states),
            lambda: linking.is_still_decided(night),
        )
        add_metrics(night, done)
    progress().advance("link", 1)


@task(cache_policy=NO_CACHE, persist_result=False)
def build_persons(night: Night) -> None:
    """Golden records, identities and questions."""
    with private(night, "persons"), timed(night, "persons"):
        add_metrics(night, once(steps.persons(night), list[Metric], lambda: building.persons(night)))
    progress().advance("persons", 1)


@task(cache_policy=NO_CACHE, persist_result=False)
def publish(night: Night, states: list[FeedState]) -> Path:
    """The tables that readers see, switched by one rename."""
    with private(night, "publish"), timed(night, "publish"):
        published = once(
            steps.publish(night), Path, lambda: publishing.publish_tables(night, states, metrics_of(night))
        )
    progress().advance("publish", 1)
    return published


@task(cache_policy=NO_CACHE, persist_result=False)
def report(night: Night, states: list[FeedState], published: Path, seconds: float) -> Outcome:
    """The report page, and an artifact with the counts."""
    progress().begin("report")
    with private(night, "report"):
        outcome = publishing.write_report(night, states, published, metrics_of(night), seconds)
    if FlowRunContext.get():
        _keep_artifact(outcome)
    progress().advance("report", 1)
    return outcome


def _keep_artifact(outcome: Outcome) -> None:
    """Show the counts in Prefect's pages; a server that does not take them fails nothing."""
    try:
        create_markdown_artifact(key="nightly-report", markdown=_markdown(outcome), description="Counts of the night")
    except Exception as error:
        log("artifact not kept", error=type(error).__name__)


def _markdown(outcome: Outcome) -> str:
    lines = [
        f"# Night {outcome.run_id}",
        f"{outcome.records:,} records, {outcome.persons:,} persons, {outcome.links:,} linked pairs, "
        f"{outcome.questions:,} open questions, "
        f"{outcome.quarantined:,} rows in quarantine; {outcome.seconds:.0f} s, {outcome.peak_mb:.0f} MB.",
        *(f"- {feed} is {state}: {reason}" for feed, state, reason in outcome.not_fresh),
        *(f"- {feed} is fresh, but {told}" for feed, told in outcome.unread),
    ]
    return "\n\n".join(lines)
