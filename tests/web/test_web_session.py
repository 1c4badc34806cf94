from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pyotp
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect
from web_desk import PASSWORD, World
from web_pages import case_of, keep, open_case

from pipeline.stewardship.columns import DESK_SESSIONS
from schemas.desk import DeskSettings

pytestmark = [pytest.mark.flow, pytest.mark.web]
Enter = Callable[..., Page]
IDLE = DeskSettings().idle_minutes * 60


def leave_seconds(world: World, seconds: int) -> None:
    """Make every session as old as it is that long before its end."""
    seen = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=IDLE - seconds)
    engine = sa.create_engine(f"sqlite:///{world.home.decisions}")
    with engine.begin() as connection:
        connection.execute(sa.update(DESK_SESSIONS).values(seen_at=seen))
    engine.dispose()


def sign_in_again(page: Page, world: World, who: str) -> None:
    world.forget_codes()
    page.get_by_label("Name").fill(world.people[who].name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Six digits").fill(pyotp.TOTP(world.people[who].secret).now())
    page.get_by_role("button", name="Sign in").click()


def fill(page: Page) -> None:
    page.get_by_label("Cannot tell").check()
    page.locator("#code").select_option("thin")
    page.locator("#text").fill("Nothing but a name")


@pytest.mark.parametrize("has_js", [True, False])
def test_a_verdict_that_is_sent_too_late_is_saved_after_signing_in_again(
    enter: Enter, world: World, has_js: bool
) -> None:
    page = enter("asha", java_script_enabled=has_js)
    open_case(page, case_of(world, "no_forename"))
    fill(page)
    leave_seconds(world, -5)
    page.get_by_role("button", name=re.compile("^Save")).click()
    expect(page.get_by_role("heading", name="Sign in again")).to_be_visible()
    expect(page.get_by_text("Nothing but a name")).to_be_visible()
    keep(page, "signed-out")
    sign_in_again(page, world, "asha")
    expect(page.get_by_role("heading", name="Send what you entered?")).to_be_visible()
    keep(page, "send-again")
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_role("heading", name="Answered")).to_be_visible()
    page.get_by_role("button", name=re.compile("Undo")).click()
    expect(page.get_by_text("Undone.")).to_be_visible()


def test_before_the_session_ends_its_person_is_warned_and_stays_by_one_key(enter: Enter, world: World) -> None:
    page = enter("asha")
    page.clock.install()
    open_case(page, case_of(world, "no_forename"))
    fill(page)
    leave_seconds(world, 100)
    page.clock.fast_forward((IDLE - 110) * 1000)
    expect(page.get_by_role("heading", name="You will be signed out at")).to_be_visible()
    keep(page, "session-ends")
    expect(page.get_by_role("button", name="Stay signed in")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("dialog#session")).to_be_hidden()
    expect(page.locator("#text")).to_have_value("Nothing but a name")


def test_a_session_that_is_over_covers_the_page_and_what_was_entered_outlives_it(enter: Enter, world: World) -> None:
    page = enter("asha")
    open_case(page, case_of(world, "no_forename"))
    fill(page)
    leave_seconds(world, -5)
    page.locator("#h-graph").click()
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(page.get_by_text("You are not signed in yet.")).to_be_hidden()
    page.get_by_role("button", name="I have signed in").click()
    expect(page.get_by_text("You are not signed in yet.")).to_be_visible()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Sign in (opens in a new tab)").click()
    sign_in_again(opened.value, world, "asha")
    expect(opened.value.get_by_role("heading", name="Questions for a steward")).to_be_visible()
    page.get_by_role("button", name="I have signed in").click()
    expect(page.locator("dialog#session")).to_be_hidden()
    expect(page.locator("#text")).to_have_value("Nothing but a name")
    page.get_by_role("button", name=re.compile("^Save")).click()
    expect(page.get_by_role("heading", name="Answered")).to_be_visible()
    page.get_by_role("button", name=re.compile("Undo")).click()
