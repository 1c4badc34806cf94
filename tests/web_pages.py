"""What browser tests do on the desk's pages: find a case, say why one looks, keep a picture."""

from __future__ import annotations

import re
from typing import Any

import duckdb
from playwright.sync_api import Page, expect
from web_desk import PASSWORD, World

from pipeline.core.places import ROOT


def rows(world: World, sql: str) -> list[Any]:
    """SQL over the publication, tables named as {table}."""
    folder = world.home.current.resolve()
    names = {name: f"'{folder}/{name}/*.parquet'" for name in ("review_queue", "records", "persons")}
    return duckdb.sql(sql.format(**names)).fetchall()


def sign_in_as(page: Page, world: World, who: str) -> None:
    """Fill in the pages of signing in, of which the first one is open."""
    world.forget_codes()
    page.get_by_label("Name").fill(world.people[who].name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Six digits").fill(world.people[who].code())
    page.get_by_role("button", name="Sign in").click()


def case_of(world: World, kind: str, more: str = "") -> str:
    """The last question of a type."""
    return rows(
        world,
        f"SELECT review_id FROM {{review_queue}} WHERE review_type = '{kind}' {more} ORDER BY priority, review_id LIMIT 1",
    )[0][0]


def say_why(page: Page) -> None:
    """Give the first reason for looking."""
    page.get_by_label("It is next in the review queue").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("input[name=why]")).to_have_count(0)
    page.wait_for_load_state()  # keys that are pressed before its scripts run are lost


def answer(page: Page, verdict: str, code: str) -> None:
    """Give a verdict on the pair of an open case."""
    page.get_by_label(verdict).check()
    page.locator("#code").select_option(code)
    page.get_by_role("button", name=re.compile("^Save")).click()


def open_case(page: Page, review_id: str) -> None:
    """Go to a case and say why."""
    page.goto(f"/cases/{review_id}")
    say_why_if_asked(page)


def say_why_if_asked(page: Page) -> None:
    """The same, where it was not given before."""
    if page.locator("input[name=why]").count():
        say_why(page)


def keep(page: Page, name: str) -> None:
    """Keep a picture of the page."""
    folder = ROOT / "build" / "desk"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)
