"""How much of what was agreed a month is used and booked, as the family and the unit see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, select

from evaka import city
from evaka.access import Actor
from evaka.actions.booking.facts import day_facts, policy
from evaka.actions.calendar.stay import stays_of
from evaka.kit.dates import DateRange
from evaka.models.base import ask, db
from evaka.models.placement import Placement, ServiceNeedPeriod
from evaka.models.presence import Presence
from evaka.rules.attendance import AbsenceKind, away_all_day
from evaka.rules.booking import Day, Span
from evaka.rules.booking.day import DayFacts
from evaka.rules.booking.parts import teaching_hours
from evaka.rules.booking.used import REFUNDED, Balance, CareDay, balance
from evaka.rules.placement import ServiceNeed

Attended = Mapping[tuple[int, date], Day]


@dataclass(frozen=True)
class Month:
    """Of a child: minutes where hours were agreed, days where days were (`in_days`)."""

    period: DateRange
    balance: Balance
    in_days: bool

    @property
    def warns(self) -> bool:
        """Whether the family is told that the month is full, or nearly so."""
        near = self.balance.near(policy().warn_share)
        return self.balance.over if self.in_days else near


AGREED = (
    select(Placement.child_id).join(ServiceNeedPeriod, ServiceNeedPeriod.placement_id == Placement.id)
    .where(Placement.child_id.in_(bindparam("children", expanding=True)),
           ServiceNeedPeriod.option.in_(bindparam("options", expanding=True))))


def agreed_months(children: Collection[int]) -> set[int]:
    """Those with whom hours or days a month were agreed at some time."""
    return set(ask(AGREED, {"children": list(children), "options": sorted(limited())}).scalars())


def limited() -> frozenset[str]:
    """The kinds of service need that agree hours or days a month."""
    return frozenset(key for key, one in city.named("service_needs", ServiceNeed).items()
                     if one.contract_days is not None or one.hours_a_month is not None)


def months_of(
    children: Collection[int], month: DateRange, by: Actor,
) -> dict[int, Month]:
    """The month of each of the children with whom hours or days a month were agreed.

    What was agreed on the last day of the month's care counts for all of it.
    """
    stays = stays_of(children)
    known = day_facts(children, month, by)
    attended, present = _attended(children, month)
    found: dict[int, Month] = {}
    for child, days in known.items():
        last = max((day for day, facts in days.items() if facts.has_care), default=None)
        stay = next((one for one in stays[child] if last in one.period), None) if last else None
        option = stay.need(last)[0] if stay and last else None
        if option is None:
            continue
        if option.contract_days is not None:
            found[child] = Month(month, _in_days(days, option.contract_days, by.today), True)
        elif option.hours_a_month is not None:
            care = [_care_day(child, facts, attended, present) for facts in days.values()]
            open_days = sum(facts.has_care for facts in days.values())
            found[child] = Month(
                month, balance(care, hours=option.hours_a_month, open_days=open_days, today=by.today), False)
    return found


def _attended(children: Collection[int], month: DateRange) -> tuple[Attended, set[tuple[int, date]]]:
    """The times that are over, and on which days a child is there still."""
    spans: dict[tuple[int, date], Day] = {}
    present: set[tuple[int, date]] = set()
    for child, day, arrived, left in db.session.execute(
        select(Presence.child_id, Presence.day, Presence.arrived, Presence.left)
        .where(Presence.child_id.in_(children), Presence.day.between(month.start, month.last_day))
        .order_by(Presence.arrived)
    ):
        if left is None:
            present.add((child, day))
        elif left > arrived:
            spans[child, day] = (*spans.get((child, day), ()), Span(arrived, left))
    return spans, present


def _care_day(child: int, facts: DayFacts, attended: Attended, present: set[tuple[int, date]]) -> CareDay:
    return CareDay(
        facts.day, facts.care_type, facts.has_care, facts.always,
        teaching_hours(facts.care_type, facts.teaching) if facts.in_term else None,
        tuple(one for one in facts.booked if one is not None), attended.get((child, facts.day), ()),
        (child, facts.day) in present, absences={part: noted.kind for part, noted in facts.absences.items()},
    )


def _in_days(days: Mapping[date, DayFacts], agreed: int, today: date) -> Balance:
    """Days that were used, and those to come that are booked; planned and refunded absences use none."""
    used = ahead = 0
    for day, facts in days.items():
        kinds = {noted.kind for noted in facts.absences.values()}
        away = away_all_day(facts.absences.keys(), facts.care_type)
        if not facts.has_care or (away and kinds <= REFUNDED | {AbsenceKind.PLANNED}):
            continue
        if day < today:
            used += 1
        elif facts.booked and not away:
            ahead += 1
    return Balance(agreed, used, ahead)
