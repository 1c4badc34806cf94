"""What the doctor looks at besides the home: contracts, expectations, engine, exports and secrets that the run file names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from flows.doctor.finding import Finding, Given, problem_of
from flows.night.notify import missing_secrets
from flows.night.place import can_be_read
from flows.night.ready import check_exports, idle_suites, settings_problems
from pipeline.core.errors import SettingsError
from schemas.contract import Contract, load_contracts
from schemas.settings import RunSettings


def named_in_settings(settings: RunSettings, given: Given, *, is_deep: bool) -> Iterator[Finding]:
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
    if settings.engine == "spark" and "engine" not in wrong:
        from pipeline.engines.spark.session import check_spark  # noqa: PLC0415  (its package imports numba)

        yield Finding("engine", "ok", f"spark can be started: {check_spark()}.")
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
            found = f"`passwords` names no file that can be read for {variable}: {held}"  # what it names may be the password
            what_to_do = "Correct it in the run file, which takes the path of a file that holds the password, or put the file there."
        else:
            found = f"{variable} (password_env) is not set, and `passwords` names no file for it: {held}"
            what_to_do = "Set it where nights run, or name a file that holds it below `passwords` in the run file."
        yield Finding("passwords", "warning", found, what_to_do)
    lacking = missing_secrets(settings.notify, os.environ) if settings.notify else {}
    for channel, problem in lacking.items():
        what_to_do = "Set it where nights run, or correct `notify` in the run file: else nobody is told by it."
        yield Finding("notify", "warning", f"{channel}: {problem}.", what_to_do)
