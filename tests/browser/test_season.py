"""A season on the placement desk in a real browser: drafts by mouse and by keyboard alone, seen by a colleague at once,
proposed together, answered by the director, decided, and answered by the family."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import Page

from evaka.models.person import Person
from evaka.models.unit import Unit
from tests import factories
from tests.browser.conftest import accessible
from tests.browser.test_walk import fill, press, said
from tests.conftest import keep


@pytest.fixture(scope="module")
def season(harjula):
    """Four paper applications that wait for a place, the first of them Aatos's."""
    with harjula.app.app_context():
        from evaka.models.base import db

        here = db.session.get_one(Unit, harjula.unit)
        there = db.session.get_one(Unit, harjula.other_unit)
        children = [db.session.get_one(Person, harjula.child)]
        children += [
            factories.child(born=date(2022, 3, 1 + n), first_name=name, last_name="Kausi")
            for n, name in enumerate(("Yksi", "Kaksi", "Kolme"))]
        ids = [
            factories.application(child, [here, there], start=date(2026, 8, 10), due=date(2026, 8, 1 + n)).id
            for n, child in enumerate(children)]
        keep()
    return ids


def chosen(page: Page) -> str:
    return page.inner_text("#chosen-h")


def test_a_season_by_mouse_and_by_keyboard(visit, harjula, season):
    worker, colleague = visit("worker"), visit("worker")
    desk = harjula.url + "/office/desk/"
    colleague.goto(desk)
    worker.goto(desk)
    accessible(worker)

    # by mouse: the most pressing child, and the button of the unit's row
    with worker.expect_navigation():
        worker.locator(".of-app", has_text="Aatos Niinikoski").click()
    accessible(worker)
    assert "Aatos Niinikoski" in chosen(worker)
    assert "Sisarus Helmi: Lokkilan päiväkoti" in worker.inner_text("#chosen-h ~ .of-tags")
    with worker.expect_navigation():
        worker.locator("tr", has_text="Lokkilan päiväkoti").get_by_role("button").first.click()
    said(worker, "Hahmoteltu")

    # the colleague sees it without doing anything
    colleague.locator("[data-part=drafts]", has_text="Aatos Niinikoski").wait_for(timeout=15_000)
    accessible(colleague)

    # dragged onto a unit
    worker.goto(desk)
    with worker.expect_navigation():
        worker.locator(".of-app", has_text="Yksi Kausi").drag_to(
            worker.locator("tr[data-unit]", has_text="Tuomikujan päiväkoti"))
    said(worker, "Hahmoteltu")
    assert "Suunniteltu: Tuomikujan päiväkoti" in worker.inner_text("#chosen")

    # by keyboard alone: to the next child, chosen, drafted in the first row, undone and drafted again
    worker.goto(desk)
    worker.keyboard.press("j")
    assert "Kaksi Kausi" in worker.evaluate("document.activeElement.innerText")
    with worker.expect_navigation():
        worker.keyboard.press("Enter")
    for key, words in (("1", "Hahmoteltu"), ("u", "peruttu"), ("1", "Hahmoteltu")):
        with worker.expect_navigation():
            worker.keyboard.press(key)
        said(worker, words)

    # days and a group of one's own, in the form behind the button
    worker.goto(desk)
    with worker.expect_navigation():
        worker.locator(".of-app", has_text="Kolme Kausi").click()
    worker.locator(".of-planning summary").first.click()
    worker.locator(".of-planning [name=start]").first.fill("2026-09-01")
    worker.locator(".of-planning [name=group]").first.select_option(label="Siilit")
    with worker.expect_navigation():
        worker.locator(".of-planning button").first.click()
    said(worker, "Hahmoteltu")

    # a figure opens into its arithmetic
    with worker.expect_navigation():
        worker.locator(".of-cell__go").last.click()
    accessible(worker)

    # everything is proposed at once, after a preview
    worker.goto(desk + "drafts")
    accessible(worker)
    worker.locator("[data-all]").check()
    press(worker, "Ehdota yksiköille")
    assert "Lapsia 4, yksiköitä 2" in worker.inner_text("main")
    press(worker, "Tee muutos (4)")
    said(worker, "4")

    # the director of one unit sees three, with what they do to the unit, and confirms them together
    director = visit("director")
    director.goto(harjula.url + "/office/proposal/?flt0_0=proposed")
    accessible(director)
    assert director.locator("tbody tr").count() == 3
    assert "→" in director.inner_text("tbody")
    director.locator("[data-all]").check()
    director.locator("select[name=verb]").select_option("confirm")
    with director.expect_navigation():
        director.locator("form[data-bulk] button[type=submit]").first.click()
    accessible(director)
    press(director, "Tee muutos (3)")

    # a decision leaves, and the family answers
    worker.goto(f"{harjula.url}/office/application/details/?id={season[0]}")
    press(worker, "Lähetä päätös")
    press(worker, "Lähetä päätös")
    said(worker, "Tehty")
    guardian = visit("guardian", width=390)
    guardian.goto(harjula.url + "/my/decision/")
    with guardian.expect_navigation():
        guardian.locator(".of-wait a").first.click()
    fill(guardian, start="2026-08-10")
    press(guardian, "Ota paikka vastaan")
    said(guardian, "Tehty")
