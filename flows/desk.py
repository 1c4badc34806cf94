"""The review desk put together: store of decisions, index of the publication, application."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fastapi import FastAPI

from flows.decided import open_decisions
from pipeline.core.errors import SettingsError
from pipeline.core.log import log_to
from pipeline.core.places import Home
from pipeline.persons.survivorship import load_survivorship
from pipeline.review.desk import Desk
from pipeline.review.shelf import Reference, Shelves, check_published
from schemas.contract import load_contracts
from schemas.settings import RunSettings

RUN_FILE, HOME, HOST = "BOROUGHLINK_RUN_FILE", "BOROUGHLINK_HOME", "BOROUGHLINK_DESK_HOST"


def settings_of(run_file: Path | None, home: Path | None, environment: Mapping[str, str]) -> tuple[RunSettings, Home]:
    """Settings and home, as given, else as the environment says, else the bundled sample's."""
    said = run_file or environment.get(RUN_FILE)
    settings = RunSettings.load(Path(said)) if said else RunSettings()
    return settings, Home(home or Path(environment.get(HOME, settings.home)))


@contextmanager
def open_desk(settings: RunSettings, home: Home, environment: Mapping[str, str]) -> Iterator[Desk]:
    """The desk of a home, closed after the block.

    Raises:
        SettingsError: If nothing is published yet.
    """
    check_published(home)
    contracts = load_contracts(settings.contracts)
    trust = {contract.source: contract.trust for contract in contracts}
    titles = {contract.source: contract.title for contract in contracts}
    reference = Reference(titles, trust, load_survivorship(settings.survivorship, trust))
    with open_decisions(settings, home, environment) as store:
        yield Desk(store, Shelves(home, reference), settings.review)


def check_address(settings: RunSettings, host: str) -> bool:
    """Whether the desk speaks TLS there.

    Raises:
        SettingsError: If it would listen beyond this machine without TLS, or only half of TLS is configured.
    """
    own = settings.review
    if (own.tls_certificate is None) != (own.tls_key is None):
        raise SettingsError("review", "tls_certificate and tls_key go together.", "Give both, or neither.")
    for path in (own.tls_certificate, own.tls_key):
        if path is not None and not path.is_file():
            raise SettingsError("review", f"{path.name} is not there.", "Paths in a run file are relative to it.")
    is_tls = own.tls_certificate is not None
    if not is_tls and not _is_loopback(host):
        problem = "would carry personal data over the network without TLS."
        raise SettingsError(f"--host {host}", problem, "Give review.tls_certificate and review.tls_key in the run file, or listen on 127.0.0.1.")  # fmt: skip
    return is_tls


def app_from_environment() -> FastAPI:
    """The application of a worker process, which is told by the environment what to serve; it lives as long as the process."""
    from pipeline.review.search import warm  # noqa: PLC0415  (only a worker needs the web)
    from pipeline.review.web import create_app  # noqa: PLC0415

    settings, home = settings_of(None, None, os.environ)
    host = os.environ.get(HOST, "127.0.0.1")
    desk = ExitStack().enter_context(open_desk(settings, home, os.environ))
    warm(desk.shelves.current())
    log_to(home.desk / "desk.log")
    return create_app(desk, check_address(settings, host), frozenset({host, *settings.review.hosts}))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
