"""Signing in with an OpenID Connect provider: authorization code with PKCE, state and nonce (Authlib), the id token checked."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from pipeline.core.errors import DeskRefusedError
from pipeline.core.log import log
from schemas.desk import Oidc

SCOPE = "openid profile"
ALGORITHMS = ["RS256", "ES256", "PS256"]
TIMEOUT_S = 10.0
PROBLEM = "The force's sign-in did not work."
WHAT_TO_DO = "Try again, or sign in with a local account."
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderAnswerError(ValueError):
    """The provider answered something else than the protocol says."""


FAILURES = (httpx2.HTTPError, httpx2.InvalidURL, AuthlibBaseError, JoseError, ValueError)
"""What the libraries raise where the provider does not answer, answers no, or answers nonsense"""


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in that the provider is asked for; the browser keeps it until it comes back."""

    state: str
    nonce: str
    verifier: str

    def as_cookie(self) -> str:
        """The three in one text."""
        return ".".join((self.state, self.nonce, self.verifier))

    @classmethod
    def of(cls, cookie: str) -> PendingSignIn | None:
        """The three from a cookie."""
        parts = cookie.split(".")
        return cls(*parts) if len(parts) == 3 and all(parts) else None


@dataclass(frozen=True, slots=True)
class VouchedUser:
    """Whom the provider vouches for."""

    subject: str
    name: str
    role: str
    borough: str | None


def begin(oidc: Oidc, secret: str, back: str) -> tuple[str, PendingSignIn]:
    """Where to send the browser, and what it must bring back."""
    pending = PendingSignIn(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))
    challenge = create_s256_code_challenge(pending.verifier)
    with OAuth2Client(oidc.client_id, secret, scope=SCOPE, redirect_uri=back) as client:
        url, _ = client.create_authorization_url(
            _metadata(oidc)["authorization_endpoint"],
            state=pending.state,
            nonce=pending.nonce,
            code_challenge=challenge,
            code_challenge_method="S256",
        )
    return str(url), pending


def finish(oidc: Oidc, secret: str, back: str, pending: PendingSignIn, code: str) -> VouchedUser:
    """Who came back.

    Raises:
        DeskRefusedError: 403, if the provider does not vouch for them, or gives them no role of the desk.
    """
    metadata = _metadata(oidc)
    with (
        _refused_with(403),
        OAuth2Client(oidc.client_id, secret, scope=SCOPE, redirect_uri=back, timeout=TIMEOUT_S) as client,
    ):
        token = client.fetch_token(
            metadata["token_endpoint"], code=code, code_verifier=pending.verifier, grant_type="authorization_code"
        )
        claims = _signed_claims(_text(token, "id_token"), _answer_of(metadata["jwks_uri"]))
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": metadata["issuer"]},
            aud={"essential": True, "value": oidc.client_id},
            nonce={"essential": True, "value": pending.nonce},
            exp={"essential": True},
            sub={"essential": True},
        ).validate(claims)
    return user_from_claims(oidc, claims)


def user_from_claims(oidc: Oidc, claims: Mapping[str, Any]) -> VouchedUser:
    """Name, role and borough from the claims; of several roles the first that the run file names.

    Raises:
        DeskRefusedError: 403, if there is no role or no name.
    """
    claimed = claims.get(oidc.role_claim) or []
    claimed_roles = {claimed} if isinstance(claimed, str) else set(map(str, claimed))
    role = next((desk_role for name, desk_role in oidc.roles.items() if name in claimed_roles), None)
    name = str(claims.get(oidc.name_claim) or "").strip()
    if role is None or not name:
        raise DeskRefusedError(403, "Your account of the force has no role at this desk.", "Ask an administrator.")
    borough = str(claims.get(oidc.borough_claim) or "") or None
    return VouchedUser(f"{oidc.issuer}|{claims['sub']}", name, role, borough if role == "borough" else None)


def _metadata(oidc: Oidc) -> dict[str, str]:
    """The provider's issuer and endpoints, as it tells them itself."""
    with _refused_with(503):
        answer = _answer_of(f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration")
        metadata = {name: _text(answer, name) for name in ("issuer", *ENDPOINTS)}
        if metadata["issuer"].rstrip("/") != oidc.issuer.rstrip("/"):
            raise ProviderAnswerError("another issuer")
    return metadata


@contextmanager
def _refused_with(code: int) -> Iterator[None]:
    """Whatever the provider trips the libraries over, the answer is no; the log tells its kind and nothing of what was sent."""
    try:
        yield
    except FAILURES as error:
        log("oidc_failed", kind=type(error).__name__)
        raise DeskRefusedError(code, PROBLEM, WHAT_TO_DO) from None


def _signed_claims(id_token: str, key_set: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of a token that one of the keys signed."""
    try:
        return jwt.decode(id_token, KeySet.import_key_set(dict(key_set)), algorithms=ALGORITHMS).claims  # type: ignore[arg-type]
    except (KeyError, TypeError):  # what the library raises of keys and headers that are not as it expects
        raise ProviderAnswerError("keys or token") from None


def _answer_of(address: str) -> Mapping[str, Any]:
    answer = httpx2.get(address, timeout=TIMEOUT_S).raise_for_status().json()
    if not isinstance(answer, Mapping):
        raise ProviderAnswerError("no JSON object")
    return answer


def _text(answer: Mapping[str, Any], name: str) -> str:
    text = answer.get(name)
    if not isinstance(text, str):
        raise ProviderAnswerError(name)
    return text
