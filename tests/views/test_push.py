"""Notices on telephones, as the guardian turns them on and off."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from evaka import city
from evaka.models.base import db
from evaka.models.push import PushSubscription
from tests import factories
from tests.pages import done, refused, seen, wordless
from tests.phone import Phone

pytestmark = pytest.mark.usefixtures("database")
ON = {"enabled": True, "services": ["https://push.example"], "keep_hours": 12}


@pytest.fixture
def phone(browser):
    return browser(factories.user("guardian", person=factories.person()))


def typed(one: Phone) -> dict[str, str]:
    return {"endpoint": "https://push.example/a", "public_key": one.public_key, "shared_secret": one.shared_secret}


def test_where_the_city_has_not_turned_it_on_nothing_leads_to_it(phone):
    assert "/my/push/" not in phone.get("/my/own/").text
    page = phone.get("/my/push/")
    assert "Kunta ei lähetä ilmoituksia puhelimiin" in seen(page)
    assert "data-push=" not in page.text
    assert phone.post("/my/push/", data=typed(Phone())).status_code == 404


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_browser_agrees_and_is_forgotten(browser, language):
    phone = browser(factories.user("guardian", person=factories.person(), language=language))
    with city.trying("city", "push", ON):
        assert "/my/push/" in phone.get("/my/own/").text
        page = phone.get("/my/push/")
        assert not wordless(page)
        assert len(re.search(r'data-push="([\w-]+)"', page.text)[1]) == 87
        page = phone.post("/my/push/", data=typed(Phone()), follow_redirects=True)
        assert done(page)
        [row] = db.session.scalars(select(PushSubscription)).all()
        assert f'name="drop" value="{row.id}"' in page.text
        page = phone.post("/my/push/", data={"drop": row.id}, follow_redirects=True)
        assert done(page)
        assert db.session.scalars(select(PushSubscription)).all() == []


def test_a_browser_that_says_nonsense_is_told_so(phone):
    with city.trying("city", "push", ON):
        page = phone.post("/my/push/", data=typed(Phone()) | {"public_key": "x"}, follow_redirects=True)
        assert "avaimen" in refused(page)[0]
        page = phone.post("/my/push/", data={"drop": "x"}, follow_redirects=True)
        assert "jo poistettu" in refused(page)[0]
