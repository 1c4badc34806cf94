from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from web_desk import World
from web_pages import answer, case_of, keep, open_case, rows, say_why

pytestmark = [pytest.mark.flow, pytest.mark.web]
Enter = Callable[..., Page]


def test_a_steward_takes_reads_decides_and_undoes_by_keyboard_alone(enter: Enter) -> None:
    page = enter("asha")
    expect(page.get_by_role("heading", name="Questions for a steward")).to_be_visible()
    keep(page, "queue")
    page.keyboard.press("j")
    expect(page.locator("[data-row] a").first).to_be_focused()
    page.keyboard.press("n")
    expect(page.get_by_text("Why do you look at this?")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    expect(page.locator("svg.waterfall")).to_be_visible()
    expect(page.get_by_text(" alone: about")).to_be_visible()
    expect(page.get_by_text("Taken by you")).to_be_visible()
    keep(page, "case")
    page.keyboard.press("e")
    expect(page.locator("#events table").first).to_be_visible()
    page.keyboard.press("p")
    expect(page.locator("#preview").get_by_text("If you say same person")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("dialog#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(page.get_by_label("Different people")).to_be_checked()
    page.keyboard.press("r")
    page.keyboard.press("h")
    expect(page.locator("#code")).to_have_value("history")
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    page.keyboard.type("Lived at two places at once")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Answered")).to_be_visible()
    expect(page.locator("#decisions").get_by_text("Lived at two places at once")).to_be_visible()
    keep(page, "answered")
    page.keyboard.press("z")
    expect(page.get_by_text("Undone. The question is open again.")).to_be_visible()
    expect(page.locator("#decisions").get_by_text("taken back", exact=True)).to_be_visible()


def test_two_stewards_do_not_take_one_question(enter: Enter) -> None:
    asha, ben = enter("asha"), enter("ben")
    taken = []
    for page in (asha, ben):
        page.get_by_role("button", name="Take the next question").click()
        taken.append(page.url)
    assert taken[0] != taken[1]
    ben.goto(taken[0])
    say_why(ben)
    expect(ben.get_by_role("heading", name="Taken by another steward")).to_be_visible()


def test_filters_narrow_the_queue_and_are_kept_as_a_view(enter: Enter, world: World) -> None:
    page = enter("asha")
    page.get_by_label("Type", exact=True).select_option("twin_suspicion")
    expect(page).to_have_url(re.compile("kind=twin_suspicion"))
    expect(page.locator("[data-row]")).to_have_count(
        rows(world, "SELECT count(*) FROM {review_queue} WHERE review_type = 'twin_suspicion'")[0][0]
    )
    page.get_by_label("Save these filters as").fill("Twins first")
    page.get_by_role("button", name="Save view").click()
    page.goto("/queue")
    page.get_by_role("link", name="Twins first").click()
    expect(page.get_by_label("Type", exact=True)).to_have_value("twin_suspicion")


def test_a_steward_previews_and_splits_the_records_of_a_case(enter: Enter, world: World) -> None:
    case = case_of(world, "twin_suspicion", "AND n_pairs >= 3")
    page = enter("asha")
    page.goto(f"/cases/{case}")
    say_why(page)
    page.get_by_label("Record 1", exact=True).check()
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_text("If the ticked records are parted from the others")).to_be_visible()
    expect(page.get_by_label("Record 1", exact=True)).to_be_checked()
    keep(page, "split-preview")
    page.locator("#split-code").select_option("relatives")
    page.get_by_role("button", name="Split the records").click()
    expect(page.get_by_text("The records part.")).to_be_visible()
    expect(page.get_by_text("Undo takes back all that you entered here")).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_text("Undone. The question is open again.")).to_be_visible()
    expect(page.get_by_text("Everything stands as it stood before.")).to_be_visible()


def test_a_split_over_two_persons_joins_only_what_is_ticked_and_says_so_in_the_preview(
    enter: Enter, world: World
) -> None:
    case, record = rows(
        world,
        "SELECT q.review_id, min(r.record_id) FROM {review_queue} q JOIN {records} r ON list_contains(q.person_ids, r.person_id) WHERE q.review_type = 'name_only' AND len(q.person_ids) = 2 GROUP BY q.review_id, r.person_id HAVING count(*) BETWEEN 3 AND 6 ORDER BY 1 DESC LIMIT 1",
    )[0]
    page = enter("asha")
    page.goto(f"/cases/{case}")
    say_why(page)
    page.locator(f'input[name="records"][value="{record}"]').check()
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.locator("#preview").get_by_text("Nothing is joined")).to_be_visible()
    page.get_by_label("The records not ticked are one person: join them").check()
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.locator("#preview").get_by_text("and 1 “same person”")).to_be_visible()
    expect(page.locator("#preview").get_by_text("A second steward must confirm it")).to_be_visible()
    expect(page.get_by_label("The records not ticked are one person: join them")).to_be_checked()
    keep(page, "split-join-preview")


def test_a_link_of_a_victim_and_an_offender_waits_for_another_steward(enter: Enter, world: World) -> None:
    case = case_of(world, "victim_offender")
    asha, ben = enter("asha"), enter("ben")
    asha.goto(f"/cases/{case}")
    say_why(asha)
    answer(asha, "Same person", "photograph")
    expect(asha.get_by_text("Saved. It waits for a second steward.")).to_be_visible()
    expect(asha.get_by_role("button", name="Confirm")).to_have_count(0)
    ben.goto(f"/cases/{case}")
    say_why(ben)
    expect(ben.get_by_role("heading", name="A second steward is asked")).to_be_visible()
    keep(ben, "second-steward")
    ben.get_by_label("Why you confirm it or take it back").fill("Seen both photographs")
    ben.get_by_role("button", name="Confirm").click()
    expect(ben.get_by_text("Confirmed.")).to_be_visible()


def after_another_has_answered(enter: Enter, case: str) -> Page:
    """A steward's look at a case on which another one has just said that they are different people."""
    page, other = enter("asha"), enter("ben")
    open_case(page, case)
    answer(page, "Different people", "history")
    expect(page.get_by_role("heading", name="Answered")).to_be_visible()
    open_case(other, case)
    return other


def test_an_answer_is_shown_to_other_stewards_and_undone_by_its_own_only(enter: Enter, world: World) -> None:
    other = after_another_has_answered(enter, case_of(world, "name_only", "AND n_pairs >= 2"))
    expect(other.get_by_role("heading", name="Answered")).to_be_visible()
    expect(other.get_by_role("button", name=re.compile("Undo"))).to_have_count(0)


def test_a_wrong_answer_of_another_steward_is_taken_back_where_the_case_shows_it(enter: Enter, world: World) -> None:
    case = case_of(world, "grey_pair", "AND len(person_ids) = 2")
    other = after_another_has_answered(enter, case)
    other.get_by_text("Take a decision back").click()
    other.get_by_role("button", name="Take it back").click()
    expect(other.get_by_role("link", name="Say why you take it back.")).to_be_visible()
    keep(other, "taking-back")
    other.get_by_label("Why you take it back").fill("The photograph is of the cousin")
    other.get_by_role("button", name="Take it back").click()
    expect(other.get_by_text("The decision is taken back.")).to_be_visible()
    expect(other.get_by_role("heading", name="Answered")).to_have_count(0)
    expect(other.get_by_text("The photograph is of the cousin")).to_be_visible()


def test_a_person_is_found_by_another_spelling_shown_with_origins_and_unmerged(enter: Enter, world: World) -> None:
    person, surname, forename = rows(
        world,
        "SELECT person_id, surname, forename FROM {persons} WHERE n_records BETWEEN 3 AND 6 AND surname LIKE '%S' AND len(surname) > 6 AND forename IS NOT NULL ORDER BY person_id LIMIT 1",
    )[0]
    page = enter("asha")
    page.goto("/search")
    page.get_by_label("Surname").fill(surname.title()[:-1] + "z")
    page.get_by_label("Forename").fill(forename.title())
    page.get_by_label("Why do you search?").select_option("enquiry")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text(person, exact=True)).to_be_visible()
    keep(page, "search")
    page.locator(f'a[href="/persons/{person}"]').first.click()
    say_why(page)
    expect(page.get_by_role("heading", name="Golden record")).to_be_visible()
    expect(page.get_by_role("cell", name=re.compile("reliability")).first).to_be_visible()
    expect(page.locator("svg.timeline")).to_be_visible()
    keep(page, "person")
    page.get_by_label("Record 1", exact=True).check()
    page.get_by_label("Reason").select_option("relatives")
    page.get_by_role("button", name="Unmerge the ticked records").click()
    expect(page.get_by_text("The records part.")).to_be_visible()
    expect(page.get_by_role("heading", name="Decisions on these records")).to_be_visible()
    keep(page, "unmerged")
    page.get_by_role("button", name=re.compile("Undo the unmerge")).click()
    expect(page.get_by_text("Undone.")).to_be_visible()


def test_a_field_takes_no_more_than_is_read_of_it(enter: Enter) -> None:
    page = enter("asha")
    page.goto("/search")
    postcode = page.get_by_label("Postcode")
    postcode.press_sequentially("SM1 9GE and more")
    expect(postcode).to_have_value("SM1 9GE and ")


def test_a_borough_user_sees_own_records_and_that_others_are_linked(enter: Enter, world: World) -> None:
    sql = "SELECT person_id FROM {records} GROUP BY 1 HAVING bool_or(borough = 'Croydon') AND bool_or(borough IS DISTINCT FROM 'Croydon') ORDER BY count(*) DESC, 1 LIMIT 1"
    person = rows(world, sql)[0][0]
    page = enter("col")
    expect(page.get_by_role("heading", name="Find a person")).to_be_visible()
    expect(page.get_by_role("link", name="Queue")).to_have_count(0)
    page.goto(f"/persons/{person}")
    page.get_by_label("A safeguarding enquiry names this person").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("cell", name="masked", exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name="Unmerge the ticked records")).to_have_count(0)
    keep(page, "borough-user")


def test_an_auditor_filters_the_log_and_proves_it(enter: Enter) -> None:
    page = enter("aud")
    page.get_by_label("Who", exact=True).select_option("Asha Steward")
    page.get_by_label("What", exact=True).select_option("case.view")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("tbody").get_by_text("case.view").first).to_be_visible()
    expect(page.locator("tbody").get_by_text("It is next in the review queue").first).to_be_visible()
    page.get_by_role("button", name="Prove the chain").click()
    expect(page.get_by_text("The chain is whole:")).to_be_visible()
    keep(page, "audit")


def test_a_supervisor_sees_numbers_and_plots(enter: Enter) -> None:
    page = enter("sue")
    page.get_by_role("link", name="Supervisor").click()
    expect(page.locator("svg.plot")).to_have_count(3)
    expect(page.get_by_role("heading", name="Do stewards agree?")).to_be_visible()
    keep(page, "supervisor")


def test_all_of_it_works_without_javascript(enter: Enter, world: World) -> None:
    page = enter("asha", java_script_enabled=False)
    page.get_by_label("Type", exact=True).select_option("grey_pair")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Take the next question").click()
    say_why(page)
    page.get_by_role("link", name="Show their events").click()
    expect(page.locator("#events table").first).to_be_visible()
    page.get_by_role("link", name="Preview same person").click()
    expect(page.locator("#preview").get_by_text("If you say same person")).to_be_visible()
    page.get_by_label("Cannot tell").check()
    page.get_by_role("button", name=re.compile("^Save")).click()
    expect(page.locator("#code-error")).to_contain_text("Choose a reason.")
    expect(page.get_by_label("Cannot tell")).to_be_checked()
    page.locator("#code").select_option("thin")
    page.get_by_role("button", name=re.compile("^Save")).click()
    expect(page.get_by_role("heading", name="Answered")).to_be_visible()
    page.get_by_role("button", name=re.compile("Undo")).click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    page.goto("/help")
    expect(page.get_by_role("heading", name="How to weigh evidence")).to_be_visible()
    page.get_by_role("button", name="Turn shortcuts off").click()
    expect(page.get_by_role("button", name="Turn shortcuts on")).to_be_visible()
    page.get_by_role("button", name="Turn shortcuts on").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_new_account_chooses_a_password_and_connects_an_authenticator(enter: Enter) -> None:
    import pyotp  # noqa: PLC0415

    ada = enter("ada")
    ada.get_by_label("Name", exact=True).fill("Nia Newcomer")
    ada.get_by_role("button", name="Make the account").click()
    password = ada.locator("#first-password").inner_text()
    page = enter(None)
    page.get_by_label("Name").fill("nia  newcomer")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Set up your account")).to_be_visible()
    secret = page.locator("code.secret").inner_text()
    page.get_by_label("New password").fill("short")
    page.get_by_label("The same again").fill("short")
    page.get_by_role("button", name="Finish").click()
    expect(page.locator("#password-error")).to_contain_text("A password has 12 to 128 characters.")
    page.get_by_label("New password").fill("walnut ferry orbit 31")
    page.get_by_label("The same again").fill("walnut ferry orbit 31")
    page.get_by_label("Code that the app shows now").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("heading", name="Questions for a steward")).to_be_visible()
