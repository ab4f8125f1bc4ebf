"""The pages of a suggestion, as a case worker uses them, and as nobody else may."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from evaka.jobs import JOBS, run
from evaka.models.base import db
from evaka.models.placement import PlacementPlan
from evaka.models.suggestion import SuggestedPlace, Suggestion, SuggestionUnit
from evaka.rules.suggestion import SuggestedStatus, SuggestionStatus
from evaka.rules.unit import Provider
from evaka.views.suggestion import words
from tests import factories
from tests.actions.test_suggestion import crowd, house, waiting
from tests.conftest import keep
from tests.pages import done, press, refused, seen

pytestmark = pytest.mark.usefixtures("database")
PAGE, PLACE = "/office/suggestion/", "/office/suggested_place/"


@pytest.fixture
def worker(browser):
    return browser(factories.user("service_worker"))


def the_one() -> Suggestion:
    db.session.expire_all()
    return db.session.scalars(select(Suggestion)).one()


def place_of(row) -> SuggestedPlace:
    db.session.expire_all()
    return db.session.scalars(select(SuggestedPlace).where(SuggestedPlace.application_id == row.id)).one()


def reckoned(client, by, units, **typed) -> Suggestion:
    """Asked for on the page, for units of all their areas, and reckoned by the job."""
    areas = [str(unit.area_id) for unit in units]
    answer = client.post(f"{PAGE}begin/", data={"name": "Syksy 2026", "areas": areas, "go": "1"} | typed)
    assert answer.status_code == 302, refused(answer)
    run(JOBS["suggestion.reckon"], by())
    return the_one()


def test_the_road_from_the_choice_to_drafts_on_the_desk(worker, by):
    kettu, siili = house("Kettu"), house("Siili")
    rows = [*crowd([kettu], 7), waiting([kettu, siili], first_name="Myöhäinen")]
    keep()
    areas = [str(kettu.area_id), str(siili.area_id)]
    page = worker.get(f"{PAGE}begin/")
    assert "Mitään ei suunnitella eikä lähetetä ennen kuin hyväksyt sen." in seen(page)
    counted = worker.post(f"{PAGE}begin/", data={"name": "Syksy 2026", "areas": areas, "count": "1"})
    assert "8 hakemusta odottaa paikkaa, 2 yksikköä on mukana." in seen(counted)
    begun = worker.post(f"{PAGE}begin/", data={"name": "Syksy 2026", "areas": areas, "go": "1"})
    one = the_one()
    waits = worker.get(begun.location)
    assert "Lasketaan paikkoja 8 hakemukselle." in seen(waits)
    assert worker.get(f"{PAGE}progress/?id={one.id}").json == {"done": 0, "left": 1, "status": "waiting"}
    run(JOBS["suggestion.reckon"], by())
    page = seen(worker.get(begun.location))
    for told in ("87,5 %", "7 / 8 lasta", "Järjestämisen määräaika (kuukauden tarkkuudella)", "varhaiskasvatus",
                 "Kaikki saivat paikan", "Syksy 2026"):
        assert told in page, told
    assert worker.get(f"{PAGE}progress/?id={one.id}").json == {"done": 1, "left": 0, "status": "ready"}
    late = seen(worker.get(f"{PLACE}details/?id={place_of(rows[-1]).id}"))
    assert "Perheen 2. toive. Kaikki, jotka yksikköön mieluiten halusivat, mahtuivat." in late
    assert "Tiukimpana kuukautena 8/2026 edellä menevien jälkeen oli vapaana 0, ja tarve on 1." in late
    assert "Ratkaisi: Järjestämisen määräaika." in late
    first = seen(worker.get(f"{PLACE}details/?id={place_of(rows[0]).id}"))
    assert f"Meni hakemuksen {rows[-1].id} edelle. Ratkaisi: Järjestämisen määräaika." in first
    approve = worker.get(f"{PAGE}do/approve/?id={one.id}")
    assert "Hahmoteltavia paikkoja on 8." in seen(approve)
    done(press(worker, f"{PAGE}do/approve/?id={one.id}"))
    assert the_one().status is SuggestionStatus.APPROVED
    assert f"/office/desk/drafts?batch=suggestion+{one.id}" in worker.get(begun.location).text
    assert len(db.session.scalars(select(PlacementPlan)).all()) == 8


@pytest.mark.parametrize(("language", "told"), [
    ("sv", "Under den knappaste månaden 8/2026 var 0 ledigt efter dem som går före, och behovet är 1."),
    ("en", "In the tightest month, 8/2026, those who go before leave 0, and 1 is needed."),
])
def test_reasons_are_told_in_the_readers_language(worker, by, language, told):
    kettu, siili = house("Kettu"), house("Siili")
    rows = [*crowd([kettu], 7), waiting([kettu, siili])]
    keep()
    reckoned(worker, by, [kettu, siili])
    with worker.session_transaction() as session:
        session["language"] = language
    assert told in seen(worker.get(f"{PLACE}details/?id={place_of(rows[-1]).id}"))


def test_numbers_choose_applications_and_a_slip_is_told_with_all_that_was_typed(worker, by):
    kettu = house("Kettu")
    rows = [waiting([kettu]) for _ in range(3)]
    keep()
    wrong = worker.post(f"{PAGE}begin/", data={
        "name": "Oma nimi", "numbers": f"{rows[0].id} kolme", "areas": [str(kettu.area_id)], "go": "1"})
    assert "”kolme” ei ole hakemuksen numero." in " ".join(refused(wrong))
    assert 'value="Oma nimi"' in wrong.text
    assert f'value="{rows[0].id} kolme"' in wrong.text
    reckoned(worker, by, [kettu], numbers=f"{rows[0].id}, {rows[2].id}")
    found = db.session.scalars(select(SuggestedPlace.application_id).order_by(SuggestedPlace.application_id)).all()
    assert found == [rows[0].id, rows[2].id]
    empty = worker.post(f"{PAGE}begin/", data={
        "name": "x", "numbers": "999999", "areas": [str(kettu.area_id)], "go": "1"})
    assert "Mikään valituista hakemuksista ei odota paikkaa." in " ".join(refused(empty))
    assert refused(worker.post(f"{PAGE}begin/", data={"name": "x", "go": "1"}))  # no area


def test_filters_choose_by_kind_area_due_date_and_start(worker):
    kettu, siili = house("Kettu"), house("Siili")
    early = waiting([kettu], due=None)
    waiting([siili])
    waiting([siili], checked=False)
    keep()
    areas = [str(kettu.area_id), str(siili.area_id)]

    def count(**typed) -> str:
        answer = worker.post(f"{PAGE}begin/", data={"name": "x", "areas": areas, "count": "1"} | typed)
        return seen(answer).partition(" hakemusta odottaa paikkaa")[0].rpartition(" ")[2]

    assert count() == "2"
    assert count(due_until="", start_from="", start_until="", kind="", area="", numbers="") == "2"  # as a browser sends
    assert count(unread="y") == "3"
    assert count(area=str(kettu.area_id)) == "1"
    assert count(due_until="2026-12-31") == "1"
    assert count(start_from="2026-08-11") == "0"
    assert count(start_until="2026-08-10") == "2"
    assert count(kind="preschool") == "0"
    linked = worker.get(f"{PAGE}begin/?numbers={early.id}&area={kettu.area_id}").text
    assert f'value="{early.id}"' in linked


def test_units_of_others_take_part_only_when_asked(worker, by):
    own = house("Oma")
    bought = house("Osto", area=own.area, provider=Provider.PURCHASED)
    waiting([own, bought])
    keep()
    reckoned(worker, by, [own])
    assert db.session.scalars(select(SuggestionUnit.unit_id)).all() == [own.id]
    worker.post(f"{PAGE}begin/", data={"name": "y", "areas": [str(own.area_id)], "others": "y", "go": "1"})
    last = select(SuggestionUnit.unit_id).where(SuggestionUnit.suggestion_id != the_first())
    assert set(db.session.scalars(last)) == {own.id, bought.id}


def the_first() -> int:
    return db.session.scalars(select(Suggestion.id).order_by(Suggestion.id)).first()


def test_moving_by_hand_says_what_it_breaks_and_leaving_out_is_undone(worker, by):
    kettu, siili = house("Kettu", "0.25"), house("Siili")
    rows = [waiting([kettu], due=None), waiting([kettu, siili])]
    keep()
    reckoned(worker, by, [kettu, siili])
    place = place_of(rows[0])
    page = press(worker, f"{PLACE}do/move/?id={place.id}", unit=str(kettu.id))
    done(page)
    assert "Tilaa ei ole: kuukautena 8/2026 vapaana on 0,75, ja tarve on 1." in seen(page)
    assert "Paikan on valinnut ihminen." in seen(page)
    listed = seen(worker.get(f"{PLACE}?flt0_0={the_one().id}"))
    assert "Tilaa ei ole" in listed
    assert "Käsin muutettu" in seen(worker.get(f"{PAGE}details/?id={the_one().id}"))
    done(press(worker, f"{PLACE}do/leave_out/?id={place.id}"))
    assert place_of(rows[0]).status is SuggestedStatus.LEFT_OUT
    assert "1 hakemusta on jätetty pois." in seen(worker.get(f"{PAGE}details/?id={the_one().id}"))
    done(press(worker, f"{PLACE}do/take_back/?id={place.id}"))
    done(press(worker, f"{PLACE}do/accept/?id={place.id}"))
    assert place_of(rows[0]).status is SuggestedStatus.APPROVED


def test_some_are_approved_from_the_list_after_a_preview(worker, by):
    kettu = house("Kettu")
    rows = [waiting([kettu]) for _ in range(3)]
    keep()
    reckoned(worker, by, [kettu])
    some = [str(place_of(row).id) for row in rows[:2]]
    preview = worker.post(f"{PLACE}bulk/", data={"verb": "accept", "rowid": some})
    assert "Kettu · 1. toive" in seen(preview)
    worker.post(f"{PLACE}bulk/", data={"verb": "accept", "rowid": some, "confirmed": "1"})
    assert [place_of(row).status for row in rows] == [
        SuggestedStatus.APPROVED, SuggestedStatus.APPROVED, SuggestedStatus.SUGGESTED]


def test_the_list_finds_those_without_a_place_and_beyond_the_wishes(worker, by):
    kettu, siili = house("Kettu", "0"), house("Siili", "0.15")
    rows = [waiting([kettu], first_name="Kauempana"), waiting([kettu], first_name="Ilman", due=None)]
    keep()
    one = reckoned(worker, by, [kettu, siili])
    listed = {kind: seen(worker.get(f"{PLACE}?flt0_0={one.id}&flt2_2={kind}")) for kind in ("beyond", "none", "first")}
    assert "Kauempana" in listed["beyond"]
    assert "Kauempana" not in listed["none"]
    assert "Ilman" in listed["none"]
    assert "Ilman" not in listed["first"]
    table = worker.get(f"{PLACE}export/csv/?flt0_0={one.id}").text
    assert "Siili" in table
    assert str(rows[0].child) in table
    nowhere = seen(worker.get(f"{PLACE}details/?id={place_of(rows[1]).id}"))
    assert "Yksikkö on täynnä jo nykyisistä ja suunnitelluista lapsistaan." in nowhere


def test_a_suggestion_that_failed_says_so_and_is_tried_again(worker, by):
    kettu = house("Kettu")
    waiting([kettu])
    keep()
    worker.post(f"{PAGE}begin/", data={"name": "x", "areas": [str(kettu.area_id)], "go": "1"})
    run(JOBS["suggestion.reckon"], by(day="2020-01-01"))
    assert "Ehdotelmaa ei voitu laskea." in seen(worker.get(f"{PAGE}details/?id={the_one().id}"))
    done(press(worker, f"{PAGE}do/retry/?id={the_one().id}"))
    assert the_one().status is SuggestionStatus.WAITING


@pytest.mark.parametrize("role", ["director", "finance", "staff", "guardian", "administration"])
def test_nobody_else_opens_them(browser, worker, by, role):
    kettu = house("Kettu")
    row = waiting([kettu])
    keep()
    one = reckoned(worker, by, [kettu])
    unit = kettu if role in ("director", "staff") else None
    other = browser(factories.user(role, unit=unit))
    for address in (PAGE, f"{PAGE}details/?id={one.id}", f"{PAGE}begin/", PLACE,
                    f"{PLACE}details/?id={place_of(row).id}", f"{PAGE}progress/?id={one.id}"):
        assert other.get(address).status_code in (403, 404), address
    assert other.post(f"{PAGE}begin/", data={"name": "x", "areas": [str(kettu.area_id)], "go": "1"}).status_code in (
        403, 404)


def test_a_kept_refusal_with_several_things_in_it_is_a_sentence(app):
    with app.test_request_context("/office/"):
        told = words.refusal("placement.care_not_offered", {
            "unit": "Koulu", "care_type": "daycare", "offered": ["preschool", "preschool_daycare"]})
    assert "Koulu" in told
