"""What surrounds every page: who may come in, the headers, the language, the calm pages of what went wrong."""

from __future__ import annotations

import logging
import re

import pytest

from evaka.views.shell import OPEN
from tests import factories
from tests.pages import seen, wordless

STRICT = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def pages(app, method: str = "GET") -> dict[str, str]:
    """Every address that takes the method, by its endpoint; rows and verbs in it are made up."""
    made_up = {"int:id": "1", "verb": "send", "export_type": "csv", "language": "fi", "path:filename": "office.css"}
    return {
        rule.endpoint: re.sub(r"<([^>]+)>", lambda part: made_up.get(part[1], "1"), rule.rule)
        for rule in app.url_map.iter_rules() if method in rule.methods
    }


def well_kept(page) -> None:
    """The headers that every answer carries, whatever its status."""
    assert page.headers["Content-Security-Policy"] == STRICT
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "Permissions-Policy" in page.headers
    assert "Cross-Origin-Opener-Policy" in page.headers


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_page_asks_for_a_log_in(browser, app, method):
    client = browser(None)
    asked = 0
    for endpoint, address in pages(app, method).items():
        if endpoint in OPEN or endpoint.endswith(".static") or endpoint.startswith("tablet."):
            continue  # tablets come with a key of their own: tests/views/test_presence.py
        page = client.open(address, method=method)
        assert page.status_code == 302, address
        assert page.location == (f"/login?next={address}" if method == "GET" else "/login"), address
        asked += 1
    assert asked > 30


def test_only_the_door_stands_open():
    door = {"user.login", "user.second_factor", "user.language", "user.forgotten", "user.new_password"}
    to_the_provider = {"user.identify", "user.identified", "user.provider_keys"}
    of_the_telephone = {"manifest", "worker", "offline", "calendar_feed"}  # the last one knows a secret
    assert door | to_the_provider | of_the_telephone | {"city_css", "static"} == OPEN


def test_every_answer_carries_the_headers_and_none_of_the_administrators_pages_fails(browser, app):
    """All pages at once: found, not found, forbidden, wrong method; nothing of them is kept by the browser."""
    anonymous, admin = browser(None), browser(factories.user("admin"))
    statuses = set()
    for address in [*pages(app).values(), "/nowhere", "/office/nowhere/", "/logout"]:
        well_kept(anonymous.get(address, buffered=True))
        page = admin.get(address, buffered=True)
        well_kept(page)
        statuses.add(page.status_code)
        assert page.status_code < 500, address
        if address in ("/office/desk/pulse", "/tablet/changes"):  # a page asks this by itself; a number is the answer
            assert page.headers["Cache-Control"] in ("no-cache", "no-store")
            continue
        alike = "static" in address or address in ("/city.css", "/app.webmanifest", "/worker.js", "/offline")
        assert alike or page.headers["Cache-Control"] == "no-store", address
    assert {200, 302, 404, 405} <= statuses


def test_no_page_has_script_or_style_of_its_own(browser, app):
    """The policy would stop it: a page that relied on it would be broken."""
    admin = browser(factories.user("admin"))
    looked_at = 0
    for address in pages(app).values():
        page = admin.get(address, buffered=True)
        if page.mimetype != "text/html" or page.status_code != 200:
            continue
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=\"|javascript:", page.text), address
        looked_at += 1
    assert looked_at > 20


@pytest.mark.parametrize(("role", "first"), [
    ("admin", "/office/"), ("service_worker", "/office/"), ("director", "/office/"), ("guardian", "/my/"),
])
def test_everybody_comes_to_the_first_page_of_their_own(browser, role, first):
    client = browser(factories.user(role, unit=factories.unit(), person=factories.person()))
    assert client.get("/").location == first
    assert client.get(first).status_code == 200


def test_the_office_and_the_guardians_pages_are_closed_to_one_another(browser):
    guardian = browser(factories.user("guardian", person=factories.person()))
    worker = browser(factories.user("service_worker"))
    for client, address in [(guardian, "/office/"), (guardian, "/office/person/"), (guardian, "/office/nowhere"),
                            (worker, "/my/"), (worker, "/my/decision/")]:
        page = client.get(address)
        assert page.status_code == 403, address
        well_kept(page)


def test_who_has_no_role_today_sees_nothing(browser, at):
    user = factories.user("service_worker")
    user.grants[0].end = factories.date(2026, 5, 31)
    client = browser(user)
    assert client.get("/office/").status_code == 403
    assert client.get("/my/").status_code == 403
    assert client.get("/account").status_code == 200


def test_the_menu_shows_what_one_may_open(browser):
    finance = browser(factories.user("finance")).get("/office/").text
    admin = browser(factories.user("admin")).get("/office/").text
    for address, everybody in (("/office/fee/", True), ("/office/users/", False), ("/office/journal/", False)):
        assert (f'href="{address}' in finance) == everybody
        assert f'href="{address}' in admin


@pytest.mark.parametrize(("address", "status", "sentence"), [
    ("/office/nowhere/", 404, "Tätä ei löydy. Se on voitu poistaa, tai se ei kuulu sinulle."),
    ("/office/person/details/?id=999999", 404, "Tätä ei löydy. Se on voitu poistaa, tai se ei kuulu sinulle."),
    ("/office/users/", 403, "oikeutta"),
    ("/logout", 405, "Tätä sivua ei voi käyttää näin. Palaa edelliselle sivulle."),
    ("/office/person/?search=a%00b", 400, "Pyyntöä ei ymmärretty. Palaa edelliselle sivulle ja yritä uudelleen."),
])
def test_a_refusal_is_a_calm_page_in_words(browser, address, status, sentence):
    page = browser(factories.user("service_worker")).get(address)
    assert page.status_code == status
    assert sentence in seen(page)
    assert "werkzeug" not in page.text.lower()
    assert wordless(page) == set()


def test_a_form_of_a_session_that_has_ended_is_told_to_be_so(browser, app, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    page = browser(None).post("/account/password", data={"old": "a", "new": "b", "again": "b"})
    assert page.status_code == 400
    assert "Lomake on vanhentunut, koska istunto on päättynyt. Kirjaudu sisään ja avaa lomake uudelleen." in seen(page)
    well_kept(page)


def test_a_fault_of_ours_is_logged_whole_and_shown_without_details(browser, app, monkeypatch, caplog):
    def broken_clock():
        raise ZeroDivisionError("the secret of the clock")

    client = browser(None)
    monkeypatch.setitem(app.config, "NOW", broken_clock)
    with caplog.at_level(logging.ERROR):
        page = client.post("/login", data={"email": "a@b.fi", "password": "kaisla kasvaa rannalla"})
    assert page.status_code == 500
    assert "Ohjelmassa tapahtui virhe, ja siitä on tieto ylläpidolla." in seen(page)
    assert "ZeroDivision" not in page.text
    assert "secret of the clock" not in page.text
    well_kept(page)
    assert "the secret of the clock" in caplog.text
    assert "POST /login" in caplog.text
    assert "kaisla kasvaa" not in caplog.text


@pytest.mark.parametrize(("asked", "language", "word"), [
    ("sv-FI,sv;q=0.9,en;q=0.5", "sv", "Logga in"), ("en-GB", "en", "Log in"), ("fi", "fi", "Kirjaudu sisään"),
    ("de,ru", "fi", "Kirjaudu sisään"),
])
def test_the_door_speaks_the_language_that_the_browser_asks_for(browser, asked, language, word):
    page = browser(None).get("/login", headers={"Accept-Language": asked})
    assert f'<html lang="{language}"' in page.text
    assert word in seen(page)


def test_the_users_own_language_comes_before_the_browsers_and_the_chosen_one_before_both(browser):
    client = browser(factories.user("service_worker", language="sv"))
    assert '<html lang="sv"' in client.get("/account", headers={"Accept-Language": "en"}).text
    client.get("/language/en")
    assert '<html lang="en"' in client.get("/account", headers={"Accept-Language": "fi"}).text


def test_the_citys_colour_may_be_kept_by_the_browser_and_tells_nobody_apart(browser):
    page = browser(factories.user("admin")).get("/city.css")
    assert page.mimetype == "text/css"
    assert page.headers["Cache-Control"] == "public, max-age=3600"
    assert "Set-Cookie" not in page.headers
