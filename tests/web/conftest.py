"""A real browser on a real desk: both started as a user would, screenshots kept in build/desk."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from web_desk import World, running
from web_pages import sign_in_as

from pipeline.core.places import ROOT

SHOTS = ROOT / "build" / "desk"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RUN_FILE = "review: { second_look_share: 0.0, sign_ins_a_minute: 1000, requests_a_minute: 100000 }\n"
Enter = Callable[..., Page]
EXPECTED = re.compile(r"status of 4|Error Code 4")  # the browser's and htmx's words for an answer that is refused


@pytest.fixture(scope="module")  # its event loop is this thread's while it is open: other tests run theirs
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Each test has its own Chromium, for one that no longer answers is killed after 30 s; its windows would not be."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        problem = "Chromium is not installed: .ci/chromium installs it"
        pytest.fail(problem) if os.environ.get("CI") else pytest.skip(problem)
    launched = playwright.chromium.launch(executable_path=found, args=list(QUIET))
    yield launched
    launched.close()


@pytest.fixture(scope="module")
def world(ready_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("desk")
    (home / "run.yaml").write_text(RUN_FILE)
    with running(ready_world.copied(home), "--run-file", str(home / "run.yaml")) as served:
        yield served


@pytest.fixture
def requested() -> list[str]:
    """Every address that the browser asked for."""
    return []


@pytest.fixture
def enter(browser: Browser, world: World, requested: list[str]) -> Iterator[Enter]:
    """Sign a person in, in a session of their own; nothing may go wrong in its console."""
    problems: list[str] = []

    def sign_in(who: str | None, **options: Any) -> Page:
        context = browser.new_context(base_url=world.url, viewport={"width": 1360, "height": 900}, **options)
        context.set_default_timeout(15_000)
        context.on("request", lambda request: requested.append(request.url))
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda said: (
                problems.append(said.text) if said.type == "error" and not EXPECTED.search(said.text) else None
            ),
        )
        page.goto("/sign-in")
        if who:
            sign_in_as(page, world, who)
        return page

    yield sign_in
    assert problems == []
    assert [address for address in requested if not address.startswith(world.url)] == []


def shot(page: Page, name: str) -> None:
    """Keep a picture of the page."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
