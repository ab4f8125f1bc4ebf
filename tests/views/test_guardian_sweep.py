"""The guardians' own pages with numbers that are not theirs: every address and every action, looking and sending.

Of another family; of the own family, once the guardian has been blocked; and of a child that has come of age.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.routing import Rule

from evaka.access import Actor, reaches
from evaka.actions import ACTIONS
from evaka.jobs import JOBS, run
from evaka.kit.errors import Denied
from evaka.models.application import Application
from evaka.models.attendance import AbsenceApplication
from evaka.models.base import Model, db
from evaka.models.calendar.event import DiscussionTime
from evaka.models.decision import Decision
from evaka.models.document import Document
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice
from evaka.models.message import Thread
from evaka.models.person import FosterParent, Guardian, Person
from evaka.models.placement import Placement
from evaka.models.placement.need_change import NeedChange
from evaka.models.placement.termination import Termination
from evaka.views.base import Screen
from tests import factories
from tests.conftest import keep
from tests.views.test_permissions import Family, address, entered, family, methods, owner, snapshot

pytestmark = pytest.mark.usefixtures("database")
# what is about a child: of the family's own money a blocked guardian remains the payer
OF_CHILD = (Application, Decision, Placement, Termination, NeedChange, AbsenceApplication, Person, Thread, Document,
            DiscussionTime)
ROWS = ("details_view", "edit_view", "delete_view", "delete_page", "do", "download", "fill", "attach", "detach",
        "paper", "print_view", "file_view")


def numbers(of: Family) -> MultiDict[str, Any]:
    """What all the forms of the guardians' pages together name of a family, as a browser would send it."""
    child, place = of.child.id, of.place
    slot = of.rows[DiscussionTime].id
    named = {
        "id": child, "child": child, "children": child, "rowid": child, "person": of.guardian.id, "time": slot,
        "press": "book", "title": "Vieras", "body": "Vieras", "step": "send", "day": "2026-06-15", "week": "2026-06-15",
        "first": "2026-06-15", "last": "2026-06-15", "begins": "8.00", "ends": "16.00", "kind": "other",
        "away": f"{child}:2026-06-15", "at": f"{child}:2026-06-15", "notice": 1, "paper": 1, "row_version": 1,
        "verb": "send", "confirmed": "1", "answer": "yes", "name": "",
        "to": [f"group-{place.groups[0].group_id}", f"person-{of.guardian.id}"],
    }
    return MultiDict(named)


def mine(app: Flask) -> Iterator[Rule]:
    return (rule for rule in app.url_map.iter_rules()
            if rule.rule.startswith("/my/") and not rule.endpoint.endswith(".static"))


@dataclass
class Theirs:
    """The family's numbers, taken while the rows are there."""

    ids: dict[type[Model], int]
    asked: MultiDict[str, Any]
    child: int
    names: tuple[str, str]

    @classmethod
    def of(cls, found: Family) -> Theirs:
        child = found.child
        return cls({model: row.id for model, row in found.rows.items()}, numbers(found), child.id,
                   (child.first_name, child.last_name))


def tried(app: Flask, client: FlaskClient, of: Theirs, models: Collection[type[Model]] | None = None) -> int:
    """Open and send every address with the family's numbers; answers how many rows were shut."""
    ids, asked, shut = of.ids, of.asked, 0
    for rule in mine(app):
        view, name = owner(app, rule), rule.endpoint.partition(".")[2]
        model = getattr(view, "model", None)
        if models and model is not None and model not in models:
            continue
        verbs = [view.short(one) for one in ACTIONS.values() if one.subject is model] if (
            isinstance(view, Screen) and "verb" in rule.arguments) else ["none"]
        id = ids.get(model, of.child)
        for verb in verbs:
            for method in methods(rule):
                sent = MultiDict(asked) if method == "POST" else None
                if sent is not None:
                    sent.setlist("id", [id])
                    sent.setlist("rowid", [id])
                query = {"id": id, "child": of.child, "children": of.child, "day": "2026-06-15"}
                page = client.open(address(rule, verb=verb), method=method, query_string=query, data=sent)
                what = rule.endpoint, verb, method, page.status_code
                assert page.status_code < 500, what
                if isinstance(view, Screen) and name in ROWS:
                    assert page.status_code in (403, 404), what
                    shut += 1
                elif page.status_code == 200:
                    assert not [one for one in of.names if one in page.text], what
    return shut


def denied(actor: Actor, of: Theirs, models: Collection[type[Model]] | None = None) -> int:
    """Run every action of the guardians' role on the family's rows; answers how many were refused."""
    count = 0
    for key, action in ACTIONS.items():
        id = of.ids.get(action.subject)
        if not reaches("guardian", key) or id is None or (models and action.subject not in models):
            continue
        row = db.session.get_one(action.subject, id)
        with pytest.raises(Denied), db.session.begin_nested():
            action.run(row, actor, **dict.fromkeys(action.inputs))
        count += 1
    return count


def test_another_familys_numbers_open_and_change_nothing(
    app: Flask, by: Callable[..., Actor], browser: Callable[[Any], FlaskClient],
) -> None:
    stranger, there = factories.user("guardian", person=factories.child().guardians[0]), Theirs.of(family(by))
    stranger, client = entered(stranger, browser)
    before = snapshot()
    assert tried(app, client, there) > 100
    assert snapshot() == before
    assert denied(by(stranger), there) > 25
    db.session.rollback()
    assert snapshot() == before


def test_own_numbers_open_what_they_name(
    app: Flask, by: Callable[..., Actor], browser: Callable[[Any], FlaskClient],
) -> None:
    """Else the other tests would prove nothing."""
    here = family(by)
    ids = {model: row.id for model, row in here.rows.items()}
    client = browser(here.rows[factories.User])
    opened = [owner(app, rule).model for rule in mine(app) if rule.endpoint.endswith(".details_view")
              and client.get(f"{rule.rule}?id={ids[owner(app, rule).model]}").status_code == 200]
    assert {Person, Placement, Decision, Thread, FeeDecision, Invoice} <= {*opened}


def test_who_has_been_blocked_reaches_nothing_about_the_child(
    app: Flask, by: Callable[..., Actor], browser: Callable[[Any], FlaskClient],
) -> None:
    found = family(by)
    here, user = Theirs.of(found), found.rows[factories.User]
    for row in db.session.scalars(select(Guardian).where(Guardian.guardian_id == found.guardian.id)):
        row.blocked = True
    user, client = entered(user, browser)
    before = snapshot()
    assert tried(app, client, here, OF_CHILD) > 60
    assert denied(by(user), here, OF_CHILD) > 20
    db.session.rollback()
    assert snapshot() == before


def test_who_has_come_of_age_is_nobodys_child_any_more(
    app: Flask, by: Callable[..., Actor], browser: Callable[[Any], FlaskClient],
) -> None:
    """One's own letters remain one's own."""
    about = [one for one in OF_CHILD if one is not Thread]
    found = family(by)
    here, user, child = Theirs.of(found), found.rows[factories.User], found.child
    child.born = date(2008, 5, 31)  # eighteen since yesterday
    db.session.query(FosterParent).delete()
    keep()
    run(JOBS["person.lapse_at_eighteen"], by())
    assert db.session.scalar(select(Guardian.id).where(Guardian.child_id == child.id)) is None
    user, client = entered(user, browser)
    before = snapshot()
    assert tried(app, client, here, about) > 60
    assert denied(by(user), here, about) > 20
    db.session.rollback()
    assert snapshot() == before
