"""Operators are told how a run ended, by a real mail server and a real web server on this machine, and never of a person."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from small_london import London, ended, forked, plain_night
from webhook import Webhook, webhook

from flows.night import notify as module
from flows.night.notify import RunMessage, message_of, notify
from flows.night.outcome import Outcome
from pipeline.core.log import log_to, stop_log
from pipeline.core.run_note import RunNote
from schemas.notify import Notify
from schemas.settings import RunSettings

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")  # on this machine only
FAILED = RunNote("2026-11-21-1", "failed", "2026-11-21", stage="link", error="StorageError", reason="the disk is full.")
PUBLISHED = RunNote("2026-11-21-1", "published", "2026-11-21")
MESSAGE = message_of(FAILED, Path("/srv/home/runs/2026-11-21-1"), None)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "wait_exponential", lambda **_: lambda _state: 0)


class Box:
    """Keeps the messages it is given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        del server, session
        self.messages.append(message_from_bytes(envelope.content))
        return "250 kept"


@pytest.fixture
def mail() -> Iterator[tuple[Box, int]]:
    """A mail server that wants a user and a password."""

    def knows(
        server: object, session: object, envelope: object, mechanism: str, message_fields: LoginPassword
    ) -> AuthResult:
        del server, session, envelope, mechanism
        is_known = (message_fields.login, message_fields.password) == (b"night", b"secret")
        return AuthResult(success=is_known, handled=False)  # else the server answers nothing

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    box = Box()
    server = Controller(
        box, hostname="127.0.0.1", port=port, authenticator=knows, auth_required=True, auth_require_tls=False
    )
    server.start()
    try:
        yield box, port
    finally:
        server.stop()


@pytest.fixture
def web() -> Iterator[Webhook]:
    """A web server that fails the first time."""
    with webhook(500) as taken:
        yield taken


def by_mail(port: int, **more: object) -> Notify:
    message_fields = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "night@force.example",
        "to": ["ops@force.example"],
        "user": "night",
        "password_env": "MAIL_PASSWORD",
    }
    return Notify.model_validate({"email": message_fields | more})


def test_a_failed_run_is_told_by_mail(mail: tuple[Box, int]) -> None:
    box, port = mail
    assert notify(by_mail(port), MESSAGE, {"MAIL_PASSWORD": "secret"}) == {}
    message = box.messages[0]
    assert message["Subject"] == "boroughlink 2026-11-21-1: failed"
    assert message["To"] == "ops@force.example"
    text = message.get_payload()
    assert "stage: link" in text
    assert "reason: the disk is full." in text
    assert "/srv/home/runs/2026-11-21-1" in text


def test_the_password_may_lie_in_a_file_and_a_wrong_one_fails_nothing_else(
    mail: tuple[Box, int], tmp_path: Path
) -> None:
    box, port = mail
    (tmp_path / "password").write_text("secret\n", "utf-8")
    assert notify(by_mail(port, password_file=tmp_path / "password"), MESSAGE, {}) == {}
    assert notify(by_mail(port), MESSAGE, {"MAIL_PASSWORD": "wrong"}) == {
        "email": "the mail server refuses user and password (535)"
    }
    assert len(box.messages) == 1


def test_a_webhook_gets_json_with_its_token_and_is_tried_again(web: Webhook) -> None:
    settings = Notify.model_validate({"webhook": {"url": web.url, "token_env": "TOKEN"}})
    assert notify(settings, MESSAGE, {"TOKEN": "t"}) == {}
    _, body = web.bodies
    assert web.headers[1]["Authorization"] == "Bearer t"
    assert set(body) == set(RunMessage.__dataclass_fields__)
    assert (body["run_id"], body["state"], body["stage"], body["error"]) == (
        "2026-11-21-1",
        "failed",
        "link",
        "StorageError",
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_webhook_that_sends_elsewhere_counts_as_not_notified_and_its_token_goes_nowhere_else(
    status: int, tmp_path: Path
) -> None:
    handler = log_to(tmp_path / "run.log")
    with webhook() as elsewhere, webhook(*[status] * module.TRIES, location=elsewhere.url) as first:
        settings = Notify.model_validate({"webhook": {"url": first.url, "token_env": "TOKEN"}})
        told = notify(settings, MESSAGE, {"TOKEN": "t"})
    assert told == {"webhook": f"it answered {status}, a redirect, which is not followed"}
    stop_log(handler)
    assert [body["run_id"] for body in first.bodies] == ["2026-11-21-1"] * module.TRIES
    assert (elsewhere.headers, elsewhere.bodies) == ([], [])
    (line,) = (json.loads(line) for line in (tmp_path / "run.log").read_text("utf-8").splitlines())
    assert (line["event"], line["status"]) == ("not notified", status)


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_webhook_that_answers_with_an_error_counts_as_not_notified(status: int) -> None:
    with webhook(*[status] * module.TRIES) as refusing:
        settings = Notify.model_validate({"webhook": {"url": refusing.url}})
        assert notify(settings, MESSAGE, {}) == {"webhook": f"it answered {status}"}


def test_a_mail_that_one_of_two_operators_does_not_get_counts_as_not_notified_and_is_sent_once(
    mail: tuple[Box, int],
) -> None:
    box, port = mail

    async def knows_one(server: object, session: object, envelope: Any, address: str, options: object) -> str:
        del server, session, options
        if address != "ops@force.example":
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 known"

    box.handle_RCPT = knows_one  # type: ignore[attr-defined]
    both = by_mail(port, to=["left@force.example", "ops@force.example"])
    assert notify(both, MESSAGE, {"MAIL_PASSWORD": "secret"}) == {"email": "the mail server refuses 1 of 2 recipients"}
    assert len(box.messages) == 1
    one = by_mail(port, to=["left@force.example"])
    told = notify(one, MESSAGE, {"MAIL_PASSWORD": "secret"})
    assert told == {"email": "the mail server refuses the recipients (550)"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"security": "starttls"}, "the mail server does not offer STARTTLS (see security)"),
        ({"security": "tls"}, "what answers there speaks no TLS, or other versions of it"),
        ({"host": "mail.invalid"}, "no host is known by its name"),
    ],
)
def test_why_a_mail_server_cannot_be_used_is_told_in_words(mail: tuple[Box, int], more: dict, told: str) -> None:
    box, port = mail
    assert notify(by_mail(port, **more), MESSAGE, {"MAIL_PASSWORD": "secret"}) == {"email": told}
    assert box.messages == []


@pytest.mark.parametrize("channel", ["email", "webhook"])
def test_a_server_that_takes_a_connection_and_says_nothing_is_told_as_that(channel: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings = (
            by_mail(port, timeout_seconds=0.2)
            if channel == "email"
            else Notify.model_validate({"webhook": {"url": f"http://127.0.0.1:{port}/", "timeout_seconds": 0.2}})
        )
        assert notify(settings, MESSAGE, {"MAIL_PASSWORD": "secret"}) == {
            channel: "it did not answer within timeout_seconds"
        }


def test_a_server_that_is_not_there_fails_nothing() -> None:
    settings = Notify.model_validate(
        {"webhook": {"url": "http://127.0.0.1:9/"}, "email": by_mail(9).email.model_dump()}
    )  # type: ignore[union-attr]
    told = "nothing listens at its host and port"
    assert notify(settings, MESSAGE, {"MAIL_PASSWORD": "secret"}) == {"email": told, "webhook": told}


def test_the_log_warns_of_a_message_that_was_not_sent_and_names_what_was_missing_but_no_secret(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    settings = Notify.model_validate(
        {
            "webhook": {"url": "http://127.0.0.1:9/", "token_env": "TOKEN"},
            "email": by_mail(9, password_file=gone).email.model_dump(),  # type: ignore[union-attr]
        }
    )
    handler = log_to(tmp_path / "run.log")
    notify(settings, MESSAGE, {"OTHER": "secret"})
    stop_log(handler)
    text = (tmp_path / "run.log").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["level"], line["way"], line["missing"]) for line in lines] == [
        ("WARNING", "email", f"password_file, {gone}, cannot be read"),
        ("WARNING", "webhook", "TOKEN (token_env) is not set"),
    ]
    assert "secret" not in text


def outcome(*not_fresh: tuple[str, str, str]) -> Outcome:
    place = Path("/srv/home")
    return Outcome("2026-11-21-1", place, place / "report.html", place, 9, 5, 4, 1, 0, 3, not_fresh, 1.0, 100.0)


def test_held_feeds_are_told_only_where_that_is_asked_for_and_without_their_reasons(web: Webhook) -> None:
    held = message_of(PUBLISHED, Path(), outcome(("custody", "held", "ZEBEDEE SENTINELSON is in row 3")))
    assert notify(Notify.model_validate({"webhook": {"url": web.url}}), held, {}) == {}
    assert web.bodies == []
    assert notify(Notify.model_validate({"webhook": {"url": web.url}, "on": ["held"]}), held, {}) == {}
    body = web.bodies[-1]
    assert (body["state"], body["reason"], body["counts"]["persons"]) == ("held", "custody is held", 5)
    assert "SENTINELSON" not in json.dumps(body)


def test_a_refused_run_is_told_with_the_page_of_its_report(tmp_path: Path) -> None:
    refused = RunNote(tmp_path.name, "refused", "2026-11-21")
    assert message_of(refused, tmp_path, None).report == str(tmp_path)
    (tmp_path / "report.html").touch()
    assert message_of(refused, tmp_path, None).report == str(tmp_path / "report.html")


def test_nothing_is_sent_where_nothing_is_configured(web: Webhook) -> None:
    assert RunSettings().notify is None
    assert notify(RunSettings().notify, MESSAGE, {}) == {}
    assert notify(Notify(), MESSAGE, {}) == {}
    good = message_of(PUBLISHED, Path(), outcome())
    assert notify(Notify.model_validate({"webhook": {"url": web.url}}), good, {}) == {}
    assert web.bodies == []


def test_why_a_message_was_not_sent_is_told_on_the_terminal_too_also_where_no_night_began(
    london: London, home: Path
) -> None:
    london.say(notify={"webhook": {"url": "http://127.0.0.1:9/"}})
    london.exports.rename(london.place / "unmounted")
    out = london.place / "out"
    assert ended(forked(lambda: plain_night(london.night(home, "2026-11-21")), out)) == 1
    first, second = out.read_text("utf-8").splitlines()
    assert first == "Not notified by webhook: nothing listens at its host and port."
    assert second.startswith("SettingsError exports: ")
