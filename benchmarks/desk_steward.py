"""A steward at work on the review desk: the pages that one asks for, and how long each takes."""

from __future__ import annotations

import random
import re
import time
from uuid import uuid4

import httpx2
import pyotp

PASSWORD = "river copper lantern 9"
TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
HIDDEN = re.compile(r'type="hidden" name="([a-z_]+)" value="([^"]*)"')
PERSON = re.compile(r'href="/persons/(P[A-Z0-9]+)"')
Times = dict[str, list[float]]
"""Milliseconds of each request, by page"""


class Steward:
    """One steward: works questions, and looks a person up after each."""

    def __init__(
        self, url: str, name: str, secret: str, think: tuple[float, float], names: list[tuple[str, str]], times: Times
    ) -> None:
        self.http = httpx2.Client(base_url=url, timeout=60)
        self.name, self.secret, self.think, self.names, self.times = name, secret, think, names, times
        self.chance = random.Random(name)
        self.csrf, self.failed = "", 0

    def sign_in(self) -> None:
        for path, form in (
            ("/sign-in", {"name": self.name, "password": PASSWORD}),
            ("/sign-in/code", {"code": pyotp.TOTP(self.secret).now()}),
        ):
            token = TOKEN.search(self.http.get(path).text)
            assert token
            answer = self.http.post(path, data={"csrf": token[1], **form})
            assert answer.status_code == 303, answer.status_code
        token_found = TOKEN.search(self.http.get("/queue").text)
        assert token_found
        self.csrf = token_found[1]

    def work(self, until: float) -> None:
        while time.monotonic() < until:
            self._page(
                "queue",
                "GET",
                f"/queue?kind={self.chance.choice(['', 'grey_pair', 'name_only'])}&at={self.chance.randint(1, 40)}",
            )
            case = self._page("take next", "POST", "/next", {}).headers["location"]
            if not case.startswith("/cases/"):
                continue
            self._page("reason to look", "POST", f"{case}/why", {"why": "queue"})
            page = self._page("case", "GET", case).text
            self._page("case with events", "GET", f"{case}?show=events")
            self._page("preview", "GET", f"{case}?preview=link")
            start = page.index(f'action="{case}/decide"')
            form = dict(HIDDEN.findall(page[start : page.index("</form>", start)]))
            verdict = self.chance.choice(["link", "unlink", "unsure"])
            self._page(
                "decide",
                "POST",
                f"{case}/decide",
                {**form, "verdict": verdict, "code": "history", "decision_id": str(uuid4())},
                also=(409,),
            )
            surname, forename = self.chance.choice(self.names)
            results = self._page(
                "search", "POST", "/search", {"surname": surname, "forename": forename, "why": "queue"}
            ).text
            if person := PERSON.search(results):
                self._page("reason to look", "POST", f"/persons/{person[1]}/why", {"why": "queue"})
                self._page("person", "GET", f"/persons/{person[1]}")

    def _page(
        self, name: str, method: str, path: str, form: dict[str, str] | None = None, also: tuple[int, ...] = ()
    ) -> httpx2.Response:
        time.sleep(self.chance.uniform(*self.think))
        data = {**form, "csrf": self.csrf} if form is not None else None
        began = time.perf_counter()
        answer = self.http.request(method, path, data=data)
        self.times[name].append((time.perf_counter() - began) * 1000)
        if answer.status_code not in (200, 303, *also):
            self.failed += 1
        return answer
