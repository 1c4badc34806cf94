"""A provider of the tests' own on loopback: discovery, keys, tokens; the desk speaks with it as with any other."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from desk_client import in_process
from joserfc import jwt
from joserfc.jwk import RSAKey
from web_desk import World

from pipeline.core.log import log_to, stop_log
from schemas.desk import DeskSettings, Oidc
from schemas.settings import RunSettings

pytestmark = pytest.mark.flow


class Provider(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
        self.signs_with = self.key
        self.claims: dict[str, Any] = {}
        self.asked: dict[str, list[str]] = {}
        self.instead: dict[str, Any] = {}
        """What it answers under a path, in the place of what belongs there"""


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        own = self.server
        if self.path in own.instead:
            self._json(own.instead[self.path])
        elif self.path.startswith("/.well-known"):
            self._json(
                {
                    "issuer": own.url,
                    "authorization_endpoint": f"{own.url}/authorize",
                    "token_endpoint": f"{own.url}/token",
                    "jwks_uri": f"{own.url}/keys",
                }
            )
        else:
            self._json({"keys": [own.key.as_dict(private=False)]})

    def do_POST(self) -> None:
        own = self.server
        own.asked = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        if self.path in own.instead:
            self._json(own.instead[self.path], 400)
            return
        token = jwt.encode({"alg": "RS256", "kid": "1"}, own.claims, own.signs_with)
        self._json({"access_token": "x", "token_type": "Bearer", "id_token": token})

    def _json(self, facts: Any, status: int = 200) -> None:
        body = json.dumps(facts).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def desk(world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("BOROUGHLINK_OIDC_SECRET", "the client's secret")
    oidc = Oidc(issuer=provider.url, client_id="desk", roles={"DataSteward": "steward", "Local": "borough"})
    provider.signs_with, provider.instead = provider.key, {}
    with in_process(world, RunSettings(review=DeskSettings(oidc=oidc, sign_ins_a_minute=1000))) as opened:
        yield opened


def come_back(desk: Any, provider: Provider, **claims: Any) -> tuple[Any, Any]:
    """To the provider and back, as a browser goes."""
    browser = desk.client()
    away = parse_qs(urlparse(browser.get("/oidc/start").headers["location"]).query)
    provider.claims = {
        "iss": provider.url,
        "aud": "desk",
        "sub": "42",
        "nonce": away["nonce"][0],
        "exp": int(time.time()) + 60,
        "name": "Olu Oidc",
        "roles": ["DataSteward"],
        **claims,
    }
    assert away["code_challenge_method"] == ["S256"]
    return browser, browser.get("/oidc/back", params={"code": "c", "state": away["state"][0]})


def test_somebody_whom_the_provider_vouches_for_works_as_a_steward(desk: Any, provider: Provider) -> None:
    browser, answer = come_back(desk, provider)
    assert "Signed in as Olu Oidc" in answer.text
    assert provider.asked["code_verifier"]
    assert "Olu Oidc" in browser.get("/queue").text


def test_a_role_and_borough_come_from_the_provider_each_time(desk: Any, provider: Provider) -> None:
    browser, _ = come_back(desk, provider, sub="7", name="Bo Borough", roles=["Local"], borough="Croydon")
    assert browser.get("/queue").status_code == 403
    assert browser.get("/search").status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"roles": []},
        {"name": "Asha Steward", "sub": "9"},
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(desk: Any, provider: Provider, claims: dict[str, Any]) -> None:
    browser, answer = come_back(desk, provider, **claims)
    assert answer.status_code == 403
    assert browser.get("/queue").headers.get("location") == "/sign-in"


def test_a_token_signed_by_somebody_else_is_refused(desk: Any, provider: Provider) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "1"})
    assert come_back(desk, provider)[1].status_code == 403


def test_an_answer_to_a_sign_in_that_another_browser_began_is_refused(desk: Any, provider: Provider) -> None:
    away = parse_qs(urlparse(desk.client().get("/oidc/start").headers["location"]).query)
    assert desk.client().get("/oidc/back", params={"code": "c", "state": away["state"][0]}).status_code == 403


DISCOVERY = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("path", "instead", "kind"),
    [
        ("/token", {"error": "invalid_client", "error_description": "SECRET"}, "OAuthError"),
        ("/keys", {"keys": [{"kty": "RSA"}]}, "KeyParameterError"),
        ("/keys", {"keys": [{"kty": "EC", "crv": "P-999", "x": "a", "y": "b"}]}, "ProviderAnswerError"),
        ("/keys", ["SECRET"], "ProviderAnswerError"),
        (None, {"nonce": "another"}, "InvalidClaimError"),
        (None, {"exp": 1}, "ExpiredTokenError"),
    ],
)
def test_a_sign_in_that_fails_is_told_in_the_log_by_its_kind_and_by_nothing_else(
    desk: Any, provider: Provider, tmp_path: Path, path: str | None, instead: Any, kind: str
) -> None:
    if path:
        provider.instead = {path: instead}
    handler = log_to(tmp_path / "desk.log")
    _, answer = come_back(desk, provider, **({} if path else instead))
    stop_log(handler)
    assert answer.status_code == 403
    text = (tmp_path / "desk.log").read_text("utf-8")
    (line,) = [json.loads(line) for line in text.splitlines() if "oidc" in line]
    assert {name: line[name] for name in line if name != "at"} == {
        "level": "INFO",
        "event": "oidc_failed",
        "kind": kind,
    }
    assert not any(word in text for word in ("SECRET", "the client's secret", "Olu Oidc", "another"))


@pytest.mark.parametrize("answer", [[], {}, {"issuer": 3}, {"issuer": "https://evil.example"}])
def test_a_provider_that_says_nonsense_of_itself_is_no_way_in_and_told_in_the_log(
    desk: Any, provider: Provider, tmp_path: Path, answer: Any
) -> None:
    provider.instead = {DISCOVERY: answer}
    handler = log_to(tmp_path / "desk.log")
    assert desk.client().get("/oidc/start").status_code == 503
    stop_log(handler)
    assert '"kind": "ProviderAnswerError"' in (tmp_path / "desk.log").read_text("utf-8")


def test_without_a_provider_the_way_is_closed(world: World) -> None:
    with in_process(world) as local:
        assert local.client().get("/oidc/start").status_code == 404
