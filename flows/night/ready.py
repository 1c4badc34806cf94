"""Checks of what a night needs besides the exports, made before the first of them is read."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from flows.night.decisions import DECISIONS_URL, has_decisions, open_decisions, policy_of
from flows.night.place import can_be_read
from flows.night.plan import Night
from pipeline.core.errors import TRY_AGAIN, SettingsError, StoreUnavailableError
from pipeline.core.places import EXPECTATIONS
from pipeline.core.run_note import last_note
from pipeline.persons.survivorship import load_survivorship
from schemas.contract import Contract, load_contracts
from schemas.model import load_model
from schemas.settings import RunSettings
from schemas.written import line_numbers, near

STORE_NEEDED = (
    f"Start the database, or correct decisions_url in the run file or {DECISIONS_URL}. "
    "Nothing was read yet: without its decisions a night would join people whom stewards have parted."
)

EXPORTS_NEEDED = (
    "Mount it, or correct `exports` in the run file: it names the folder that the exports lie in, or an fsspec URL. "
    "Nothing was read yet; the last publication stays."
)

SUITES_OF_ALL = ("std_records", "events")
LOADED: Mapping[str, Callable[[RunSettings], object]] = {
    "model": lambda settings: load_model(settings.model),
    "survivorship": lambda settings: load_survivorship(settings.survivorship, {}),
    "steward_policy": policy_of,
}
"""Settings that name one file, each with what reads it"""
MUST_BE_LISTED = ("expect_column_values_to_be_in_set", "row")
"""Type and severity of the expectation that rejects what is not listed"""


def check_run_file(night: Night) -> None:
    """Check that a night without a run file is not given the home of one: the bundled sample would be loaded into it.

    Raises:
        SettingsError: If the home's last run was made with another run file.
    """
    last = last_note(night.home)
    if night.run_file is None and last and last.run_file:
        problem = f"is not given, but {last.run_id}, the last run of {night.home.root}, was made with {last.run_file}."
        what_to_do = (
            f"Give --run-file {shlex.quote(last.run_file)}: without it the bundled sample would be loaded into this home. "
            "Nothing was read."
        )
        raise SettingsError("--run-file", problem, what_to_do)


def check_exports(exports: str) -> None:
    """Check that the folder of the exports is there; what a URL names is seen when it is read.

    Raises:
        SettingsError: If it is not there: else each borough would be asked for an export that it has sent.
    """
    if "://" not in exports and not os.path.isdir(exports):  # noqa: PTH112  (also of a share that answers with an error)
        raise SettingsError("exports", f"{exports} is not a folder that is there.", EXPORTS_NEEDED)


def check_settings(settings: RunSettings, run_file: Path | None) -> None:
    """Check all files that a run file names besides the exports, as a night needs them, and what its engine needs.

    Raises:
        SettingsError: The first of ``settings_problems``.
    """
    for _, error in settings_problems(settings, run_file):
        raise error


def settings_problems(settings: RunSettings, run_file: Path | None) -> Iterator[tuple[str, SettingsError]]:
    """What a night refuses in what a run file names, each after what it is about: model, rules, policy, contracts, suites, engine.

    Of the suites that they are JSON; ``check_suites`` looks at each expectation, for which it loads Great Expectations.
    """
    looks = (
        *(("run file", partial(_check_file, settings, run_file, name)) for name in LOADED),
        ("contracts", partial(_check_contracts, settings)),
        ("expectations", partial(_check_expectations, settings.expectations)),
        ("engine", partial(_check_engine, settings)),
    )
    for about, look in looks:
        try:
            look()
        except SettingsError as error:
            yield about, error


def _check_file(settings: RunSettings, run_file: Path | None, name: str) -> None:
    """Check that the file of one setting is there and can be used; the error names the setting, with its line where the run file is given."""
    path = getattr(settings, name)
    if not can_be_read(path):
        line = line_numbers(run_file).get((name,)) if run_file else None
        setting = f"{run_file}, line {line}: {name}" if line else name
        what_to_do = f"Correct `{name}` in the run file, or bring the file back."
        raise SettingsError(setting, f"{path} is no file that this user can read.", what_to_do)
    LOADED[name](settings)


def _check_contracts(settings: RunSettings) -> None:
    _check_event_types(settings.expectations, load_contracts(settings.contracts))


def _check_engine(settings: RunSettings) -> None:
    if settings.engine == "spark":
        from pipeline.engines.spark.session import check_spark  # noqa: PLC0415  (its package imports numba)

        check_spark()


def _check_expectations(folder: Path) -> None:
    """Check that there are suites of expectations, and that each is JSON; ``check_suites`` looks at each expectation.

    Raises:
        SettingsError: If the folder is not there or empty, or a suite cannot be read.
    """
    what_to_do = (
        "Correct `expectations` in the run file: it names the folder of <source>.json files (bundled: expectations/)."
    )
    if not folder.is_dir():
        raise SettingsError("expectations", f"{folder} is not a folder that is there.", what_to_do)
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise SettingsError("expectations", f"{folder} holds no suite of expectations.", what_to_do)
    for path in paths:
        try:
            json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            problem = f"cannot be read as JSON ({type(error).__name__})."
            raise SettingsError(
                str(path), problem, "Mend it, or bring it back; expectations/README.md tells its form."
            ) from None


def idle_suites(expectations: Path, sources: Iterable[str]) -> list[str]:
    """Files of suites that no source has, so that nothing is checked by them; the bundled folder may hold more than are wanted."""
    known = {*sources, *SUITES_OF_ALL}
    if expectations.resolve() == EXPECTATIONS.resolve():
        return []
    return [
        f"{path.name}{near(path.stem, known)}" for path in sorted(expectations.glob("*.json")) if path.stem not in known
    ]


def _check_event_types(expectations: Path, contracts: Iterable[Contract]) -> None:
    """Check that each contract's events are of a type that ``events.json`` lists: else every row of the source would be rejected.

    Raises:
        SettingsError: If one's are not.
    """
    listed = _event_types(expectations / "events.json")
    for contract in contracts if listed else ():
        if contract.event_type not in listed:
            hint = near(contract.event_type, listed)
            problem = f"event_type is {contract.event_type}{hint}, which expectations/events.json does not list."
            what_to_do = f"Listed are {', '.join(sorted(listed))}. Write one of them, or add yours to events.json."
            raise SettingsError(f"contract {contract.source}", problem, what_to_do)


def _event_types(suite: Path) -> set[str]:
    """The event types without which a row is rejected; none where the suite asks for nothing of the kind, or cannot be read."""
    try:
        expectations = json.loads(suite.read_text("utf-8"))["expectations"]
        asked = [each["kwargs"] for each in expectations if (each["type"], each["meta"]["severity"]) == MUST_BE_LISTED]
        return {kind for kwargs in asked if kwargs["column"] == "event_type" for kind in kwargs["value_set"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()  # what is wrong with a suite is told elsewhere


def count_decisions(night: Night) -> int:
    """How many decisions the store holds; 0 where nobody has decided yet.

    Raises:
        SettingsError: If the store's URL cannot be one.
        StoreUnavailableError: If there is a store and it does not answer.
    """
    if not has_decisions(night.settings, night.home, os.environ):
        return 0
    try:
        with open_decisions(night.settings, night.home, os.environ) as store:
            return len(store.log())
    except StoreUnavailableError as error:
        advice = STORE_NEEDED if error.what_to_do == TRY_AGAIN else error.what_to_do
        raise StoreUnavailableError(error.place, error.problem, advice) from None
