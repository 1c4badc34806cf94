"""``boroughlink review``: the stewards' review desk, and who may sign in to it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from flows.commands.options import HomeOption, JsonOption, RunFileOption
from flows.night.counted import counted
from flows.night.place import HOME, RUN_FILE, settings_of
from pipeline.core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

    from pipeline.stewardship.store import Store

HELP = """
Serve the stewards' review desk, a web page, until stopped. The first account: `boroughlink review users add "A. Steward"`.

It listens on this machine only; beyond it, it wants TLS (`review: tls_certificate, tls_key` in the run file).

Example: `boroughlink review --port 8090`
"""
USERS_HELP = """
Who may sign in with a local account.

Example: `boroughlink review users add "A. Steward" --role steward`
"""
CONSOLE_ACTOR = "command line"
T = TypeVar("T")

app = typer.Typer(help=HELP, invoke_without_command=True)
users = typer.Typer(help=USERS_HELP, no_args_is_help=True)
app.add_typer(users, name="users")


@app.callback()
def review(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port.", min=1, max=65_535)] = 8090,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, max=16)] = 1,
    home: HomeOption = None,
    run_file: RunFileOption = None,
) -> None:
    """Serve the desk."""
    if context.invoked_subcommand:
        return
    import uvicorn

    from flows.stewards import desk
    from pipeline.publish.publication import need_current

    settings, place = settings_of(run_file, home)
    is_tls = desk.check_address(settings, host)
    desk.check_port(host, port)
    need_current(place)
    if n_broken := desk.check_seal(settings, place, os.environ):
        Console(stderr=True).print(
            f"{counted(n_broken, 'second factor')} cannot be read, sealed with another key. Put that key back as "
            f"the last line of {place.desk_key}, or reset their accounts.",
            soft_wrap=True,
        )
    os.environ[HOME], os.environ[desk.HOST] = str(place.root.resolve()), host
    if run_file:
        os.environ[RUN_FILE] = str(run_file.resolve())
    Console().print(
        f"Review desk on {'https' if is_tls else 'http'}://{host}:{port} until stopped (Ctrl+C)", soft_wrap=True
    )
    uvicorn.run(
        "flows.stewards.desk:app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,
        log_level="error",
        server_header=False,
        proxy_headers=False,
        ssl_certfile=settings.review.tls_certificate,
        ssl_keyfile=settings.review.tls_key,
    )


@users.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Name, as decisions will carry it.")],
    role: Annotated[str, typer.Option(help="steward, supervisor, borough, auditor or administrator.")] = "steward",
    borough: Annotated[str | None, typer.Option(help="Borough of a borough user.", show_default=False)] = None,
    home: HomeOption = None,
    run_file: RunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an account; prints a password for the first sign-in.

    Example: `boroughlink review users add "B. Croydon" --role borough --borough Croydon`
    """
    import datetime as dt

    from pipeline.review.admission.accounts import AccountRefusedError, add_account

    def work(connection: Connection) -> str:
        return add_account(connection, name, role, borough, dt.datetime.now(dt.UTC))

    try:
        password = _with_audit("account.add", {"name": name, "role": role}, work, home, run_file)
    except AccountRefusedError as error:  # at the desk a field of a form, here an option
        option = "NAME" if error.field == "name" else f"--{error.field}"
        raise SettingsError(option, error.problem, error.what_to_do) from None
    if as_json:
        typer.echo(json.dumps({"name": name, "role": role, "password": password}))
        return
    _print_password(name, password)


@users.command("list")
def list_users(home: HomeOption = None, run_file: RunFileOption = None, as_json: JsonOption = False) -> None:
    """List the accounts.

    Example: `boroughlink review users list`
    """
    from pipeline.review.admission.accounts import all_accounts
    from pipeline.stewardship.database import reading

    with _store(home, run_file) as store, reading(store.engine) as connection:
        accounts = all_accounts(connection)
    names = ("name", "role", "borough", "state", "is_new", "second_factor")
    rows = [
        (
            account.name,
            account.role,
            account.borough or "",
            "active" if account.is_active else "disabled",
            "new" if account.is_new else "",
            "set up" if account.totp_secret and not account.is_new else "",
        )
        for account in accounts
    ]
    if as_json:
        typer.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows]))
        return
    table = Table("name", "role", "borough", "state", "", "second factor")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@users.command("reset")
def reset(
    name: Annotated[str, typer.Argument(help="Name.")], home: HomeOption = None, run_file: RunFileOption = None
) -> None:
    """Give an account a new first password; password and second factor are chosen anew. It is unlocked and active again.

    Example: `boroughlink review users reset "A. Steward"`
    """
    from pipeline.review.admission.accounts import reset_account

    password = _with_audit(
        "account.reset",
        {"name": name},
        lambda connection: reset_account(connection, _account_id(connection, name)),
        home,
        run_file,
    )
    _print_password(name, password)


@users.command("disable")
def disable(
    name: Annotated[str, typer.Argument(help="Name.")], home: HomeOption = None, run_file: RunFileOption = None
) -> None:
    """Let an account in no more; what it did stays on the record.

    Example: `boroughlink review users disable "A. Steward"`
    """
    from pipeline.review.admission.accounts import disable_account

    _with_audit(
        "account.disable",
        {"name": name},
        lambda connection: disable_account(connection, _account_id(connection, name)),
        home,
        run_file,
    )
    Console().print(f"{name} is disabled.", markup=False)


def _print_password(name: str, password: str) -> None:
    Console().print(
        f"{name} signs in once with this password and then chooses their own:\n{password}", markup=False, soft_wrap=True
    )


def _account_id(connection: Connection, name: str) -> str:
    from pipeline.review.admission.accounts import find_by_name

    account = find_by_name(connection, name)
    if account is None:
        raise SettingsError(name, "has no account.", "`boroughlink review users list` shows them.")
    return account.account_id


def _with_audit(
    action: str, subject: dict[str, Any], work: Callable[[Connection], T], home: Path | None, run_file: Path | None
) -> T:
    """Do it and write it to the audit log, both or neither."""
    import datetime as dt

    from pipeline.stewardship.audit import Act, append
    from pipeline.stewardship.database import writing

    with _store(home, run_file) as store, writing(store.engine) as connection:
        result = work(connection)
        append(connection, Act(CONSOLE_ACTOR, "administrator", action, subject), dt.datetime.now(dt.UTC))
    return result


def _store(home: Path | None, run_file: Path | None) -> AbstractContextManager[Store]:
    from flows.night.decisions import open_decisions

    settings, place = settings_of(run_file, home)
    return open_decisions(settings, place, os.environ)
