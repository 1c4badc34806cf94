from __future__ import annotations

from typing import Any

import pyotp
import pytest
from cryptography.fernet import Fernet
from desk_client import in_process
from typer.testing import CliRunner
from web_desk import PASSWORD, World

from flows.cli import app
from pipeline.core.errors import SettingsError
from pipeline.review.admission.sealing import SEALED
from pipeline.stewardship.columns import AUDIT_LOG, DESK_ACCOUNTS
from pipeline.stewardship.database import reading

pytestmark = pytest.mark.flow


def kept(desk: Any) -> list[str]:
    with reading(desk.desk.store.engine) as connection:
        return [row.totp_secret for row in connection.execute(DESK_ACCOUNTS.select())]


def last_action(desk: Any) -> str:
    with reading(desk.desk.store.engine) as connection:
        return str(connection.execute(AUDIT_LOG.select().order_by(AUDIT_LOG.c.seq.desc())).first().action)


def test_no_file_of_the_home_but_the_key_lets_anybody_read_a_second_factor(desk: Any, world: World) -> None:
    assert all(secret.startswith(SEALED) for secret in kept(desk))
    key = world.home.desk_key.read_text().strip()
    assert world.home.desk_key.stat().st_mode & 0o777 == 0o600
    secrets = {person.secret for person in world.people.values()}
    assert secrets
    for path in world.home.root.rglob("*"):
        if path.is_file() and path.suffix != ".parquet" and path != world.home.desk_key:
            assert key.encode() not in path.read_bytes(), path
    assert not secrets & set(kept(desk))
    assert key not in repr(desk.desk.seal)


def test_a_new_account_connects_its_factor_and_the_store_keeps_it_sealed(desk: Any) -> None:
    ada = desk.client("ada")
    page = ada.post("/accounts", {"name": "Nell Newcomer", "role": "steward"}, "/accounts").text
    password = page.split('id="first-password">')[1].split("<")[0]
    browser = desk.client()
    browser.post("/sign-in", {"name": "Nell Newcomer", "password": password}, "/sign-in")
    secrets = {browser.get("/set-up").text.split("secret")[1].split(">")[1].split("<")[0] for _ in range(2)}
    assert len(secrets) == 1, "the same until it is connected"
    secret = secrets.pop()
    assert secret not in kept(desk)
    short = {"password": "short", "again": "short", "code": ""}
    assert 'href="#password"' in browser.post("/set-up", short, "/set-up").text
    wrong = {"password": "walnut ferry orbit 31", "again": "walnut ferry orbit 31", "code": "1"}
    assert 'href="#code"' in browser.post("/set-up", wrong, "/set-up").text
    chosen = {"password": "walnut ferry orbit 31", "again": "walnut ferry orbit 31", "code": pyotp.TOTP(secret).now()}
    assert browser.post("/set-up", chosen, "/set-up").headers["location"] == "/"


def test_a_factor_whose_key_is_gone_is_told_on_the_record_and_set_up_anew_after_a_reset(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.home.desk_key
    with in_process(world):
        own = path.read_text()
    path.unlink()
    with pytest.raises(SettingsError, match="users reset NAME"), in_process(world):
        pass
    try:
        path.write_text(Fernet.generate_key().decode())
        path.chmod(0o600)
        with in_process(world) as desk:
            browser = desk.client()
            browser.post("/sign-in", {"name": "Ben Steward", "password": PASSWORD}, "/sign-in")
            answer = browser.post("/sign-in/code", {"code": world.people["ben"].code()}, "/sign-in/code")
            assert answer.status_code == 503
            assert "Ask an administrator to reset your account" in answer.text
            assert last_action(desk) == "sign_in.unreadable_factor"
        home = ["--home", str(world.home.root)]
        listed = CliRunner().invoke(app, ["review", "users", "list", "--json", *home]).output
        assert '"second_factor": "set up"' in listed
        assert "desk key" in CliRunner().invoke(app, ["doctor", *home]).output
    finally:
        path.write_text(own)
    with in_process(world) as desk:
        assert desk.client("ben").get("/queue").status_code == 200
