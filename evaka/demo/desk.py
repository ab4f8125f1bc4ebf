"""Applications in every state, the plans and decisions they have led to, and the places these gave."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from evaka import city
from evaka.actions.application import policy as application_policy
from evaka.actions.decision import policy as decision_policy
from evaka.demo import names
from evaka.demo.families import Calendar
from evaka.demo.people import Child
from evaka.demo.places import Places
from evaka.demo.rows import Rows
from evaka.demo.units import House
from evaka.kit.dates import DAY, DateRange, add_months
from evaka.models.application import Application, Preference
from evaka.models.base import HELSINKI
from evaka.models.decision import Decision
from evaka.models.journal import Counter
from evaka.models.placement import PlacementPlan
from evaka.rules.application import (
    ApplicationKind,
    ApplicationStatus,
    CaseClasses,
    Origin,
    OtherView,
    case_number,
    due,
)
from evaka.rules.calendar import is_business_day, next_business_day
from evaka.rules.decision import Channel, DecisionStatus, answer_due, appeal_due, needed
from evaka.rules.placement import CareType, PlanPolicy, PlanStatus, planned_period
from evaka.rules.placement.plan import ProposalPolicy, answer_by

S = ApplicationStatus
OPEN_STATES = {  # of a hundred that came lately, how many are where
    S.CREATED: 5, S.SENT: 15, S.WAITING_PLACEMENT: 44, S.WAITING_DECISION: 10, S.WAITING_CONFIRMATION: 10,
    S.WAITING_MAILING: 3, S.WAITING_GUARDIAN: 13, S.ACTIVE: 5,
}
CLOSED_STATES = {S.CANCELLED: 6, S.REJECTED: 4}  # for a hundred open ones
ANSWERS = {S.ACTIVE: DecisionStatus.ACCEPTED, S.REJECTED: DecisionStatus.REJECTED}
SENT_STATES = (S.WAITING_MAILING, S.WAITING_GUARDIAN, S.ACTIVE, S.REJECTED)
HOURS = [(time(7, 30), time(16, 15)), (time(8), time(16)), (time(7), time(16, 30)), (time(8, 30), time(15, 30))]
PART_DAY = (time(8, 15), time(13))


def office_hour(day: date, rng: Random) -> datetime:
    """A moment at which the office works, on the day or the last working day before it."""
    while not is_business_day(day):
        day -= DAY
    return datetime(day.year, day.month, day.day, rng.randint(8, 15), rng.randint(0, 59), tzinfo=HELSINKI)


@dataclass
class _Sent:
    """A decision on its way to its number."""

    at: datetime
    values: dict[str, Any]


class Desk:
    def __init__(
        self, rows: Rows, rng: Random, calendar: Calendar, places: Places, case_workers: Sequence[str],
        drafters: Sequence[int],
    ) -> None:
        self.rows, self.rng, self.calendar, self.places = rows, rng, calendar, places
        self.case_workers, self.drafters = case_workers, drafters
        self.proposal_policy = city.value("placements", "proposal", ProposalPolicy)
        self.plan_policy = city.value("placements", "plan", PlanPolicy)
        self._decisions: list[_Sent] = []
        self._seen: Tally[S] = Tally()
        self._cases: Tally[tuple[str, int]] = Tally()
        self.case_classes = city.value("placements", "case", CaseClasses)

    # -- what has come ------------------------------------------------------------------------------

    def earlier(self, child: Child) -> None:
        """The application behind a place that began within the history."""
        stays = self.places.of_child.get(child.id)
        first = stays[0] if stays else None
        if first is None or first.period.start <= self.calendar.history or self.rng.random() < 0.08:
            return
        need = first.needs[0][1] if first.needs else ""
        if self.places.options.get(need) is None or first.care_type is CareType.PRESCHOOL_DAYCARE:
            return
        if first.care_type is CareType.PRESCHOOL:
            return
        start = first.period.start
        received = start - timedelta(days=self.rng.randint(70, 190))
        self._application(child, S.ACTIVE, need, start, received, [first.house], end=first.period.last_day)

    def open(self, children: list[Child], transfers: list[Child]) -> None:
        """Children without a place, and some who want another: dealt out to the states of the workflow."""
        rng, day = self.rng, self.calendar.day
        wanting = [*children, *transfers]
        rng.shuffle(wanting)
        states = [state for state, share in OPEN_STATES.items() for _ in range(share)]
        rng.shuffle(states)
        for number, child in enumerate(wanting):
            self._wish(child, states[number % len(states)], transfer=child.entry is not None)
        closed = [state for state, share in CLOSED_STATES.items() for _ in range(max(2, share * len(wanting) // 100))]
        for child, state in zip(rng.sample(transfers + children, len(closed)), closed, strict=True):
            received = day - timedelta(days=rng.randint(150, 300))
            self._application(child, state, self._need(), received + timedelta(days=100), received,
                              self._wanted(child, CareType.DAYCARE))

    def _wish(self, child: Child, state: S, *, transfer: bool) -> None:
        rng, day = self.rng, self.calendar.day
        need = self._need()
        houses = self._wanted(child, self.places.options[need].care_type)
        waited = rng.randint(1, 18) if state in (S.CREATED, S.SENT) else rng.randint(20, 105)
        if not transfer:
            self._seen[state] += 1
        late = not transfer and state in (S.WAITING_PLACEMENT, S.WAITING_DECISION) and self._seen[state] % 11 == 5
        if late:
            waited = rng.randint(124, 135)  # the four months have passed
        urgent = not transfer and state in (S.SENT, S.WAITING_PLACEMENT) and self._seen[state] % 9 == 3
        if urgent:
            waited = rng.randint(1, 10)
        received = day - timedelta(days=waited)
        start = max(received + timedelta(days=rng.randint(80, 160)), add_months(child.born, 9))
        if late:
            start = min(start, day - timedelta(days=rng.randint(0, 6)))
        elif rng.random() < 0.4:
            start = date(start.year + (start.month > 8), 8, 1) if start.month < 9 else start.replace(day=1)
        if urgent:
            start = day + timedelta(days=rng.randint(3, 20))
        if state in SENT_STATES:
            start = max(start, day + timedelta(days=rng.randint(20, 70)))
        start, end = start if late else next_business_day(start), None
        if state is S.ACTIVE:
            end = planned_period(child.born, start, self.plan_policy, today=day).last_day
            if transfer:
                return
            self.places.add(child, houses[0], need, DateRange(start, end))
        self._application(child, state, need, start, received, houses, end=end, transfer=transfer, urgent=urgent)

    def _need(self) -> str:
        kind = CareType.DAYCARE if self.rng.random() < 0.95 else CareType.DAYCARE_PART_TIME
        return self.places.drawn_need(kind)

    def _wanted(self, child: Child, care_type: CareType) -> list[House]:
        """One to three units, first the one where a brother or sister is."""
        found: list[House] = []
        sibling = self._sibling_house(child)
        if sibling is not None and sibling.gives(care_type) and not sibling.kind.family:
            found.append(sibling)
        for _ in range(self.rng.choice([1, 2, 3, 3]) - len(found)):
            house = self.places.near(child.family, care_type)
            own = child.entry is not None and house is child.house
            if house not in found and not own:
                found.append(house)
        return found or [self.places.near(child.family, care_type)]

    @staticmethod
    def _sibling_house(child: Child) -> House | None:
        return next((one.house for one in child.family.children
                     if one is not child and one.entry is not None and not one.left), None)

    # -- writing it down ----------------------------------------------------------------------------

    def demo(self, child: Child, house: House) -> None:
        """The decision that the guardian who may be logged in as has still to answer."""
        day = self.calendar.day
        received, start = day - timedelta(days=75), next_business_day(day + timedelta(days=45))
        self._application(child, S.WAITING_GUARDIAN, "full_day", start, received, [house], sent=day - timedelta(days=2))

    def ask(self, child: Child, house: House) -> None:
        """A place that is proposed to a unit, whose director has still to answer."""
        day = self.calendar.day
        self._application(child, S.WAITING_CONFIRMATION, "full_day", next_business_day(day + timedelta(days=50)),
                          day - timedelta(days=60), [house])

    def _application(
        self, child: Child, state: S, need: str, start: date, received: date, houses: list[House], *,
        end: date | None = None, transfer: bool = False, urgent: bool = False, sent: date | None = None,
    ) -> None:
        rng, day, policy = self.rng, self.calendar.day, application_policy()
        proof = received + timedelta(days=rng.randint(0, 3)) if urgent else None
        proof = min(proof, day) if proof else None
        part_day = self.places.options[need].part_day
        begins, ends = PART_DAY if part_day else rng.choice(HOURS)
        support = rng.choice(names.SUPPORT) if rng.random() < 0.07 else ""
        notes = rng.choice(names.NOTES) if rng.random() < 0.3 else ""
        read = state not in (S.CREATED, S.SENT)
        if state is S.WAITING_PLACEMENT and (support or notes or child.notes):
            read = rng.random() < 0.5
        sibling = self._sibling_house(child)
        since = day - timedelta(days=rng.randint(1, 12))
        if state is S.ACTIVE:
            since = min(since, start - timedelta(days=rng.randint(20, 60)))
        electronic = rng.random() < 0.7
        told = bool(support or child.notes)
        others = [one for one in child.guardians if one != child.family.head.id]
        secret = None if state is S.CREATED or (notes and not told and not read) else told
        view = OtherView.SINGLE if not others else OtherView.AGREED if rng.random() < 0.8 else OtherView.UNKNOWN
        id = self.rows.add(
            Application, child_id=child.id, kind=ApplicationKind.DAYCARE,
            case_number=None if state is S.CREATED else self._case(received.year),
            origin=Origin.ELECTRONIC if electronic else Origin.PAPER, status=state, guardian_id=child.family.head.id,
            received=None if state is S.CREATED else received, saved_at=office_hour(received, rng), start=start,
            service_need=need,
            begins_at=begins, ends_at=ends, shift_care=houses[0].kind.shift and rng.random() < 0.5,
            urgent=urgent, urgent_proof=proof, assistance=support, assistance_needed=bool(support),
            other_guardian_id=others[0] if others else None, other_guardian_view=view, confidential=secret,
            continuing=transfer and rng.random() < 0.1,
            sibling_unit_id=sibling.id if sibling in houses and sibling else None, transfer=transfer, notes=notes,
            due=None if state is S.CREATED else due(received, start, proof, policy=policy, transfer=transfer),
            checked=read, status_since=office_hour(max(since, received), rng),
        )
        for place, house in enumerate(houses[: policy.most_units], start=1):
            self.rows.add(Preference, application_id=id, place=place, unit_id=house.id)
        self._plan(id, child, state, need, DateRange(start, end) if end else None, start, houses[0], since, sent)

    def _plan(self, id: int, child: Child, state: S, need: str, period: DateRange | None, start: date, house: House,
              since: date, sent: date | None) -> None:
        """The plan and the decisions that an application of this state has."""
        rng, day = self.rng, self.calendar.day
        if state in (S.CREATED, S.SENT) or state is S.CANCELLED:
            return
        care_type = self.places.options[need].care_type
        period = period or planned_period(child.born, start, self.plan_policy, today=min(day, start))
        common = {"application_id": id, "unit_id": house.id, "care_type": care_type, "service_need": need,
                  "start": period.start, "end": period.end}
        if state is S.WAITING_PLACEMENT:
            if rng.random() < 0.06:
                self.rows.add(PlacementPlan, **common, status=PlanStatus.DECLINED, decline_reason="other",
                              reason=rng.choice(names.DECLINED))
            return
        status = PlanStatus.DECIDED
        if state is S.WAITING_DECISION:
            status = PlanStatus.DRAFT
        elif state is S.WAITING_CONFIRMATION:
            status = PlanStatus.PROPOSED if rng.random() < 0.7 or sent else PlanStatus.CONFIRMED
        asked = office_hour(since, rng) if status is PlanStatus.PROPOSED else None
        self.rows.add(
            PlacementPlan, **common, status=status, reason="", drafted_at=office_hour(since - DAY, rng),
            drafted_by_id=self.drafters[start.toordinal() % len(self.drafters)],
            proposed_at=asked, answer_due=answer_by(asked.date(), self.proposal_policy) if asked else None)
        for one in needed(care_type):
            self._decision(state, common | {"care_type": one, "child_id": child.id}, since, sent)

    def _decision(self, state: S, values: dict[str, Any], since: date, sent: date | None) -> None:
        rng, day, policy = self.rng, self.calendar.day, decision_policy()
        if state not in SENT_STATES:
            self.rows.add(Decision, **values, status=DecisionStatus.DRAFT, number=None)
            return
        sent = sent or (since - timedelta(days=rng.randint(2, 10)) if state in (S.ACTIVE, S.REJECTED) else since)
        if state is S.WAITING_GUARDIAN and rng.random() < 0.08:
            sent = day - timedelta(days=rng.randint(22, 30))  # nobody has answered in time
        at = office_hour(sent, rng)
        channel = Channel.POST if state is S.WAITING_MAILING else Channel.PORTAL
        status = ANSWERS.get(state, DecisionStatus.SENT)
        answered = status is not DecisionStatus.SENT
        self._decisions.append(_Sent(at, values | {
            "status": status, "sent_at": at, "channel": channel, "decided_by": rng.choice(self.case_workers),
            "answer_due": answer_due(at.date(), policy.answer_days, channel),
            "appeal_due": appeal_due(at.date(), values["care_type"], policy, channel),
            "answered_at": office_hour(since, rng) if answered else None,
            "chosen_start": values["start"] if status is DecisionStatus.ACCEPTED else None,
        }))

    def _case(self, year: int) -> str | None:
        """The next number of the register of cases."""
        task_class = self.case_classes.of(ApplicationKind.DAYCARE)
        self._cases[task_class, year] += 1
        return case_number(self._cases[task_class, year], task_class, year) if task_class else None

    def number(self) -> None:
        """Number the decisions in the order in which they were sent."""
        for (task_class, year), last in self._cases.items():
            self.rows.add(Counter, name=f"case {task_class} {year}", last=last)
        self._decisions.sort(key=lambda one: one.at)
        for number, one in enumerate(self._decisions, start=1):
            self.rows.add(Decision, **one.values, number=number)
        self.rows.add(Counter, name="decision", last=len(self._decisions))
