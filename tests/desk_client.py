"""A browser without a screen: keeps cookies, repeats the token of the form it was given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from starlette.testclient import TestClient
from web_desk import PASSWORD, World

from flows.stewards.desk import open_desk
from pipeline.review.frame.desk import Desk
from pipeline.review.web import create_app
from schemas.desk import DeskSettings
from schemas.settings import RunSettings

PATIENT = RunSettings(review=DeskSettings(sign_ins_a_minute=10_000, requests_a_minute=100_000, second_look_share=0.0))
TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class Client:
    """One person's browser."""

    def __init__(self, desk: Desk, app: Any) -> None:
        self.desk = desk
        self.http = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return self.http.get(path, **options)

    def post(
        self, path: str, data: dict[str, Any] | None = None, page: str = "/help", **options: Any
    ) -> httpx2.Response:
        """A form with the token of a page."""
        return self.http.post(path, data={"csrf": self.token(page), **(data or {})}, **options)

    def token(self, page: str = "/help") -> str:
        found = TOKEN.search(self.get(page).text)
        assert found, f"{page} has no form"
        return found[1]

    def sign_in(self, world: World, who: str) -> Client:
        person = world.people[who]
        world.forget_codes()
        assert self.post("/sign-in", {"name": person.name, "password": PASSWORD}, "/sign-in").status_code == 303
        assert self.post("/sign-in/code", {"code": person.code()}, "/sign-in/code").headers["location"] == "/"
        return self

    def open_case(self, review_id: str) -> str:
        """The page of a case, with a reason given."""
        self.post(f"/cases/{review_id}/why", {"why": "queue"})
        return self.get(f"/cases/{review_id}").text

    def form_of(self, page: str, action: str) -> dict[str, str]:
        """The hidden fields of a page's form."""
        start = page.index(f'action="{action}"')
        form = page[start : page.index("</form>", start)]
        return dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', form))


@contextmanager
def in_process(world: World, settings: RunSettings | None = None) -> Iterator[Any]:
    """The application of a world's desk; ``client()`` of it is a new browser."""
    with open_desk(settings or PATIENT, world.home, {}) as desk:
        app = create_app(desk, hosts=frozenset({"testserver"}))

        class App:
            def __init__(self) -> None:
                self.desk, self.app = desk, app

            def client(self, who: str | None = None) -> Client:
                browser = Client(desk, app)
                return browser.sign_in(world, who) if who else browser

        yield App()
