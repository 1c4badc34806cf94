"""A review desk of the tests' own: a copy of the sample night's home, accounts, a server on loopback."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pyotp
import sqlalchemy as sa
from command_line import COMMAND

from flows.stewards.desk import open_desk
from pipeline.core.places import Home
from pipeline.review.admission import accounts
from pipeline.review.frame.desk import Desk
from pipeline.stewardship.columns import DESK_ACCOUNTS
from pipeline.stewardship.decision import name_key
from schemas.settings import RunSettings

LONGEST_WAIT = 240.0  # seconds: two processes may start beside other tests
PASSWORD = "river copper lantern 9"
PEOPLE = {
    "asha": ("Asha Steward", "steward", None),
    "ben": ("Ben Steward", "steward", None),
    "sue": ("Sue Visor", "supervisor", None),
    "col": ("Col Borough", "borough", "Croydon"),
    "aud": ("Aud Itor", "auditor", None),
    "ada": ("Ada Min", "administrator", None),
}


@dataclass
class Person:
    name: str
    secret: str

    def code(self) -> str:
        """What the authenticator shows now."""
        return pyotp.TOTP(self.secret).now()


@dataclass
class World:
    home: Home
    people: dict[str, Person] = field(default_factory=dict)
    url: str = ""

    def forget_codes(self) -> None:
        """Let a code count again, so that nobody waits half a minute between two tests."""
        with closing(sqlite3.connect(self.home.decisions, timeout=20)) as base, base:
            base.execute("UPDATE desk_accounts SET totp_step = NULL")

    def copied(self, place: Path) -> World:
        """The same accounts, in a copy of the home."""
        shutil.copytree(self.home.root, place, symlinks=True, dirs_exist_ok=True)
        return World(Home(place), dict(self.people))


def make_world(published: Path, home: Path) -> World:
    """A home with a copy of a publication and an account of each role that is set up already."""
    shutil.copytree(published, home / "published", symlinks=True)
    world = World(Home(home))
    add_people(world)
    return world


def add_people(world: World) -> None:
    """An account of each role, set up already."""
    with open_desk(RunSettings(), world.home, {}) as desk:
        for key, (name, role, borough) in PEOPLE.items():
            world.people[key] = Person(name, _ready(desk, name, role, borough))


def _ready(desk: Desk, name: str, role: str, borough: str | None) -> str:
    secret = pyotp.random_base32()

    def work(connection: sa.Connection) -> None:
        accounts.add_account(connection, name, role, borough, dt.datetime.now(dt.UTC))
        values: dict[str, Any] = {"password_hash": HASHED, "totp_secret": secret, "is_new": False}
        own = DESK_ACCOUNTS.c.name_key == name_key(name)
        connection.execute(sa.update(DESK_ACCOUNTS).where(own).values(**values))

    desk.write(work)
    return secret


HASHED = accounts.HASHER.hash(PASSWORD)


@contextmanager
def running(world: World, *options: str, scheme: str = "http") -> Iterator[World]:
    """The desk served as a user would start it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*COMMAND, "review", "--port", str(port), "--home", str(world.home.root), *options]
    log = (world.home.root / "desk.log").open("w")
    with log, subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        world.url = f"{scheme}://127.0.0.1:{port}"
        try:
            _wait(world.url, process)
            yield world
        finally:
            process.terminate()
            process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < until:
        assert process.poll() is None, "the desk did not start"
        try:
            if httpx2.get(f"{url}/health", verify=False, timeout=2).status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise AssertionError("the desk does not answer")
