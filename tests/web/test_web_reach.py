from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from web_desk import World
from web_pages import case_of, open_case, rows, say_why_if_asked

pytestmark = [pytest.mark.flow, pytest.mark.web]
Enter = Callable[..., Page]
PAPER = {"width": 703, "height": 990}
"""A4 without its margins, at 96 dots an inch"""


def top_of(page: Page, selector: str) -> float:
    return page.locator(selector).evaluate("element => element.getBoundingClientRect().top")


@pytest.mark.parametrize("has_js", [True, False])
def test_take_the_next_question_takes_one_that_the_filters_show(enter: Enter, world: World, has_js: bool) -> None:
    page = enter("asha", java_script_enabled=has_js)
    page.get_by_label("Type", exact=True).select_option("no_forename")
    if not has_js:
        page.get_by_role("button", name="Apply").click()
    n = rows(world, "SELECT count(*) FROM {review_queue} WHERE review_type = 'no_forename'")[0][0]
    expect(page.get_by_text(f"{n} open under these filters").first).to_be_visible()
    if has_js:
        expect(page.locator("#told")).to_have_text(re.compile(f"{n} open under these filters"))
    page.get_by_role("button", name="Take the next question").click()
    say_why_if_asked(page)
    expect(page.locator(".govuk-caption-m")).to_contain_text("No forename")
    page.get_by_role("button", name="Give it back").click()


def test_the_types_above_the_queue_are_filters_that_keep_the_other_ones(enter: Enter) -> None:
    page = enter("asha")
    page.goto("/queue?harm=4")
    page.locator(".chip", has_text="No forename").click()
    expect(page).to_have_url(re.compile(r"kind=no_forename&harm=4|harm=4&kind=no_forename"))
    expect(page.locator(".chip[aria-current=true]")).to_contain_text("No forename")
    page.locator(".chip", has_text="All types").click()
    expect(page).to_have_url(re.compile(r"/queue\?harm=4$"))


def test_a_filter_keeps_the_keyboard_where_it_was(enter: Enter) -> None:
    page = enter("asha")
    page.get_by_label("Type", exact=True).focus()
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile("kind="))
    expect(page.get_by_label("Type", exact=True)).to_be_focused()


def test_what_a_key_brings_is_scrolled_to_and_has_the_focus(enter: Enter, world: World) -> None:
    page = enter("asha")
    open_case(page, case_of(world, "name_only", "AND n_pairs >= 2"))
    for key, heading, said in (
        ("e", "#h-events", "Place and source"),
        ("p", "#h-preview", "If you say same person"),
        ("p", "#h-preview", "If you say different people"),
    ):
        page.evaluate("window.scrollTo(0, 0)")
        page.keyboard.press(key)
        expect(page.get_by_text(said).first).to_be_visible()
        expect(page.locator(heading)).to_be_focused()
        assert 0 <= top_of(page, heading) < 900


@pytest.mark.parametrize("has_js", [True, False])
def test_the_preview_of_a_split_is_what_one_sees_next_and_a_mistake_too(
    enter: Enter, world: World, has_js: bool
) -> None:
    page = enter("asha", java_script_enabled=has_js)
    open_case(page, case_of(world, "twin_suspicion", "AND n_pairs >= 3"))
    page.get_by_label("Record 1", exact=True).check()
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_text("If the ticked records are parted")).to_be_visible()
    assert -1 < page.locator("#h-preview").bounding_box()["y"] < 900  # type: ignore[index]  # it is there
    page.get_by_label("Record 1", exact=True).uncheck()
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    assert 0 <= page.locator(".govuk-error-summary").bounding_box()["y"] < 900  # type: ignore[index]  # it is there


def test_without_single_keys_three_tabs_reach_the_verdict(enter: Enter, world: World) -> None:
    page = enter("asha")
    open_case(page, case_of(world, "grey_pair"))
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the decision")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Same person")).to_be_focused()


def test_the_help_sheet_opens_at_its_top_and_tells_every_key_of_the_case(enter: Enter, world: World) -> None:
    page = enter("asha")
    open_case(page, case_of(world, "grey_pair"))
    keys = page.locator("[data-key]").evaluate_all("all => all.map(one => one.dataset.key)")
    page.keyboard.press("?")
    sheet = page.locator("dialog#shortcuts")
    expect(sheet.get_by_role("heading", name="Keyboard")).to_be_in_viewport()
    assert sheet.evaluate("element => element.scrollTop") == 0
    told = " ".join(sheet.locator("kbd").all_inner_texts()).split()
    assert set(keys) <= set(told), "a key works that the sheet does not tell"


def test_a_tag_is_never_cut_off(enter: Enter, world: World) -> None:
    case = case_of(world, "doubtful_birthday")
    asha, ben = enter("asha"), enter("ben")
    open_case(asha, case)
    asha.get_by_role("button", name="Take it").click()
    open_case(ben, case)
    tag = ben.locator(".case-head__tools .govuk-tag")
    expect(tag).to_have_text("Taken by another steward")
    for width in (1280, 400):
        ben.set_viewport_size({"width": width, "height": 900})
        box = tag.bounding_box()
        assert box is not None
        assert box["x"] + tag.evaluate("element => element.scrollWidth") <= width
    asha.get_by_role("button", name="Give it back").click()
    expect(asha).to_have_url(re.compile(r"/queue$"))


def on_paper(page: Page) -> Page:
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)  # type: ignore[arg-type]  # width and height
    return page


def labels_on_paper(page: Page) -> set[str]:
    """Records whose whole column lies on the sheet."""
    found = set()
    for head in page.locator(".all-records thead th[scope=col]:visible").all():
        box = head.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PAPER["width"] + 1
        found.add(" ".join(head.inner_text().split()[:2]))
    return found


def test_every_record_of_a_large_case_is_printed_and_nothing_runs_off_the_sheet(enter: Enter, world: World) -> None:
    case, persons = rows(
        world, "SELECT review_id, person_ids FROM {review_queue} ORDER BY n_pairs DESC, review_id LIMIT 1"
    )[0]
    n = rows(world, f"SELECT count(*) FROM {{records}} WHERE person_id IN {tuple(persons)}")[0][0]
    assert n > 5
    page = enter("asha")
    open_case(page, case)
    on_paper(page)
    assert labels_on_paper(page) == {f"Record {at}" for at in range(1, n + 1)}
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER["width"]
    for kept_off in (".desk-nav", ".split-box", ".case__decide form", ".desk-header__out"):
        expect(page.locator(kept_off).first).to_be_hidden()


def test_each_printed_part_of_a_cases_records_says_whose_they_are(enter: Enter, world: World) -> None:
    case, persons = rows(
        world,
        "SELECT review_id, person_ids FROM {review_queue} WHERE len(person_ids) = 2 ORDER BY n_pairs DESC, review_id LIMIT 1",
    )[0]
    page = enter("asha")
    open_case(page, case)
    on_paper(page)
    parts = page.locator(".all-records:visible").all()
    assert len(parts) > 1
    told = set()
    for part in parts:
        heads = part.locator("thead th.person").all()
        spans = [int(head.get_attribute("colspan") or 0) for head in heads]
        assert sum(spans) == part.locator("thead th[scope=col]").count()
        told |= {head.locator("a").inner_text() for head in heads}
    assert told == set(persons)


def test_every_record_of_a_person_is_printed_with_the_marking_on_every_sheet(enter: Enter, world: World) -> None:
    person, n = rows(
        world, "SELECT person_id, n_records FROM {persons} WHERE n_records BETWEEN 7 AND 9 ORDER BY person_id LIMIT 1"
    )[0]
    page = enter("asha")
    page.goto(f"/persons/{person}")
    say_why_if_asked(page)
    on_paper(page)
    assert labels_on_paper(page) == {f"Record {at}" for at in range(1, n + 1)}
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER["width"]
    rules = page.evaluate(
        "[...document.styleSheets].flatMap(sheet => [...sheet.cssRules]).filter(rule => rule instanceof CSSPageRule).map(rule => rule.cssText).join()"
    )
    assert rules.count("OFFICIAL-SENSITIVE") == 2


def test_a_narrow_screen_shows_how_records_compare_beside_their_values(enter: Enter, world: World) -> None:
    page = enter("asha")
    open_case(page, case_of(world, "grey_pair"))
    page.set_viewport_size({"width": 400, "height": 850})
    for told in page.locator(".compare .status").all():
        box = told.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 400
    assert page.get_by_role("columnheader", name="How they compare").count() == 1, "the table is one to a screen reader"
    sizes = page.evaluate(
        "[...document.querySelectorAll('svg.waterfall text, svg.graph text')].map(text => text.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 10, "words in the pictures can be read"


def test_on_a_narrow_screen_the_queue_comes_before_its_filters_which_unfold(enter: Enter) -> None:
    page = enter("asha")
    page.set_viewport_size({"width": 400, "height": 850})
    page.goto("/queue")
    expect(page.get_by_label("Type", exact=True)).to_be_hidden()
    page.get_by_text("Filters and saved views").click()
    page.get_by_label("Type", exact=True).select_option("no_forename")
    expect(page).to_have_url(re.compile("kind=no_forename"))
    expect(page.get_by_label("Type", exact=True)).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 850})
    expect(page.get_by_label("Type", exact=True)).to_be_visible()


def test_keys_are_told_only_where_they_work(enter: Enter, world: World) -> None:
    page = enter("asha", java_script_enabled=False)
    open_case(page, case_of(world, "grey_pair"))
    expect(page.locator("kbd").first).to_be_hidden()
    expect(page.locator(".key-on-button").first).to_be_hidden()
    page.goto("/help")
    expect(page.locator(".keys kbd").first).to_be_visible()


def test_a_case_stands_under_the_queue_in_the_menu(enter: Enter, world: World) -> None:
    page = enter("asha")
    open_case(page, case_of(world, "grey_pair"))
    expect(page.get_by_role("navigation").get_by_role("link", name="Queue")).to_have_attribute("aria-current", "true")
