"""A PostgreSQL server of the tests' own: in a temporary folder, on a socket, never as root."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

FAST = {
    "listen_addresses": "",
    "shared_buffers": "16MB",
    "max_connections": "120",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "fsync": "on",
    "synchronous_commit": "off",  # off: the store must turn it on for itself
}


def _binaries() -> Path | None:
    found = [Path(own)] if (own := shutil.which("pg_ctl")) else sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return found[-1].parent if found else None


def installed() -> Path:
    """Where PostgreSQL's programs lie; skips the test where they lie nowhere, and fails it where they must be there."""
    found = _binaries()
    if found is None:
        problem = "PostgreSQL is not installed: .ci/postgres installs it"
        pytest.fail(problem) if os.environ.get("CI") else pytest.skip(problem)
    return found


class Server:
    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder, self.bin, self.data = folder, bin_folder, folder / "data"
        self._names = count()
        self.owner = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

    def make(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.owner)
        # a language whose order is not that of code points: ids must be ordered the same all the same
        self._run(
            "initdb",
            "-D",
            str(self.data),
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--no-sync",
            "--locale",
            "C.UTF-8",
            "--locale-provider",
            "icu",
            "--icu-locale",
            "en",
        )
        settings = "".join(f"{name} = '{value}'\n" for name, value in FAST.items())
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"{settings}unix_socket_directories = '{self.folder}'\n")

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.folder / "log"), "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def database(self) -> str:
        """URL of a new empty schema, which is quicker to make than a database."""
        name = f"test_{next(self._names)}"
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"postgresql://postgres@/postgres?host={self.folder}&options=-csearch_path%3D{name}"

    def _run(self, name: str, *arguments: str) -> None:
        own = {"user": self.owner, "group": self.owner, "extra_groups": []} if os.geteuid() == 0 else {}
        log = (self.folder / f"{name}.out").open("w")
        with log:
            done = subprocess.run(
                [str(self.bin / name), *arguments], stdout=log, stderr=log, cwd=self.folder, check=False, **own
            )
        assert done.returncode == 0, (self.folder / f"{name}.out").read_text()


@contextlib.contextmanager
def running_server(bin_folder: Path) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="boroughlink-pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder), bin_folder)
        server.make()
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(AssertionError):
                server.stop("immediate")
