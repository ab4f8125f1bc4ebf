"""A family with a restricted address, and everybody who might learn of it: every page, paper, export, file and mail.

Addresses are found in the program itself, and in the links of the pages, so a new one is walked from its first day.
What is forbidden to whom is the table of rules/person/protection.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from evaka.access import Actor
from evaka.actions import ACTIONS
from evaka.actions import decision as decisions
from evaka.actions import ledger
from evaka.actions.decision import dispatch
from evaka.jobs import JOBS, run
from evaka.models.base import db
from evaka.models.journal import AuditEvent, Email
from evaka.models.ledger import Batch
from evaka.models.message import Thread
from evaka.models.person import Guardian, Person
from evaka.models.unit import Unit
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import Channel as Way
from evaka.rules.decision import DecisionStatus
from evaka.rules.ledger import Channel
from evaka.rules.placement import PlanStatus
from evaka.views.base import Screen
from tests import factories
from tests.conftest import keep
from tests.jobs.test_journal import Post, post  # noqa: F401  # a mail server on this machine
from tests.views.test_permissions import Family, address, family, is_open, owner

HOME = ("Salakuja", "99771", "Kätkölä", "63.77111", "Uusikätkö", "99772")  # the home, the old, the coming one, the point
REACH = ("045 777 4321", "0457774321", "salainen.osoite")  # telephone and e-mail
WHERE = ("Piilopaikka", "Piilotie", "Piilotapahtuma", "Piilosyy")  # units and groups, their addresses, what happens there
NAMES = ("Kätketty",)  # that there is such a child at all
# who may not see what; an entry of "…@endpoint" is where somebody with the right does see it
FORBIDDEN = {
    "other guardian": (*HOME, *REACH, *WHERE),
    "blocked guardian": (*HOME, *REACH, *WHERE, *NAMES),
    "staff": HOME,
    "director": HOME,
    "director elsewhere": (*HOME, *REACH, *NAMES),
    "finance": HOME,
    "service_worker": HOME,
    "admin": HOME,
    "tablet": (*HOME, *REACH),
}
KNOWS = {"service_worker": {"person.edit_view", "application.fill"}, "admin": {"person.edit_view", "application.fill"}}
# never walked, and why
UNWALKED = {
    "user.set_up": "holds nothing but the reader's own second factor",
    "user.second_factor": "asked between password and log-in: nobody is known yet",
}
OFFERED = {"create_view": "can_create", "edit_view": "can_edit", "delete_page": "can_delete", "export": "can_export",
           "details_view": "can_view_details"}
MOST = 1  # pages of one kind to which links are followed, besides those with the family's own numbers


@dataclass
class Secret:
    """The family, its other guardians, and the users by what they are."""

    home: Family
    users: dict[str, Any]
    device: Any
    double: int  # the mother, entered once more


def hidden_family(by: Callable[..., Actor]) -> Secret:
    machine = by()
    lived = {"street": "Salakuja 77", "postal_code": "99771", "post_office": "Kätkölä", "latitude": "63.77111",
             "longitude": "27.77111", "restricted": True, "phone": "045 777 4321", "last_name": "Kätketty"}
    where = {"name": "Piilopaikka", "street": "Piilotie 7", "phone": "045 999 8888"}
    home = family(by, home=lived | {"email": None}, place=where)
    home.guardian.email = "salainen.osoite@example.fi"
    child, unit = home.child, home.place.unit
    unit.features = list(factories.Feature)
    father = factories.guardian_of(child, first_name="Toinen")
    gone = factories.person(first_name="Estetty")
    factories.save(Guardian(child_id=child.id, guardian_id=gone.id, blocked=True, reason="Tuomio"))
    db.session.expire_all()
    application(child, unit, machine)
    group = home.place.groups[0].group
    box = factories.box(group)
    # both guardians were written to before the address was restricted
    factories.thread(box, [home.guardian, father, gone], [child], body="Piilotapahtuma perjantaina", at=machine.now)
    factories.closure(unit, date(2026, 6, 12), reason="Piilosyy")
    factories.save(factories.Event(unit_id=unit.id, start=date(2026, 6, 3), end=date(2026, 6, 3),
                                   title="Piilotapahtuma", kind=factories.EventKind.EVENT, made_at=machine.now))
    slot = factories.talk(unit)
    slot.event.title = "Piilotapahtuma keskustelu"
    elsewhere = factories.unit("Toinen päiväkoti")
    staff = factories.user("staff", unit, group, name="Hanna Hoitaja")
    factories.member(staff)
    users = {
        "guardian": home.rows[factories.User], "other guardian": factories.user("guardian", person=father),
        "blocked guardian": factories.user("guardian", person=gone),
        "staff": staff, "director": factories.user("director", unit),
        "director elsewhere": factories.user("director", elsewhere),
        **{role: factories.user(role) for role in ("finance", "service_worker", "admin")},
    }
    files(by(users["finance"]))
    double = factories.person(born=home.guardian.born, first_name=home.guardian.first_name, **(lived | {"phone": None}))
    return Secret(home, users, factories.device(unit, group), double.id)


def application(child: Person, unit: Unit, machine: Actor) -> None:
    """One on the way, with a coming address; and one whose decision has been sent by post and put into an envelope."""
    told = {"new_street": "Uusikätkö 1", "new_postal_code": "99772", "new_post_office": "Kätkölä",
            "moves_on": date(2026, 9, 1), "phone": "045 777 4321", "email": "salainen.osoite@example.fi"}
    factories.application(child, [unit], status=ApplicationStatus.SENT, **told)
    factories.application(child, [unit], **told)
    row = factories.application(child, [unit], status=ApplicationStatus.WAITING_CONFIRMATION, **told)
    factories.plan(row, status=PlanStatus.CONFIRMED)
    factories.decision(application=row, status=DecisionStatus.DRAFT, answer_due=None)
    decisions.print_decision(row, machine)
    dispatch.make(machine, channel=Way.POST, day=machine.today)


def files(finance: Actor) -> None:
    """For the ledger and the operator: what waits, as it leaves the house."""
    for channel in (Channel.LEDGER, Channel.FINVOICE):
        ledger.hand_over(ledger.opened(channel, finance), finance)


def moved(worker: FlaskClient, id: int) -> None:
    """The family has moved, so the journal knows where it has lived before; and a bill went elsewhere for a time."""
    with db.session.no_autoflush:
        db.session.rollback()
    for street in ("Uusikätkö 3", "Salakuja 78"):
        page = worker.get(f"/office/person/edit/?id={id}")
        typed = {one["name"]: one["value"] for one in fields(page.text)} | {"street": street, "restricted": "y"}
        assert worker.post(f"/office/person/edit/?id={id}", data=typed).status_code == 302, street


def fields(html: str) -> Iterator[dict[str, str]]:
    """The inputs of a form that hold words."""
    for tag in re.findall(r"<input[^>]*>", html):
        known = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in known and known.get("type") not in ("checkbox", "radio", "submit"):
            yield {"name": known["name"], "value": unescape(known.get("value", ""))}


# -- the walk -------------------------------------------------------------------------------------------------


def addresses(app: Flask, ids: dict[Any, int], secret: Secret, *, everything: bool) -> Iterator[str]:
    """Each address that is looked at by GET: bare, with the family's row of its screen, and with all that pages ask."""
    whole = {"child": secret.home.child.id, "person": secret.home.guardian.id, "unit": secret.home.place.unit_id,
             "group": secret.home.place.groups[0].group_id, "day": "2026-06-01", "week": "2026-06-01",
             "month": "2026-06-01", "kept": secret.home.guardian.id, "gone": secret.double, "q": "Kätk", "search": "Kätk", "all": "1", "kind": "day"}
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: not one.endpoint.endswith(".index_view")):
        if not is_walked(app, rule):
            continue
        view = owner(app, rule)
        model = getattr(view, "model", None)
        id = ids.get(model, secret.home.child.id)
        if not isinstance(view, Screen):
            yield from (address(rule), f"{address(rule)}?{urlencode({'id': id} | whole)}")
        elif "verb" in rule.arguments:  # the pages lead to what each may do; whoever may all is shown every form
            yield from (f"{address(rule, verb=view.short(one))}?id={id}" for one in ACTIONS.values()
                        if one.subject is model and everything)
        elif "export_type" in rule.arguments:
            yield from (address(rule, export_type=kind) for kind in ("csv", "xlsx"))
        else:
            yield address(rule) if rule.endpoint.endswith((".index_view", ".create_view")) else (
                f"{address(rule)}?id={id}")


def is_walked(app: Flask, rule: Rule) -> bool:
    """Whether somebody can open it by GET: what a screen does not offer at all, test_permissions proves closed."""
    view, name = owner(app, rule), rule.endpoint.partition(".")[2]
    if "GET" not in (rule.methods or ()) or is_open(rule) or rule.endpoint in UNWALKED or name == "ajax_lookup":
        return False
    return not isinstance(view, Screen) or getattr(view, OFFERED.get(name, ""), True)


LINK = re.compile(r'(?:href|src|action)="(/[^"]*)"')
PASSED = {"sort", "desc", "page", "page_size"}  # another order of the same


def kind_of(app: Flask, url: str) -> tuple[Any, ...] | None:
    """The sort of page that an address leads to; None for what is not walked."""
    parts = urlsplit(url)
    try:
        endpoint, arguments = app.url_map.bind("localhost").match(parts.path, method="GET")
    except HTTPException:
        return None
    if endpoint.endswith("static") or endpoint in ("user.language", "city_css", "user.logout"):
        return None
    names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if names & PASSED or any(name.startswith("flt") for name in names):
        return None
    return endpoint, tuple(sorted(arguments.items())), tuple(sorted(names))


def walked(app: Flask, client: FlaskClient, begin: Iterator[str], within: str) -> Iterator[tuple[str, str, int, str]]:
    """(endpoint, address, status, everything that it says) of all that can be opened from these addresses."""
    waiting, known, count, closed = deque(begin), set[str](), Counter[Any](), set[str]()
    first = len(waiting)
    for number in range(100_000):
        if not waiting:
            return
        url = waiting.popleft()
        sort = kind_of(app, url)
        if url in known or sort is None or not url.startswith(("/office", "/my", "/account", "/tablet")):
            continue
        known.add(url)
        if number >= first:
            count[sort] += 1
            if count[sort] > MOST:
                continue
        screen = sort[0].partition(".")[0]
        if screen in closed:
            continue  # test_permissions proves that nothing of a screen opens to whom it is closed
        page = client.get(url)
        if page.status_code == 403 and sort[0].endswith(".index_view"):
            closed.add(screen)
        text = said(page)
        yield sort[0], url, page.status_code, text
        if page.mimetype == "text/html" and page.status_code == 200:
            waiting.extend(unescape(one).partition("#")[0] for one in LINK.findall(page.text))


def said(page: Any) -> str:
    """All that an answer holds, whatever it is made of: its text, and what stands in its head."""
    return f"{page.headers} {content(page.data, page.mimetype)}"


def content(data: bytes, kind: str = "") -> str:
    if data.startswith(b"%PDF"):
        try:
            paper = PdfReader(io.BytesIO(data))
            return " ".join([str(dict(paper.metadata or {})), *(one.extract_text() for one in paper.pages)])
        except Exception:  # a stand-in of a test
            return data.decode("latin-1")
    if data.startswith(b"PK"):
        if "sheet" in kind or b"xl/workbook.xml" in data:
            book = load_workbook(io.BytesIO(data))
            return " ".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return " ".join([*packed.namelist(), *(content(packed.read(name)) for name in packed.namelist())])
    for encoding in ("utf-8", "iso-8859-1"):
        try:
            return unescape(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    return ""


def shows(text: str, words: tuple[str, ...]) -> list[str]:
    return [word for word in words if word.lower() in text.lower()]


def test_what_is_restricted_is_seen_by_nobody_who_may_not(
    app: Flask, by: Callable[..., Actor], browser: Callable[[Any], FlaskClient],
) -> None:
    secret = hidden_family(by)
    ids = {model: row.id for model, row in secret.home.rows.items()}
    ids |= {Batch: db.session.scalars(select(Batch.id).order_by(Batch.id.desc())).first(),
            Thread: db.session.scalars(select(Thread.id).order_by(Thread.id.desc())).first()}
    users, token = dict(secret.users), secret.device.token
    some, every = (list(addresses(app, ids, secret, everything=one)) for one in (False, True))
    keep()
    moved(browser(users["service_worker"]), secret.home.guardian.id)
    opened, leaks, faults = set(), [], []
    for who in ("guardian", *FORBIDDEN):
        if who == "tablet":
            client = app.test_client()
            client.set_cookie("evaka_device", token, path="/tablet")
        else:
            client = browser(users[who])
        side = "/tablet" if who == "tablet" else "/my" if "guardian" in who else "/office"
        own = [one for one in (every if who == "admin" else some) if one.startswith((side, "/account"))]
        found = set(); import time as time_; began = time_.time(); known_urls = []
        for endpoint, url, status, text in walked(app, client, iter(own), side):
            known_urls.append(url)
            if status == 200:
                opened.add(endpoint)
            if status >= 500:
                faults.append((who, url, status))
            found |= set(shows(text, (*HOME, *REACH, *WHERE, *NAMES)))
            if endpoint not in KNOWS.get(who, ()) and (seen := shows(text, FORBIDDEN.get(who, ()))):
                leaks.append((who, url, status, seen))
        print(who, len(known_urls), round(time_.time() - began, 1))
        if who == "guardian":
            assert found >= {"Piilopaikka", "Piilotapahtuma", "Piilosyy"}, found  # it is there to be seen
        if who in KNOWS:
            assert "Salakuja" in found, who  # by whom the address is needed
    assert not leaks, "\n".join(map(str, leaks))
    assert not faults, faults
    assert {rule.endpoint for rule in app.url_map.iter_rules() if is_walked(app, rule)} - opened == set()
    print("JOURNAL", db.session.execute(select(AuditEvent.action, AuditEvent.user_id, AuditEvent.person_id).where(AuditEvent.action == "person.see_restricted")).all())
