"""Letters between the office and a family in a real browser, on both sides, at both widths and in three languages.

The notice is read back from a real mail server; its link leads through the log-in to the conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import Locator, Page

from evaka.access import Actor
from evaka.jobs import run
from evaka.jobs.journal import SEND_EMAIL
from evaka.jobs.message import DELIVER
from evaka.models.base import db
from evaka.texts import say
from tests.browser.conftest import NOON, PASSWORD, accessible
from tests.jobs.test_journal import Post, free_port

# language, how wide the office's screen is, and the family's
PLACES = [("fi", 1440, 390), ("sv", 390, 1440), ("en", 1440, 390)]


@pytest.fixture
def mails(harjula: SimpleNamespace) -> Iterator[Post]:
    """The mail server of the city."""
    server = Post()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    harjula.app.config.update(SMTP=f"127.0.0.1:{controller.port}", BASE_URL=harjula.url)
    yield server
    harjula.app.config.update(SMTP="", BASE_URL="")
    controller.stop()


def later(harjula: SimpleNamespace, job: Any, days: int = 0) -> None:
    """The job runs, some days and two minutes after noon."""
    with harjula.app.app_context():
        run(job, Actor(None, NOON + timedelta(days=days, minutes=2)))
        db.session.remove()


def press(page: Page, what: Locator) -> None:
    with page.expect_navigation():
        what.first.click()
    accessible(page)


def go(page: Page, harjula: SimpleNamespace, address: str) -> None:
    page.goto(harjula.url + address)
    accessible(page)


def button(page: Page, value: str, name: str = "press") -> Locator:
    return page.locator(f"button[name={name}][value={value}]")


def tick(page: Page, id: str) -> None:
    """A box or a child; the children of a group are behind what opens."""
    box = page.locator(f"#{id}")
    if not box.is_visible():
        page.locator("details", has=box).locator("summary").click()
    box.check()


def write(page: Page, harjula: SimpleNamespace, title: str, *ticks: str) -> int:
    """From the director's own box, up to the page that shows who gets it; how many that are."""
    go(page, harjula, "/office/message/write/?from=personal")
    page.fill("[name=title]", title)
    page.fill("[name=body]", f"{title}: huomenna metsään.")
    for id in ticks:
        tick(page, id)
    press(page, button(page, "check"))
    return int(page.inner_text("section[aria-labelledby=recipients] header b"))


def send(page: Page) -> None:
    press(page, page.locator("main form button.btn-primary"))


def opened(page: Page, harjula: SimpleNamespace, title: str, box: str = "received") -> None:
    """A conversation, from the list of the guardian."""
    go(page, harjula, f"/my/message/?box={box}")
    press(page, page.get_by_role("link", name=title))


@pytest.mark.parametrize(("language", "office", "phone"), PLACES)
def test_a_letter_is_noticed_read_and_answered_and_the_office_sees_the_answer(
    visit: Any, harjula: SimpleNamespace, mails: Post, language: str, office: int, phone: int,
) -> None:
    title = f"Retki {language}"
    director = visit("director", width=office, language=language)
    assert write(director, harjula, title, f"groups-{harjula.group}") == 5  # one is not told where the child is
    send(director)
    assert director.inner_text("section[aria-labelledby=readers] header b") == "0/5"

    later(harjula, SEND_EMAIL)
    [mail] = [mail for address, mail, _ in mails.mails if address == "ari@example.fi"]
    text = str(mail.get_content())
    assert mail["Subject"] == say("email.message_waits.subject", "fi")  # in the reader's language, and in it alone
    assert say("email.message_waits.subject", "sv") not in text
    assert "metsään" not in text + str(mail["Subject"])
    [link] = re.findall(re.escape(harjula.url) + r"/my/message/details/\?id=\d+", text)

    family = visit(None, width=phone)
    family.goto(link)  # leads through the log-in to the conversation
    family.fill("input[name=email]", harjula.users["guardian"])
    family.fill("input[name=password]", PASSWORD)
    with family.expect_navigation():
        family.press("input[name=password]", "Enter")
    assert family.url == link
    family.goto(f"{harjula.url}/language/{language}?next={link.removeprefix(harjula.url)}")
    accessible(family)
    assert f"{title}: huomenna metsään." in family.inner_text("main")
    family.fill("[name=body]", f"Helmi tulee mukaan, {language}.")
    press(family, family.locator("main form button.btn-primary"))

    go(director, harjula, "/office/message/")
    assert title in director.inner_text(".of-mail .is-unread")
    if office > 1000:
        menu = director.locator(".of-side a[href='/office/message/']").inner_text()
        assert re.search(r"\d", menu), menu  # the counter
    press(director, director.locator(".of-mail .is-unread a"))
    assert f"Helmi tulee mukaan, {language}." in director.inner_text("main")
    assert "Ari Niinikoski" in director.inner_text("main")  # and who has read it
    paper = director.request.get(harjula.url + director.locator("a[href*='/print/']").get_attribute("href"))
    assert paper.body().startswith(b"%PDF")
    press(director, button(director, "archive", "verb"))
    go(director, harjula, "/office/message/?box=archive")
    assert title in director.inner_text("main")


@pytest.mark.parametrize(("language", "office", "phone"), PLACES)
def test_a_bulletin_with_its_count_a_letter_for_later_and_one_that_is_undone(
    visit: Any, harjula: SimpleNamespace, language: str, office: int, phone: int,
) -> None:
    director = visit("director", width=office, language=language)
    go(director, harjula, "/office/message/write/?from=personal")
    director.locator("#kind-bulletin").check()
    director.fill("[name=title]", f"Tiedote {language}")
    director.fill("[name=body]", "Kevätjuhla on perjantaina.")
    tick(director, f"units-{harjula.unit}")
    press(director, button(director, "check"))
    assert director.inner_text("section[aria-labelledby=recipients] header b") == "5"
    send(director)
    go(director, harjula, "/office/message/?box=sent")
    assert "Lokkilan päiväkoti" in director.inner_text(".of-mail li:first-child")
    staff = visit("staff", width=office, language=language)
    go(staff, harjula, "/office/message/?box=copies")
    assert f"Tiedote {language}" in staff.inner_text("main")
    family = visit("guardian", width=phone, language=language)
    opened(family, harjula, f"Tiedote {language}")
    assert "Kevätjuhla" in family.inner_text("main")
    assert family.locator("textarea").count() == 0  # nobody answers a bulletin

    # undone: it is a draft again, as if it never was
    write(director, harjula, f"Vahinko {language}", f"groups-{harjula.group}")
    send(director)
    press(director, button(director, "undo"))
    assert director.locator("[name=title]").input_value() == f"Vahinko {language}"
    go(family, harjula, "/my/message/")
    assert f"Vahinko {language}" not in family.inner_text("main")
    go(director, harjula, "/office/message/?box=drafts")
    assert f"Vahinko {language}" in director.inner_text("main")

    # for later: nobody sees it before its day
    write(director, harjula, f"Huomenna {language}", f"groups-{harjula.group}")
    director.fill("[name=day]", (NOON.date() + timedelta(days=1)).isoformat())
    director.fill("[name=clock]", "08:00")
    send(director)
    go(family, harjula, "/my/message/")
    assert f"Huomenna {language}" not in family.inner_text("main")
    later(harjula, DELIVER, days=1)
    opened(family, harjula, f"Huomenna {language}")


@pytest.mark.parametrize(("language", "office", "phone"), PLACES)
def test_sensitive_words_wait_for_a_strong_log_in(
    visit: Any, harjula: SimpleNamespace, language: str, office: int, phone: int,
) -> None:
    director = visit("director", width=office, language=language)
    go(director, harjula, "/office/message/write/?from=personal")
    director.fill("[name=title]", f"Vain teille {language}")
    director.fill("[name=body]", "Puhutaan tuesta.")
    director.locator("#sensitive-1").check()
    tick(director, f"children-{harjula.sister}")
    press(director, button(director, "check"))
    send(director)
    family = visit("guardian", width=phone, language=language)
    go(family, harjula, "/my/message/")
    assert "Vain teille" not in family.inner_text("main")
    press(family, family.locator(".of-mail .is-unread a"))
    assert "Puhutaan tuesta." not in family.inner_text("main")
    assert family.locator("textarea").count() == 0


@pytest.mark.parametrize(("language", "office", "phone"), PLACES)
def test_the_pages_beside_the_letters(
    visit: Any, harjula: SimpleNamespace, language: str, office: int, phone: int,
) -> None:
    family = visit("guardian", width=phone, language=language)
    go(family, harjula, "/my/message/settings/")
    go(family, harjula, "/my/message/?box=archive")
    go(family, harjula, "/my/message/write/")
    family.fill("[name=title]", f"Kysymys {language}")
    family.fill("[name=body]", "Missä on hattu?")
    press(family, button(family, "send", "step"))
    assert "Missä on hattu?" in family.inner_text("main")
    director = visit("director", width=office, language=language)
    go(director, harjula, "/office/message/settings/?from=personal")
    director.fill("[name=set_away-start]", date(2026, 7, 1).isoformat())
    go(director, harjula, "/office/message/write/")
    staff = visit("staff", width=office, language=language)
    go(staff, harjula, "/office/message/")
    assert f"Kysymys {language}" in staff.inner_text(".of-mail")
    admin = visit("admin", width=office, language=language)
    go(admin, harjula, "/office/message/write/?from=municipal")
    go(admin, harjula, "/office/email/")
