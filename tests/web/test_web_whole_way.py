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
from web_desk import World, add_people, running
from web_pages import answer, open_case, sign_in_as

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


@pytest.fixture(scope="module")
def world(home: Path) -> World:
    own = World(Home(home))
    add_people(own)
    return own


def rows(home: Path, sql: str) -> list[Any]:
    folder = (home / "published" / "current").resolve()
    names = {
        name: f"'{folder}/{name}/*.parquet'"
        for name in ("review_queue", "review_closed", "records", "links", "persons")
    }
    return duckdb.sql(sql.format(**names)).fetchall()


def owner(home: Path, record: str) -> str:
    return rows(home, f"SELECT person_id FROM {{records}} WHERE record_id = '{record}'")[0][0]


def entered(browser: Browser, world: World, who: str = "asha") -> Page:
    page = browser.new_context(base_url=world.url, viewport={"width": 1360, "height": 900}).new_page()
    page.goto("/sign-in")
    sign_in_as(page, world, who)
    return page


def open_person(page: Page, person: str) -> None:
    page.goto(f"/persons/{person}")
    page.get_by_label("Check of data quality").check()
    page.get_by_role("button", name="Continue").click()


def decide(page: Page, case: str, verdict: str) -> None:
    open_case(page, case)
    answer(page, verdict, "photograph")
    expect(page.get_by_text("Saved.")).to_be_visible()


def test_what_is_decided_in_the_browser_is_carried_out_by_the_next_night(
    browser: Browser, home: Path, world: World
) -> None:
    link, unlink = rows(
        home,
        """SELECT review_id, record_id_l, record_id_r FROM {review_queue}
        WHERE review_type IN ('grey_pair', 'doubtful_birthday') AND len(person_ids) = 2 AND n_pairs = 1
        ORDER BY review_type DESC, review_id LIMIT 2""",
    )
    person, members = rows(
        home,
        "SELECT person_id, list_sort(list(record_id)) FROM {records} GROUP BY 1 HAVING count(*) BETWEEN 4 AND 6 ORDER BY 1 LIMIT 1",
    )[0]
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
        parted = sorted(owner(home, record) for record in unlink[1:])
        page.goto(f"/cases/pair-{parted[0]}-{parted[1]}")  # asked no more, and two whom a steward may look at again
        page.get_by_label("Check of data quality").check()
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_text("Found by a steward")).to_be_visible()
        expect(page.get_by_text(re.compile(r"^Records \d+ and \d+ alone:"))).to_be_visible()
        assert {page.locator(f"#decide input[name={end}]").input_value() for end in ("l", "r")} == {*unlink[1:]}
        open_person(page, owner(home, link[1]))
        expect(page.get_by_text("linked by a steward", exact=True)).to_be_visible()
        expect(page.locator("#graph-desc")).to_contain_text("A steward linked record")
    assert boroughlink("audit", "verify", "--home", str(home)).code == 0


def test_two_whom_a_search_finds_are_compared_said_to_be_one_and_one_from_the_next_night_on(
    browser: Browser, home: Path, world: World
) -> None:
    surname, (one, other) = rows(
        home,
        """SELECT surname, list_sort(list(person_id)) FROM {persons}
        WHERE n_records BETWEEN 2 AND 5 AND roles = ['victim'] AND forename IS NOT NULL AND surname IS NOT NULL
          AND person_id NOT IN (SELECT unnest(person_ids) FROM {review_queue})
        GROUP BY 1 HAVING count(*) = 2 ORDER BY len(surname) DESC, 1 LIMIT 1""",
    )[0]
    with running(world) as served:
        page = entered(browser, served)
        page.goto("/search")
        page.get_by_label("Surname").fill(surname.title())
        page.get_by_label("Why do you search?").select_option("enquiry")
        page.get_by_role("button", name="Search").click()
        page.get_by_label(re.compile(f"^Compare .*{one}")).check()
        page.get_by_role("button", name="Compare the two").click()
        expect(page.locator("#pick-1-error")).to_contain_text("Tick two people to compare; one is ticked.")
        expect(page.get_by_label("Surname")).to_have_value(surname.title())
        page.get_by_label(re.compile(f"^Compare .*{other}")).check()
        page.get_by_role("button", name="Compare the two").click()
        page.get_by_label("A safeguarding enquiry names this person").check()
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", name="Are these one person?")).to_be_visible()
        case = page.url.partition("/cases/")[2]
        assert case == f"pair-{one}-{other}"
        left, right = (page.locator(f"#decide form input[name={end}]").input_value() for end in ("l", "r"))
        answer(page, "Same person", "photograph")
        expect(page.get_by_text("Saved.", exact=False).first).to_be_visible()
        if page.get_by_text("It waits for a second steward").count():
            second = entered(browser, served, "ben")
            second.goto(f"/cases/{case}")
            second.get_by_label("I was asked for a second opinion").check()
            second.get_by_role("button", name="Continue").click()
            second.get_by_label("Why you confirm it or take it back").fill("Seen both photographs")
            second.get_by_role("button", name="Confirm").click()
            expect(second.get_by_text("Confirmed.")).to_be_visible()

        night = boroughlink("run", "--home", str(home), "--json")
        assert night.code == 0, night.err
        assert owner(home, left) == owner(home, right)

        for _ in range(60):  # the new publication is indexed aside, the old one served meanwhile
            page.goto(f"/cases/{case}")
            if page.get_by_text("This question is closed").count():
                break
            page.wait_for_timeout(500)
        expect(page.get_by_text("This question is closed")).to_be_visible()
        expect(page.locator("#decide")).to_contain_text("Asked no more: one person now.")
        now = owner(home, left)
        ended = next(person for person in (one, other) if person != now)
        open_person(page, now)
        page.get_by_label("Id of the other person").fill(ended)
        page.get_by_role("button", name="Compare the two").click()
        expect(page.locator("#other-error")).to_contain_text("That is this same person already.")
