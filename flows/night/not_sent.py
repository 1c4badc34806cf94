"""Why a message to operators could not be sent, in words; never a server's own text, which may repeat anything."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator

import httpx2

WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (smtplib.SMTPAuthenticationError, "the mail server refuses user and password"),
    (smtplib.SMTPSenderRefused, "the mail server refuses the sender"),
    (smtplib.SMTPDataError, "the mail server refuses the message"),
    (ssl.SSLCertVerificationError, "its certificate is not trusted on this machine"),
    (ssl.SSLError, "what answers there speaks no TLS, or other versions of it"),
    (socket.gaierror, "no host is known by its name"),
    (ConnectionRefusedError, "nothing listens at its host and port"),
    (TimeoutError, "it did not answer within timeout_seconds"),
    (httpx2.TimeoutException, "it did not answer within timeout_seconds"),
    (smtplib.SMTPServerDisconnected, "what answers there speaks no SMTP, or broke off"),
    (httpx2.RemoteProtocolError, "what answers there speaks no HTTP, or broke off"),
    (httpx2.UnsupportedProtocol, "its url is no address"),
    (httpx2.InvalidURL, "its url is no address"),
)
"""The first that an error is, or was raised from, tells it"""


class SomeRefusedError(Exception):
    """The mail server took a message for some of its recipients, and refused others."""

    def __init__(self, refused: int, recipients: int) -> None:
        super().__init__(refused, recipients)
        self.refused, self.recipients = refused, recipients


def why_not_sent(error: Exception) -> str:
    """What stood in the way, and the code that a server answered; an error that is not known by its class alone."""
    match error:
        case SomeRefusedError():
            return f"the mail server refuses {error.refused} of {error.recipients} recipients"
        case smtplib.SMTPRecipientsRefused():
            codes = sorted({str(code) for code, _ in error.recipients.values()})
            return f"the mail server refuses the recipients ({', '.join(codes)})"
        case smtplib.SMTPNotSupportedError():
            lacking = "a sign-in with user and password" if "AUTH" in str(error) else "STARTTLS (see security)"
            return f"the mail server does not offer {lacking}"
        case httpx2.HTTPStatusError():
            redirect = ", a redirect, which is not followed" if error.response.is_redirect else ""
            return f"it answered {error.response.status_code}{redirect}"
    known = (words for kind, words in WORDS for cause in _causes(error) if isinstance(cause, kind))
    told = next(known, type(error).__name__)
    return f"{told} ({error.smtp_code})" if isinstance(error, smtplib.SMTPResponseException) else told


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
