"""The tablet of a group: a page under a path of its own, without log-in and menu, opened by a paired device.

Every button is a plain form; static/tablet.js keeps taps while the network is away and sends them in order.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    flash,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from evaka.access import Actor
from evaka.actions import presence as act
from evaka.actions import staff as staff_act
from evaka.actions import user as door
from evaka.actions.presence import Touch
from evaka.kit.errors import Refused
from evaka.models.base import db, transaction
from evaka.models.connection import writing
from evaka.models.person import Person
from evaka.models.presence import WHEREABOUTS, Device, GroupNote
from evaka.models.unit import Group
from evaka.models.user import LoginAttempt, User
from evaka.rules.person import call_name
from evaka.rules.presence import Tapped
from evaka.rules.staff import Ratio
from evaka.rules.staff.shift import day_of
from evaka.texts import LANGUAGES
from evaka.views.base import row_number, sentence
from evaka.views.page import actor, now, told, word_of
from evaka.views.presence.board import board_of
from evaka.views.presence.changes import News, mark
from evaka.views.presence.staff import workers

tablet = Blueprint("tablet", __name__, url_prefix="/tablet")
COOKIE, YEAR = "evaka_device", 365 * 24 * 3600
UNPAIRED = {"tablet.board", "tablet.pair"}
TAPS = (Tapped.ARRIVE, Tapped.LEAVE, Tapped.UNDO_ARRIVE, Tapped.UNDO_LEAVE)
BACK = {Tapped.ARRIVE: Tapped.UNDO_ARRIVE, Tapped.LEAVE: Tapped.UNDO_LEAVE}
MOST = 200  # taps in one letter of the queue
REFUSALS = (Refused, IntegrityError, StaleDataError)
STATES = ("all", "late", "coming", "here", "left", "away")


def install(app: Flask) -> None:
    app.register_blueprint(tablet)
    app.extensions["news"] = News()


def enter() -> Any:
    """Who opens the page is the device: by its token, or nobody."""
    look_up = act.device_for_taps if request.endpoint == "tablet.taps" else act.device_of
    g.device = look_up(token) if (token := request.cookies.get(COOKIE)) else None
    if g.device is not None:
        g.actor = Actor(g.device.user, now())
        return None
    if request.endpoint in UNPAIRED:
        return None
    return _shut_out()


@tablet.errorhandler(act.ShutOut)
def _shut_out(_no: Any = None) -> Any:
    if request.is_json:
        return jsonify(error="unpaired"), 401
    return redirect(url_for("tablet.board"))


@tablet.after_request
def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


# -- pairing ---------------------------------------------------------------------------------------------------


def _pair_page(notice: str = "", status: int = 200) -> Any:
    return render_template("tablet/pair.html", heading=told("presence.pair.title"), notice=notice), status


@tablet.route("/pair", methods=("POST",))
def pair() -> Any:
    """The code of the office is typed; whoever guesses is slowed down as at the door."""
    who = request.remote_addr or "?"
    try:
        with transaction():
            door.check_tries("", who, now())
            device, token = act.pair(request.form.get("code", ""), request.user_agent.string, now())
            if device.unit.language in LANGUAGES:
                session.setdefault("language", device.unit.language)
    except Refused as no:
        if no.key == "presence.code_unknown":
            with transaction():
                db.session.add(LoginAttempt(what=f"address:{who}", at=now()))
        return _pair_page(sentence(no), 429 if no.key == "user.too_many" else 400)
    response = redirect(url_for("tablet.board"))
    response.set_cookie(COOKIE, token, max_age=YEAR, httponly=True, samesite="Strict", path="/tablet",
                        secure=bool(current_app.config.get("SESSION_COOKIE_SECURE")))
    return response


# -- the tiles ------------------------------------------------------------------------------------------------------


@tablet.route("/")
def board() -> Any:
    if g.device is None:
        return _pair_page()
    if is_due(g.device):
        _see()
    group = chosen_group()
    shown = board_of(g.device.unit_id, actor(), group.id if group else None)
    state = request.args.get("state", "all")
    state = state if state in STATES else "all"
    return render_template(
        "tablet/board.html", heading=group.name if group else g.device.unit.name, group=group, board=shown,
        tiles=[one for one in shown.tiles if state == "all" or (one.late if state == "late" else one.state == state)],
        state=state, states=STATES, ratio=_ratio(group), notes=group_notes(group), key=new_key,
        word_of=word_of, seen=_last_tap(), at=now(), undo=_undo())


def chosen_group() -> Group | None:
    """The group that is asked for, else the tablet's own; "0": all of the unit."""
    asked = request.args.get("group", "")
    if (number := row_number(asked)) is not None:
        return db.session.scalar(select(Group).where(Group.id == number, Group.unit_id == g.device.unit_id))
    return g.device.group  # type: ignore[no-any-return]


def is_due(device: Device) -> bool:
    return device.seen is None or now() - device.seen > timedelta(minutes=5)


def _see() -> None:
    """A reading page becomes a writing one for a moment, as the office's sessions do."""
    db.session.rollback()
    writing.set(True)
    with transaction():
        act.see(g.device, now())
    writing.set(False)
    g.device = act.device_of(request.cookies[COOKIE])
    g.actor = Actor(g.device.user, now())


def _last_tap() -> int:
    """From which tap on the page asks for news."""
    changes = current_app.extensions["news"].of(g.device.unit_id)
    return changes[-1][0] if changes else 0


def _undo() -> dict[str, Any] | None:
    """What was just tapped, and what takes it back: in the address, so that a page without script can tell."""
    done, child_id = request.args.get("done", ""), request.args.get("child", "")
    if done not in [one.value for one in TAPS] or (child := row_number(child_id)) is None:
        return None
    return {"said": told(f"presence.done.{done}", name=name_of(child)), "child": child,
            "what": BACK[Tapped(done)].value if Tapped(done) in BACK else "", "ask": bool(request.args.get("ask"))}


def _ratio(group: Group | None) -> dict[str, Any]:
    """Children and adults in the group now, and how many children there are to an adult."""
    by_group = staff_act.ratio_of({g.device.unit_id}, now())
    found = by_group.get(group.id, Ratio()) if group else sum(by_group.values(), Ratio())
    return {"ratio": found, "state": found.state(staff_act.ratios())}


def group_notes(group: Group | None) -> list[GroupNote]:
    """Those of the group, or of all groups of the unit."""
    groups = select(Group.id).where(Group.unit_id == g.device.unit_id)
    which = GroupNote.group_id == group.id if group else GroupNote.group_id.in_(groups)
    return list(db.session.scalars(select(GroupNote).where(which, GroupNote.until >= actor().today)))


def new_key() -> str:
    return secrets.token_hex(16)


# -- taps ---------------------------------------------------------------------------------------------------------


def tapped(touch: Touch) -> Refused | bool:
    """Write one tap in a transaction of its own; what is refused is kept too, so that it is answered once.

    Answers whether there is something to ask: a part of the day that the child has missed without a word.
    """
    by: Actor = g.actor
    try:
        with transaction():
            outcome = act.tap(touch, g.device, by)
        return Refused(outcome.refused) if outcome.refused else bool(outcome.ask)
    except (Refused, IntegrityError) as no:
        refused = no if isinstance(no, Refused) else Refused("presence.already_here")
        with transaction():
            act.note_refused(touch, g.device, refused.key, by.now)
        return refused


@tablet.route("/tap", methods=("POST",))
def tap() -> Any:
    """A button of the page, without script; the key in the form makes a second press of it nothing."""
    child, what, key = (request.form.get(name, "") for name in ("child", "what", "key"))
    number = row_number(child)
    if number is None or what not in [one.value for one in TAPS] or not 8 <= len(key) <= 40:
        flash(told("error.400"), "error")
        return redirect(back())
    touch = Touch(key, number, Tapped(what), now())
    found = tapped(touch)
    if isinstance(found, Refused):
        flash(_sorry(found, touch.child_id), "error")
        return redirect(back())
    return redirect(back(done=what, child=touch.child_id, ask=1 if found else None))


@tablet.route("/taps", methods=("POST",))
def taps() -> Any:
    """The queue of a page with script, in order: [{key, child, what, age}], the age in milliseconds.

    The tablet's clock may be wrong, so it says how long ago it was tapped, not when.
    """
    sent = request.get_json(silent=True)
    rows = sent.get("taps") if isinstance(sent, dict) else None
    if not isinstance(rows, list) or len(rows) > MOST:
        return jsonify(error="shape"), 400
    done = []
    at = now()
    for row in rows:
        touch = _touch_of(row, at)
        if touch is None:
            done.append({"key": row.get("key") if isinstance(row, dict) else None, "refused": told("error.400")})
            continue
        found = tapped(touch)
        no = _sorry(found, touch.child_id) if isinstance(found, Refused) else ""
        done.append({"key": touch.key, "refused": no, "ask": touch.child_id if found is True else 0})
    return jsonify(done=done)


def _touch_of(row: Any, at: Any) -> Touch | None:
    match row:
        case {"key": str(key), "child": int(child), "what": str(what), "age": int() | float() as age} if (
            8 <= len(key) <= 40 and what in [one.value for one in TAPS] and 0 <= age < 10**10 and 0 < child < 2**31
            and not isinstance(child, bool)
        ):
            return Touch(key, child, Tapped(what), at - timedelta(milliseconds=age))
    return None


def _sorry(no: Refused, child_id: int) -> str:
    """The sentence with whom it is about; of a tap that was refused before only the key is known."""
    facts = {"at": now(), "hours": act.tablet().tap_hours, "day": now().date(), "arrived": now()} | no.facts
    return told(no.key, name=name_of(child_id), **facts)


def name_of(child_id: int) -> str:
    """What the child is called, if it has anything to do with the unit."""
    found = db.session.execute(
        select(Person.first_name, Person.last_name, Person.preferred_name)
        .join(WHEREABOUTS, WHEREABOUTS.c.child_id == Person.id)
        .where(Person.id == child_id, WHEREABOUTS.c.unit_id == g.device.unit_id), {"day": now().date()}).first()
    return call_name(*found) if found else told("presence.somebody")


def back(**more: Any) -> str:
    """The page from which the tap came: the same group and state."""
    kept = {name: request.form.get(name) or None for name in ("group", "state")}
    return url_for("tablet.board", **kept, **more)


@tablet.route("/changes")
def changes() -> Any:
    """What has been tapped in the unit within the last minute, by whichever tablet."""
    news: News = current_app.extensions["news"]
    unit = news.unit_of(request.cookies.get(COOKIE, ""))
    if unit is None:
        return jsonify(error="unpaired"), 401
    found = news.of(unit)
    tag = mark(found)
    if request.headers.get("If-None-Match") == tag:
        return Response(status=304, headers={"ETag": tag})
    response = jsonify(changes=found)
    response.headers["ETag"] = tag
    return response


# -- what the other pages of the tablet share --------------------------------------------------------------------


def worker_or_none() -> User | None:
    """Somebody of the unit's staff, as chosen in the form."""
    asked = request.form.get("user", "")
    people = {user.id: user for user in workers(g.device.unit_id, actor().today)}
    return people.get(row_number(asked) or 0)


def proved(user: User | None) -> Refused | None:
    """Why a PIN does not open; a wrong one is counted, whatever follows."""
    if user is None:
        return Refused("staff.choose_yourself")
    with transaction():
        return staff_act.prove(user, request.form.get("pin", ""), now())


def kept(change: Any, child_id: int | None = None) -> Any:
    """Do something; back to the child's card, or to the tiles, with what went wrong."""
    try:
        with transaction():
            change()
    except REFUSALS as no:
        flash(sentence(no), "error")
    else:
        flash(told("presence.saved"), "success")
    return redirect(url_for("tablet.child", child=child_id) if child_id else back())


def until_of() -> Any:
    found = day_of(request.form.get("until", ""))
    if found is None:
        raise Refused("presence.note_day")
    return found
