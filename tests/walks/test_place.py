"""The main job from end to end, through the pages: from an application on paper to an invoice and a letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from evaka.access import Actor
from evaka.jobs.invoice import DRAFT_MONTH
from evaka.jobs.job import run
from evaka.kit.references import check_reference
from evaka.models.application import Application
from evaka.models.base import HELSINKI, Model, db
from evaka.models.decision import Decision
from evaka.models.document import Document
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice
from evaka.models.journal import AuditEvent, Email
from evaka.models.person import Person
from evaka.models.placement import Placement, PlacementPlan
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.rules.application import ApplicationStatus
from tests import factories
from tests.letters.reading import pages
from tests.pages import choices, done, press, refused, seen, wordless

Open = Callable[[User | None], FlaskClient]


@dataclass
class Town:
    """Three units, whoever works there, and a family that wants a place."""

    units: list[Unit]
    group: Group
    child: Person
    mother: Person
    father: Person
    worker: User
    director: User
    elsewhere: User
    finance: User
    mother_user: User
    father_user: User


@pytest.fixture
def town(database: None) -> Town:
    return build()


def build(**about_the_mother: Any) -> Town:
    area = factories.area("Etelä")
    units = [
        factories.unit(name, area=area) for name in ("Lokkilan päiväkoti", "Tuomikujan päiväkoti", "Kaislan päiväkoti")
    ]
    group = factories.group(units[0], "Siilit")
    for _ in range(18):  # of 21 that three adults may have
        factories.in_group(
            factories.placement(factories.child(), date(2025, 8, 1), date(2028, 7, 31), unit=units[0]), group
        )
    mother = factories.person(first_name="Maija", last_name="Virtanen", **about_the_mother)
    child = factories.child(mother, date(2022, 5, 1), first_name="Aino", last_name="Virtanen")
    father = factories.guardian_of(child, first_name="Matti", last_name="Mäkelä")
    db.session.expire(child)
    return Town(
        units,
        group,
        child,
        mother,
        father,
        worker=factories.user("service_worker", name="Pirjo Ohjaaja"),
        director=factories.user("director", units[0], name="Leena Lokki"),
        elsewhere=factories.user("director", units[1]),
        finance=factories.user("finance"),
        mother_user=factories.user("guardian", person=mother, name="Maija Virtanen", language=mother.language),
        father_user=factories.user("guardian", person=father, name="Matti Mäkelä"),
    )


def only(model: type[Model], *conditions: Any) -> Any:
    """The one row, as the database has it now."""
    db.session.expire_all()
    return db.session.scalars(select(model).where(*conditions)).one()


def paper(town: Town, **typed: Any) -> dict[str, Any]:
    """What the case worker reads on the paper."""
    guardian = db.session.scalar(
        select(factories.Guardian.id).where(
            factories.Guardian.child_id == town.child.id, factories.Guardian.guardian_id == town.mother.id
        )
    )
    first, second, third = (unit.id for unit in town.units)
    return {
        "guardian": guardian,
        "received": "28.5.2026",
        "first": first,
        "second": second,
        "third": third,
        "start": "10.8.2026",
        "service_need": "full_day",
        "begins_at": "7.30",
        "ends_at": "16.15",
        "assistance": "",
        "notes": "Isä hakee keskiviikkoisin",
    } | typed


def enter(office: FlaskClient, town: Town, **typed: Any) -> Any:
    return press(office, f"/office/person/do/application.enter/?id={town.child.id}", **paper(town, **typed))


def to_the_desk(office: FlaskClient, town: Town, **typed: Any) -> str:
    """Enter, mark received, take and read; answers the id of the application."""
    done(enter(office, town, **typed))
    id = only(Application, Application.child_id == town.child.id).id
    for verb in ("send", "take"):
        done(press(office, f"/office/application/do/{verb}/?id={id}"))
    if not only(Application, Application.id == id).checked:
        done(press(office, f"/office/application/do/check/?id={id}", secrecy="open"))
    return str(id)


def plan_first_wish(office: FlaskClient, town: Town, id: str) -> None:
    done(office.post("/office/desk/plan", data={"application": id, "unit_id": town.units[0].id}, follow_redirects=True))


def proposed(open_as: Open, town: Town, **typed: Any) -> tuple[str, str]:
    """An application whose place the director has been asked for: its id and the plan's."""
    office = open_as(town.worker)
    id = to_the_desk(office, town, **typed)
    plan_first_wish(office, town, id)
    done(press(office, f"/office/application/do/propose/?id={id}"))
    return id, str(only(PlacementPlan, PlacementPlan.application_id == int(id)).id)


def sent(open_as: Open, town: Town, **typed: Any) -> str:
    """A decision that waits for the guardian: its id."""
    id, plan = proposed(open_as, town, **typed)
    done(press(open_as(town.director), f"/office/proposal/do/confirm/?id={plan}"))
    done(press(open_as(town.worker), f"/office/application/do/send_decision/?id={id}"))
    return str(only(Decision, Decision.application_id == int(id)).id)


def text_of(paper: Any) -> str:
    """The words of a PDF that a page gave."""
    assert (paper.status_code, paper.mimetype) == (200, "application/pdf")
    return " ".join(pages(paper.data))


# -- the walk ---------------------------------------------------------------------------------------


def test_from_an_application_on_paper_to_an_invoice_and_a_letter(browser: Open, town: Town, at: Any) -> None:
    # 1.6.: the case worker types in what came on paper
    office = browser(town.worker)
    form = office.get(f"/office/person/do/application.enter/?id={town.child.id}")
    assert choices(form, "guardian") == ["Valitse", "Mäkelä Matti", "Virtanen Maija"]
    done(enter(office, town))
    application = only(Application)
    assert [(one.place, one.unit.name) for one in application.preferences] == [
        (1, "Lokkilan päiväkoti"),
        (2, "Tuomikujan päiväkoti"),
        (3, "Kaislan päiväkoti"),
    ]
    assert application.due is None
    address = f"id={application.id}"

    # marked received: due four months after 28.5.
    done(press(office, f"/office/application/do/send/?{address}"))
    assert only(Application).due == date(2026, 9, 28)
    assert "28.9.2026" in seen(office.get(f"/office/application/details/?{address}"))

    # taken to the desk, where it cannot be planned before somebody has read the notes
    done(press(office, f"/office/application/do/take/?{address}"))
    unread = office.get(f"/office/desk/?application={application.id}")
    assert "Virtanen" in seen(unread)
    assert 'action="/office/desk/plan"' not in unread.text
    done(press(office, f"/office/application/do/check/?{address}", secrecy="open"))

    # the desk tells how full the units are: 18 of 21 now, 19 of 21 with Aino from August on
    desk = office.get(f"/office/desk/?application={application.id}")
    said = seen(desk)
    for words in (
        "Aino Virtanen, 4 v 1 kk",
        "1 Lokkilan päiväkoti · 2 Tuomikujan päiväkoti · 3 Kaislan päiväkoti",
        "Hahmottele: Lokkilan päiväkoti, 10.8.2026",
        "Tilaa on: täyttöaste enimmillään 90,5 %",
        "85,7",
        "+4,8",
        "Yksikölle ei ole merkitty henkilöstöä",
    ):
        assert words in said, words
    assert not wordless(desk)
    plan_first_wish(office, town, str(application.id))

    # the director is asked, and sees the unit with the child and without
    assert browser(town.director).get("/office/proposal/?all=1").text.count("Aino") == 0
    done(press(office, f"/office/application/do/propose/?{address}"))
    plan = only(PlacementPlan)
    director = browser(town.director)
    proposal = seen(director.get(f"/office/proposal/details/?id={plan.id}"))
    assert "8/2026 85,7 % 90,5 %" in proposal
    done(press(director, f"/office/proposal/do/confirm/?id={plan.id}"))

    # the decision leaves: kept as sent, and mail waits for both guardians
    done(press(browser(town.worker), f"/office/application/do/send_decision/?{address}"))
    decision, document = only(Decision), only(Document)
    assert decision.document_id == document.id
    letter = " ".join(pages(document.content))
    for words in (
        "Päätös varhaiskasvatuspaikasta",
        "Aino Virtanen",
        "Lokkilan päiväkoti",
        "Päätöksen perustelut",
        "Paikka on myönnetty hakemuksen perusteella",
        "Varhaiskasvatuslaki (540/2018)",
        "Oikaisuvaatimusohje",
        "Harjulan kasvatus- ja koulutuslautakunta",
        "6.7.2026",
        "18.6.2026",
    ):
        assert words in letter, words
    told = select(Email.person_id).where(Email.text == "decision_waits")  # others tell of other things
    assert sorted(db.session.scalars(told)) == sorted([town.mother.id, town.father.id])

    # 3.6.: the guardian reads and takes the place from Wednesday on
    at("2026-06-03")
    mother = browser(town.mother_user)
    assert "Aino: Lokkilan päiväkoti" in seen(mother.get("/my/decision/"))
    page = mother.get(f"/my/decision/details/?id={decision.id}")
    assert "10.8.2026–24.8.2026" in seen(page)
    assert not wordless(page)
    assert mother.get(f"/my/document/download/?id={document.id}").data == only(Document).content
    done(press(mother, f"/my/decision/do/accept/?id={decision.id}", start="12.8.2026"))
    place = only(Placement, Placement.child_id == town.child.id)
    assert (place.unit_id, str(place.period)) == (town.units[0].id, "12.8.2026–31.7.2028")
    assert [(one.option, str(one.period)) for one in place.needs] == [("full_day", "12.8.2026–31.7.2028")]
    assert only(Application).status is ApplicationStatus.ACTIVE

    # the director chooses the group
    director = browser(town.director)
    done(press(director, f"/office/placement/do/place_in_group/?id={place.id}", group=town.group.id, start="12.8.2026"))
    assert "Siilit" in seen(director.get(f"/office/placement/details/?id={place.id}"))

    # 4.6.: finance enters the income and sends the fee decision: above the upper limit, so the highest fee
    at("2026-06-04")
    finance = browser(town.finance)
    done(
        press(
            finance,
            f"/office/person/do/income.add/?id={town.mother.id}",
            start="1.1.2026",
            effect="income",
            **{"lines-main_income-amount": "9000"},
        )
    )
    draft = only(FeeDecision)
    assert (draft.head_id, draft.total, draft.start) == (town.mother.id, 335_00, date(2026, 8, 12))
    done(press(finance, f"/office/fee/do/send/?id={draft.id}"))
    fee = only(FeeDecision)
    assert "335" in text_of(finance.get(f"/office/document/download/?id={fee.document_id}"))
    assert "335" in seen(browser(town.mother_user).get(f"/my/fee/details/?id={fee.id}"))

    # 14.9.: eleven days of illness to come make half of September
    at("2026-09-14T07:00")
    done(
        press(
            browser(town.mother_user),
            f"/my/attendance/do/attendance.absent/?id={town.child.id}",
            first="14.9.2026",
            last="28.9.2026",
            kind="sick",
        )
    )

    # 1.10.: the job drafts the invoices of September; finance looks and sends
    at("2026-10-01")
    outcome = run(DRAFT_MONTH, Actor(None, datetime(2026, 10, 1, 4, tzinfo=HELSINKI)))
    assert (outcome.done, outcome.failed) == (1, {})
    invoice = only(Invoice)
    assert [(row.price, str(row.period)) for row in invoice.rows] == [
        (335_00, "1.9.2026–30.9.2026"),
        (-167_50, "1.9.2026–30.9.2026"),
    ]
    finance = browser(town.finance)
    done(press(finance, f"/office/invoice/do/send/?id={invoice.id}"))
    invoice = only(Invoice)
    assert check_reference(invoice.reference) == invoice.reference
    bill = text_of(browser(town.mother_user).get(f"/my/document/download/?id={invoice.document_id}"))
    assert "167,50" in bill
    assert invoice.reference in bill.replace(" ", "")
    barcode = next(one for one in bill.split() if one.isdecimal() and len(one) == 54)
    # version 4, the account of the city, 167,50 euros
    assert barcode.startswith("4" + "7899991000000024" + "00016750" + "000" + invoice.reference.zfill(20))

    # the director writes to the families of the group, and Aino's mother answers
    director = browser(town.director)
    typed = {"kind": "message", "groups": str(town.group.id), "present": "1", "press": "check", "title": "Metsäretki",
             "body": "Lähdemme perjantaina kello 9."}
    checked = director.post(f"/office/message/write/?from=group-{town.group.id}", data=typed).headers["Location"]
    preview = director.get(checked)
    assert "Virtanen Maija" in seen(preview)
    shown = {name: preview.text.partition(f'name="{name}"')[2].partition('value="')[2].partition('"')[0]
             for name in ("seen", "row_version")}
    done(director.post(checked, data=shown, follow_redirects=True))
    mother = browser(town.mother_user)
    inbox = mother.get("/my/message/")
    assert "Metsäretki" in seen(inbox)
    thread = inbox.text.partition("/my/message/details/?id=")[2].partition('"')[0]
    done(mother.post(f"/my/message/details/?id={thread}", data={"body": "Aino tulee mukaan."}, follow_redirects=True))
    assert "Aino tulee mukaan." in seen(browser(town.director).get(f"/office/message/details/?id={thread}"))
    assert "Aino tulee mukaan." in seen(browser(town.father_user).get(f"/my/message/details/?id={thread}"))

    # every step stands in the journal, on the child's file where it is about the child
    told = db.session.scalars(
        select(AuditEvent.action)
        .where(AuditEvent.person_id == town.child.id, AuditEvent.action.not_like("%.read"))
        .order_by(AuditEvent.id)
    ).all()
    assert told[:11] == [
        "application.enter",
        "application.send",
        "application.take",
        "application.check",
        "application.plan",
        "application.propose",
        "placement.confirm",
        "decision.send",
        "application.send_decision",
        "application.accept",
        "decision.accept",
    ]


def test_a_swedish_family_moves_to_another_unit_and_the_earlier_place_ends(browser: Open, database: None) -> None:
    town = build(language="sv")
    earlier = factories.placement(town.child, date(2025, 8, 1), date(2027, 7, 31), unit=town.units[2])
    decision = sent(browser, town)
    assert only(Application).due is None  # who has a place may wait longer than four months
    mother = browser(town.mother_user)
    page = seen(mother.get(f"/my/decision/details/?id={decision}"))
    assert "Ta emot platsen" in page
    letter = " ".join(pages(only(Document).content))
    for words in (
        "Beslut om plats inom småbarnspedagogiken",
        "Aino Virtanen",
        "Platsen har beviljats på grundval av ansökan",
        "Lagen om småbarnspedagogik (540/2018)",
        "Anvisning för begäran om omprövning",
        "6.7.2026",
    ):
        assert words in letter, words
    done(press(mother, f"/my/decision/do/accept/?id={decision}", start="12.8.2026"))
    assert only(Placement, Placement.id == earlier.id).end == date(2026, 8, 11)
    assert only(Placement, Placement.unit_id == town.units[0].id, Placement.child_id == town.child.id).start == date(
        2026, 8, 12
    )


def test_work_that_begins_unexpectedly_makes_two_weeks_once_it_is_proved(browser: Open, town: Town) -> None:
    office = browser(town.worker)
    done(enter(office, town, urgent="y", start="15.6.2026"))
    id = only(Application).id
    done(press(office, f"/office/application/do/send/?id={id}"))
    assert only(Application).due == date(2026, 9, 28)
    assert "Kiireellinen" in seen(office.get(f"/office/application/details/?id={id}"))
    assert refused(press(office, f"/office/application/do/accept_proof/?id={id}", urgent_proof="2.6.2026")) == [
        "Päivä 2.6.2026 on tulevaisuudessa. Anna päivä, joka on viimeistään 1.6.2026."
    ]
    done(press(office, f"/office/application/do/accept_proof/?id={id}", urgent_proof="1.6.2026"))
    assert only(Application).due == date(2026, 6, 15)


# -- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"received": "2.6.2026"}, "on tulevaisuudessa"),
        ({"begins_at": "16.15", "ends_at": "7.30"}, "7.30"),
        ({"third": "first"}, "kahdesti"),
        ({"service_need": "part_day"}, "enintään"),
        ({"start": "31.2.2026"}, "ei ole päivä"),
        ({"start": ""}, "täytä tämä kohta"),
        ({"guardian": "999999"}, "Tätä ei voi valita"),
    ],
)
def test_a_paper_that_cannot_be_right_is_not_kept(browser: Open, town: Town, typed: Any, why: str) -> None:
    if typed.get("third") == "first":
        typed = {"third": town.units[0].id}
    page = enter(browser(town.worker), town, **typed)
    assert any(why in sentence for sentence in refused(page)), refused(page)
    assert "Isä hakee keskiviikkoisin" in page.text  # what was typed is still there
    assert db.session.scalars(select(Application)).all() == []


def test_who_applies_is_a_guardian_of_this_child(browser: Open, town: Town) -> None:
    other = factories.child()
    row = db.session.scalar(select(factories.Guardian.id).where(factories.Guardian.child_id == other.id))
    page = enter(browser(town.worker), town, guardian=row)
    assert any("Tätä ei voi valita" in sentence for sentence in refused(page))


def test_a_unit_without_shift_care_is_not_planned_for_who_needs_it(browser: Open, town: Town) -> None:
    office = browser(town.worker)
    id = to_the_desk(office, town, shift_care="y")
    desk = office.get(f"/office/desk/?application={id}")
    assert "ei tarjoa vuorohoitoa" in seen(desk)
    assert "Hahmottele: Tuomikujan" not in seen(desk)
    page = office.post(
        "/office/desk/plan", data={"application": id, "unit_id": town.units[0].id}, follow_redirects=True
    )
    assert any("ei tarjoa vuorohoitoa" in sentence for sentence in refused(page))
    assert only(Application).status is ApplicationStatus.WAITING_PLACEMENT


def test_no_decision_leaves_before_the_unit_has_confirmed(browser: Open, town: Town) -> None:
    id, _plan = proposed(browser, town)
    page = press(browser(town.worker), f"/office/application/do/send_decision/?id={id}")
    assert refused(page) == [
        "Yksikkö Lokkilan päiväkoti ei ole vielä vahvistanut paikkaa. Ehdota paikkaa yksikölle ja odota vahvistusta."
    ]
    assert only(Application).status is ApplicationStatus.WAITING_CONFIRMATION
    assert db.session.scalars(select(Document)).all() == []


def test_a_director_of_another_unit_sees_and_answers_nothing(browser: Open, town: Town) -> None:
    id, plan = proposed(browser, town)
    director = browser(town.elsewhere)
    for address in (
        f"proposal/details/?id={plan}",
        f"proposal/do/confirm/?id={plan}",
        f"application/details/?id={id}",
        f"person/details/?id={town.child.id}",
    ):
        assert director.get(f"/office/{address}").status_code == 404, address
    assert director.post(f"/office/proposal/do/confirm/?id={plan}", data={"row_version": 1}).status_code == 404
    assert director.get("/office/desk/").status_code == 403
    assert "Virtanen" not in seen(director.get("/office/proposal/?all=1"))
    assert "Virtanen" not in seen(director.get("/office/search/?q=virtanen")).replace("virtanen", "")


def test_the_director_of_the_unit_may_confirm_but_not_send(browser: Open, town: Town) -> None:
    id, _plan = proposed(browser, town)
    director = browser(town.director)
    assert director.get(f"/office/application/details/?id={id}").status_code == 200
    assert director.get(f"/office/application/do/send_decision/?id={id}").status_code == 403


def test_a_place_that_was_declined_is_thought_of_again(browser: Open, town: Town) -> None:
    id, plan = proposed(browser, town)
    done(press(browser(town.director), f"/office/proposal/do/decline/?id={plan}", reason="Ryhmät ovat täynnä"))
    office = browser(town.worker)
    assert "Ryhmät ovat täynnä" in seen(office.get(f"/office/application/details/?id={id}"))
    assert browser(town.director).get(f"/office/person/details/?id={town.child.id}").status_code == 404
    office = browser(town.worker)
    done(office.post("/office/desk/plan", data={"application": id, "unit_id": town.units[1].id}, follow_redirects=True))
    assert only(Application).status is ApplicationStatus.WAITING_DECISION


@pytest.mark.parametrize("start", ["9.8.2026", "25.8.2026"])
def test_a_start_outside_the_window_changes_nothing(browser: Open, town: Town, start: str) -> None:
    decision = sent(browser, town)
    page = press(browser(town.mother_user), f"/my/decision/do/accept/?id={decision}", start=start)
    assert refused(page) == [
        f"Aloituspäivä {start} ei ole päätöksen sallimien päivien 10.8.2026–24.8.2026 sisällä. "
        "Valitse päivä tältä väliltä tai ota yhteys palveluohjaukseen."
    ]
    assert only(Decision).status == "sent"
    assert db.session.scalars(select(Placement).where(Placement.child_id == town.child.id)).all() == []


def test_a_guardian_of_another_child_finds_nothing(browser: Open, town: Town) -> None:
    decision = sent(browser, town)
    stranger = browser(factories.user("guardian", person=factories.child().guardians[0]))
    paper = only(Document).id
    for address in (
        f"decision/details/?id={decision}",
        f"decision/do/accept/?id={decision}",
        f"document/download/?id={paper}",
        f"document/details/?id={paper}",
        f"attendance/details/?id={town.child.id}",
    ):
        assert stranger.get(f"/my/{address}").status_code == 404, address
    answer = stranger.post(f"/my/decision/do/accept/?id={decision}", data={"row_version": 1, "start": "2026-08-10"})
    assert answer.status_code == 404
    assert "Aino" not in seen(stranger.get("/my/decision/"))
    assert stranger.get("/office/").status_code == 403


def test_a_decision_is_answered_once(browser: Open, town: Town) -> None:
    decision = sent(browser, town)
    mother, father = browser(town.mother_user), browser(town.father_user)
    open_form = {"row_version": only(Decision).version, "start": "2026-08-20"}
    done(press(mother, f"/my/decision/do/accept/?id={decision}", start="12.8.2026"))
    late = father.post(f"/my/decision/do/accept/?id={decision}", data=open_form, follow_redirects=True)
    assert refused(late)
    open_form["row_version"] = only(Decision).version
    again = father.post(f"/my/decision/do/accept/?id={decision}", data=open_form, follow_redirects=True)
    assert any("Hyväksytty" in sentence for sentence in refused(again))
    assert father.get(f"/my/decision/do/reject/?id={decision}").status_code == 409
    assert 'name="start"' not in father.get(f"/my/decision/details/?id={decision}").text
    assert [one.start for one in db.session.scalars(select(Placement).where(Placement.child_id == town.child.id))] == [
        date(2026, 8, 12)
    ]


def test_what_was_done_in_another_window_is_said_and_not_done_twice(browser: Open, town: Town) -> None:
    office = browser(town.worker)
    done(enter(office, town))
    id = only(Application).id
    stale = {"row_version": only(Application).version}
    done(press(office, f"/office/application/do/send/?id={id}"))
    page = office.post(f"/office/application/do/send/?id={id}", data=stale, follow_redirects=True)
    [sentence] = refused(page)
    assert "Pirjo Ohjaaja" in sentence
    assert office.get(f"/office/application/do/send/?id={id}").status_code == 409


# -- a protected address ----------------------------------------------------------------------------


def test_a_protected_address_is_on_no_page_paper_or_list(browser: Open, database: None) -> None:
    street = "Salakatu 13"
    town = build(street=street, restricted=True)
    town.child.street, town.child.restricted = street, True
    decision = sent(browser, town)
    done(press(browser(town.mother_user), f"/my/decision/do/accept/?id={decision}", start="10.8.2026"))
    done(
        press(
            browser(town.worker),
            f"/office/person/do/set_head/?id={town.child.id}",
            start="1.6.2026",
            guardian=town.mother.id,
        )
    )
    people = [town.child.id, town.mother.id]
    place = only(Placement, Placement.child_id == town.child.id).id
    addresses = {
        "office": [
            "/office/",
            "/office/person/?all=1",
            "/office/person/?search=virtanen",
            "/office/person/?search=salakatu",
            "/office/person/export/csv/",
            *(f"/office/person/details/?id={id}" for id in people),
            "/office/application/?all=1",
            "/office/application/export/csv/",
            f"/office/application/details/?id={only(Application).id}",
            f"/office/desk/?application={only(Application).id}",
            "/office/proposal/?all=1",
            f"/office/proposal/details/?id={only(PlacementPlan).id}",
            "/office/decision/?all=1",
            f"/office/decision/details/?id={decision}",
            "/office/decision/export/csv/",
            "/office/placement/?all=1",
            f"/office/placement/details/?id={place}",
            "/office/placement/export/csv/",
            "/office/search/?q=virtanen",
            f"/office/document/download/?id={only(Decision).document_id}",
        ],
        "my": [
            "/my/",
            "/my/decision/",
            f"/my/decision/details/?id={decision}",
            "/my/document/",
            f"/my/document/download/?id={only(Decision).document_id}",
            "/my/attendance/",
            f"/my/attendance/details/?id={town.child.id}",
            "/my/message/",
            "/my/fee/",
            "/my/invoice/",
        ],
    }
    readers = [
        (town.worker, "office"),
        (town.director, "office"),
        (town.finance, "office"),
        (factories.user("staff", town.units[0], town.group), "office"),
        (town.father_user, "my"),
    ]
    opened = 0
    for user, side in readers:
        reader = browser(user)
        for address in addresses[side]:
            page = reader.get(address)
            if page.status_code != 200:
                assert page.status_code in (403, 404), (address, page.status_code)
                continue
            opened += 1
            shown = " ".join(pages(page.data)) if page.mimetype == "application/pdf" else page.get_data(as_text=True)
            assert "Salakatu" not in shown, (user.name, address)
    assert opened > 50


def test_changing_a_protected_address_leaves_it_out_of_the_history_that_others_read(browser: Open, town: Town) -> None:
    office = browser(town.worker)
    address = f"/office/person/edit/?id={town.child.id}"
    form = office.get(address)
    version = form.text.partition('name="row_version"')[2].partition('value="')[2].partition('"')[0]
    office.post(
        address,
        data={
            "row_version": version,
            "last_name": "Virtanen",
            "first_name": "Aino",
            "born": "1.5.2022",
            "language": "fi",
            "street": "Salakatu 13",
            "restricted": "y",
            "phone": "040 555 0199",
        },
    )
    child = only(Person, Person.id == town.child.id)
    assert (child.street, child.restricted) == ("Salakatu 13", True)
    page = browser(town.finance).get(f"/office/person/details/?id={child.id}")
    assert "040 555 0199" in seen(page)  # the history is told
    assert "Salakatu" not in page.text
