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
from evaka.jobs import JOBS, run
from evaka.models.base import db
from evaka.models.decision.dispatch import Dispatch
from evaka.models.document import Document
from evaka.models.journal import AuditEvent, Email
from evaka.models.ledger import Batch
from evaka.models.message import Thread
from evaka.models.person import Person
from evaka.views.base import Screen
from tests.conftest import keep
from tests.hidden import HOME, NAMES, REACH, WHERE, Secret, hidden_family
from tests.jobs.test_journal import Post, post  # noqa: F401  # a mail server on this machine
from tests.views.test_permissions import address, is_open, owner

pytestmark = pytest.mark.usefixtures("database")
# who may not see what, but where KNOWS says so
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
    "front": "leads on to the first page",
    "user.second_factor": "asked between password and log-in: nobody is known yet",
}
OFFERED = {"create_view": "can_create", "edit_view": "can_edit", "delete_page": "can_delete", "export": "can_export",
           "details_view": "can_view_details"}
MOST = 1  # pages of one kind to which links are followed, besides those with the family's own numbers


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
             "month": "2026-06-01", "kept": secret.home.guardian.id, "gone": secret.double, "q": "Kätk",
             "search": "Kätk", "all": "1", "kind": "person"}
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: not one.endpoint.endswith(".index_view")):
        if not is_walked(app, rule):
            continue
        view = owner(app, rule)
        model = getattr(view, "model", None)
        id = secret.pages.get(rule.endpoint) or ids.get(model, secret.home.child.id)
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
        if page.status_code in (302, 303):
            waiting.append(urlsplit(page.location)._replace(scheme="", netloc="", fragment="").geturl())
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
    seers = {users[who].id for who in KNOWS}
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
        found = set[str]()
        for endpoint, url, status, text in walked(app, client, iter(own), side):
            if status < 400:
                opened.add(endpoint)
            if status >= 500:
                faults.append((who, url, status))
            found |= set(shows(text, (*HOME, *REACH, *WHERE, *NAMES)))
            if endpoint not in KNOWS.get(who, ()) and (seen := shows(text, FORBIDDEN.get(who, ()))):
                leaks.append((who, url, status, seen))
        if who == "guardian":
            assert found >= {"Piilopaikka", "Piilotapahtuma", "Piilosyy"}, found  # it is there to be seen
        if who in KNOWS:
            assert "Salakuja" in found, who  # by whom the address is needed
    assert not leaks, "\n".join(map(str, leaks))
    assert not faults, faults
    missing = {rule.endpoint for rule in app.url_map.iter_rules() if is_walked(app, rule)} - opened
    missing = {one for one in missing if not one.endswith(".do")}  # not every row has something to be done today
    assert not missing, "\n".join(sorted(missing))
    read = select(AuditEvent.user_id).where(AuditEvent.action == "person.see_restricted").distinct()
    assert set(db.session.scalars(read)) == seers


def test_no_mail_and_no_paper_tells_it(
    app: Flask, by: Callable[..., Actor], post: Post,  # noqa: F811
) -> None:
    """The jobs of a night are run, and every mail is sent; then what has left the house is read."""
    secret = hidden_family(by)
    keep()
    others = {secret.users[who].person.email: who for who in ("other guardian", "blocked guardian")}
    own = secret.home.guardian.email
    before = set(db.session.scalars(select(Email.id)))
    for name, job in JOBS.items():
        if name not in ("journal.send_email", "index_day.reckon", "index_day.send"):
            run(job, by(day="2026-06-02"))
    told = db.session.execute(select(Email.text, Person.email).join(Person, Person.id == Email.person_id)
                              .where(Email.id.not_in(before))).all()
    assert {text for text, address_ in told if address_ == own} >= {"closure_waits", "event_waits"}
    assert [text for text, address_ in told if address_ in others] == []
    run(JOBS["journal.send_email"], by(day="2026-06-03"))
    assert len(post.mails) > 3
    for _, mail, whole in post.mails:
        assert not shows(f"{mail['Subject']} {mail.get_content()} {whole!r}", (*HOME, *WHERE, *NAMES))
    papers = [(one.name, one.content) for model in (Document, Batch, Dispatch)
              for one in db.session.scalars(select(model))]
    assert len(papers) > 6
    for name, content_ in papers:
        assert not shows(f"{name} {content(content_)}", HOME), name
    for one in db.session.scalars(select(Batch)):
        assert not shows(content(one.content), WHERE), one.name


def test_what_a_pin_opens_on_a_tablet_holds_no_address(app: Flask, by: Callable[..., Actor]) -> None:
    secret = hidden_family(by)
    child, user, token = secret.home.child.id, secret.users["staff"].id, secret.device.token
    keep()
    client = app.test_client()
    client.set_cookie("evaka_device", token, path="/tablet")
    page = client.post("/tablet/child/facts", data={"child": child, "user": user, "pin": "2580"})
    assert page.status_code == 200
    assert shows(page.text, REACH)  # whom to call stands there
    assert not shows(page.text, HOME)
