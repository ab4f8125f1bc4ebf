"""Sending the decisions of applications, one or hundreds: they are planned, set on paper, and saved.

Only the last step writes, and first looks whether everything is as it was when it was planned: the numbers, which
stand on the papers already, and every row that is concerned.  If not, nothing is saved (`Moved`) and the applications
are planned anew.  The decisions of an application go all or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import Actor
from evaka.actions import last_number, notify, record, take_numbers
from evaka.actions.application import move
from evaka.actions.decision.paper import Readers, Terms, common_of, facts_of, policy, readers_of, terms_of
from evaka.actions.document import keep, letter_language
from evaka.actions.placement.grid import fullest_days
from evaka.kit.dates import DAY, DateRange, add_months
from evaka.kit.errors import Refused
from evaka.letters.decision import decision_letter
from evaka.letters.letter import Letter
from evaka.models.application import Application, Preference
from evaka.models.base import Model, db
from evaka.models.decision import Decision
from evaka.models.decision.dispatch import Delivery
from evaka.models.placement import PlacementPlan
from evaka.models.unit import Unit
from evaka.rules.application import APPLICATION
from evaka.rules.decision import Channel, DecisionStatus
from evaka.rules.decision.delivery import DeliveryState, Receiver, receivers
from evaka.rules.placement import PLACEMENT_PLAN, PlanStatus
from evaka.rules.unit import Figures, OccupancyKind, months

M = TypeVar("M", bound=Model)
VERBS = {Channel.PORTAL: "send_decision", Channel.MESSAGE: "send_decision", Channel.POST: "print_decision"}
LIVING = (PlanStatus.DRAFT, PlanStatus.PROPOSED, PlanStatus.CONFIRMED)
MONTHS = 12  # of occupancy that is kept with a decision


class Moved(Exception):
    """Somebody else has taken a number or changed a row since the plan was made."""


@dataclass(frozen=True)
class Going:
    """A decision that is to be sent, with its letter, its terms and whom it reaches."""

    id: int
    number: int
    language: str
    letter: Letter
    terms: Terms
    common: str
    receivers: tuple[Receiver, ...]


@dataclass(frozen=True)
class Case:
    """What sending does to one application; `unsent` are drafts that nobody has asked for."""

    application: int
    plan: int
    channel: Channel
    going: tuple[Going, ...]
    unsent: tuple[int, ...]
    seen: dict[str, Any] | None

    @property
    def verb(self) -> str:
        return VERBS[self.channel]


@dataclass
class Plan:
    """`after` is the last number that was given; `seen` the versions of all rows that are concerned."""

    after: int
    cases: list[Case] = field(default_factory=list)
    troubles: dict[int, Refused] = field(default_factory=dict)  # by application
    seen: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def letters(self) -> list[Letter]:
        return [one.letter for case in self.cases for one in case.going]

    @property
    def last(self) -> int:
        return self.after + len(self.letters)


@dataclass(frozen=True)
class Known:
    """The rows that sending some applications concerns, read in a few queries however many they are."""

    applications: Mapping[int, Application]
    plans: Mapping[int, PlacementPlan]  # by application
    drafts: Mapping[int, list[Decision]]  # by application, pre-primary education first
    readers: Readers
    seen: Mapping[int, dict[str, Any]] = field(default_factory=dict)  # the units' occupancy

    @property
    def versions(self) -> dict[tuple[str, int], int]:
        drafts = (one for several in self.drafts.values() for one in several)
        rows: Iterable[Model] = (*self.applications.values(), *self.plans.values(), *drafts)
        return {(row.__tablename__, row.id): row.version for row in rows}


def plan(
    ids: Collection[int], by: Actor, *, channel: Channel | None = None, after: int | None = None,
    moving: bool = False, letters: bool = True,
) -> Plan:
    """How the decisions of applications are sent; `after`: the last number that others will take.

    Without a `channel` each goes as it reaches its family best.  `moving`: the applications' state has been changed
    by the action that asks.  Reads only.  An application that cannot be sent has its reason among the troubles;
    without `letters` that alone is found out.
    """
    made = Plan(last_number("decision") if after is None else after)
    known = _known(ids, by, occupancies=letters)
    made.seen = known.versions
    for id in ids:
        try:
            made.cases.append(_case(id, known, by, channel, made.last, moving=moving))
        except Refused as no:
            made.troubles[id] = no
    return made


def _known(ids: Collection[int], by: Actor, *, occupancies: bool) -> Known:
    applications = {one.id: one for one in db.session.scalars(
        select(Application).where(Application.id.in_(ids))
        .options(joinedload(Application.child), joinedload(Application.guardian),
                 selectinload(Application.preferences).joinedload(Preference.unit)).order_by(Application.id))}
    plans = {one.application_id: one for one in db.session.scalars(
        select(PlacementPlan).where(PlacementPlan.application_id.in_(ids), PlacementPlan.status.in_(LIVING))
        .options(joinedload(PlacementPlan.unit)))}
    drafts: dict[int, list[Decision]] = defaultdict(list)
    for draft in db.session.scalars(
        select(Decision).where(Decision.application_id.in_(ids), Decision.status == DecisionStatus.DRAFT)
        .options(joinedload(Decision.unit), joinedload(Decision.child)).order_by(Decision.application_id, Decision.id)
    ):
        drafts[draft.application_id].append(draft)
    readers = readers_of({one.child_id for one in applications.values()}, by.today)
    units = {one.unit for several in drafts.values() for one in several if one.planned}
    units |= {wish.unit for id, one in applications.items() if id in drafts for wish in one.preferences}
    return Known(applications, plans, drafts, readers, _occupancies(units, by.today) if occupancies and units else {})


def _occupancies(units: Collection[Unit], day: date) -> dict[int, dict[str, Any]]:
    """How full the units are in the year to come, as it is kept with the decisions: percent at each month's fullest."""
    first = day.replace(day=1)
    period = DateRange(first, add_months(first, MONTHS) - DAY)
    found = fullest_days(units, period, levels=(OccupancyKind.CONFIRMED, OccupancyKind.PLANNED))
    names = [f"{month.start.month}/{month.start.year}" for month in months(period)]
    return {unit.id: {
        "unit": unit.name, "day": day.isoformat(),
        "months": [[name, *map(_percent, figures)]
                   for name, *figures in zip(names, *found[unit.id].levels.values(), strict=True)],
    } for unit in units}


def _percent(figures: Figures | None) -> str:
    return str(figures.percentage) if figures is not None and figures.percentage is not None else ""


def _seen(known: Known, unit_id: int, application: Application) -> dict[str, Any] | None:
    """The occupancy of the unit whose place is given, and of the others that the family has wished for."""
    if unit_id not in known.seen:
        return None
    wished = [known.seen[one.unit_id] for one in application.preferences if one.unit_id != unit_id]
    return {**known.seen[unit_id], "wished": wished}


def _case(
    id: int, known: Known, by: Actor, channel: Channel | None, last: int, *, moving: bool
) -> Case:
    application, planned = known.applications[id], known.plans.get(id)
    drafts = known.drafts.get(id, [])
    going = [one for one in drafts if one.planned]
    if planned is None or not going:
        raise Refused("decision.nothing_to_send", child=str(application.child))
    if planned.unit.ask_unit and planned.status is not PlanStatus.CONFIRMED:
        raise Refused("decision.unit_has_not_confirmed", unit=str(planned.unit))
    first = known.readers.addressee(going[0])
    channel = channel or known.readers.channel(first, by.today)
    if not moving:
        APPLICATION.after(application.status, VERBS[channel])
    facts = known.readers.facts(first, by.today)
    others = [known.readers.facts(one, by.today) for one in known.readers.of(application.child_id) if one is not first]
    reached = receivers(
        facts, others, channel, policy(), child_protected=application.child.restricted_on(by.today))
    language = letter_language(first)
    return Case(
        id, planned.id, channel,
        tuple(
            Going(
                one.id, number, language,
                decision_letter(
                    facts_of(one, by, channel, language, number=number, reader=first), language),
                terms_of(one, channel, by.today), common_of(one, language).key, tuple(reached),
            )
            for number, one in enumerate(going, start=last + 1)
        ),
        tuple(one.id for one in drafts if not one.planned),
        _seen(known, going[0].unit_id, application),
    )


# -- saving -----------------------------------------------------------------------------------------


def save(made: Plan, papers: Sequence[bytes], by: Actor, *, moving: bool = False) -> None:
    """Send what was planned, with the letters set meanwhile, in the order of `letters`.  Raises Moved."""
    rows = _held(made)
    if take_numbers("decision", len(made.letters)) != made.after:
        raise Moved
    set_ = iter(papers)
    for case in made.cases:
        application = rows["application", case.application]
        if not moving:
            move(application, case.verb, by)
        _send(case, rows, [next(set_) for _ in case.going], by)
        if not moving:
            record(f"application.{case.verb}", application, by, {"channel": case.channel})


def _held(made: Plan) -> dict[tuple[str, int], Any]:
    """Hold every row concerned, in the order of kinds and ids, and see that none has changed, come or gone."""
    found: dict[tuple[str, int], Any] = {}
    ids = [id for table, id in made.seen if table == "application"]
    drafts = Decision.application_id.in_(ids) & (Decision.status == DecisionStatus.DRAFT)
    plans = PlacementPlan.application_id.in_(ids) & PlacementPlan.status.in_(LIVING)
    for model, condition in ((Application, Application.id.in_(ids)), (PlacementPlan, plans), (Decision, drafts)):
        for row in _locked(model, condition):
            found[row.__tablename__, row.id] = row
    if {key: row.version for key, row in found.items()} != made.seen:
        raise Moved
    return found


def _locked(model: type[M], condition: Any) -> Sequence[M]:
    query = select(model).where(condition).order_by(model.id).with_for_update(of=model)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def _send(case: Case, rows: Mapping[tuple[str, int], Any], papers: Sequence[bytes], by: Actor) -> None:
    application, planned = rows["application", case.application], rows["placement_plan", case.plan]
    application.status_since = by.now
    planned.status = PLACEMENT_PLAN.after(planned.status, "decide")
    for id in case.unsent:
        db.session.delete(rows["decision", id])
    told: set[int] = set()
    for going, paper in zip(case.going, papers, strict=True):
        decision: Decision = rows["decision", going.id]
        _sent(decision, going, case, by)
        decision.document = keep(
            decision.child_id, "decision", by, name=f"{going.letter.title} {going.number}", language=going.language,
            content=paper)
        for one in going.receivers:
            at_once = one.channel is Channel.PORTAL
            db.session.add(Delivery(
                decision=decision, person_id=one.id, channel=one.channel, is_copy=one.is_copy,
                document_id=decision.document.id, sent_at=by.now if at_once else None,
                state=DeliveryState.SENT if at_once else DeliveryState.WAITING))
            if at_once and one.id not in told:
                notify(one.id, "decision_waits", by)
                told.add(one.id)
        record("decision.send", decision, by, {"channel": case.channel})


def _sent(decision: Decision, going: Going, case: Case, by: Actor) -> None:
    decision.status = DecisionStatus.SENT
    decision.number = going.number
    decision.sent_at = by.now
    decision.decided_by = by.name
    decision.channel = case.channel
    decision.common_reason = going.common
    decision.seen = case.seen
    decision.answer_due, decision.appeal_due = going.terms.answer_by, going.terms.appeal_by
