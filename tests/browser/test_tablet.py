"""The tablet in a real browser: one tap, no network, two tablets at once, a PIN that is wrong, and nothing for axe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.presence import Presence, Tap
from evaka.models.unit import Group
from evaka.models.user import User
from tests import factories
from tests.browser.conftest import accessible
from tests.conftest import keep

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def tablet(chromium: Browser, harjula: SimpleNamespace) -> Iterator[Callable[..., Page]]:
    """A paired tablet of the group: tablet(width=390, script=False)."""
    contexts = []

    def open_tablet(width: int = 1024, script: bool = True, free: bool = False) -> Page:
        with harjula.app.app_context():
            group = db.session.get_one(Group, harjula.group)
            token = factories.device(group.unit, group).token
            keep()
        context = chromium.new_context(
            viewport={"width": width, "height": 768}, locale="fi-FI", java_script_enabled=script, bypass_csp=free)
        contexts.append(context)
        context.add_cookies([{"name": "evaka_device", "value": token, "path": "/tablet",
                              "domain": urlsplit(harjula.url).hostname}])
        page = context.new_page()
        page.set_default_timeout(8000)
        page.goto(f"{harjula.url}/tablet/")
        return page

    yield open_tablet
    for context in contexts:
        context.close()
    with harjula.app.app_context():
        for table in (Tap, Presence):
            db.session.execute(table.__table__.delete())
        db.session.commit()


def rows(harjula: SimpleNamespace, model: Any) -> list[Any]:
    with harjula.app.app_context():
        found = db.session.scalars(select(model).order_by(model.id)).all()
        db.session.expunge_all()
        return list(found)


def sent(page: Page) -> None:
    """Wait until nothing waits to be sent; the content policy forbids waiting for it in the page."""
    for _ in range(150):
        if page.evaluate("localStorage.getItem('evaka.taps')") == "[]":
            return
        page.wait_for_timeout(100)
    raise AssertionError("taps are still waiting")


def tile(page: Page, name: str) -> Any:
    return page.locator(f'[data-name="{name}"]')


def test_one_tap_in_one_tap_out_and_undo(harjula, tablet):
    page = tablet()
    olof = tile(page, "Olof B.")
    olof.get_by_role("button", name="Tuli nyt").click()
    expect(olof.get_by_role("button", name="Lähti")).to_be_visible()
    expect(page.locator("[data-undo]")).to_contain_text("Olof B. merkitty paikalle")
    page.get_by_role("button", name="Kumoa").click()
    expect(olof.get_by_role("button", name="Tuli nyt")).to_be_visible()
    olof.get_by_role("button", name="Tuli nyt").click()
    olof.get_by_role("button", name="Lähti").click()
    expect(olof).to_contain_text("lähtenyt")
    sent(page)
    assert [one.what.value for one in rows(harjula, Tap)] == ["arrive", "undo_arrive", "arrive", "leave"]
    assert len(rows(harjula, Presence)) == 1


def test_taps_without_network_are_kept_and_counted_once_and_in_order(harjula, tablet):
    page = tablet()
    sanni, urho = tile(page, "Sanni A."), tile(page, "Urho H.")
    sanni.get_by_role("button", name="Tuli nyt").click()
    sent(page)
    page.context.set_offline(True)
    sanni.get_by_role("button", name="Lähti").click()
    urho.get_by_role("button", name="Tuli nyt").click()
    expect(urho).to_contain_text("paikalla")
    expect(page.locator("[data-offline]")).to_contain_text("Odottaa lähettämistä: 2")
    assert [one.what.value for one in rows(harjula, Tap)] == ["arrive"]
    page.context.set_offline(False)
    sent(page)
    expect(page.locator("[data-offline]")).to_be_hidden()
    assert [one.what.value for one in rows(harjula, Tap)] == ["arrive", "leave", "arrive"]
    assert [one.left is None for one in rows(harjula, Presence)] == [False, True]


def test_a_letter_whose_answer_was_lost_is_sent_again_and_counted_once(harjula, tablet):
    page = tablet()
    lost = []

    def lose(route: Any) -> None:
        if not lost:
            lost.append(route.fetch().status)  # it has arrived, but nobody hears of it
            route.abort()
        else:
            route.continue_()

    page.route("**/tablet/taps", lose)
    tile(page, "Olof B.").get_by_role("button", name="Tuli nyt").click()
    sent(page)
    assert lost == [200]
    assert len(rows(harjula, Tap)) == len(rows(harjula, Presence)) == 1
    expect(tile(page, "Olof B.")).to_contain_text("paikalla")


def test_taps_wait_over_a_reload(harjula, tablet):
    page = tablet()
    page.route("**/tablet/taps", lambda route: route.abort())
    tile(page, "Olof B.").get_by_role("button", name="Tuli nyt").click()
    page.unroute("**/tablet/taps")
    page.reload()
    sent(page)
    assert len(rows(harjula, Presence)) == 1


def test_another_tablet_hears_of_a_tap_within_two_seconds(harjula, tablet):
    first, second = tablet(), tablet()
    second.wait_for_timeout(1500)
    tile(first, "Olof B.").get_by_role("button", name="Tuli nyt").click()
    expect(tile(second, "Olof B.").get_by_role("button", name="Lähti")).to_be_visible(timeout=2600)


def test_two_tablets_at_the_same_moment_make_one_arrival(harjula, tablet):
    first, second = tablet(), tablet()
    for page in (first, second):
        page.context.set_offline(True)
        tile(page, "Olof B.").get_by_role("button", name="Tuli nyt").click()
    for page in (first, second):
        page.context.set_offline(False)
    for page in (first, second):
        sent(page)
    assert len(rows(harjula, Presence)) == 1
    assert sorted(one.refused for one in rows(harjula, Tap)) == ["", "presence.already_here"]


def test_without_script_the_buttons_are_forms(harjula, tablet):
    page = tablet(script=False)
    tile(page, "Olof B.").get_by_role("button", name="Tuli nyt").click()
    expect(page.locator("[data-undo]")).to_contain_text("Olof merkitty paikalle")
    page.get_by_role("button", name="Kumoa").click()
    assert rows(harjula, Presence) == []


def test_a_wrong_pin_five_times_locks(harjula, tablet):
    with harjula.app.app_context():
        user = db.session.scalars(select(User).where(User.email == harjula.users["staff"])).one()
        factories.member(user)
        keep()
    page = tablet()
    page.get_by_role("link", name="Urho H.", exact=True).click()
    for pin in ("1111", "2222", "3333", "4444", "5555", "2580"):
        page.get_by_label("Kuka").select_option(label="Hanna Hoitaja")
        page.get_by_label("PIN-koodi").fill(pin)
        page.get_by_role("button", name="Näytä tiedot").click()
    expect(page.get_by_role("alert")).to_contain_text("lukittu")
    assert "pähkinä" not in page.content()


@pytest.mark.parametrize("width", [390, 1024])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(harjula, tablet, width):
    page = tablet(width, free=True)
    with harjula.app.app_context():
        child = db.session.scalars(select(Person.id).where(Person.last_name == "Heinänen")).one()
    tile(page, "Olof B.").get_by_role("button", name="Tuli nyt").click()
    for address in ("", "?state=here", "notes", "staff", f"child?child={child}"):
        if address:
            page.goto(f"{harjula.url}/tablet/{address}")
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_the_page_of_an_unknown_tablet(harjula, chromium):
    page = chromium.new_context(viewport={"width": 390, "height": 800}, bypass_csp=True).new_page()
    page.goto(f"{harjula.url}/tablet/")
    accessible(page)
    page.context.close()


def test_the_content_policy_refuses_nothing(harjula, tablet):
    page = tablet()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.reload()
    tile(page, "Olof B.").get_by_role("button", name="Tuli nyt").click()
    page.wait_for_timeout(1800)
    assert told == []


def test_a_network_that_comes_and_goes_loses_nothing_and_counts_nothing_twice(harjula, tablet):
    """Letters and answers are lost, the network is away for a while: the taps come in their order, once."""
    page = tablet()
    seen = 0

    def flicker(route: Any) -> None:
        nonlocal seen
        seen += 1
        if seen % 3 == 1:
            route.abort()
        elif seen % 3 == 2:
            route.fetch()  # it has arrived, but nobody hears of it
            route.abort()
        else:
            route.continue_()

    page.route("**/tablet/taps", flicker)
    names = ("Sanni A.", "Olof B.", "Urho H.")
    for name in names:
        tile(page, name).get_by_role("button", name="Tuli nyt").click()
    page.context.set_offline(True)
    for name in names:
        tile(page, name).get_by_role("button", name="Lähti").click()
    tile(page, "Urho H.").get_by_role("button", name="Onkin paikalla").click()
    page.context.set_offline(False)
    sent(page)
    order = [(one.what.value, one.refused) for one in rows(harjula, Tap)]
    assert order == [("arrive", "")] * 3 + [("leave", "")] * 3 + [("undo_leave", "")]
    assert [one.left is None for one in rows(harjula, Presence)] == [False, False, True]


def test_a_nurse_goes_through_a_day_on_the_tablet(harjula, tablet):
    """Coming, health behind a PIN, a note, an absence that was called in, and signing oneself in; each page for axe."""
    with harjula.app.app_context():
        user = db.session.scalars(select(User).where(User.email == harjula.users["director"])).one()
        factories.member(user)
        keep()
    page = tablet(free=True)
    tile(page, "Urho H.").get_by_role("button", name="Tuli nyt").click()
    sent(page)
    page.get_by_role("link", name="Urho H.", exact=True).click()
    page.get_by_label("Kuka").select_option(label="Päivi Harjanne")
    page.get_by_label("PIN-koodi").fill("2580")
    page.get_by_role("button", name="Näytä tiedot").click()
    expect(page.locator("body")).to_contain_text("pähkinä")
    accessible(page)
    page.get_by_label("Koettua ja opittua").fill("Metsäretkellä löytyi sammakko.")
    page.locator("form[data-keep]").first.get_by_role("button", name="Tallenna").click()
    expect(page.get_by_label("Koettua ja opittua")).to_have_value("Metsäretkellä löytyi sammakko.")
    page.get_by_role("link", name="Takaisin lapsiin").click()
    page.get_by_role("link", name="Olof B.", exact=True).click()
    page.get_by_role("button", name="Sairaus").click()
    expect(tile(page, "Olof B.")).to_contain_text("poissa")
    accessible(page)
    page.get_by_role("link", name="Oma kirjaus").click()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
