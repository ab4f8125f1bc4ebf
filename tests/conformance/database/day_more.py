"""More of what happens in a unit's day: holidays, applications, tablets, adults, other units, and the nightly jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from evaka.access import Actor, within
from evaka.actions import backup_care, presence, staff
from evaka.actions.attendance import application as leave
from evaka.actions.booking.balance import months_of
from evaka.actions.calendar import event, holiday_period
from evaka.actions.presence import Touch
from evaka.jobs import JOBS
from evaka.models.attendance import AbsenceApplication
from evaka.models.base import HELSINKI, Model, db
from evaka.models.calendar.event import Event, EventGuest
from evaka.models.calendar.holiday_period import HolidayPeriod, Questionnaire, QuestionnaireOption
from evaka.models.document import Document
from evaka.models.person import Person
from evaka.models.presence import Presence
from evaka.models.staff import StaffPresence
from evaka.rules.attendance import AbsenceKind
from evaka.rules.calendar.event import EventKind
from evaka.rules.calendar.holiday_period import QuestionnaireKind
from evaka.rules.presence import Tapped
from evaka.rules.staff import StaffKind
from evaka.views.presence.board import board_of
from tests import factories
from tests.conformance import Case
from tests.conformance.database.day import Unit, verb
from tests.conformance.values import day, month, period

READ: dict[str, type[Model]] = {"person": Person, "document": Document}


# -- holidays, questionnaires, applications -----------------------------------------------------------------------


@verb("holiday")
def holiday(known: Unit, step: Case, by: Actor) -> Case:
    """The office makes a holiday that families answer for."""
    span = period(step)
    row = HolidayPeriod(
        start=span.start, end=span.last_day, opens=day(step["opens"]), closes=day(step["closes"]), made_at=by.now)
    holiday_period.check(row, by, created=True)
    factories.save(row)
    return dict(zip(("bookings_gone", "absences_gone"), holiday_period.wipe(row, by), strict=True))


@verb("ask_all")
def ask_all(known: Unit, step: Case, by: Actor) -> Case:
    """A questionnaire that is open from a day to a day."""
    span = period(step)
    row = factories.save(Questionnaire(
        kind=QuestionnaireKind(step["mode"]), absence_kind=AbsenceKind(step.get("type", "free")), start=span.start,
        end=span.last_day, title_fi="Kysely", threshold_days=step.get("threshold")))
    for option in step["options"]:
        one = period(option)
        factories.save(QuestionnaireOption(questionnaire_id=row.id, start=one.start, end=one.last_day))
    known.kept["questionnaire"] = row
    return {}


@verb("answer")
def answer(known: Unit, step: Case, by: Actor) -> Case:
    """A family answers the questionnaire with the days on which the child is away."""
    row = known.kept["questionnaire"]
    asked = holiday_period.asked_now([known.child(step).id], by)
    periods = [period(one) for one in step["ranges"]]
    count = holiday_period.answer(known.child(step), by, questionnaire=row, periods=periods)
    return {"count": count, "asked": bool(asked)}


@verb("apply")
def apply(known: Unit, step: Case, by: Actor) -> Case:
    known.kept["leave"] = leave.apply_leave(
        known.child(step), by, first=day(step["from"]), last=day(step["to"]), reason="Matka")
    return {"status": known.kept["leave"].status.value}


@verb("decide")
def decide(known: Unit, step: Case, by: Actor) -> Case:
    """An application for a long absence is answered; without words it is accepted."""
    row = known.kept["leave"]
    if "note" in step:
        leave.reject_application(row, by, answer=step["note"])
        return {"status": row.status.value}
    return {"count": leave.accept_application(row, by), "status": row.status.value}


# -- tablets ------------------------------------------------------------------------------------------------------


@verb("tap")
def tap(known: Unit, step: Case, by: Actor) -> Case:
    """On the tablet that acts: `what`, at the moment `time` or now."""
    at = datetime.fromisoformat(step["time"]).replace(tzinfo=HELSINKI) if "time" in step else by.now
    child = known.child(step).id
    touch = Touch(f"{step['what']}-{child}-{at:%d%H%M}", child, Tapped(step["what"]), at)
    outcome = presence.tap(touch, known.kept[step["by"]], by)
    return {"ask": sorted(outcome.ask), "refused": outcome.refused or None} | _rows(known, step)


@verb("tiles")
def tiles(known: Unit, step: Case, by: Actor) -> Case:
    """What the tablet shows of the child."""
    shown = board_of(known.kept[step["by"]].unit_id, by)
    tile = next((one for one in shown.tiles if one.id == known.child(step).id), None)
    return {"state": tile.state.value if tile else None}


@verb("missed")
def missed(known: Unit, step: Case, by: Actor) -> Case:
    """Which parts of a day the child has missed."""
    parts = presence.missed_parts(known.child(step).id, day(step["date"]))
    return {"ask": None if parts is None else sorted(parts)}


def _rows(known: Unit, step: Case) -> Case:
    rows = db.session.scalars(
        select(Presence).where(Presence.child_id == known.child(step).id).order_by(Presence.day, Presence.arrived))
    return {"rows": [[one.day.isoformat(), f"{one.arrived:%H:%M}", f"{one.left:%H:%M}" if one.left else None]
                     for one in rows]}


@verb("month")
def of_month(known: Unit, step: Case, by: Actor) -> Case:
    """How a month stands against what was agreed, in minutes or days."""
    held = months_of([known.child(step).id], month(step["month"]), by)[known.child(step).id].balance
    return {"used": held.used, "ahead": held.ahead, "remaining": held.left, "over": held.over}


@verb("add_tablet")
def add_tablet(known: Unit, step: Case, by: Actor) -> Case:
    _, known.kept["code"] = presence.add_device(known.units["U"], by, name="Siilit")
    return {}


@verb("pair")
def pair(known: Unit, step: Case, by: Actor) -> Case:
    """The tablet's code is typed; `wrong`: another one is."""
    typed = "AAAA-AAAA" if step.get("wrong") else known.kept["code"]
    presence.pair(typed, "Chrome", by.now)
    return {}


# -- adults -------------------------------------------------------------------------------------------------------


@verb("sign_in")
def sign_in(known: Unit, step: Case, by: Actor) -> Case:
    staff.arrive(by.user, by, group=known.groups[step["group"]], kind=_kind(step))
    return _adults()


@verb("sign_out")
def sign_out(known: Unit, step: Case, by: Actor) -> Case:
    staff.leave(by.user, by, kind=_kind(step))
    return _adults()


def _kind(step: Case) -> StaffKind | None:
    return StaffKind(step["type"]) if "type" in step else None


def _adults() -> Case:
    db.session.flush()
    rows = db.session.scalars(select(StaffPresence).order_by(StaffPresence.arrived))
    return {"rows": [[one.kind.value, f"{one.arrived:%H:%M}", f"{one.left:%H:%M}" if one.left else None,
                      one.automatic] for one in rows]}


# -- other units, events, jobs ------------------------------------------------------------------------------------


@verb("backup")
def backup(known: Unit, step: Case, by: Actor) -> Case:
    """Care in another unit for some days."""
    row = backup_care.arrange(
        known.child(step), by, unit=known.units[step["unit"]], start=day(step["from"]), end=day(step["to"]))
    return {"from": row.start.isoformat()}


@verb("invite")
def invite(known: Unit, step: Case, by: Actor) -> Case:
    """The home unit asks the child itself, by name, to an event of a day."""
    row = factories.save(Event(unit_id=known.places[0].unit_id, start=day(step["date"]), end=day(step["date"]),
                               kind=EventKind.EVENT, title="Retki", made_at=by.now))
    event.invite_child(row, by, child=known.child(step))
    known.kept["event"] = row
    return {"invited": True}


@verb("invitations")
def invitations(known: Unit, step: Case, by: Actor) -> Case:
    guests = select(EventGuest.id).where(EventGuest.child_id == known.child(step).id)
    return {"invited": db.session.scalar(guests) is not None}


@verb("paper")
def paper(known: Unit, step: Case, by: Actor) -> Case:
    """A paper in the child's file."""
    factories.save(Document(person_id=known.child(step).id, feature="decision", name="Päätös", language="fi", digest="",
                            made_at=by.now, content=b"%PDF"))
    return {}


@verb("see")
def see(known: Unit, step: Case, by: Actor) -> Case:
    """Whether the user finds the child's `kind` of row in its lists."""
    model: Any = READ[step["kind"]]
    column = model.id if model is Person else model.person_id
    rows = select(column).where(within(by, f"{step['kind']}.view", model), column == known.child(step).id)
    return {"sees": db.session.scalar(rows) is not None}


@verb("kept")
def kept(known: Unit, step: Case, by: Actor) -> Case:
    """How many applications for long absences are in the child's file."""
    rows = select(func.count(AbsenceApplication.id)).where(AbsenceApplication.child_id == known.child(step).id)
    return {"count": db.session.scalar(rows)}


@verb("job")
def job(known: Unit, step: Case, by: Actor) -> Case:
    """A job finds what is left and does it, as by night."""
    own = JOBS[step["name"]]
    ids = list(db.session.scalars(own.todo(by)))
    for some in [ids] if own.batch > 1 and ids else [[one] for one in ids]:
        own.do(some if own.batch > 1 else some[0], by)
    db.session.flush()
    found: Case = {"count": len(ids)}
    if known.children:
        found |= _rows(known, step)
    return found | (_adults() if step["name"].startswith("staff.") else {})
