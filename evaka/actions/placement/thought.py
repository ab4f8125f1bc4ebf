"""A place thought of for an application: what the family asks for, what a unit offers, how hard the city's bars are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from evaka import city
from evaka.actions.application import option
from evaka.kit.dates import DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.unit import Group, Unit
from evaka.rules.application import ApplicationKind
from evaka.rules.calendar import Term
from evaka.rules.placement import CareType, Offer, PlanPolicy, ServiceNeed, default_need
from evaka.rules.placement.plan import Bars, Days, Room, Wish, planned_days, wanted_care


@dataclass(frozen=True)
class Thought:
    """A place thought of for an application."""

    application: Application
    unit: Unit
    days: Days
    group: Group | None = None
    despite: str = ""  # why a rule of the city is set aside


# -- what an application asks for ---------------------------------------------------------------------


def terms() -> Timeline[Term]:
    return city.dated("calendar", Term)


def care_of(application: Application) -> CareType:
    """Which care the family asks for."""
    need = option(application.service_need) if application.service_need else None
    return wanted_care(
        application.kind, need, preparatory=application.preparatory, connected=application.connected_daycare)


def need_of(application: Application, start: date) -> ServiceNeed:
    """The service need that a place would have: the family's own, or what the city counts for such care."""
    care_type = care_of(application)
    if application.service_need and (own := option(application.service_need)).care_type is care_type:
        return own
    found = default_need(city.named("service_needs", ServiceNeed).values(), care_type, start)
    if found is None:
        raise Refused("placement.no_default_need", care_type=care_type)
    return found


def default_days(application: Application, today: date) -> Days:
    """The days that are proposed for a place."""
    assert application.start is not None
    return planned_days(
        care_of(application), application.child.born, application.start, city.value("placements", "plan", PlanPolicy),
        terms(), today=today, connected_start=application.connected_start)


def default_period(application: Application, today: date) -> DateRange:
    return default_days(application, today).period


def wish_of(application: Application) -> Wish:
    """What binds whoever looks for a place."""
    return Wish(
        application.kind, care_of(application), application.shift_care,
        frozenset(one.unit.language for one in application.preferences))


def offer_of(unit: Unit) -> Offer:
    """What a unit can take, as the rules read it."""
    return Offer(
        name=unit.name, period=unit.period, care_types=frozenset(CareType(one) for one in unit.care_types),
        shift_care=unit.shift_care, language=unit.language,
    )


def room_of(unit: Unit, seats: int | None = None, worst: str | None = None) -> Room:
    return Room({kind: unit.apply_period(kind) for kind in ApplicationKind}, seats, worst)


def bar_policy() -> Bars:
    return city.value("placements", "bars", Bars)
