"""A claim for a revised decision, and everything that is on file about the decision in one paper."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import delete, select

from evaka.actions import decision as act
from evaka.actions import placement as placing
from evaka.actions.decision import claim
from evaka.actions.decision.draft import draft_for
from evaka.actions.placement import proposal
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.journal import AuditEvent, Email
from evaka.rules.application import ApplicationKind, ApplicationStatus
from evaka.rules.decision import DecisionStatus
from evaka.rules.decision.claim import ClaimOutcome, ClaimStatus
from evaka.rules.placement import PlanStatus
from tests import factories
from tests.letters.reading import pages

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def worker(by):
    return by(factories.user("service_worker", name="Pirjo Ohjaaja"))


def sent(worker):
    child = factories.child(first_name="Aino", last_name="Virtanen")
    row = factories.application(child, status=ApplicationStatus.WAITING_CONFIRMATION, units=[factories.unit("Lokkila")])
    factories.group(row.preferences[0].unit)
    planned = factories.plan(row, status=PlanStatus.CONFIRMED)
    draft_for(row, planned, worker)
    act.send_decision(row, worker)
    return db.session.scalars(select(Decision)).one()


def test_a_claim_is_followed_to_its_outcome(by, worker):
    decision = sent(worker)
    mother = decision.application.guardian
    made = claim.record_claim(decision, by(worker.user, "2026-06-20"), claimant=mother, received=date(2026, 6, 19),
                              grounds="Toivomme Mäntylää")
    # thirty days from 4.6. end on Saturday 4.7., so the 6th; sixty days from 19.6. on the 18th of August
    assert (made.due, made.handle_by, made.late) == (date(2026, 7, 6), date(2026, 8, 18), False)
    claim.forward(made, by(worker.user, "2026-06-25"), forwarded_on=date(2026, 6, 24))
    claim.decide(made, by(worker.user, "2026-08-01"), decided_on=date(2026, 7, 30), outcome=ClaimOutcome.DISMISSED,
                 outcome_reasons="Päätös on perusteltu")
    assert (made.status, made.outcome) == (ClaimStatus.DECIDED, ClaimOutcome.DISMISSED)
    lines = db.session.scalars(select(AuditEvent).where(AuditEvent.action.like("claim.%"))).all()
    assert [one.action for one in lines] == ["claim.record", "claim.forward", "claim.decide"]
    with pytest.raises(Refused, match="workflow.wrong_state"):
        claim.withdraw(made, worker)


def test_a_late_claim_is_recorded_as_late(by, worker):
    decision = sent(worker)
    made = claim.record_claim(
        decision, by(worker.user, "2026-07-10"), claimant=decision.application.guardian, received=date(2026, 7, 7))
    assert made.late
    claim.withdraw(made, worker)
    assert made.status is ClaimStatus.WITHDRAWN


@pytest.mark.parametrize("received", [date(2026, 5, 31), date(2026, 6, 2)])
def test_a_claim_comes_after_the_decision_and_not_in_the_future(worker, received):
    decision = sent(worker)
    with pytest.raises(Refused, match="claim.day_outside"):
        claim.record_claim(decision, worker, claimant=decision.application.guardian, received=received)


def test_a_draft_is_not_claimed_against_and_a_director_records_none(by, worker):
    decision = sent(worker)
    draft = factories.decision(status=DecisionStatus.DRAFT, answer_due=None)
    with pytest.raises(Refused, match="claim.not_sent"):
        claim.record_claim(draft, worker, claimant=draft.application.guardian, received=date(2026, 6, 1))
    with pytest.raises(Denied):
        claim.bundle(decision, by(factories.user("director", unit=decision.unit)), "fi")


@pytest.mark.parametrize(("language", "headings"), [
    ("fi", ["Hakemus", "Yksikön täyttöaste päätettäessä", "Sijoitussuunnitelmat", "Lähetykset", "Oikaisuvaatimukset",
            "Käsittelyn vaiheet", "Päätös varhaiskasvatuspaikasta"]),
    ("sv", ["Ansökan", "Enhetens fyllnadsgrad", "Placeringsplaner", "Sändningar", "Behandlingens skeden"]),
    ("en", ["Application", "The unit's occupancy", "Placement plans", "Deliveries", "What was done"]),
])
def test_the_bundle_holds_everything_and_the_decision_itself(worker, language, headings):
    decision = sent(worker)
    claim.record_claim(decision, worker, claimant=decision.application.guardian, received=date(2026, 6, 1),
                       grounds="Toivomme Mäntylää")
    name, content = claim.bundle(decision, worker, language)
    said = " ".join(pages(content))
    places = [said.index(one) for one in headings]
    assert places == sorted(places)
    for fact in ("Aino Virtanen", "1. Lokkila", "6/2026", "0,0 %", "Toivomme Mäntylää", "Pirjo Ohjaaja"):
        assert fact in said, fact
    assert name.endswith(" 1")
    assert "[" not in said


# -- a decision that is made anew -------------------------------------------------------------------


def test_after_a_claim_is_upheld_the_child_is_planned_again_and_the_new_place_takes_the_old_ones_days(by, worker):
    decision = sent(worker)
    row, mother = decision.application, decision.application.guardian
    act.accept(decision, worker, start=decision.start)
    made = claim.record_claim(decision, worker, claimant=mother, received=date(2026, 6, 1))
    with pytest.raises(Refused, match="application.nothing_revised"), db.session.begin_nested():
        claim.plan_again(row, worker, reason="Oikaisu")
    claim.decide(made, worker, decided_on=date(2026, 6, 1), outcome=ClaimOutcome.UPHELD)
    claim.plan_again(row, worker, reason="Oikaisu")
    assert row.status is ApplicationStatus.WAITING_PLACEMENT
    unit = factories.unit("Mäntylä", ask_unit=False)
    factories.group(unit)
    placing.plan(row, worker, unit=unit, start=decision.start, end=decision.end)
    act.send_decision(row, worker)
    anew = db.session.scalars(select(Decision).where(Decision.unit_id == unit.id)).one()
    act.accept(anew, worker, start=anew.start)
    places = db.session.scalars(select(factories.Placement)).all()
    assert [(one.unit.name, one.start) for one in places] == [("Mäntylä", decision.start)]
    assert (row.status, decision.status) == (ApplicationStatus.ACTIVE, DecisionStatus.ACCEPTED)


def test_annulling_pre_primary_education_annuls_the_unanswered_care_around_it_and_tells_the_family(by, worker):
    child = factories.child(born=date(2020, 5, 1))
    unit = factories.unit(care_types=["preschool", "preschool_daycare", "daycare"])
    factories.group(unit)
    row = factories.application(child, [unit], kind=ApplicationKind.PRESCHOOL, connected_daycare=True,
                                service_need="", status=ApplicationStatus.WAITING_PLACEMENT, checked=True)
    placing.plan(row, worker, unit=unit, start=date(2026, 8, 11), end=date(2027, 6, 4))
    act.send_decision(row, worker) if not unit.ask_unit else None
    if unit.ask_unit:
        proposal.propose(row, worker)
        proposal.confirm(db.session.scalars(select(factories.PlacementPlan)).one(), worker)
        act.send_decision(row, worker)
    first, around = db.session.scalars(select(Decision).order_by(Decision.id)).all()
    db.session.execute(delete(Email))
    act.annul(first, worker, reason="Väärä lukuvuosi")
    assert (first.status, around.status) == (DecisionStatus.ANNULLED, DecisionStatus.ANNULLED)
    assert row.status is ApplicationStatus.REJECTED
    assert "application_changed" in db.session.scalars(select(Email.text)).all()
    claim.plan_again(row, worker, reason="Oikea lukuvuosi")
    assert row.status is ApplicationStatus.WAITING_PLACEMENT
