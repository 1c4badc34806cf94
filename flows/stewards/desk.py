"""The review desk put together: store of decisions, index of the publication, application."""

from __future__ import annotations

import errno
import ipaddress
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from multiprocessing import parent_process

from fastapi import FastAPI
from sqlalchemy import Connection

from flows.night.decisions import open_decisions
from flows.night.place import settings_of
from pipeline.core.errors import SettingsError
from pipeline.core.log import log_to
from pipeline.core.places import Home
from pipeline.persons.survivorship import load_survivorship
from pipeline.publish.publication import need_current
from pipeline.review.admission.sealing import Seal, open_seal, reseal
from pipeline.review.frame.desk import Desk
from pipeline.review.records.index import LOG
from pipeline.review.records.shelf import Reference, Shelves
from pipeline.stewardship.store import Store
from schemas.contract import load_contracts
from schemas.settings import RunSettings

HOST = "BOROUGHLINK_DESK_HOST"


@contextmanager
def open_desk(settings: RunSettings, home: Home, environment: Mapping[str, str]) -> Iterator[Desk]:
    """The desk of a home, closed after the block.

    Raises:
        SettingsError: If nothing is published yet, or there is no key for what is sealed.
    """
    need_current(home)
    contracts = load_contracts(settings.contracts)
    trust = {contract.source: contract.trust for contract in contracts}
    titles = {contract.source: contract.title for contract in contracts}
    reference = Reference(titles, trust, load_survivorship(settings.survivorship, trust))
    with open_decisions(settings, home, environment) as store:
        seal, _ = _sealed(store, home, environment)
        yield Desk(store, Shelves(home, reference), settings.review, seal)


def check_seal(settings: RunSettings, home: Home, environment: Mapping[str, str]) -> int:
    """How many second factors no key opens; the people they belong to cannot sign in.

    Raises:
        SettingsError: If there is no key for what is sealed.
    """
    with open_decisions(settings, home, environment) as store:
        return _sealed(store, home, environment)[1]


def _sealed(store: Store, home: Home, environment: Mapping[str, str]) -> tuple[Seal, int]:
    """Seal all secrets that are still in plain text; returns the seal, and how many secrets it cannot open."""

    def work(connection: Connection) -> tuple[Seal, int]:
        seal = open_seal(connection, home.desk_key, environment)
        return seal, reseal(connection, seal)

    return store.write(work)


def check_port(host: str, port: int) -> None:
    """Refuse to start where the desk could not listen.

    Raises:
        SettingsError: If the port is in use or not allowed, or the address is not this machine's.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just left is free
            probe.bind(address)
    except OSError as error:
        why = (
            "is in use by another program"
            if error.errno == errno.EADDRINUSE
            else f"cannot be listened on: {error.strerror}"
        )
        raise SettingsError(
            f"--host {host} --port {port}", f"{why}.", "Give another --port, or stop what listens there."
        ) from None


def check_address(settings: RunSettings, host: str) -> bool:
    """Whether the desk speaks TLS there.

    Raises:
        SettingsError: If it would listen beyond this machine without TLS, or only half of TLS is configured.
    """
    review = settings.review
    if (review.tls_certificate is None) != (review.tls_key is None):
        raise SettingsError("review", "tls_certificate and tls_key go together.", "Give both, or neither.")
    for path in (review.tls_certificate, review.tls_key):
        if path is not None and not path.is_file():
            raise SettingsError("review", f"{path.name} is not there.", "Paths in a run file are relative to it.")
    is_tls = review.tls_certificate is not None
    if not is_tls and not _is_loopback(host):
        problem = "would carry personal data over the network without TLS."
        raise SettingsError(
            f"--host {host}",
            problem,
            "Give review.tls_certificate and review.tls_key in the run file, or listen on 127.0.0.1.",
        )
    return is_tls


def app_from_environment() -> FastAPI:
    """The application of a worker process, as the environment asks for it; it lives as long as the process."""
    from pipeline.review.persons.search import warm  # noqa: PLC0415  (only a worker needs the web)
    from pipeline.review.web import create_app  # noqa: PLC0415

    threading.Thread(target=_end_with_the_command, daemon=True).start()
    settings, home = settings_of(None, None)
    host = os.environ.get(HOST) or "127.0.0.1"
    desk = ExitStack().enter_context(open_desk(settings, home, os.environ))
    warm(desk.shelves.current())
    log_to(home.desk / LOG)
    return create_app(desk, check_address(settings, host), frozenset({host, *settings.review.hosts}))


def _end_with_the_command() -> None:
    """Ask this worker to stop once the command that began it is gone: where that was killed nobody else does, and the port stays taken."""
    if command := parent_process():
        command.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
