"""Nonsense in every field of every form of the guardians' pages: a sentence, and what was typed is still there.

Forms are found in the pages themselves, so a new one is tried from its first day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from evaka.access import Actor
from evaka.models.base import db
from evaka.rules.application import ApplicationStatus, Origin
from evaka.rules.income.statement import StatementKind, StatementStatus
from tests import factories
from tests.views.test_permissions import Family, family

pytestmark = pytest.mark.usefixtures("database")
NONSENSE = {
    "nothing": "", "much": "å" * 10_000, "signs": "a\0b<b>²']--%00\u202e-1e999", "no such day": "31.2.2026",
    "many digits": "9" * 400,
}
WRITTEN = ("text", "search", "tel", "email", "number", "textarea")  # of these what was typed is shown again


@dataclass
class Form:
    """A form as it stands in a page: where it is sent, and its fields by name with their kind and first value."""

    action: str
    method: str
    fields: list[tuple[str, str, str]] = field(default_factory=list)


class Forms(HTMLParser):
    def __init__(self, url: str, text: str) -> None:
        super().__init__()
        self.url, self.found, self.area, self.links = url, list[Form](), "", list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "a" and known.get("href", "").startswith("/my"):
            self.links.append(known["href"].partition("#")[0])
        if tag == "form":
            self.found.append(Form(urljoin(self.url, known.get("action") or self.url), known.get("method", "get")))
        elif self.found and "name" in known and tag in ("input", "textarea", "select", "button"):
            kind = known.get("type", "text") if tag == "input" else tag
            self.found[-1].fields.append((known["name"], kind, known.get("value", "")))


def forms(client: FlaskClient) -> Iterator[tuple[str, Form]]:
    """(page, form) of the guardians' pages, each kind of form once."""
    waiting, pages, known = ["/my/"], set[str](), set[Any]()
    while waiting:
        url = waiting.pop()
        sort = urlsplit(url).path, tuple(sorted(part.partition("=")[0] for part in urlsplit(url).query.split("&")))
        if url in pages or sum(one[0] == sort for one in known if len(one) == 2) > 2:
            continue
        pages.add(url)
        known.add((sort, url))
        page = client.get(url)
        if page.status_code in (302, 303):
            waiting.append(page.location)
        if page.status_code != 200 or page.mimetype != "text/html":
            continue
        read = Forms(url, page.text)
        waiting.extend(read.links)
        for one in read.found:
            kind = urlsplit(one.action).path, one.method, tuple(sorted({name for name, *_ in one.fields}))
            if one.method == "post" and one.action.startswith("/my") and kind not in known:
                known.add(kind)
                yield url, one


def nonsense(form: Form, what: str) -> MultiDict[str, str]:
    """The form with the same nonsense in whatever can be typed or chosen; versions and tokens stay."""
    sent: MultiDict[str, str] = MultiDict()
    for name, kind, value in form.fields:
        if kind in ("hidden", "button", "submit"):
            if kind == "hidden":
                sent.add(name, value)
            else:
                sent.setlist(name, [value])  # of several buttons the last one is pressed
        elif kind != "file" and not (what == "nothing" and kind in ("checkbox", "radio")):
            sent.setlist(name, [NONSENSE[what]])
    return sent


def everything(by: Callable[..., Actor]) -> Family:
    """A family for which each page of the guardians has something to fill in."""
    here = family(by)
    unit = here.place.unit
    factories.application(here.child, [unit], status=ApplicationStatus.CREATED, origin=Origin.ELECTRONIC,
                          guardian=here.guardian)
    factories.application(here.child, [unit], status=ApplicationStatus.SENT, origin=Origin.ELECTRONIC,
                          guardian=here.guardian)
    factories.statement(here.guardian, status=StatementStatus.DRAFT, kind=StatementKind.INCOME,
                        start=date(2026, 9, 1), sent_at=None)
    return here


def test_no_nonsense_is_a_fault_and_nothing_typed_is_lost(
    app: Flask, by: Callable[..., Actor], browser: Callable[[Any], FlaskClient],
) -> None:
    client = browser(everything(by).rows[factories.User])
    found = list(forms(client))
    assert len(found) > 12, [one.action for _, one in found]
    faults, lost, quiet = [], [], []
    for page, form in found:
        for what, typed in NONSENSE.items():
            opened = client.get(page)
            same = next((one for one in Forms(page, opened.text).found if urlsplit(one.action) == urlsplit(form.action)
                         and {name for name, *_ in one.fields} == {name for name, *_ in form.fields}), None)
            if opened.status_code != 200 or same is None:
                continue  # it has been sent: there is nothing more to fill in
            sent = nonsense(same, what)
            answer = client.post(form.action, data=sent)
            told = form.action, what, answer.status_code
            if answer.status_code >= 500 or answer.status_code == 400:
                faults.append(told)
            if answer.status_code != 200:
                continue
            if 'class="alert' not in answer.text and "of-mistakes" not in answer.text and "of-error" not in answer.text:
                quiet.append(told)
            shown = escape(typed.replace("\0", "")[:100], quote=False)
            written = [name for name, kind, _ in same.fields if kind in WRITTEN]
            if typed and written and shown not in answer.text.replace("&#39;", "'").replace("&#34;", '"'):
                lost.append((*told, written[:3]))
    assert not faults, "\n".join(map(str, faults))
    assert not lost, "\n".join(map(str, lost))
    assert not quiet, "\n".join(map(str, quiet))
    db.session.rollback()
