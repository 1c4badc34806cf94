"""Is all well with a home? Each check looks and changes nothing; what is not well comes with what to do."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from flows.doctor.machine import Finding, desk_key, disk, home_of, limits, prefect, problem_of, versions
from flows.doctor.publication import (
    current_publication,
    drift,
    feeds,
    journal_lines,
    kept_state,
    other_publications,
    publication_files,
)
from flows.night.decisions import decisions_url
from flows.night.notify import missing_secrets
from flows.night.place import can_be_read
from flows.night.ready import check_exports, idle_suites, settings_problems
from pipeline.core.clock import utc_now
from pipeline.core.errors import MOVE_AWAY, LinkageError, SettingsError, StateError, StorageError
from pipeline.core.lock import lock_holder
from pipeline.core.places import Home, misplaced
from pipeline.core.run_ids import run_folders
from pipeline.core.run_note import RunNote, read_note
from pipeline.publish.held_back import read_verdict
from pipeline.publish.orders import orders
from pipeline.publish.publication import (
    Publication,
)
from pipeline.stewardship.database import engine_of, reading
from pipeline.stewardship.migrate import newest
from pipeline.stewardship.patience import with_patience
from pipeline.validate.last_good import damage_of
from schemas.contract import Contract, load_contracts
from schemas.settings import SQLITE, RunSettings

PATIENCE_S = 3.0


class Given(NamedTuple):
    """Options that the doctor was given; a command that it advises has them too, to be typed as it stands."""

    run_file: Path | None = None
    home: Path | None = None

    def run_command(self) -> str:
        """How a night is run with them."""
        options = (("--run-file", self.run_file), ("--home", self.home))
        return shlex.join(["boroughlink", "run", *(str(word) for pair in options if pair[1] for word in pair)])


NOTHING_GIVEN = Given()


def examine(settings: RunSettings, home: Home, *, is_deep: bool, given: Given = NOTHING_GIVEN) -> list[Finding]:
    """Every check of a home; ``is_deep`` reads every byte of the publication."""
    if wrong := [Finding("home", "problem", f"{path} {problem}", MOVE_AWAY) for path, problem in misplaced(home)]:
        return [*versions(), *wrong]
    if not home.root.is_dir():
        return [
            *versions(),
            Finding("home", "warning", f"{home.root} is not there.", "The first boroughlink run makes it."),
            *_settings(settings, given, is_deep=is_deep),
        ]
    current = current_publication(home, given.run_command())
    published = current if isinstance(current, Publication) else None
    holder = lock_holder(home.lock)
    return [
        *versions(),
        *_settings(settings, given, is_deep=is_deep),
        *home_of(home),
        *disk(home, published),
        Finding(
            "lock",
            "warning" if holder else "ok",
            f"held by {holder}." if holder else "free.",
            "Wait for that run, or stop it." if holder else "",
        ),
        *_runs(home, given, is_busy=holder is not None),
        *_leftovers(home, is_busy=holder is not None),
        *([publication_files(published, is_deep=is_deep)] if published else [current]),
        *other_publications(home),
        *journal_lines(home),
        _decisions(settings, home, published),
        *desk_key(home),
        *_last_good(home),
        *_expunge_orders(home, is_busy=holder is not None),
        *([kept_state(settings, home, published)] if published else ()),
        *(feeds(published) if published else ()),
        *(drift(published) if published else ()),
        prefect(),
        limits(),
        _clock(home),
    ]


def _settings(settings: RunSettings, given: Given, *, is_deep: bool) -> Iterator[Finding]:
    """What a night needs besides the home: what it refuses is a problem."""
    problems = list(settings_problems(settings, given.run_file))
    for check, error in problems:
        yield problem_of(check, error)
    wrong = {check for check, _ in problems}
    contracts = () if "contracts" in wrong else load_contracts(settings.contracts)
    if contracts:
        n_feeds = sum(1 for contract in contracts for _ in contract.all_feeds())
        yield Finding("contracts", "ok", f"{len(contracts)}, of {n_feeds} feeds.")
    if "expectations" not in wrong:
        yield _expectations(settings, contracts, is_deep=is_deep)
    yield _exports(settings)
    yield from _secrets(settings, contracts)


def _expectations(settings: RunSettings, contracts: Sequence[Contract], *, is_deep: bool) -> Finding:
    """The suites; each expectation of theirs only where all is read, for that loads Great Expectations."""
    if is_deep:
        from pipeline.validate.suites import Suites  # noqa: PLC0415  (some seconds)

        try:
            Suites(settings.expectations)
        except SettingsError as error:
            return problem_of("expectations", error)
    idle = idle_suites(settings.expectations, [contract.source for contract in contracts]) if contracts else []
    if idle:
        found = f"no source has the name of {', '.join(idle)}: nothing is checked by that."
        return Finding("expectations", "warning", found, "Rename it to <source>.json, or remove it.")
    how_far = "" if is_deep else " (--deep looks at each expectation)"
    return Finding("expectations", "ok", f"in {settings.expectations}{how_far}.")


def _exports(settings: RunSettings) -> Finding:
    """Whether the folder of the exports is there; an empty one may be where a share is not mounted."""
    if "://" in settings.exports:
        return Finding("exports", "ok", "by URL; they are looked for when a night reads them.")
    try:
        check_exports(settings.exports)
    except SettingsError as error:
        return Finding("exports", "problem", error.problem, error.what_to_do)
    if not os.access(settings.exports, os.R_OK | os.X_OK):
        return Finding("exports", "problem", f"this user may not read {settings.exports}.", "Let it read that folder.")
    if not any(Path(settings.exports).iterdir()):
        return Finding("exports", "warning", f"{settings.exports} is empty.", "Is its share mounted?")
    return Finding("exports", "ok", f"in {settings.exports}.")


def _secrets(settings: RunSettings, contracts: Sequence[Contract]) -> Iterator[Finding]:
    """Passwords and tokens that contracts and the run file name and that are not there, where this command runs."""
    feeds: dict[str, list[str]] = {variable: [] for variable in settings.passwords}
    for feed in (feed for contract in contracts for feed in contract.all_feeds() if feed.password_env):
        feeds.setdefault(str(feed.password_env), []).append(feed.feed_id)
    for variable, needing in feeds.items():
        path = settings.passwords.get(variable)
        if os.environ.get(variable) or (path and can_be_read(path)):
            continue
        held = f"{' and '.join(needing) or 'the feed that needs it'} will be held."
        if path:
            found = f"{path}, which should hold {variable}, cannot be read: {held}"
            what_to_do = "Correct `passwords` in the run file, or put the file there."
        else:
            found = f"{variable} (password_env) is not set, and `passwords` names no file for it: {held}"
            what_to_do = "Set it where nights run, or name a file that holds it below `passwords` in the run file."
        yield Finding("passwords", "warning", found, what_to_do)
    lacking = missing_secrets(settings.notify, os.environ) if settings.notify else {}
    for channel, problem in lacking.items():
        what_to_do = "Set it where nights run, or correct `notify` in the run file: else nobody is told by it."
        yield Finding("notify", "warning", f"{channel}: {problem}.", what_to_do)


def _verdicts(home: Home) -> Iterator[Finding]:
    for folder in run_folders(home):
        try:
            read_verdict(home, folder.name)
        except (StateError, StorageError) as error:
            yield problem_of("runs", error)


def _notes(home: Home) -> Iterator[RunNote | StateError | StorageError]:
    for folder in run_folders(home):
        try:
            note = read_note(folder)
        except (StateError, StorageError) as error:
            yield error
        else:
            if note:
                yield note


def _runs(home: Home, given: Given, *, is_busy: bool) -> Iterator[Finding]:
    notes = list(_notes(home))
    for note in notes:
        if isinstance(note, (StateError, StorageError)):
            yield problem_of("runs", note)
        elif note.state == "unfinished" and not is_busy:
            run_file = given.run_file or (Path(note.run_file) if note.run_file else None)
            command = given._replace(run_file=run_file).run_command()
            what_to_do = f"{command} --as-of {note.as_of} continues it; with --fresh a new one begins."
            yield Finding("runs", "warning", f"{note.run_id} died.", what_to_do)
    yield from _verdicts(home)
    ended = [note for note in notes if isinstance(note, RunNote)]
    last = max(ended, key=lambda note: (note.began_at, note.run_id), default=None)
    if last and last.state in ("failed", "refused"):
        yield Finding(
            "runs",
            "problem",
            f"the last run, {last.run_id}, {'failed' if last.state == 'failed' else 'was refused'}"
            f"{f' at {last.stage}' if last.stage else ''}: {last.reason or last.error}",
            f"See {home.run(last.run_id).file('run.log')}",
        )
    elif last:
        yield Finding("runs", "ok", f"{len(notes)}; the last, {last.run_id}, is {last.state}.")


def _leftovers(home: Home, *, is_busy: bool) -> Iterator[Finding]:
    leftovers = [*home.published.glob(".staging-*"), *home.runs.glob(".new-*")]
    if leftovers and not is_busy:
        yield Finding(
            "leftovers",
            "warning",
            f"{len(leftovers)} of a run that died, as {leftovers[0].name}.",
            "The next run removes them.",
        )


def _decisions(settings: RunSettings, home: Home, current: Publication | None) -> Finding:
    url = decisions_url(settings, home, os.environ)
    n_known = current.n_decisions if current else 0
    if url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).is_file():
        if n_known:
            return Finding(
                "decisions",
                "problem",
                f"there is no store, though the last publication knew {n_known:,} decisions.",
                "Restore it from a backup before the next night.",
            )
        return Finding("decisions", "ok", "no store yet.")
    try:
        engine = engine_of(url)
        try:
            schema_version, count = with_patience(engine, PATIENCE_S, lambda: _form_and_count(engine))
        finally:
            engine.dispose()
    except LinkageError as error:
        return Finding(
            "decisions",
            "problem",
            str(error),
            "A night without its decisions fails: start the database, correct its URL, or restore it.",
        )
    if count < n_known:
        return Finding(
            "decisions",
            "problem",
            f"the store has {count:,}, the last publication knew {n_known:,}.",
            "Is it another database, or an old backup?",
        )
    if schema_version != newest():
        return Finding(
            "decisions",
            "warning",
            f"tables of form {schema_version}, this version knows {newest()}.",
            "The next use brings them up to date.",
        )
    return Finding("decisions", "ok", f"{count:,} in the store.")


def _form_and_count(engine: Engine) -> tuple[str | None, int]:
    with reading(engine) as connection:
        if not connection.dialect.has_table(connection, "alembic_version"):
            return None, 0
        form = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return form, int(connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar() or 0)


def _last_good(home: Home) -> Iterator[Finding]:
    feeds = sorted(path.name for path in home.last_good.iterdir()) if home.last_good.is_dir() else []
    damaged = {feed: damage for feed in feeds if (damage := damage_of(home, feed))}
    for feed, damage in damaged.items():
        yield Finding(
            "last good exports",
            "problem",
            f"{feed} is damaged: {damage}.",
            f"Restore {home.last_good / feed}; a good export of tonight mends it too.",
        )
    if not damaged:
        yield Finding("last good exports", "ok", f"{len(feeds)} can be read.")


def _expunge_orders(home: Home, *, is_busy: bool) -> Iterator[Finding]:
    try:
        all_orders = orders(home)
    except StateError as error:
        yield problem_of("expunge orders", error)
        return
    for order in all_orders:
        if order.expunged_at is None and not is_busy:
            problem = f"{order.order_ref}, begun {order.begun_at}, was cut short: what it names may still be here."
            yield Finding(
                "expunge orders",
                "problem",
                problem,
                "The next boroughlink run finishes it, and so does the same command.",
            )
    if all_orders and all(order.expunged_at for order in all_orders):
        yield Finding("expunge orders", "ok", f"{len(all_orders):,} carried out.")


def _clock(home: Home) -> Finding:
    now = utc_now()
    last = max((note.ended_at or note.began_at for note in _notes(home) if isinstance(note, RunNote)), default="")
    if last > now:
        return Finding(
            "clock",
            "problem",
            f"it says {now}, but a run was at work at {last}.",
            "Was the clock set back? Set it right before the next night.",
        )
    return Finding("clock", "ok", f"{now}, zone {time.localtime().tm_zone}.")
