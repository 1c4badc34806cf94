"""Tell operators how a run ended, by e-mail or webhook, where the run file asks for it; never personal data."""

from __future__ import annotations

import json
import os
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

import httpx2
from tenacity import Retrying, retry_if_not_exception_type, stop_after_attempt, wait_exponential

from flows.night.not_sent import SomeRefusedError, why_not_sent
from flows.night.outcome import Outcome
from flows.night.place import can_be_read
from pipeline.core.log import log, warn
from pipeline.core.run_note import RunNote
from schemas.notify import Email, Notify, Webhook

TRIES = 3


@dataclass(frozen=True, slots=True)
class RunMessage:
    """Everything that a message to operators tells."""

    run_id: str
    state: str
    stage: str | None
    error: str | None
    reason: str | None
    counts: Mapping[str, int]
    report: str
    """Path of the run's report, also of one that was refused; of its folder where it has none"""
    host: str


def message_of(note: RunNote, folder: Path, outcome: Outcome | None) -> RunMessage:
    """The message about a run; its state is ``held`` where it is published and a feed was not fresh."""
    state = "held" if note.state == "published" and outcome and outcome.not_fresh else note.state
    reason = note.reason
    counts: dict[str, int] = {}
    if outcome:
        names = ("records", "persons", "links", "questions", "quarantined", "fresh")
        counts = {name: getattr(outcome, name) for name in names} | {"not_fresh": len(outcome.not_fresh)}
        reason = "; ".join(f"{feed} is {feed_state}" for feed, feed_state, _ in outcome.not_fresh) or None
    page = outcome.report if outcome else folder / "report.html"
    report = page if outcome or os.path.isfile(page) else folder  # noqa: PTH113  (also in a home that this user may not enter)
    return RunMessage(note.run_id, state, note.stage, note.error, reason, counts, str(report), socket.gethostname())


def notify(settings: Notify | None, message: RunMessage, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Send the message where the run file asks for it; returns the channels that failed, each with why, which never fails the run."""
    if settings is None or message.state not in settings.on:
        return {}
    channels: dict[str, Callable[[], None]] = {}
    if (email := settings.email) is not None:
        channels["email"] = lambda: _mail(email, message, environment)
    if (webhook := settings.webhook) is not None:
        channels["webhook"] = lambda: _post(webhook, message, environment)
    lacking = missing_secrets(settings, environment)
    problems = {channel: _problem_of(channel, send, lacking.get(channel)) for channel, send in channels.items()}
    return {channel: problem for channel, problem in problems.items() if problem}


def missing_secrets(settings: Notify, environment: Mapping[str, str]) -> dict[str, str]:
    """Channel to the variable or file of its password or token that is not there, in words."""
    missing = {}
    if (email := settings.email) and email.user and not environment.get(email.password_env or ""):
        if email.password_file and not can_be_read(email.password_file):
            missing["email"] = f"password_file, {email.password_file}, cannot be read"
        elif email.password_env and not email.password_file:
            missing["email"] = f"{email.password_env} (password_env) is not set"
    if (webhook := settings.webhook) and webhook.token_env and not environment.get(webhook.token_env):
        missing["webhook"] = f"{webhook.token_env} (token_env) is not set"
    return missing


def _problem_of(channel: str, send: Callable[[], None], missing: str | None) -> str | None:
    """Send it; why it could not be sent, in words."""
    tries = Retrying(
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential(max=10),
        retry=retry_if_not_exception_type(SomeRefusedError),  # the others have it already
        reraise=True,
    )
    try:
        tries(send)
    except Exception as error:  # a server may answer anything; the night stands whatever it says
        status = error.response.status_code if isinstance(error, httpx2.HTTPStatusError) else None
        warn("not notified", way=channel, error=type(error).__name__, status=status, missing=missing)
        return missing or why_not_sent(error)
    log("notified", way=channel)
    return None


def _mail(email: Email, message: RunMessage, environment: Mapping[str, str]) -> None:
    mail = EmailMessage()
    mail["Subject"] = f"boroughlink {message.run_id}: {message.state}"
    mail["From"], mail["To"] = email.sender, ", ".join(email.to)
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain="boroughlink")
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_text(message))
    secure = ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(email.host, email.port, timeout=email.timeout_seconds, context=secure)
        if email.security == "tls"
        else smtplib.SMTP(email.host, email.port, timeout=email.timeout_seconds) as server
    ):
        if email.security == "starttls":
            server.starttls(context=secure)
        if email.user:
            server.login(email.user, _password(email, environment))
        if refused := server.send_message(mail):
            raise SomeRefusedError(len(refused), len(email.to))


def _password(email: Email, environment: Mapping[str, str]) -> str:
    if given := environment.get(email.password_env or ""):
        return given
    return email.password_file.read_text("utf-8").strip() if email.password_file else ""


def _text(message: RunMessage) -> str:
    fields = {name: value for name, value in asdict(message).items() if value not in (None, {})}
    counts = fields.pop("counts", {})
    return "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in (fields | counts).items()) + "\n"


def _post(webhook: Webhook, message: RunMessage, environment: Mapping[str, str]) -> None:
    headers = {"Content-Type": "application/json", "User-Agent": "boroughlink"}
    if token := environment.get(webhook.token_env or ""):
        headers["Authorization"] = f"Bearer {token}"
    answer = httpx2.post(
        webhook.url,
        content=json.dumps(asdict(message)).encode(),
        headers=headers,
        timeout=webhook.timeout_seconds,
        verify=ssl.create_default_context(),
        follow_redirects=False,  # else the token went where the answer says, and the message nowhere
    )
    answer.raise_for_status()
