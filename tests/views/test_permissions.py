"""The sweep: every address of the program × every role × looking and sending, with rows inside and outside the reach.

Nothing here names a screen: what is expected of an address follows from the screen it belongs to, and what a role may
from the city's table of roles.  A new screen or a new action is swept from its first day; a new kind of row must be
given to both families of `World`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.routing import Rule

from evaka import city
from evaka.access import Actor, may, reaches, within
from evaka.actions import ACTIONS, Action, fee, invoice, voucher
from evaka.actions.document import keep
from evaka.kit.dates import DateRange
from evaka.models.base import Model, db
from evaka.models.calendar.holiday_period import HolidayPeriod
from evaka.models.decision.claim import Claim
from evaka.models.decision.dispatch import Dispatch
from evaka.models.decision.sending import Sending, SendingItem
from evaka.models.fee import FeeAlteration, FeeDecision
from evaka.models.index_day import IndexDay, IndexDayFamily
from evaka.models.invoice import Invoice
from evaka.models.journal import AuditEvent, Email, JobRun
from evaka.models.person import Person
from evaka.models.placement import Placement
from evaka.models.placement.need_change import NeedChange
from evaka.models.placement.termination import Termination
from evaka.models.suggestion import SuggestedPlace
from evaka.models.user import User
from evaka.models.voucher import Payment, UnitPayee, VoucherDecision, VoucherMonth, VoucherRow
from evaka.rules.placement import PlanStatus
from evaka.views.base import Screen
from evaka.views.city import permissions
from evaka.views.shell import OPEN
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
UNIT_ROLES = ("director", "secretary", "special_education_teacher")  # given in a unit
GROUP_ROLES = ("staff",)  # given in groups of a unit
LOCAL = (*UNIT_ROLES, *GROUP_ROLES)
ROLES = (
    "admin", "service_worker", "finance", "finance_staff", "administration", "report_viewer", "messaging",
    *LOCAL, "guardian",
)
# what a role may is the same table on both databases, and each reach is tried on both by test_access: on the second
# one those are swept of whom every row is asked whether it is theirs
SWEPT = ("director", "guardian") if "EVAKA_TEST_DATABASE_URL" in os.environ else ROLES
JOURNALS = {"user_session", "audit_event", "journal_chain", "login_attempt"}  # grow by looking
MAY = DateRange.month(2026, 5)


# -- the addresses, and what they belong to --------------------


def views(app: Flask) -> dict[str, Any]:
    return {view.endpoint: view for admin in app.extensions["admin"] for view in admin._views}


def is_open(rule: Rule) -> bool:
    return rule.endpoint in OPEN or rule.endpoint.endswith(".static")


def of_a_tablet(rule: Rule) -> bool:
    """Opened by a device that has been paired, not by a log-in: see test_presence."""
    return rule.endpoint.startswith("tablet.")


def owner(app: Flask, rule: Rule) -> Any:
    """The screen or page of the menus that an address belongs to."""
    return views(app).get(rule.endpoint.partition(".")[0])


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) & {"GET", "POST"})


def address(rule: Rule, **given: Any) -> str:
    """The address with something in each of its gaps."""
    filled = {"verb": "none", "export_type": "csv", "language": "sv", "filename": "x", "id": 1, "token": "x"} | given
    path = rule.rule
    for name in rule.arguments:
        path = path.replace(
            next(part for part in (f"<{name}>", f"<path:{name}>", f"<int:{name}>") if part in path), str(filled[name])
        )
    return path


def test_every_address_belongs_to_a_screen_to_the_door_or_is_open_to_everybody(app: Flask) -> None:
    """An address outside of these has no rule of who may come in; give it a place in one of them."""
    for rule in app.url_map.iter_rules():
        if is_open(rule) or rule.endpoint == "front":
            continue
        if rule.rule.startswith(("/office/", "/my/")):
            assert owner(app, rule) is not None, rule
        else:
            assert rule.endpoint.startswith("user.") or of_a_tablet(rule), rule


def test_what_is_open_to_everybody_is_few_and_known(app: Flask) -> None:
    opened = {rule.endpoint for rule in app.url_map.iter_rules() if is_open(rule)}
    assert opened == {
        "static",
        "office.static",
        "my.static",
        "city_css",
        "user.login",
        "user.second_factor",
        "user.language",
        "manifest",
        "worker",
        "offline",
        "calendar_feed",  # to who knows a secret
        "user.identify",
        "user.identified",
        "user.provider_keys",
        "user.forgotten",
        "user.new_password",
    }


def test_every_role_of_the_city_is_swept_where_it_is_given() -> None:
    assert set(city.read("roles")) == {*ROLES, "tablet"}  # which nobody logs in as
    reach = {role: {how for key in permissions() for how in reaches(role, key)} for role in ROLES}
    assert {role for role in ROLES if "unit" in reach[role]} == set(UNIT_ROLES)
    assert {role for role in ROLES if "group" in reach[role]} == set(GROUP_ROLES)


ONLY_OFFICE = {"messaging"}  # opens the office, and nothing in it yet


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("guardian", *ONLY_OFFICE)])
def test_every_role_of_the_office_has_something_to_look_at(role: str) -> None:
    city.choose("harjula")
    assert "unit.view" in {key for key in permissions() if reaches(role, key)}


# -- the world -----------------------------------------------------------------------------------------------


@dataclass
class Family:
    """One family with a row of every kind, in a unit and a group of its own."""

    child: Person
    guardian: Person
    place: Placement
    rows: dict[type[Model], Any]


def month_after() -> DateRange:
    """May, and June once May has been frozen."""
    last = db.session.scalar(select(func.max(VoucherMonth.start)))
    return MAY if last is None else DateRange.month(2026, 6)


def family(
    by: Callable[..., Actor], *, home: dict[str, Any] | None = None, place: dict[str, Any] | None = None,
) -> Family:
    """`home` are fields of everybody who lives in the family, `place` those of where its children are in care."""
    machine, home = by(), home or {}

    def kept(which: str) -> dict[str, Any]:
        return place | {"name": f"{place['name']} {which}"} if place else {}

    guardian = factories.person(**home)
    child = factories.child(guardian, **home)
    unit = factories.unit(**kept("unit"))
    group = factories.group(unit, **({"name": kept("group")["name"]} if place else {}))
    placed = factories.placement(child, date(2026, 5, 18), date(2026, 7, 31), unit=unit)
    factories.in_group(placed, group)
    application = factories.application(child, [unit])
    plan = factories.plan(application, status=PlanStatus.PROPOSED)
    decision = factories.decision(child, application=factories.application(child, [unit]))
    wage = factories.income(guardian)
    fee.refresh({guardian.id}, machine)
    owed = db.session.scalars(select(FeeDecision).where(FeeDecision.head_id == guardian.id)).one()
    fee.send(owed, machine)
    invoice.draft({guardian.id}, MAY, machine)
    bill = db.session.scalars(select(Invoice).where(Invoice.head_id == guardian.id)).one()
    invoice.send(bill, machine)
    private = factories.voucher_unit(**kept("private"))
    toddler = factories.child(guardian, born=date(2024, 2, 2), **home)
    factories.placement(toddler, date(2026, 5, 1), date(2026, 7, 31), unit=private)
    fee.refresh({guardian.id}, machine)
    granted = db.session.scalars(select(VoucherDecision).where(VoucherDecision.child_id == toddler.id)).one()
    voucher.send(granted, machine)
    payee = factories.save(UnitPayee(unit=private, name="Oy Onni Ab", business_id="1234567-1", iban="", provider_id=""))
    # each family has a month of its own to look at; the rows are those of its own unit
    month = voucher.month_of(month_after(), machine)
    voucher.freeze(month, machine)
    row = db.session.scalars(select(VoucherRow).where(VoucherRow.unit_id == private.id).limit(1)).one()
    payment = db.session.scalars(select(Payment).where(Payment.unit_id == private.id)).one()
    paper = keep(child.id, "decision", machine, name="Päätös", language="fi", content=b"%PDF-1.7 x")
    relief = factories.save(
        FeeAlteration(
            child_id=child.id, kind="relief", amount=20, absolute=False, start=date(2026, 1, 1), end=date(2026, 1, 31)
        )
    )
    user = factories.user("guardian", person=guardian)
    employee = factories.user("staff", unit, group)
    box = factories.box(group)
    thread = factories.thread(box, [guardian], [child], at=machine.now, unread=False)
    absence = factories.absence(child, date(2026, 5, 20))
    support = [
        made(child)
        for made in (
            factories.factor,
            factories.daycare_support,
            factories.preschool_support,
            factories.measure,
            factories.support_action,
            factories.voucher_coefficient,
        )
    ]
    email = factories.save(Email(person_id=guardian.id, text="decision_sent", made_at=machine.now))
    run = factories.save(JobRun(job=f"job {child.id}", due=machine.now, trigger="schedule", status="done"))
    line = factories.save(
        AuditEvent(
            at=machine.now, action="person.read", subject="person", subject_id=child.id, person_id=child.id, facts={}
        )
    )
    foster = factories.foster_parent(child)
    contact = factories.contact(child, guardian)
    pickup = factories.pickup(child)
    conflict = factories.conflict(child, other_id=guardian.id)
    index_day = factories.save(IndexDay(start=date(2026, 8, 1), made_at=machine.now))
    looked_at = factories.save(IndexDayFamily(index_day_id=index_day.id, head_id=guardian.id, why=[]))
    closure = factories.closure(unit, date(2026, 6, 15))
    talk = factories.talk(unit)
    weeks = 0 if db.session.scalar(select(HolidayPeriod.id).limit(1)) is None else 3  # no two holidays meet
    holiday = factories.holiday_period(*(day + timedelta(weeks=weeks) for day in (date(2026, 7, 6), date(2026, 7, 19))))
    sending = factories.save(Sending(made_at=machine.now))
    item = factories.save(SendingItem(sending=sending, application=application))
    dispatch = factories.save(Dispatch(
        channel="post", day=machine.today, made_at=machine.now, count=1, name="posti.pdf", mimetype="application/pdf",
        digest="0" * 64, content=b"%PDF-1.7 x"))
    claim = factories.save(Claim(
        decision=decision, child_id=child.id, claimant=guardian, received=machine.today, due=date(2026, 7, 6),
        handle_by=date(2026, 8, 1), made_at=machine.now))
    notice = factories.save(Termination(
        child_id=child.id, unit=unit, scope="place", last_day=date(2026, 7, 31), made_at=machine.now,
        before={"places": [], "after": []}))
    wish = factories.save(NeedChange(
        child_id=child.id, placement=placed, unit=unit, start=date(2026, 6, 15), option="full_day",
        made_at=machine.now))
    caretakers = db.session.scalars(select(factories.Caretakers).where(factories.Caretakers.group_id == group.id)).one()
    found = [
        child,
        unit,
        group,
        unit.area,
        caretakers,
        closure,
        application,
        application.preferences[0],
        plan,
        decision,
        placed,
        wage,
        factories.statement(guardian),
        owed,
        bill,
        paper,
        relief,
        user,
        employee.grants[0],
        factories.presence(child, unit, group_id=group.id),
        factories.device(unit, group),
        factories.at_work(employee, group, machine.now),
        factories.shift(employee, unit, machine.now, machine.now + timedelta(hours=8), group_id=group.id),
        thread,
        thread.post,
        box,
        absence,
        foster,
        contact,
        pickup,
        conflict,
        factories.backup_care(child, factories.unit(**kept("backup")), date(2026, 7, 1), date(2026, 7, 31)),
        *support,
        email,
        run,
        line,
        factories.city_table(),
        index_day,
        looked_at,
        granted,
        payee,
        month,
        row,
        payment,
        factories.ledger_batch(),
        (suggested := factories.suggestion(application)),
        db.session.scalars(select(SuggestedPlace).where(SuggestedPlace.suggestion_id == suggested.id)).one(),
        talk,
        talk.event,
        holiday,
        factories.questionnaire(),
        factories.service_times(child),
        factories.leave(child),
        sending,
        item,
        dispatch,
        claim,
        notice,
        wish,
    ]
    return Family(child, guardian, placed, {type(row): row for row in found})


def entered(user: User, browser: Callable[[Any], FlaskClient]) -> tuple[User, FlaskClient]:
    """The user has logged in, and all rows are let go: each that a session holds is marked stale at each request, and
    a sweep makes a thousand."""
    client, id = browser(user), user.id
    db.session.expunge_all()
    return db.session.get_one(User, id), client


@dataclass
class World:
    app: Flask
    here: Family
    there: Family
    by: Callable[..., Actor]

    def __post_init__(self) -> None:
        self.inside, self.outside = (
            {model: row.id for model, row in family.rows.items()} for family in (self.here, self.there))

    def user(self, role: str) -> User:
        """Somebody of the role, with the reach of the first family's unit, group and child."""
        if role == "guardian":
            return self.here.rows[User]  # type: ignore[no-any-return]
        unit = self.here.place.unit if role in LOCAL else None
        group = self.here.place.groups[0].group if role in GROUP_ROLES else None
        return factories.user(role, unit, group)

    def screens(self) -> Iterator[Any]:
        return (view for view in views(self.app).values() if isinstance(view, Screen))

    def enter(self, role: str, browser: Callable[[Any], FlaskClient]) -> tuple[Actor, FlaskClient]:
        user, client = entered(self.user(role), browser)
        return self.by(user), client


@pytest.fixture
def world(app: Flask, by: Callable[..., Actor]) -> World:
    return World(app, family(by), family(by), by)


def snapshot() -> dict[str, list[Any]]:
    """Everything in the database but the journals of looking."""
    db.session.rollback()
    with db.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select()).all()))
            for table in db.metadata.sorted_tables
            if table.name not in JOURNALS
        }


def test_every_screen_has_a_row_of_its_kind_in_both_families(world: World) -> None:
    missing = {type(view).__name__ for view in world.screens() if view.model not in world.here.rows}
    assert missing == set()
    for model, id in world.inside.items():
        assert id != world.outside[model], model


# -- nobody who has not logged in --------------------


def test_nobody_comes_in_without_a_log_in(world: World, browser: Callable[[Any], FlaskClient]) -> None:
    anonymous = browser(None)
    ids = world.inside
    db.session.expunge_all()
    before = snapshot()
    for rule in world.app.url_map.iter_rules():
        view = owner(world.app, rule)
        id = ids.get(getattr(view, "model", None), 1)
        for method in () if is_open(rule) or of_a_tablet(rule) else methods(rule):
            own = [action for action in ACTIONS.values() if action.subject is getattr(view, "model", None)]
            for verb in {view.short(action) for action in own} if own and "verb" in rule.arguments else {"none"}:
                path = address(rule, verb=verb)
                page = anonymous.open(f"{path}?id={id}", method=method, data={"id": id} if method == "POST" else None)
                assert page.status_code == 302, (method, path)
                assert page.location.startswith("/login"), (method, path)
    assert anonymous.get("/nowhere/").location.startswith("/login")  # not even what there is is told
    assert snapshot() == before


# -- every address × every role --------------------


@pytest.mark.parametrize("role", SWEPT)
def test_every_address_asks_who_comes(world: World, browser: Callable[[Any], FlaskClient], role: str) -> None:
    actor, client = world.enter(role, browser)
    inside, outside = world.inside, world.outside
    office, mine = may(actor, "office.view"), may(actor, "my.view")
    viewable = {
        (view.endpoint, id): bool(
            db.session.scalar(
                select(view.model.id).where(view.model.id == id, within(actor, f"{view.feature}.view", view.model))
            )
        )
        for view in world.screens()
        for id in (inside[view.model], outside[view.model])
    }
    opens = {view.endpoint: may(actor, f"{view.feature}.view") for view in world.screens()}
    before = snapshot()
    looked_at = 0
    for rule in world.app.url_map.iter_rules():
        if is_open(rule) or not rule.rule.startswith(("/office/", "/my/")):
            continue
        view = owner(world.app, rule)
        name = rule.endpoint.partition(".")[2]
        closed = not (office if rule.rule.startswith("/office/") else mine)
        if isinstance(view, Screen):
            closed = closed or not opens[view.endpoint]
            ids = [outside[view.model]] if closed else [inside[view.model], outside[view.model]]
        else:
            ids = [inside[Person]]
        for id in ids:
            seen = isinstance(view, Screen) and viewable[view.endpoint, id]
            for method in methods(rule):
                if method == "POST" and (seen or (rule.endpoint in BEGIN_OWN and not closed)):
                    continue  # what one may do to rows that one sees: see below
                data = (
                    {"id": id, "rowid": id, "verb": "send", "confirmed": "1", "job": "none"}
                    if method == "POST"
                    else None
                )
                page = client.open(f"{address(rule)}?id={id}", method=method, data=data)
                looked_at += 1
                what = role, method, page.request.path, id
                assert page.status_code < 500, what
                if closed:
                    assert page.status_code == 403, what
                elif isinstance(view, Screen) and name in PAGES_OF_ROWS:
                    wanted = {200, 302, 403, 404} if seen else {403, 404}
                    assert page.status_code in wanted, what
                    narrowed = type(view).visible is not Screen.visible  # shows less than the role would let it
                    if name == "details_view" and not (narrowed and page.status_code == 404):
                        leads_on = type(view).details_view is not Screen.details_view and page.status_code == 302
                        assert leads_on or page.status_code == (200 if seen else 404), what
                elif isinstance(view, Screen) and name in ("ajax_update", "ajax_lookup", "action_view"):
                    assert page.status_code == 404, what
    assert looked_at > 100
    assert snapshot() == before


BEGIN_OWN = {"message.new"}  # whoever sends the form has a draft of the own
PAGES_OF_ROWS = ("details_view", "edit_view", "delete_view", "delete_page", "do", "download")


@pytest.mark.parametrize("role", [role for role in SWEPT if role in (*LOCAL, "guardian")])
def test_lists_searches_and_exports_hold_nothing_of_the_other_family(
    world: World, browser: Callable[[Any], FlaskClient], role: str
) -> None:
    strangers = [world.there.child.last_name, world.there.guardian.last_name, world.there.child.first_name]
    own = world.here.child.last_name
    _actor, client = world.enter(role, browser)
    found = 0
    for view in world.screens():
        base = view.url
        for path in (f"{base}/", f"{base}/?search=last", f"{base}/export/csv/", f"{base}/export/xlsx/"):
            page = client.get(path, follow_redirects=True)
            if page.status_code != 200 or "xlsx" in path:
                assert page.status_code in (200, 403, 404), path
                continue
            assert not [name for name in strangers if name in page.text], (role, path)
            found += own in page.text
    for word in ("last", *strangers):
        page = client.get("/office/search/", query_string={"q": word})
        assert not [name for name in strangers if f">{name}" in page.text or f"{name} First" in page.text], (role, word)
    assert found


# -- every action × every role --------------------


def doors(world: World, action: Action) -> list[Any]:
    """The screens on which an action stands."""
    return [view for view in world.screens() if view.model is action.subject]


@pytest.mark.parametrize("role", SWEPT)
def test_every_action_is_done_by_those_who_may_and_to_the_rows_of_their_reach(
    world: World, browser: Callable[[Any], FlaskClient], role: str
) -> None:
    """Compared with the roles' table: without a reach nothing, with less than "all" nothing of the other family's."""
    actor, client = world.enter(role, browser)
    here, there = world.inside, world.outside
    may_do = {
        (key, id): bool(
            db.session.scalar(
                select(action.subject.id).where(action.subject.id == id, within(actor, key, action.subject))
            )
        )
        for key, action in ACTIONS.items()
        if action.subject in here
        for id in (here[action.subject], there[action.subject])
    }
    before = snapshot()
    for key, action in ACTIONS.items():
        hows = reaches(role, key)
        for view in doors(world, action):
            for id in (here[action.subject], there[action.subject]):
                if not hows:
                    assert not may_do[key, id], (role, key)
                elif hows == {"all"}:
                    assert may_do[key, id], (role, key)
                elif id == there[action.subject]:
                    assert not may_do[key, id], (role, key)
                path = f"{view.url}/do/{view.short(action)}/?id={id}"
                looked = client.get(path).status_code
                if not may_do[key, id]:
                    sent = client.post(path, data={"row_version": 1}).status_code
                    assert {looked, sent} <= {403, 404}, (role, path, looked, sent)
                else:
                    assert looked in (200, 302, 403, 404, 409), (role, path, looked)
                    elsewhere = bytes in action.inputs.values()  # a file is given on a page of its own
                    if looked in (403, 404) and not elsewhere:  # another menu, or a screen that the role does not see
                        assert (
                            not may(actor, f"{view.feature}.view")
                            or view.url.startswith("/my" if may(actor, "office.view") else "/office")
                            or not visible(actor, view, id)
                        ), path
    assert snapshot() == before


def visible(actor: Actor, view: Any, id: int) -> bool:
    return bool(
        db.session.scalar(
            select(view.model.id).where(view.model.id == id, within(actor, f"{view.feature}.view", view.model))
        )
    )


@pytest.mark.parametrize("role", [role for role in SWEPT if role not in ("admin", "service_worker")])
def test_many_rows_at_once_are_as_far_out_of_reach_as_one(
    world: World, browser: Callable[[Any], FlaskClient], role: str
) -> None:
    actor, client = world.enter(role, browser)
    there = world.outside
    beyond = [
        (view, action, there[view.model])
        for view in world.screens()
        for action in ACTIONS.values()
        if action.subject is view.model
        and not db.session.scalar(
            select(view.model.id).where(view.model.id == there[view.model], within(actor, action.key, view.model))
        )
    ]
    before = snapshot()
    for view, action, id in beyond:
        page = client.post(f"{view.url}/bulk/", data={"verb": view.short(action), "rowid": id, "confirmed": "1"})
        assert page.status_code in (200, 403, 404), (role, view.url, action.key)
    assert beyond
    assert snapshot() == before


# -- forms of other sites --------------------


def test_no_form_is_taken_without_the_token_of_this_site(world: World, browser: Callable[[Any], FlaskClient]) -> None:
    ids = world.inside
    _actor, admin = world.enter("admin", browser)
    before = snapshot()
    world.app.config["WTF_CSRF_ENABLED"] = True
    try:
        for rule in world.app.url_map.iter_rules():
            if "POST" not in methods(rule):
                continue
            id = ids.get(getattr(owner(world.app, rule), "model", None), 1)
            page = admin.post(f"{address(rule)}?id={id}", data={"id": id, "rowid": id, "verb": "send"})
            assert page.status_code == 400, rule
    finally:
        world.app.config["WTF_CSRF_ENABLED"] = False
    assert snapshot() == before


def test_a_log_in_that_was_closed_opens_nothing_more(world: World, browser: Callable[[Any], FlaskClient]) -> None:
    actor, client = world.enter("admin", browser)
    assert client.get("/office/person/").status_code == 200
    id = actor.user.id
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(sa.update(User).where(User.id == id).values(active=False))
    assert client.get("/office/person/").status_code == 302
