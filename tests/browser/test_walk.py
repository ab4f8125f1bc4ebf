"""The main job in a real browser: from a paper application to a child in a group, and what the family is told.

The office works at 1440 px, the guardian on a phone of 390 px; every page of the way is looked at by axe-core.
"""

from __future__ import annotations

import re

from tests.browser.conftest import accessible


def press(page, name, exact=True):
    """Press the button or link of that name and wait for the next page."""
    found = page.get_by_role("link", name=name, exact=exact).or_(page.get_by_role("button", name=name, exact=exact))
    with page.expect_navigation():
        found.first.click()
    accessible(page)


def fill(page, **fields):
    for name, value in fields.items():
        field = page.locator(f"[name={name}]")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(field.locator("option", has_text=value).first.get_attribute("value"))
        elif field.get_attribute("type") == "checkbox":
            field.set_checked(value)
        else:
            field.fill(value)


def said(page, sentence):
    """The page says the sentence in a message."""
    texts = page.locator(".alert").all_inner_texts()
    assert any(sentence in text for text in texts), texts


def test_from_a_paper_application_to_a_child_in_a_group(visit, harjula):
    worker = visit("worker")
    worker.goto(harjula.url + "/office/")
    worker.keyboard.press("/")
    worker.keyboard.type("niinikoski aatos")
    with worker.expect_navigation():
        worker.keyboard.press("Enter")  # the only hit opens at once
    accessible(worker)
    assert "Aatos Niinikoski" in worker.inner_text("h1")

    # a paper application, first with a mistake: nothing typed is lost
    press(worker, "Kirjaa hakemus")
    fill(worker, received="2026-05-20", first="Lokkilan päiväkoti", second="Lokkilan päiväkoti", start="2026-08-10",
         begins_at="08:00", ends_at="16:00")
    worker.locator("[name=service_need]").select_option("full_day")
    press(worker, "Kirjaa hakemus")
    assert worker.locator(".alert-bad").count() == 1
    assert worker.locator("[name=begins_at]").input_value() == "08:00"
    fill(worker, second="Tuomikujan päiväkoti", third="Rantaniityn päiväkoti")
    press(worker, "Kirjaa hakemus")
    said(worker, "Tehty")

    press(worker, "Merkitse saapuneeksi")
    press(worker, "Merkitse saapuneeksi")
    assert "20.9.2026" in worker.inner_text("main")  # four months from 20.5.2026
    press(worker, "Ota sijoitettavaksi")
    press(worker, "Ota sijoitettavaksi")
    application = worker.url

    # the desk: planned by keyboard, undone, planned again
    worker.goto(harjula.url + "/office/desk/")
    accessible(worker)
    worker.locator(".of-app").first.focus()
    with worker.expect_navigation():
        worker.keyboard.press("Enter")
    accessible(worker)
    assert "Lokkilan päiväkoti" in worker.inner_text(".of-occ")
    press(worker, "Hahmottele: Lokkilan päiväkoti, 10.8.2026")
    said(worker, "Hahmoteltu")
    press(worker, "Peru suunnitelma")
    press(worker, "Hahmottele: Lokkilan päiväkoti, 10.8.2026")
    worker.goto(application)
    press(worker, "Ehdota yksikölle")
    press(worker, "Ehdota yksikölle")
    assert worker.get_by_role("link", name="Lähetä päätös", exact=True).count() == 0  # the director has not answered

    director = visit("director")
    director.goto(harjula.url + "/office/proposal/")
    accessible(director)
    press(director, "Niinikoski Aatos")
    press(director, "Vahvista paikka")
    press(director, "Vahvista paikka")
    said(director, "Tehty")

    worker.goto(application)
    press(worker, "Lähetä päätös")
    press(worker, "Lähetä päätös")
    said(worker, "Tehty")

    # the guardian answers on a phone: first outside the window, then inside it
    guardian = visit("guardian", width=390)
    guardian.goto(harjula.url + "/my/decision/")
    accessible(guardian)
    with guardian.expect_navigation():
        guardian.locator(".of-wait a").first.click()
    accessible(guardian)
    letter = guardian.get_by_role("link", name=re.compile("PDF")).get_attribute("href")
    answer = guardian.request.get(harjula.url + letter)
    assert answer.ok
    assert answer.body().startswith(b"%PDF")
    fill(guardian, start="2026-09-30")
    press(guardian, "Ota paikka vastaan")
    said(guardian, "10.8.2026–24.8.2026")
    fill(guardian, start="2026-08-12")
    press(guardian, "Ota paikka vastaan")
    said(guardian, "Tehty")

    # the director puts the child into a group
    director.goto(harjula.url + "/office/placement/?search=aatos")
    accessible(director)
    press(director, "Niinikoski Aatos")
    press(director, "Sijoita ryhmään")
    fill(director, group="Siilit")
    press(director, "Sijoita ryhmään")
    said(director, "Tehty")
    assert "Siilit" in director.inner_text("main")


def test_another_familys_pages_are_not_found(visit, harjula):
    guardian = visit("guardian", width=390)
    for address in ("/office/", "/office/person/", "/my/decision/details/?id=999", "/my/document/download/?id=999"):
        answer = guardian.request.get(harjula.url + address, max_redirects=0)
        assert answer.status in (403, 404), address


def test_a_directors_lists_hold_the_own_unit_alone(visit, harjula):
    director = visit("director")
    director.goto(harjula.url + "/office/unit/")
    names = director.inner_text("main table")
    assert "Lokkilan päiväkoti" in names
    assert "Tuomikujan päiväkoti" not in names
    answer = director.request.get(f"{harjula.url}/office/unit/details/?id={harjula.other_unit}", max_redirects=0)
    assert answer.status == 404


def test_from_income_to_the_paid_month(visit, harjula):
    """Finance enters an income, sends the fee decision it leads to, and the month's invoice follows the absences."""
    finance = visit("finance")
    finance.goto(harjula.url + "/office/search/?q=aalto+sanni")
    accessible(finance)
    with finance.expect_navigation():
        finance.locator("#block-2 a, section:has(#block-2) a").first.click()  # the child's guardian
    accessible(finance)
    press(finance, "Lisää tulotieto")
    fill(finance, start="2026-05-01", **{"lines-main_income-amount": "6 200,50"})
    press(finance, "Lisää tulotieto")
    said(finance, "Tehty")

    finance.goto(harjula.url + "/office/fee/")
    accessible(finance)
    with finance.expect_navigation():
        finance.locator("main tbody a").first.click()
    accessible(finance)
    assert "× 10,7" in finance.inner_text("main")  # the arithmetic stands where the figure is
    press(finance, "Lähetä")
    press(finance, "Lähetä")
    said(finance, "Tehty")
    paper = finance.get_by_role("link", name=re.compile("PDF")).first.get_attribute("href")
    assert finance.request.get(harjula.url + paper).body().startswith(b"%PDF")


def test_a_director_writes_and_a_guardian_answers(visit, harjula):
    director = visit("director")
    director.goto(f"{harjula.url}/office/message/to_group/?id={harjula.group}")
    accessible(director)
    fill(director, title="Metsäretki", body="Lähdemme torstaina metsään.")
    with director.expect_navigation():
        director.locator("button[value=check]").click()
    accessible(director)
    assert "Niinikoski" in director.inner_text("main")  # who gets it, before it goes
    with director.expect_navigation():
        director.locator("main form button.btn-primary").first.click()
    accessible(director)

    guardian = visit("guardian", width=390)
    guardian.goto(harjula.url + "/my/message/")
    accessible(guardian)
    with guardian.expect_navigation():
        guardian.get_by_role("link", name=re.compile("Metsäretki")).first.click()
    accessible(guardian)
    assert "Lähdemme torstaina" in guardian.inner_text("main")
    fill(guardian, body="Helmi tulee mukaan.")
    with guardian.expect_navigation():
        guardian.locator("main form button[type=submit]").first.click()
    accessible(guardian)

    director.goto(harjula.url + "/office/message/")
    with director.expect_navigation():
        director.get_by_role("link", name=re.compile("Metsäretki")).first.click()
    accessible(director)
    assert "Helmi tulee mukaan." in director.inner_text("main")
