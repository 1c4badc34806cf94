from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from web_desk import World

pytestmark = [pytest.mark.flow, pytest.mark.web]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
Enter = Callable[..., Page]
PAGES = {
    "asha": (
        "/queue",
        "/queue?harm=4&at=2",
        "/queue/detached",
        "/cases/{case}",
        "/cases/{case}?show=events&preview=link",
        "/cases/{other}",
        "/cases/{found}",
        "/cases/NONE",
        "/search",
        "/persons/{person}",
        "/help",
    ),
    "sue": ("/supervisor",),
    "col": ("/search", "/persons/{shared}", "/queue"),
    "aud": ("/audit", "/audit?action=case.view"),
    "ada": ("/accounts",),
}


@pytest.fixture(scope="module")
def ids(world: World) -> dict[str, str]:
    """What stands in the paths of pages."""
    folder = world.home.current.resolve()
    queue, records = (f"'{folder}/{name}/*.parquet'" for name in ("review_queue", "records"))
    cases = duckdb.sql(
        f"SELECT review_id, person_ids[1] FROM {queue} ORDER BY n_pairs DESC, review_id LIMIT 2"
    ).fetchall()
    shared = duckdb.sql(
        f"SELECT person_id FROM {records} GROUP BY 1 HAVING bool_or(borough = 'Croydon') AND count(*) > 2 ORDER BY 1 LIMIT 1"
    ).fetchall()[0][0]
    found = duckdb.sql(
        f"SELECT DISTINCT person_id FROM {records} WHERE person_id NOT IN (SELECT unnest(person_ids) FROM {queue}) ORDER BY 1 LIMIT 2"
    ).fetchall()
    return {
        "found": f"pair-{found[0][0]}-{found[1][0]}",
        "case": cases[0][0],
        "other": cases[1][0],
        "person": cases[0][1],
        "shared": shared,
    }


def told(page: Page) -> str:
    found = Axe().run(page, options=RULES)
    return "\n".join(
        f"{one['id']}: {one['help']} {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found.response["violations"]
    )


@pytest.mark.parametrize("who", PAGES)
def test_axe_finds_nothing_wrong_on_any_page(enter: Enter, ids: dict[str, str], who: str) -> None:
    page = enter(who)
    for path in PAGES[who]:
        page.goto(path.format(**ids))
        assert told(page) == "", page.url
        if page.locator("input[name=why]").count():
            page.locator("input[name=why]").first.check()
            page.get_by_role("button", name="Continue").click()
            page.goto(path.format(**ids))
            assert told(page) == "", page.url


def test_axe_finds_nothing_wrong_before_signing_in_and_in_the_help_sheet(enter: Enter) -> None:
    page = enter(None)
    assert told(page) == ""
    page.get_by_role("button", name="Continue").click()
    assert told(page) == ""
    steward = enter("asha")
    steward.keyboard.press("?")
    assert told(steward) == ""


@pytest.mark.parametrize(
    ("who", "path"),
    [
        *(
            ("asha", path)
            for path in ("/queue", "/queue/detached", "/cases/{case}", "/search", "/persons/{person}", "/help")
        ),
        ("sue", "/supervisor"),
        ("aud", "/audit"),
        ("ada", "/accounts"),
    ],
)
def test_a_page_needs_no_sideways_scrolling_on_a_narrow_screen(
    enter: Enter, ids: dict[str, str], who: str, path: str
) -> None:
    page = enter(who)
    for _ in range(2):
        page.goto(path.format(**ids))
        if page.locator("input[name=why]").count():
            page.locator("input[name=why]").first.check()
            page.get_by_role("button", name="Continue").click()
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_axe_finds_nothing_wrong_where_two_of_a_search_are_to_be_chosen_also_on_a_narrow_screen(enter: Enter) -> None:
    page = enter("asha")
    page.goto("/search")
    page.get_by_label("Surname").fill("Singh")
    page.get_by_label("Why do you search?").select_option("enquiry")
    page.get_by_role("button", name="Search").click()
    assert told(page) == ""
    page.get_by_role("button", name="Compare the two").click()
    page.locator("#pick-1-error").wait_for()
    assert told(page) == ""
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
