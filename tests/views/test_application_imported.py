"""The page that takes in applications from a file: first what it holds, then the applications."""

from __future__ import annotations

import html
import re
from datetime import date
from io import BytesIO

import pytest
from sqlalchemy import func, select

from evaka.kit import identity
from evaka.models.application import Application
from evaka.models.base import db
from tests import factories
from tests.pages import done, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")
PAGE = "/office/application_import/"


@pytest.fixture
def office(browser):
    factories.unit("Lokki")
    mother = factories.person(identity_code=identity.made(date(1990, 1, 1), 900))
    factories.child(mother, date(2022, 5, 1), identity_code=identity.made(date(2022, 5, 1), 900), last_name="Aalto")
    return browser(factories.user("service_worker"))


def file(*rows):
    head = "Lapsen henkilötunnus;Huoltajan henkilötunnus;Saapunut;Toivottu aloitus;1. toive;Palveluntarve;Lempiväri"
    return {"upload": (BytesIO("\r\n".join([head, *rows]).encode("utf-8-sig")), "kausi.csv")}


def good():
    child, mother = identity.made(date(2022, 5, 1), 900), identity.made(date(1990, 1, 1), 900)
    return f"{child};{mother};1.4.2026;10.8.2026;Lokki;full_day"


def count():
    return db.session.scalar(select(func.count()).select_from(Application))


def test_nothing_is_saved_before_it_is_accepted(office):
    assert "Saapunut" in seen(office.get(PAGE))
    page = office.post(PAGE, data=file(good(), "x;y;z;;;"), content_type="multipart/form-data")
    words = seen(page)
    assert "Kunnossa 1, korjattavaa 1" in words
    assert "Näitä sarakkeita ei lueta Lempiväri" in words
    assert "Aalto" in words
    assert count() == 0
    table = html.unescape(re.search(r'name="table" value="([^"]*)"', page.text)[1])
    assert "Tuotiin 1 hakemusta" in " ".join(done(office.post(PAGE, data={"table": table}, follow_redirects=True)))
    assert count() == 1
    office.post(PAGE, data={"table": table})
    assert count() == 1


@pytest.mark.parametrize("table", ["%", "bnVsbA==", "W1sxXV0="])
def test_what_was_tampered_with_is_refused(office, table):
    assert refused(office.post(PAGE, data={"table": table}))
    assert count() == 0


def test_a_file_without_its_columns_and_none_at_all_are_told(office):
    for given in ({}, {"upload": (BytesIO(b"a;b\n1;2\n"), "a.csv")}):
        assert refused(office.post(PAGE, data=given, content_type="multipart/form-data"))


def test_the_empty_table_has_the_headings_that_are_read(office):
    head = office.get(f"{PAGE}example/").data.decode("utf-8-sig").strip()
    assert head.startswith("Lapsen henkilötunnus;Huoltajan henkilötunnus;Saapunut")


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_page_has_words(browser, office, language):
    mine = browser(factories.user("admin", language=language))
    assert not wordless(mine.get(PAGE))
    assert not wordless(mine.post(PAGE, data=file(good(), "x;y;z;;;"), content_type="multipart/form-data"))


@pytest.mark.parametrize("role", ["finance", "director"])
def test_only_who_handles_applications_imports_them(browser, role):
    assert browser(factories.user(role, factories.unit())).get(PAGE).status_code == 403
