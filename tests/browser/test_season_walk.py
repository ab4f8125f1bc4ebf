"""A season as a case worker does it: two hundred applications from a file, a suggestion, three changes by hand,
proposals, a batch of decisions, and what two families answer on their phones."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select

from evaka.access import Actor
from evaka.actions.user import HASHER
from evaka.jobs import JOBS, run
from evaka.kit import identity
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.decision.sending import SendingItem
from evaka.models.person import Person
from evaka.models.placement import Placement, PlacementPlan
from evaka.models.suggestion import SuggestedPlace
from evaka.models.unit import Unit
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import DecisionStatus
from evaka.rules.decision.delivery import ItemState
from evaka.rules.placement import PlanStatus
from tests import factories
from tests.browser.conftest import NOON, PASSWORD, accessible
from tests.browser.test_walk import fill, press, said
from tests.conftest import keep

S = ApplicationStatus
HEAD = ("Lapsen henkilötunnus", "Huoltajan henkilötunnus", "Saapunut", "Toivottu aloitus", "1. toive", "2. toive",
        "Palveluntarve")
LOKKILA, TUOMIKUJA, HAAPALA, KUUSELA = (
    "Lokkilan päiväkoti", "Tuomikujan päiväkoti", "Haapalan päiväkoti", "Kuuselan päiväkoti")
WISHES = ((LOKKILA, HAAPALA), (HAAPALA, KUUSELA), (KUUSELA, TUOMIKUJA), (LOKKILA, TUOMIKUJA), (HAAPALA, LOKKILA))


@pytest.fixture(scope="module")
def season(harjula):
    """Rows of 200 applications, the first two of families who log in, and units with room for them all."""
    with harjula.app.app_context():
        here, there = db.session.get_one(Unit, harjula.unit), db.session.get_one(Unit, harjula.other_unit)
        factories.group(here, "Ketut")
        factories.group(there, "Mäyrät")
        for name in (HAAPALA, KUUSELA):
            factories.group(factories.unit(name, area=here.area, capacity=80), "Hiiret", adults="10")
        aatos = db.session.get_one(Person, harjula.child)
        ari = db.session.get_one(Person, harjula.guardian)
        laura = factories.person(first_name="Laura", last_name="Virta", email="laura@example.fi")
        eino = factories.child(laura, date(2022, 6, 1), first_name="Eino", last_name="Virta")
        harjula.users["second"] = factories.user(
            "guardian", person=laura, email="laura@harjula.example", name="Laura Virta",
            password_hash=HASHER.hash(PASSWORD)).email
        families = [(aatos, ari), (eino, laura)]
        for n in range(198):
            mother = factories.person(date(1990, 1, 1 + n // 90), first_name="Äiti", last_name=f"Kausi{n:03}")
            child = factories.child(mother, date(2022, 7, 1 + n // 90), first_name="Lapsi", last_name=f"Kausi{n:03}")
            families.append((child, mother))
        numbers = Counter()
        for person in (one for family in families for one in family):
            person.identity_code = identity.made(person.born, 900 + numbers[person.born])
            numbers[person.born] += 1
        rows = [(child.identity_code, mother.identity_code, f"{2 + n // 20}.{1 if n < 2 else 4}.2026", "10.8.2026",
                 *WISHES[n % 5 if n > 1 else 0], "full_day") for n, (child, mother) in enumerate(families)]
        keep()
    return rows


def as_file(rows):
    text = "\r\n".join(";".join(row) for row in (HEAD, *rows))
    return {"name": "hakemukset.csv", "mimeType": "text/csv", "buffer": text.encode("utf-8-sig")}


def work(harjula, job):
    """What the process that runs the jobs does meanwhile."""
    with harjula.app.app_context():
        outcome = run(JOBS[job], Actor(None, NOON))
        db.session.remove()
    assert outcome.failed == {}
    return outcome.done


def asked(harjula, query):
    """The rows of a query, read anew."""
    with harjula.app.app_context():
        found = db.session.execute(query).all()
        db.session.remove()
    return found


def go(page, name):
    """Press a button whose next page has been looked at by axe-core before."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).or_(page.get_by_role("link", name=name, exact=True)).click()


def many(page, verb, count):
    """All rows of the page, previewed and then done."""
    page.locator("thead [data-all]").check()
    page.locator("select[name=verb]").select_option(verb)
    with page.expect_navigation():
        page.locator("form[data-bulk] button[type=submit]").first.click()
    accessible(page)
    go(page, f"Tee muutos ({count})")
    said(page, f"Tehty {count} riville")
    assert "flt" in page.url  # the list is narrowed down as it was


def test_a_season_from_a_file_to_the_answers_of_families(visit, harjula, season):
    worker, director = visit("worker"), visit("director")
    for page in (worker, director):
        page.set_default_timeout(30_000)  # two hundred rows at once, on a machine that may be busy
    office = harjula.url + "/office/"
    units = {name: id for id, name in asked(harjula, select(Unit.id, Unit.name))}

    # two rows of the file are wrong, and are told before anything is taken in
    worker.goto(office + "application/")
    press(worker, "Tuo hakemuksia tiedostosta")
    wrong = [list(row) for row in season]
    wrong[16][4] = "Lokilan päiväkoti"
    wrong[115][3] = "31.6.2026"
    worker.set_input_files("[name=upload]", as_file(wrong))
    press(worker, "Näytä, mitä tiedostossa on")
    assert "Kunnossa 198, korjattavaa 2" in worker.inner_text("main")
    told = worker.locator("section:has(#wrong) tbody tr").all_inner_texts()
    assert len(told) == 2
    assert re.search(r"18\b.*Yksikköä Lokilan päiväkoti ei ole", told[0], re.S)
    assert re.search(r"117\b.*Toivottu aloitus: ”31\.6\.2026” ei ole päivä", told[1], re.S)
    assert asked(harjula, select(func.count()).select_from(Application)) == [(0,)]
    worker.set_input_files("[name=upload]", as_file(season))
    go(worker, "Näytä, mitä tiedostossa on")
    press(worker, "Tuo 200 hakemusta")
    said(worker, "Tuotiin 200 hakemusta")

    # they are taken to the desk together
    worker.goto(office + "application/?flt1_1=sent&page_size=200")
    many(worker, "take", 200)

    # a suggestion for them all: counted first, then reckoned while the page is open
    worker.goto(office + "suggestion/")
    accessible(worker)
    press(worker, "Uusi ehdotelma")
    press(worker, "Laske määrät")
    assert "200 hakemusta odottaa paikkaa, 5 yksikköä on mukana." in worker.inner_text("main")
    press(worker, "Laske ehdotelma")
    assert "Lasketaan paikkoja 200 hakemukselle." in worker.inner_text("main")
    assert work(harjula, "suggestion.reckon") == 1
    worker.reload()  # as the page does by itself every other second
    worker.locator("#progress-text").wait_for(state="detached")
    accessible(worker)
    suggested = {number: (unit, wish) for number, unit, wish in asked(harjula, select(
        SuggestedPlace.application_id, SuggestedPlace.unit_id, SuggestedPlace.wish))}
    first = sum(wish == 1 for _, wish in suggested.values())
    assert 100 < first < 200
    assert None not in {unit for unit, _ in suggested.values()}
    page = worker.inner_text("main")
    assert f"{first} / 200 lasta" in page
    assert f"{first / 2:.1f}".replace(".", ",") + " %" in page
    assert re.search(r"Perusteita rikkovia pareja\s+0\b", page)
    suggestion = worker.url
    ours = dict(asked(harjula, select(Application.child_id, Application.id)))
    aatos = ours[harjula.child]
    assert suggested[aatos] == (units[LOKKILA], 1)  # where his sister is
    eino = asked(harjula, select(Application.id).join(Application.child).where(Person.first_name == "Eino"))[0][0]
    assert suggested[eino] == (units[LOKKILA], 1)  # his application came first

    # somebody whose first wish was full: why not there, and who was the last to get in
    second = min(number for number, (_, wish) in suggested.items() if wish == 2)
    press(worker, "Kaikki paikat")

    def opened(number):
        place = asked(harjula, select(SuggestedPlace.id).where(SuggestedPlace.application_id == number))[0][0]
        worker.goto(f"{office}suggested_place/details/?id={place}")

    opened(second)
    accessible(worker)
    page = worker.inner_text("main")
    assert "Perheen 2. toive." in page
    assert "Tiukimpana kuukautena" in page
    assert "Viimeisenä edelle meni hakemus" in page

    # three changes by hand, each with what it breaks
    out, other = [number for number, (unit, _) in suggested.items()
                  if unit == units[LOKKILA] and number not in (aatos, eino)][-2:]
    for number, unit, told in (
        (out, KUUSELA, "Perhe ei ole toivonut yksikköä."), (other, HAAPALA, "Paikan on valinnut ihminen."),
        (second, LOKKILA, "Laskettu paikka oli"),
    ):
        opened(number)
        go(worker, "Siirrä toiseen yksikköön")
        fill(worker, unit=unit)
        press(worker, "Siirrä toiseen yksikköön")
        said(worker, "Tehty")
        assert told in worker.inner_text("main")
    worker.goto(suggestion)
    assert worker.locator("section", has_text="Käsin muutettu").last.locator("tbody tr").count() == 3

    # approved, it stands on the desk as drafts
    press(worker, "Hyväksy ehdotelma")
    assert "Hahmoteltavia paikkoja on 200." in worker.inner_text("main")
    press(worker, "Hyväksy ehdotelma")
    said(worker, "Tehty")
    now = dict(asked(harjula, select(PlacementPlan.application_id, PlacementPlan.unit_id)))
    assert now == {number: unit for number, (unit, _) in suggested.items()} | {
        out: units[KUUSELA], other: units[HAAPALA], second: units[LOKKILA]}
    worker.goto(office + "desk/")
    accessible(worker)
    worker.goto(office + "desk/drafts")
    accessible(worker)

    # all of one unit are proposed to its director, after a preview
    here = [number for number, unit in now.items() if unit == units[LOKKILA]]
    row = worker.locator("section.of-panel", has=worker.locator("h2", has_text=LOKKILA))
    with worker.expect_navigation():
        row.get_by_role("button", name="Ehdota kaikkia").click()
    accessible(worker)
    assert f"Lapsia {len(here)}, yksiköitä 1" in worker.inner_text("main")
    go(worker, f"Tee muutos ({len(here)})")
    said(worker, str(len(here)))
    assert dict(asked(harjula, select(PlacementPlan.status, func.count()).group_by(PlacementPlan.status))) == {
        PlanStatus.PROPOSED: len(here), PlanStatus.DRAFT: 200 - len(here)}

    # the director sees what they do to the unit, and confirms them together
    director.goto(office + "proposal/?flt0_0=proposed&page_size=200")
    accessible(director)
    assert director.locator("tbody tr").count() == len(here)
    many(director, "confirm", len(here))
    assert director.locator("tbody tr").count() == 0  # of the same list nothing is left to answer

    # whatever is ready is sent together
    worker.goto(office + "sending/")
    accessible(worker)
    press(worker, "Lähetä monta päätöstä")
    assert f"{len(here)} hakemuksen päätökset voi lähettää" in worker.inner_text("main")
    press(worker, "Näytä, mitä lähtisi")
    assert "Mikään ei estä lähettämistä." in worker.inner_text("main")
    press(worker, "Hyväksy ja lähetä")
    press(worker, "Hyväksy ja lähetä")
    said(worker, "Tehty")
    assert work(harjula, "decision.send") == len(here)
    worker.reload()
    worker.locator("#progress-text").wait_for(state="detached")
    accessible(worker)
    assert set(asked(harjula, select(SendingItem.state))) == {(ItemState.SENT,)}
    decisions = dict(asked(harjula, select(Decision.application_id, Decision.id).where(
        Decision.status == DecisionStatus.SENT)))
    assert sorted(decisions) == sorted(here)

    # two families read theirs in the service, the letters of the others are one file for the post
    worker.goto(office + "dispatch/")
    accessible(worker)
    assert f"Postitusjonossa {len(here) - 2}" in worker.inner_text("main")
    press(worker, "Tee postituserä")
    press(worker, "Tee tiedosto")
    letters = worker.get_by_role("link", name="Avaa tiedosto").get_attribute("href")
    assert len(PdfReader(BytesIO(worker.request.get(harjula.url + letters).body())).pages) >= 2 * (len(here) - 2)
    press(worker, "Merkitse lähetetyksi")
    press(worker, "Merkitse lähetetyksi")
    said(worker, "Tehty")

    # one family takes its place, the other does not
    guardian = visit("guardian", width=390)
    guardian.goto(harjula.url + "/my/decision/")
    accessible(guardian)
    with guardian.expect_navigation():
        guardian.locator(".of-wait a").first.click()
    fill(guardian, start="2026-08-12")
    press(guardian, "Ota paikka vastaan")
    said(guardian, "Tehty")
    other = visit("second", width=390)
    other.goto(harjula.url + "/my/decision/")
    with other.expect_navigation():
        other.locator(".of-wait a").first.click()
    accessible(other)
    press(other, "Hylkää paikka")
    said(other, "Tehty")

    states = dict(asked(harjula, select(Application.id, Application.status)))
    assert (states[aatos], states[eino]) == (S.ACTIVE, S.REJECTED)
    assert Counter(states.values()) == {
        S.ACTIVE: 1, S.REJECTED: 1, S.WAITING_GUARDIAN: len(here) - 2, S.WAITING_DECISION: 200 - len(here)}
    assert asked(harjula, select(Placement.child_id, Placement.unit_id, Placement.start).where(
        Placement.child_id.in_(ours))) == [(harjula.child, units[LOKKILA], date(2026, 8, 12))]
