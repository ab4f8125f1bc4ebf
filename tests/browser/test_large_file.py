"""A file that is too large: nothing that was typed is lost, with and without script, on the phone of a guardian."""

from __future__ import annotations

import pytest

from evaka.models.base import db
from evaka.models.message import Post
from tests.browser.conftest import PASSWORD, accessible

LARGE = {"name": "kesän kuvat.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 " + b"x" * (11 * 1024 * 1024)}
WORDS = "Kysymys, jota kirjoitin pitkään"


def write(page, url):
    page.goto(url + "/my/message/write/")
    page.fill("input[name=title]", "Kesä")
    page.fill("textarea[name=body]", WORDS)
    page.locator("input[name=uploads]").set_input_files(LARGE)


def test_it_is_told_before_it_is_sent(visit, harjula):
    page = visit("guardian", 390)
    write(page, harjula.url)
    told = page.get_by_role("alert")
    assert "kesän kuvat.pdf on yli 8 Mt" in told.inner_text()
    accessible(page)
    page.locator("button[value=send]").click()
    assert page.input_value("textarea[name=body]") == WORDS
    assert "/my/message/write/" in page.url
    page.locator("input[name=uploads]").set_input_files([])  # without it the letter leaves
    assert page.get_by_role("alert").count() == 0
    with page.expect_navigation():
        page.locator("button[value=send]").click()
    assert "/my/message/details/" in page.url
    assert WORDS in page.inner_text("main")


@pytest.fixture
def scriptless(chromium, harjula):
    context = chromium.new_context(viewport={"width": 390, "height": 900}, java_script_enabled=False, locale="fi-FI")
    page = context.new_page()
    page.goto(f"{harjula.url}/login")
    page.fill("input[name=email]", harjula.users["guardian"])
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    yield page
    context.close()


def test_without_script_the_page_comes_back_as_it_was_typed(scriptless, harjula):
    page = scriptless
    write(page, harjula.url)
    with page.expect_navigation():
        page.locator("button[value=send]").click()
    assert page.input_value("textarea[name=body]") == WORDS
    assert page.input_value("input[name=title]") == "Kesä"
    assert "kesän kuvat.pdf on yli 8 Mt" in page.inner_text("main")
    with harjula.app.app_context():
        assert db.session.query(Post).filter_by(title="Kesä").count() <= 1  # of the other test
