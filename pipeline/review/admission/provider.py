"""Signing in with an OpenID Connect provider: authorization code with PKCE, state and nonce (Authlib), the id token checked."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet

from pipeline.core.errors import DeskRefusedError
from schemas.desk import Oidc

SCOPE = "openid profile"
ALGORITHMS = ["RS256", "ES256", "PS256"]
TIMEOUT_S = 10.0
PROBLEM = "The force's sign-in did not work."
WHAT_TO_DO = "Try again, or sign in with a local account."


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
    try:
        with OAuth2Client(oidc.client_id, secret, scope=SCOPE, redirect_uri=back, timeout=TIMEOUT_S) as client:
            token = client.fetch_token(
                metadata["token_endpoint"], code=code, code_verifier=pending.verifier, grant_type="authorization_code"
            )
        keys = KeySet.import_key_set(httpx2.get(metadata["jwks_uri"], timeout=TIMEOUT_S).raise_for_status().json())
        claims = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": metadata["issuer"]},
            aud={"essential": True, "value": oidc.client_id},
            nonce={"essential": True, "value": pending.nonce},
            exp={"essential": True},
            sub={"essential": True},
        ).validate(claims)
    except Exception as error:  # whatever the provider or its library trips over, the answer is no
        del error
        raise DeskRefusedError(403, PROBLEM, WHAT_TO_DO) from None
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


def _metadata(oidc: Oidc) -> dict[str, Any]:
    try:
        address = f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration"
        metadata: dict[str, Any] = httpx2.get(address, timeout=TIMEOUT_S).raise_for_status().json()
    except (httpx2.HTTPError, ValueError):
        raise DeskRefusedError(503, PROBLEM, WHAT_TO_DO) from None
    if metadata.get("issuer", "").rstrip("/") != oidc.issuer.rstrip("/"):
        raise DeskRefusedError(503, PROBLEM, WHAT_TO_DO)
    return metadata
