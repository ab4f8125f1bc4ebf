"""Fee decisions on the screen: what changed, each figure explained, sending; the family's own page."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from evaka.actions import fee
from evaka.models.base import db
from evaka.models.document import Document
from evaka.models.fee import FeeAlteration, FeeDecision
from evaka.rules.fee import FeeStatus
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")


def drafted(by, first_name: str = "Aino"):
    """A mother and the draft of her decision: 100 euros a month in the first half of 2026."""
    mother = factories.person()
    child = factories.child(mother, first_name=first_name)
    factories.placement(child, date(2026, 1, 1), date(2026, 7, 31))
    factories.income(mother)
    fee.refresh({mother.id}, by())
    draft = db.session.scalar(select(FeeDecision).where(FeeDecision.head_id == mother.id))
    return mother, child, draft


def plain(page) -> str:
    return page.text.replace("\u00a0", " ")


def test_the_list_shows_whom_how_much_and_what_changed(browser, by):
    mother, child, draft = drafted(by)
    fee.send(draft, by(factories.user("finance")))
    fee.relief(child, by(factories.user("finance")), start=date(2026, 4, 1), percent=50)
    page = browser(factories.user("finance")).get("/office/fee/")
    assert page.status_code == 200
    for word in (mother.last_name, "100,00 €", "50,00 €", "Huojennus tai korotus", "Luonnos", "Lähetetty"):
        assert word in plain(page)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_list_can_be_taken_away_with_words_for_what_changed(browser, by, kind):
    mother, child, draft = drafted(by)
    fee.send(draft, by(factories.user("finance")))
    fee.relief(child, by(factories.user("finance")), start=date(2026, 4, 1), percent=50)
    name = mother.last_name
    file = browser(factories.user("finance")).get(f"/office/fee/export/{kind}/")
    assert file.status_code == 200
    if kind == "csv":
        assert name in file.text
        assert "Huojennus tai korotus" in file.text


def test_a_draft_opens_into_its_reckoning_and_what_it_changes(browser, by):
    _, child, draft = drafted(by)
    fee.send(draft, by(factories.user("finance")))
    fee.relief(child, by(factories.user("finance")), start=date(2026, 4, 1), percent=50)
    second = db.session.scalar(select(FeeDecision).where(FeeDecision.status == FeeStatus.DRAFT))
    id = second.id
    page = browser(factories.user("finance")).get(f"/office/fee/details/?id={id}")
    assert page.status_code == 200
    for word in ("Aino", "(5 000,00 € − 4 066,00 €) × 10,7 %", "100 €", "50 €", "edellinen päätös 1"):
        assert word in plain(page)


def test_sending_on_the_screen_makes_a_pdf_that_can_be_opened(browser, by):
    _, _, draft = drafted(by)
    id = draft.id
    finance = browser(factories.user("finance"))
    form = finance.get(f"/office/fee/do/send/?id={id}")
    assert form.status_code == 200
    done = finance.post(f"/office/fee/do/send/?id={id}", data={"row_version": "1"})
    assert done.status_code == 302
    assert db.session.get(FeeDecision, id).status is FeeStatus.SENT
    paper = db.session.scalar(select(Document.id))
    assert f"/office/document/download/?id={paper}" in finance.get(f"/office/fee/details/?id={id}").text
    assert finance.get(f"/office/document/download/?id={paper}").data.startswith(b"%PDF")


def test_many_are_sent_after_a_preview(browser, by):
    ids = [drafted(by)[2].id for _ in range(3)]
    finance = browser(factories.user("finance"))
    chosen = {"verb": "send", "rowid": [str(id) for id in ids]}
    preview = finance.post("/office/fee/bulk/", data=chosen)
    assert preview.status_code == 200
    assert db.session.scalar(select(func.count()).where(FeeDecision.status == FeeStatus.SENT)) == 0
    assert finance.post("/office/fee/bulk/", data=chosen | {"confirmed": "1"}).status_code == 302
    assert db.session.scalar(select(func.count()).where(FeeDecision.status == FeeStatus.SENT)) == 3


def test_a_director_sees_nothing_of_a_familys_money(browser, by):
    _, child, draft = drafted(by)
    place = db.session.scalar(select(factories.Placement).where(factories.Placement.child_id == child.id))
    id = draft.id
    director = browser(factories.user("director", unit=place.unit))
    pages = (
        "/office/fee/",
        f"/office/fee/details/?id={id}",
        f"/office/fee/do/send/?id={id}",
        "/office/income/",
        "/office/invoice/",
        "/office/alteration/",
    )
    assert {director.get(page).status_code for page in pages} == {403}


def test_a_relief_is_added_on_the_childs_page(browser, by):
    mother, child, _ = drafted(by)
    ids = mother.id, child.id, child.version
    finance = browser(factories.user("finance"))
    form = finance.get(f"/office/person/do/fee.relief/?id={ids[1]}")
    assert form.status_code == 200
    done = finance.post(
        f"/office/person/do/fee.relief/?id={ids[1]}",
        data={
            "row_version": str(ids[2]),
            "kind": "relief",
            "start": "2026-01-01",
            "percent": "20",
            "notes": "sairaus",
        },
    )
    assert done.status_code == 302, done.text
    assert db.session.scalar(select(FeeAlteration.amount)) == 20
    assert db.session.scalar(select(FeeDecision.total).where(FeeDecision.head_id == ids[0])) == 80_00
    assert "20 %" in plain(finance.get("/office/alteration/"))


def test_the_screen_says_when_the_fee_tables_end(browser, by):
    from evaka import city

    keep()
    user = browser(factories.user("finance"))
    assert "Maksutaulukko päättyy" not in user.get("/office/fee/").text
    city.choose("base")
    assert "Maksutaulukko päättyy 31.7.2026" in user.get("/office/fee/").text


# -- the family -------------------------------------------------------------------------------------


def test_a_guardian_reads_the_own_sent_decision_and_no_other(browser, by):
    mother, _, draft = drafted(by, "Aino")
    _, _, other = drafted(by, "Eino")
    for one in (draft, other):
        fee.send(one, by(factories.user("finance")))
    ids = draft.id, other.id, draft.document_id, other.document_id
    family = browser(factories.user("guardian", person=mother))
    listing = family.get("/my/fee/")
    assert listing.status_code == 200
    assert "100,00 €" in plain(listing)
    assert f"id={ids[1]}" not in listing.text.replace(f"id={ids[2]}", "")
    assert "Eino" not in listing.text
    page = family.get(f"/my/fee/details/?id={ids[0]}")
    assert "Aino" in page.text
    assert "10,7 %" in plain(page)
    assert family.get(f"/my/fee/details/?id={ids[1]}").status_code == 404
    assert family.get(f"/my/document/download/?id={ids[2]}").data.startswith(b"%PDF")
    assert family.get(f"/my/document/download/?id={ids[3]}").status_code == 404


def test_a_guardian_sees_no_drafts(browser, by):
    mother, _, draft = drafted(by)
    id = draft.id
    family = browser(factories.user("guardian", person=mother))
    assert "100,00" not in family.get("/my/fee/").text
    assert family.get(f"/my/fee/details/?id={id}").status_code == 404
