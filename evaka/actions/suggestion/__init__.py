"""Suggestions: a whole plan is reckoned, looked through, changed, and what is approved of it is drafted on the desk.

Nothing is told to anybody by any of this: an approved place is a draft like those that are made one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from time import perf_counter
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import joinedload

from evaka.access import Actor, require_any, within
from evaka.actions import Long, action, record
from evaka.actions.index_day import wake
from evaka.actions.placement.plan import LIVING, draft_many
from evaka.actions.placement.thought import Thought, bar_policy, default_days, offer_of, room_of, wish_of
from evaka.actions.suggestion.facts import Facts, criteria_on, gather, policy
from evaka.actions.suggestion.told import here_facts, kept, why_facts
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.placement import PlacementPlan
from evaka.models.suggestion import SuggestedPlace, Suggestion, SuggestionUnit
from evaka.models.unit import Unit
from evaka.rules.application import ApplicationStatus
from evaka.rules.placement.plan import Severity, bars
from evaka.rules.suggestion import (
    Filling,
    Plan,
    Reasons,
    SuggestedStatus,
    SuggestionStatus,
    admit,
    apart,
    overfull,
    passed_over,
    worth,
)

RECKON = "suggestion.reckon"  # the job
PLACES: Any = SuggestedPlace.__table__
UNITS: Any = SuggestionUnit.__table__
NO_ROOM = "suggestion.broken.no_room"


# -- beginning, and being reckoned ----------------------------------------------------------------------


def begin(by: Actor, *, name: str, applications: Collection[int], units: Collection[int]) -> Suggestion:
    """A new suggestion for applications that wait for a place, in units that the actor sees; a job reckons it."""
    one = begun(by, name=name, applications=applications, units=units)
    wake(RECKON, by)
    return one


def begun(by: Actor, *, name: str, applications: Collection[int], units: Collection[int]) -> Suggestion:
    """The same, for whoever reckons it at once."""
    require_any(by, "suggestion.begin")
    waiting = db.session.execute(
        select(Application.id, Application.version, Application.start).where(
            Application.id.in_(applications), Application.status == ApplicationStatus.WAITING_PLACEMENT,
            within(by, "application.plan", Application)).order_by(Application.id)).all()
    seen = list(db.session.scalars(
        select(Unit.id).where(Unit.id.in_(units), within(by, "unit.view", Unit)).order_by(Unit.id)))
    if not waiting:
        raise Refused("suggestion.nobody_waits")
    if not seen:
        raise Refused("suggestion.no_units")
    one = Suggestion(
        name=name.strip(), status=SuggestionStatus.WAITING, made_at=by.now, user_id=by.user and by.user.id,
        counted=policy().counted)
    db.session.add(one)
    db.session.flush()
    db.session.execute(insert(UNITS), [{"suggestion_id": one.id, "unit_id": unit} for unit in seen])
    db.session.execute(insert(PLACES), [
        {"suggestion_id": one.id, "application_id": id, "known": version, "start_date": start or by.today,
         "status": SuggestedStatus.SUGGESTED}
        for id, version, start in waiting
    ])  # fmt: skip
    record("suggestion.begin", one, by, {"applications": len(waiting), "units": len(seen)})
    return one


def units_of(suggestion: Suggestion) -> list[Unit]:
    return list(db.session.scalars(
        select(Unit).join(SuggestionUnit, SuggestionUnit.unit_id == Unit.id)
        .where(SuggestionUnit.suggestion_id == suggestion.id).order_by(Unit.id)))


def facts_of(suggestion: Suggestion, today: date, ids: Collection[int]) -> Facts:
    """The season as it is today, by the criteria with which the suggestion was reckoned."""
    criteria = criteria_on(suggestion.criteria_from or today)
    return gather(ids, units_of(suggestion), suggestion.counted, criteria, today)


@dataclass(frozen=True)
class Reckoned:
    """A plan with its reasons, ready to be kept."""

    facts: Facts
    rows: list[dict[str, Any]]
    figures: dict[str, Any]
    seconds: float


def reckon(suggestion: Suggestion, by: Actor) -> Reckoned | None:
    """The plan of all applications of a suggestion; nothing is written.  None: it does not wait any more."""
    if suggestion.status is not SuggestionStatus.WAITING:
        return None
    began = perf_counter()
    places = dict(db.session.execute(
        select(SuggestedPlace.application_id, SuggestedPlace.id)
        .where(SuggestedPlace.suggestion_id == suggestion.id)).tuples().all())
    facts = facts_of(suggestion, by.today, set(places))
    plan = admit(facts.season)
    if over := overfull(facts.season, plan):
        raise RuntimeError(f"units {over} would be over-full")
    reasons = Reasons(facts.season, plan)
    rows = [_row(place, id, facts, plan, reasons, by.today) for id, place in places.items()]
    figures = asdict(worth(facts.season, plan)) | {"refused": len(facts.refused)}
    return Reckoned(facts, rows, figures, perf_counter() - began)


def keep(suggestion: Suggestion, found: Reckoned, by: Actor) -> None:
    """What was reckoned becomes the suggestion, unless it has been discarded meanwhile; twice is as once."""
    if suggestion.status is not SuggestionStatus.WAITING:
        return
    season = found.facts.season
    db.session.connection().execute(
        update(PLACES).where(PLACES.c.id == bindparam("id_"))
        .values({name: bindparam(name) for name in found.rows[0].keys() - {"id_"}}
                | {"version": PLACES.c.version + 1}), found.rows)
    free = [
        {"suggestion_": suggestion.id, "unit_": house.key,
         "free_": {str(month.start): str(room) for month, room in zip(found.facts.months, house.free, strict=True)}}
        for house in season.houses.values()
    ]  # fmt: skip
    if free:
        mine = (UNITS.c.suggestion_id == bindparam("suggestion_")) & (UNITS.c.unit_id == bindparam("unit_"))
        db.session.connection().execute(update(UNITS).where(mine).values(free=bindparam("free_")), free)
    for row in db.session.identity_map.values():
        if isinstance(row, SuggestedPlace | SuggestionUnit) and row.suggestion_id == suggestion.id:
            db.session.expire(row)
    suggestion.status, suggestion.trouble = SuggestionStatus.READY, ""
    suggestion.seed, suggestion.criteria_from = season.criteria.seed, season.criteria.valid.start
    suggestion.criteria = {
        "list": [kept(asdict(one)) for one in season.criteria.criterion], "policy": kept(asdict(season.policy))}
    suggestion.digest, suggestion.reckoned_at, suggestion.figures = season.digest, by.now, found.figures
    suggestion.seconds = round(found.seconds * 1000)
    record("suggestion.reckon", suggestion, by, {"digest": season.digest})


def _row(
    place_id: int, id: int, facts: Facts, plan: Plan, reasons: Reasons, today: date
) -> dict[str, Any]:
    one = facts.applications[id]
    row: dict[str, Any] = {
        "id_": place_id, "known": one.version, "broken": [], "unit_id": None, "reckoned_id": None, "wish": None,
        "kilometres": None, "family": None, "why": {}, "trouble": "", "trouble_facts": {},
        "status": SuggestedStatus.SUGGESTED, "start_date": one.start or today, "end_date": None,
    }  # fmt: skip
    if id in facts.refused:
        no = facts.refused[id]
        return row | {"status": SuggestedStatus.LEFT_OUT, "trouble": no.key, "trouble_facts": kept(no.facts)}
    unit, season = plan[id], facts.season
    period = facts.days[id].period
    return row | {
        "unit_id": unit, "reckoned_id": unit, "wish": reasons.wish(id, unit) or None,
        "kilometres": None if unit is None else season.distance(id, unit),
        "family": season.applicants[id].family, "start_date": period.start, "end_date": period.end,
        "why": {"here": here_facts(reasons.here(id)),
                "not_there": [why_facts(why, facts.months) for why in reasons.not_there(id)]},
    }  # fmt: skip


def fail(suggestion: Suggestion, why: str, by: Actor) -> None:
    """It could not be reckoned: whoever began it sees that, and may try again."""
    suggestion.status, suggestion.trouble = SuggestionStatus.FAILED, why
    record("suggestion.fail", suggestion, by, {"why": why})


@action("suggestion.retry")
def retry(suggestion: Suggestion, by: Actor) -> None:
    """It is reckoned once more: what stood in the way may have been mended."""
    suggestion.trouble = ""
    wake(RECKON, by)


@action("suggestion.discard")
def discard(suggestion: Suggestion, by: Actor) -> None:
    """Nothing more comes of it; what was approved stays drafted."""


# -- approving ------------------------------------------------------------------------------------------


@action("suggestion.accept")
def accept(place: SuggestedPlace, by: Actor) -> None:
    """This one place is drafted on the desk; when something has changed since, a sentence says what."""
    check_open(place)
    if place.unit_id is None:
        raise Refused("suggestion.no_place", number=place.application_id)
    changed = _changed(place.suggestion, [place], by)
    if place.application_id in changed:
        raise changed[place.application_id]
    _draft(place.suggestion, [place], by)


@action("suggestion.approve")
def approve(suggestion: Suggestion, by: Actor) -> int:
    """Everything that is suggested is drafted on the desk; what has changed since is left out, and says why.

    Answers how many were drafted.
    """
    places = list(db.session.scalars(
        select(SuggestedPlace).where(
            SuggestedPlace.suggestion_id == suggestion.id, SuggestedPlace.status == SuggestedStatus.SUGGESTED,
            SuggestedPlace.unit_id.is_not(None))
        .options(joinedload(SuggestedPlace.application).joinedload(Application.child), joinedload(SuggestedPlace.unit))
        .order_by(SuggestedPlace.application_id)))
    changed = _changed(suggestion, places, by)
    left_out = [place for place in places if place.application_id in changed]
    for place in left_out:
        no = changed[place.application_id]
        place.status, place.trouble, place.trouble_facts = SuggestedStatus.LEFT_OUT, no.key, kept(no.facts)
    going = [place for place in places if place.application_id not in changed]
    _draft(suggestion, going, by)
    for place in going:
        place.status = SuggestedStatus.APPROVED
    return len(going)


def _draft(suggestion: Suggestion, places: Collection[SuggestedPlace], by: Actor) -> None:
    draft_many(by, [
        Thought(place.application, _unit(place), default_days(place.application, by.today), despite=_despite(place))
        for place in places
    ], batch=batch_of(suggestion))  # fmt: skip


def batch_of(suggestion: Suggestion) -> str:
    """By which the desk knows what was drafted together."""
    return f"suggestion {suggestion.id}"


def _unit(place: SuggestedPlace) -> Unit:
    assert place.unit is not None
    return place.unit


def _despite(place: SuggestedPlace) -> str:
    """The reason that was given for a change by hand."""
    return next((facts for key, facts in place.broken if key == "despite"), "")


def _changed(suggestion: Suggestion, places: Iterable[SuggestedPlace], by: Actor) -> dict[int, Refused]:
    """Of places that are to be drafted those that cannot be as they were suggested, and why."""
    found: dict[int, Refused] = {}
    now = {
        id: (status, version, checked) for id, status, version, checked in db.session.execute(
            select(Application.id, Application.status, Application.version, Application.checked)
            .where(Application.id.in_([place.application_id for place in places])))}
    for place in places:
        status, version, checked = now[place.application_id]
        if status is not ApplicationStatus.WAITING_PLACEMENT:
            found[place.application_id] = Refused("suggestion.does_not_wait", status=status)
        elif version != place.known:
            found[place.application_id] = Refused("suggestion.edited_since")
        elif not checked:
            found[place.application_id] = Refused("suggestion.not_checked")
    return found | _taken(suggestion, [place for place in places if place.application_id not in found], by)


def _taken(suggestion: Suggestion, places: list[SuggestedPlace], by: Actor) -> dict[int, Refused]:
    """Those for whom the room has been taken meanwhile: who goes first by the criteria keeps what is left."""
    drafted = dict(db.session.execute(
        select(PlacementPlan.application_id, PlacementPlan.unit_id).where(
            PlacementPlan.batch == batch_of(suggestion), PlacementPlan.status.in_(LIVING))).tuples().all())
    facts = facts_of(suggestion, by.today, [*drafted, *(place.application_id for place in places)])
    season, found = facts.season, dict[int, Refused]()
    filling = Filling(season, {
        id: unit_id for id, unit_id in drafted.items() if id in season.applicants and unit_id in season.houses})
    wanted = [(season.rank(place.application_id, place.unit_id), place.application_id, place) for place in places
              if place.unit_id in season.houses and place.application_id in season.applicants]
    for _, id, place in sorted(wanted, key=lambda one: one[:2]):
        assert place.unit_id is not None
        meant = any(key == NO_ROOM for key, _ in place.broken)
        month = None if meant else filling.lacks(id, place.unit_id)
        if month is None:
            filling.add(id, place.unit_id)
        else:
            start = facts.months[month].start
            found[id] = Refused("suggestion.place_taken", unit=str(place.unit), month=f"{start.month}/{start.year}")
    return found


# -- changing it by hand --------------------------------------------------------------------------------


@action("suggestion.move")
def move(place: SuggestedPlace, by: Actor, *, unit: Unit, despite: Long = "") -> None:
    """The child is offered another unit; what of the criteria that breaks is kept with it."""
    check_open(place)
    facts, plan = _as_it_stands(place.suggestion, by)
    if place.application_id not in facts.days:
        raise facts.refused[place.application_id]
    check_possible(place, unit, facts.days[place.application_id].period)
    place.broken = broken(facts, plan, place.application_id, unit) + ([["despite", despite]] if despite.strip() else [])
    place.unit_id, place.unit = unit.id, unit
    wished = [wish.unit_id for wish in place.application.preferences]
    place.wish = wished.index(unit.id) + 1 if unit.id in wished else None
    place.kilometres = facts.season.distance(place.application_id, unit.id) if unit.id in facts.season.houses else None
    place.trouble, place.trouble_facts = "", {}


def check_possible(place: SuggestedPlace, unit: Unit, period: DateRange) -> None:
    """Refuse at once what this city could never approve; all else that speaks against it is kept with the place."""
    policy = bar_policy()
    for no in bars(period, wish_of(place.application), offer_of(unit), room_of(unit)):
        if policy.of(no) is Severity.REFUSE:
            raise no


@action("suggestion.leave_out")
def leave_out(place: SuggestedPlace, by: Actor) -> None:
    """The child is not approved with the others: it stays on the desk as it is."""
    check_open(place)
    place.trouble, place.trouble_facts = "suggestion.by_hand", {}


@action("suggestion.take_back")
def take_back(place: SuggestedPlace, by: Actor) -> None:
    """The child is approved with the others after all."""
    check_open(place)
    place.trouble, place.trouble_facts = "", {}


def check_open(place: SuggestedPlace) -> None:
    """Only what was reckoned and has not been discarded is changed."""
    if place.suggestion.status is not SuggestionStatus.READY:
        raise Refused("suggestion.not_open", status=place.suggestion.status)


def _as_it_stands(suggestion: Suggestion, by: Actor) -> tuple[Facts, dict[int, int | None]]:
    """The facts of today, and the plan as it was changed by hand: what is left out has no place in it."""
    rows = db.session.execute(
        select(SuggestedPlace.application_id, SuggestedPlace.unit_id, SuggestedPlace.status)
        .where(SuggestedPlace.suggestion_id == suggestion.id)).all()
    facts = facts_of(suggestion, by.today, [row.application_id for row in rows])
    plan: dict[int, int | None] = dict.fromkeys(facts.season.applicants)
    for id, unit_id, status in rows:
        if id in plan and status is not SuggestedStatus.LEFT_OUT and unit_id in facts.season.houses:
            plan[id] = unit_id
    return facts, plan


def broken(facts: Facts, plan: Mapping[int, int | None], id: int, unit: Unit) -> list[list[Any]]:
    """What of the criteria it breaks to place a child in a unit by hand: [key, facts] of each."""
    season = facts.season
    if unit.id not in season.houses:
        return [["suggestion.broken.not_chosen", {"unit": unit.name}]]
    found: list[list[Any]] = [[no.key, kept(no.facts)] for no in season.misfits(id, unit.id)]
    others = dict(plan) | {id: None}
    reasons = Reasons(season, others)
    if unit.id not in season.applicants[id].wishes:
        found.append(["suggestion.broken.not_wished", {}])
    for other, criterion in passed_over(reasons, id, unit.id)[:3]:
        found.append(["suggestion.broken.passed_over", {"number": other, "criterion": criterion.value}])
    then = dict(plan) | {id: unit.id}
    if unit.id in overfull(season, then):
        why = reasons.full((id,), unit.id)
        found.append([NO_ROOM, why_facts(why, facts.months)])
    family = next((members for members in season.families.values() if id in members), ())
    if family in apart(season, then):
        found.append(["suggestion.broken.apart", {"numbers": [one for one in family if one != id]}])
    return found
