"""A real Chromium against a real server, with people who log in through the door.

Without Chromium these tests are left out; EVAKA_REQUIRE=browser makes that a failure (tests/__main__.py).
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from evaka import city, create_app
from evaka.actions.user import HASHER
from evaka.models.base import HELSINKI, db
from tests import factories
from tests.browser.axe import carry_axe, violations
from tests.conftest import keep

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PASSWORD = "kaisla kasvaa rannalla"
NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(str(item.fspath)).parent.name == "browser":
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        if "browser" in os.environ.get("EVAKA_REQUIRE", ""):
            pytest.fail("there is no chromium, and EVAKA_REQUIRE asks for it")
        pytest.skip("there is no chromium")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def harjula(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A served city with two units, children, and one person of every role; its clock stands at 1.6.2026."""
    folder = tmp_path_factory.mktemp("harjula")
    city.choose("harjula")
    app = create_app(
        TESTING=False, SECRET_KEY="browser", SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/city.sqlite", CITY="harjula",
        DATA=folder, NOW=lambda: NOON, SMTP="", BASE_URL="",
        SEND_FILE_MAX_AGE_DEFAULT=3600,  # the look of a page is fetched once, and not asked for again by each
    )
    with app.app_context():
        db.create_all()
        facts = _people()
        keep()
        db.session.remove()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield SimpleNamespace(app=app, url=f"http://127.0.0.1:{server.server_port}", **facts)
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _people() -> dict[str, Any]:
    """Rows of the city; what the tests need to find again is returned by name."""
    area = factories.area("Etelä")
    here = factories.unit("Lokkilan päiväkoti", area=area, director="Päivi Harjanne")
    there = factories.unit("Tuomikujan päiväkoti", area=area)
    factories.unit("Rantaniityn päiväkoti", area=area, care_types=["daycare"])
    group = factories.group(here, "Siilit")
    factories.group(there, "Oravat")
    for n, (first, last) in enumerate([
        ("Sanni", "Aalto"), ("Olof", "Bergqvist"), ("Urho", "Heinänen"), ("Kerttu", "Järvelin"), ("Veikko", "Ääri"),
    ]):
        child = factories.child(born=date(2021 + n % 3, 5, 1), first_name=first, last_name=last,
                                allergies="pähkinä" if n == 2 else None, restricted=n == 3)
        factories.in_group(factories.placement(child, date(2025, 8, 1), date(2027, 7, 31), unit=here), group)
    guardian = factories.person(first_name="Ari", last_name="Niinikoski", email="ari@example.fi")
    child = factories.child(guardian, date(2024, 4, 12), first_name="Aatos", last_name="Niinikoski")
    sister = factories.child(guardian, date(2022, 2, 3), first_name="Helmi", last_name="Niinikoski")
    factories.in_group(factories.placement(sister, date(2025, 8, 1), date(2028, 7, 31), unit=here), group)
    hashed = HASHER.hash(PASSWORD)
    users = {
        name: factories.user(role, unit=unit, group=in_group, person=person, email=f"{name}@harjula.example",
                             name=called, password_hash=hashed).email
        for name, role, unit, in_group, person, called in (
            ("admin", "admin", None, None, None, "Aila Ylinen"),
            ("worker", "service_worker", None, None, None, "Marko Ylitupa"),
            ("finance", "finance", None, None, None, "Tiina Talas"),
            ("director", "director", here, None, None, "Päivi Harjanne"),
            ("staff", "staff", here, group, None, "Hanna Hoitaja"),
            ("guardian", "guardian", None, None, guardian, "Ari Niinikoski"),
        )
    }
    return {"child": child.id, "sister": sister.id, "guardian": guardian.id, "unit": here.id, "other_unit": there.id,
            "group": group.id, "users": users}


@pytest.fixture
def visit(chromium: Browser, harjula: SimpleNamespace) -> Iterator[Callable[..., Page]]:
    """A page of somebody who has logged in through the door: visit("worker", width=390, language="sv")."""
    contexts = []

    def open_page(who: str | None, width: int = 1440, language: str = "fi") -> Page:
        context = carry_axe(chromium.new_context(
            viewport={"width": width, "height": 900}, bypass_csp=True, locale="fi-FI"))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.goto(f"{harjula.url}/login")
        if who:
            page.fill("input[name=email]", harjula.users[who])
            page.fill("input[name=password]", PASSWORD)
            page.press("input[name=password]", "Enter")
            page.wait_for_url(lambda url: "/login" not in url)
        if language != "fi":
            page.goto(f"{harjula.url}/language/{language}?next=/")
        return page

    yield open_page
    for context in contexts:
        context.close()


def accessible(page: Page) -> None:
    """axe-core finds nothing on the page, and nothing is left without words."""
    assert violations(page) == [], page.url
    assert "[" not in (page.title() or ""), page.url
