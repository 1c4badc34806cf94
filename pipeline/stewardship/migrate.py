"""Brings a store's tables to the newest form, in one transaction that another process waits for."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from pipeline.core.errors import SettingsError

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the running upgrade in a module: two threads would mix them up."""


def newest() -> str:
    """The newest form that this version of boroughlink knows."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    if head is None:
        raise RuntimeError("the migrations are not where the package keeps them")
    return head


def upgrade(connection: Connection) -> bool:
    """Bring the tables to the newest form; returns whether there was anything to do.

    The caller's connection is inside a transaction that holds the store's write lock, so a process that is killed in the
    middle leaves the tables as they were, and the next one begins anew.

    Raises:
        SettingsError: If the tables were made by a newer boroughlink.
    """
    current = MigrationContext.configure(connection).get_current_revision()
    if current == newest():
        return False
    revisions = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if current is not None and current not in revisions:
        problem = f"has tables of form {current}, made by a newer boroughlink; this one knows {newest()}."
        raise SettingsError("decisions", problem, "Install the newer version.")
    with _ONE_AT_A_TIME:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True
