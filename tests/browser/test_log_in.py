"""The doors in a real browser, on a phone: strong identification with a provider that runs here, and mails that come.

The Content-Security-Policy holds here, as it does for people: it decides whether a browser may leave for the provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import Browser, Page

from evaka.access import Actor
from evaka.jobs import run
from evaka.jobs.journal import SEND_EMAIL
from evaka.kit import identity
from evaka.models.base import db
from evaka.models.person import Person
from evaka.views.user.provider import Provider as OurSide
from tests import factories
from tests import provider as providers
from tests.browser.conftest import NOON, PASSWORD, accessible
from tests.conftest import keep
from tests.jobs.test_journal import Post, free_port
from tests.provider import CLIENT, CODE_CLAIM, SECRET

NEW = "uusi pitkä lauseeni"


@pytest.fixture(scope="module")
def town(harjula: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """Harjula with a provider and a mail server; a decision waits for its guardian."""
    code = identity.made(date(1990, 1, 1), 901)
    server, app = Post(), harjula.app
    mail = Controller(server, hostname="127.0.0.1", port=free_port())
    mail.start()
    with providers.running() as provider:
        provider.claims, provider.shows = {CODE_CLAIM: code}, True
        settings = {"issuer": provider.url, "client_id": CLIENT, "client_secret": SECRET}
        app.config |= {"OIDC": settings, "BASE_URL": harjula.url, "SMTP": f"127.0.0.1:{mail.port}"}
        app.extensions["identification"] = OurSide(**settings)
        with app.app_context():
            db.session.get_one(Person, harjula.guardian).identity_code = code
            factories.decision(db.session.get_one(Person, harjula.child))
            keep()
            db.session.remove()
        yield SimpleNamespace(**vars(harjula), provider=provider, post=server)
    mail.stop()


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Callable[[], Page]]:
    contexts = []

    def new() -> Page:
        context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="fi-FI")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        return page

    yield new
    for context in contexts:
        context.close()


def mails(town: SimpleNamespace) -> list[Any]:
    with town.app.app_context():
        run(SEND_EMAIL, Actor(None, NOON))
        db.session.remove()
    return [mail.get_content() for _, mail, _ in town.post.mails]


def fits(page: Page) -> None:
    """Nothing has to be scrolled sideways, and axe finds nothing."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url
    accessible(page)


def test_from_a_password_to_strong_identification_and_a_log_in_of_ones_own(
    town: SimpleNamespace, phone: Callable[[], Page],
) -> None:
    page = phone()
    page.goto(f"{town.url}/login?next=/my/")
    fits(page)
    page.fill("input[name=email]", town.users["guardian"])
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/my/")
    page.get_by_text("Asioita, jotka avautuvat tunnistautuneelle").wait_for()
    fits(page)

    page.goto(f"{town.url}/my/decision/")
    page.get_by_role("heading", name="Tarvitaan vahva tunnistautuminen").wait_for()
    fits(page)
    page.get_by_role("link", name="Tunnistaudu vahvasti").click()
    page.click("#cancel")
    page.get_by_text("Peruutit tunnistautumisen").wait_for()
    fits(page)
    page.get_by_role("link", name="Tunnistaudu uudelleen").click()
    page.click("#go")
    page.wait_for_url("**/my/decision/")
    page.get_by_text("Aatos").first.wait_for()

    page.goto(f"{town.url}/account")
    page.get_by_text("vahvasti tunnistautunut").wait_for()
    fits(page)
    page.get_by_role("link", name="Vaihda osoite tai salasana").click()
    fits(page)
    page.fill("input[name=email]", "ari.niinikoski@example.fi")
    page.get_by_role("button", name="Lähetä koodi").click()
    page.wait_for_url("**/account/log-in/code")
    fits(page)
    code = re.search(r"\b\d{6}\b", mails(town)[-1])
    assert code
    page.fill("input[name=code]", code[0])
    page.fill("input[name=new]", NEW)
    page.fill("input[name=again]", NEW)
    page.get_by_role("button", name="Tallenna").click()
    page.wait_for_url("**/account")
    page.get_by_text("Voit nyt kirjautua osoitteella ari.niinikoski@example.fi").wait_for()

    page.locator("details.of-user summary").click()
    page.get_by_role("button", name="Kirjaudu ulos").click()
    page.wait_for_url(f"{town.provider.url}/end?**")
    page.click("#back")
    page.wait_for_url(f"{town.url}/login")
    page.goto(f"{town.url}/my/")
    assert "/login" in page.url


def test_straight_in_by_strong_identification(town: SimpleNamespace, phone: Callable[[], Page]) -> None:
    page = phone()
    page.goto(f"{town.url}/my/decision/")
    page.get_by_role("link", name="Tunnistaudu vahvasti").click()
    page.click("#go")
    page.wait_for_url("**/my/decision/")
    page.get_by_text("Aatos").first.wait_for()


def test_a_forgotten_password(town: SimpleNamespace, phone: Callable[[], Page]) -> None:
    page = phone()
    page.goto(f"{town.url}/login")
    page.get_by_role("link", name="Unohditko salasanan?").click()
    fits(page)
    page.fill("input[name=email]", town.users["worker"])
    page.get_by_role("button", name="Lähetä linkki").click()
    page.get_by_text("Jos osoitteella voi kirjautua").wait_for()
    fits(page)
    link = re.search(r"http://\S+/login/new-password/\S+", mails(town)[-1])
    assert link
    page.goto(link[0])
    fits(page)
    page.fill("input[name=new]", NEW)
    page.fill("input[name=again]", NEW)
    page.get_by_role("button", name="Tallenna").click()
    page.wait_for_url("**/login")
    page.fill("input[name=email]", town.users["worker"])
    page.fill("input[name=password]", NEW)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/office/")
    page.goto(link[0])
    page.get_by_text("Linkki on käytetty").wait_for()
    fits(page)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_doors_in_other_languages(town: SimpleNamespace, phone: Callable[[], Page], language: str) -> None:
    page = phone()
    page.goto(f"{town.url}/language/{language}?next=/login")
    for address in ("/login", "/login/forgotten", "/login/strong/back?state=guess", "/login/new-password/1-x"):
        page.goto(f"{town.url}{address}")
        fits(page)
