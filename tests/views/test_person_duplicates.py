"""Duplicates on the screen: suggested, compared, merged or told apart; a person's data as a file; what may go."""

from __future__ import annotations

import html
import json
import re
from datetime import date

import pytest
from sqlalchemy import select

from evaka.kit import identity
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.models.person import Person, TwoPeople
from tests import factories
from tests.conftest import keep, statements
from tests.pages import done, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")
BORN = date(1988, 3, 14)


@pytest.fixture
def pair():
    known = factories.person(BORN, first_name="Maija Liisa", last_name="Virtanen", street="Oikeakatu 1",
                             identity_code=identity.made(BORN, 901), allergies=None)
    double = factories.person(BORN, first_name="Maija", last_name="Virtanen", street="Haamukuja 13", email=None)
    child = factories.child(double)
    factories.placement(child, date(2026, 1, 1), date(2026, 12, 31))
    return known, double


def compare(browser, kept, gone):
    return browser.get(f"/office/duplicates/compare/?kept={kept.id}&gone={gone.id}")


def send(browser, page, **typed):
    fields = dict(re.findall(r'<input type="hidden" name="(kept|gone|seen)" value="([^"]*)"', page.text))
    return browser.post("/office/duplicates/merge/", data=fields | typed, follow_redirects=True)


def test_a_pair_is_suggested_compared_and_merged(browser, pair):
    known, double = pair
    client = browser(factories.user("admin"))
    listing = client.get("/office/duplicates/")
    assert not wordless(listing)
    assert "nimi ja syntymäaika" in seen(listing)
    link = html.unescape(re.search(r'href="([^"]*compare[^"]*)"', listing.text)[1])
    assert link.endswith(f"kept={known.id}&gone={double.id}")  # whom the register knows stays
    page = client.get(link)
    assert not wordless(page)
    for word in ("Oikeakatu 1", "Haamukuja 13", "Huoltajuudet", "Päämiessuhteet"):
        assert word in seen(page), word
    after = send(client, page, from_street="gone")
    assert "Virtanen Maija on yhdistetty tähän henkilöön." in done(after)
    db.session.expire_all()
    assert (known.street, double.merged_into_id) == ("Haamukuja 13", known.id)
    assert send(client, page).status_code == 404  # pressed twice: that person is no more


def test_the_one_who_went_is_on_no_page(browser, pair):
    known, double = pair
    double.last_name = "Haamunen"
    known_id, double_id = known.id, double.id
    client = browser(factories.user("admin"))
    send(client, compare(client, known, double))
    for path in ("/office/person/?all=1", "/office/search/?q=Haamunen", "/office/person/export/csv/",
                 "/office/duplicates/", f"/office/duplicates/choose/?id={known_id}&q=haamunen"):
        page = client.get(path)
        assert page.status_code == 200, path
        assert f"id={double_id}" not in page.text, path
        assert ">Haamunen" not in page.text, path
        assert "Haamunen Maija" not in page.text, path
    for path in (f"/office/person/details/?id={double_id}", f"/office/person/edit/?id={double_id}",
                 f"/office/personal_data/?id={double_id}", f"/office/duplicates/choose/?id={double_id}"):
        assert client.get(path).status_code == 404, path


def test_what_stands_in_the_way_is_told_before_anything_is_done(browser, pair):
    known, double = pair
    for one in pair:
        factories.income(one, 1000 + one.id)
    client = browser(factories.user("admin"))
    page = compare(client, known, double)
    assert "Kaksi erilaista tulotietoa samoina päivinä" in seen(page)
    assert 'type="submit">Yhdistä' not in page.text
    assert refused(send(client, page))
    db.session.expire_all()
    assert double.merged_into_id is None


def test_what_has_changed_since_the_preview_is_not_merged(browser, pair):
    known, double = pair
    client = browser(factories.user("admin"))
    page = compare(client, known, double)
    factories.income(double)
    keep()
    assert "Tiedot ovat muuttuneet" in refused(send(client, page))[0]


def test_a_service_worker_tells_apart_and_does_not_merge(browser, pair):
    known, double = pair
    client = browser(factories.user("service_worker"))
    page = compare(client, known, double)
    assert "Yhdistämisen tekee pääkäyttäjä" in seen(page)
    assert send(client, page).status_code == 403
    after = client.post("/office/duplicates/tell_apart/", data={"one": known.id, "other": double.id},
                        follow_redirects=True)
    assert done(after)
    assert "Ei epäiltyjä kaksoiskappaleita" in seen(after)
    assert db.session.scalars(select(TwoPeople)).one()
    assert client.get(f"/office/personal_data/?id={known.id}").status_code == 403
    assert client.get("/office/retention/").status_code == 403
    assert browser(factories.user("finance")).get("/office/duplicates/").status_code == 403


def test_a_restricted_address_is_not_shown_in_the_comparison(browser, pair):
    known, double = pair
    double.restricted = True
    page = compare(browser(factories.user("admin")), known, double)
    assert "Haamukuja" not in page.text
    assert "Turvakielto" in seen(page)


def test_nonsense_in_the_address_is_no_page(browser, pair):
    client = browser(factories.user("admin"))
    known, _ = pair
    for query in ("", "?kept=x&gone=y", f"?kept={known.id}&gone={known.id}", f"?kept={known.id}&gone=99999999999"):
        assert client.get(f"/office/duplicates/compare/{query}").status_code == 404, query


def test_the_list_asks_as_much_for_many_pairs(browser):
    counts = []
    for many in (1, 12):
        for n in range(many):
            for _ in range(2):
                factories.person(BORN, first_name=f"Aino{chr(97 + n)}{many}", last_name="Salo")
        client = browser(factories.user("admin"))
        client.get("/office/duplicates/")
        with statements() as asked:
            assert client.get("/office/duplicates/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("form", "kind"), [("json", "application/json"), ("pdf", "application/pdf")])
def test_a_persons_data_is_a_file_and_a_line_of_the_journal(browser, pair, form, kind):
    known, _ = pair
    client = browser(factories.user("admin"))
    page = client.get(f"/office/personal_data/?id={known.id}")
    assert not wordless(page)
    file = client.post("/office/personal_data/file/", data={"id": known.id, "form": form, "language": "fi"})
    assert (file.status_code, file.mimetype) == (200, kind)
    body = file.get_data()
    file.close()
    assert body.startswith(b"%PDF") if form == "pdf" else json.loads(body)["tables"]["person"]
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "person.export_data")).one()
    assert line.person_id == known.id
    wrong = client.post("/office/personal_data/file/", data={"id": known.id, "form": "exe", "language": "fi"})
    assert wrong.status_code == 404


def test_the_file_leads_to_both(browser, pair):
    known, double = pair
    client = browser(factories.user("admin"))
    page = client.get(f"/office/person/details/?id={known.id}")
    assert f"/office/duplicates/choose/?id={known.id}" in page.text
    assert f"/office/personal_data/?id={known.id}" in page.text
    chosen = client.get(f"/office/duplicates/choose/?id={known.id}&q=virtanen")
    assert f"kept={known.id}&amp;gone={double.id}" in chosen.text
    assert not wordless(chosen)


def test_what_has_been_kept_long_enough_is_shown_and_stays(browser):
    child = factories.child(first_name="Aino", last_name="Mennyt", diet="kana", born=date(2014, 1, 1))
    factories.placement(child, date(2016, 1, 1), date(2020, 7, 31))
    page = browser(factories.user("admin")).get("/office/retention/")
    assert not wordless(page)
    assert "Poisto ei ole käytössä" in seen(page)
    assert "Mennyt Aino" in seen(page)
    assert db.session.scalars(select(Person.diet).where(Person.id == child.id)).one() == "kana"
