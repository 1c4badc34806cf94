from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from command_line import boroughlink
from playwright.sync_api import Browser, Page, expect
from web_desk import PASSWORD, World, add_people, running

from pipeline.core.places import Home

pytestmark = [pytest.mark.flow, pytest.mark.web, pytest.mark.slow]
Rows = Callable[[str], list[Any]]


@pytest.fixture(scope="module")
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole home after one night on the sample, of which the next night can go on."""
    own = os.environ.get("BOROUGHLINK_SAMPLE_HOME")
    source = Path(own) if own else request.getfixturevalue("sample_night").home
    copy = tmp_path_factory.mktemp("whole") / "home"
    shutil.copytree(source, copy, symlinks=True, ignore=shutil.ignore_patterns("desk", "decisions.sqlite3*"))
    return copy


def rows(home: Path, sql: str) -> list[Any]:
    folder = (home / "published" / "current").resolve()
    names = {name: f"'{folder}/{name}/*.parquet'" for name in ("review_queue", "review_closed", "records", "links")}
    return duckdb.sql(sql.format(**names)).fetchall()


def owner(home: Path, record: str) -> str:
    return rows(home, f"SELECT person_id FROM {{records}} WHERE record_id = '{record}'")[0][0]


def entered(browser: Browser, world: World) -> Page:
    page = browser.new_context(base_url=world.url, viewport={"width": 1360, "height": 900}).new_page()
    world.forget_codes()
    page.goto("/sign-in")
    page.get_by_label("Name").fill("Asha Steward")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Six digits").fill(world.people["asha"].code())
    page.get_by_role("button", name="Sign in").click()
    return page


def open_person(page: Page, person: str) -> None:
    page.goto(f"/persons/{person}")
    page.get_by_label("Check of data quality").check()
    page.get_by_role("button", name="Continue").click()


def decide(page: Page, case: str, verdict: str) -> None:
    page.goto(f"/cases/{case}")
    page.get_by_label("It is next in the review queue").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label(verdict).check()
    page.locator("#code").select_option("photograph")
    page.get_by_role("button", name=re.compile("^Save")).click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def test_what_is_decided_in_the_browser_is_carried_out_by_the_next_night(browser: Browser, home: Path) -> None:
    link, unlink = rows(
        home,
        "SELECT review_id, record_id_l, record_id_r FROM {review_queue} WHERE review_type = 'grey_pair' AND len(person_ids) = 2 ORDER BY n_pairs, review_id LIMIT 2",
    )
    person, members = rows(
        home,
        "SELECT person_id, list_sort(list(record_id)) FROM {records} GROUP BY 1 HAVING count(*) BETWEEN 4 AND 6 ORDER BY 1 LIMIT 1",
    )[0]
    world = World(Home(home))
    add_people(world)
    with running(world) as served:
        page = entered(browser, served)
        decide(page, link[0], "Same person")
        decide(page, unlink[0], "Different people")
        open_person(page, person)
        page.locator(f'input[value="{members[0]}"]').check()
        page.get_by_label("Reason").select_option("relatives")
        page.get_by_role("button", name="Unmerge the ticked records").click()
        expect(page.get_by_text("The records part.")).to_be_visible()

        night = boroughlink("run", "--home", str(home), "--json")
        assert night.code == 0, night.err

        assert owner(home, link[1]) == owner(home, link[2])
        assert owner(home, unlink[1]) != owner(home, unlink[2])
        assert {owner(home, record) for record in members[1:]}.isdisjoint({owner(home, members[0])})
        closed = dict(rows(home, "SELECT review_id, reason_code FROM {review_closed}"))
        assert closed[link[0]] == "decided_link"
        assert closed[unlink[0]] == "decided_unlink"

        for _ in range(60):  # the new publication is indexed aside, the old one served meanwhile
            page.goto(f"/cases/{link[0]}")
            if page.get_by_text("This question is closed").count():
                break
            page.wait_for_timeout(500)
        expect(page.get_by_text("This question is closed")).to_be_visible()
        open_person(page, owner(home, link[1]))
        expect(page.get_by_text("linked by a steward", exact=True)).to_be_visible()
        expect(page.locator("#graph-desc")).to_contain_text("A steward linked record")
    assert boroughlink("audit", "verify", "--home", str(home)).code == 0
