"""What bad input, hurry and a failing machine must not do."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, current_app
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import func, select

from evaka import settings_from_environment
from evaka.actions import person as act
from evaka.kit import identity
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.fee import FeeAlteration
from evaka.models.journal import AuditEvent
from evaka.models.placement import GroupPlacement
from evaka.models.unit import Area, Caretakers, Unit
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import DecisionStatus
from tests import factories
from tests.conftest import statements
from tests.pages import press, refused, seen

pytestmark = pytest.mark.usefixtures("database")
Open = Callable[[Any], FlaskClient]
CODE = identity.made(date(1990, 1, 1), 901)


def form(browser: FlaskClient, address: str) -> dict[str, str]:
    """What the form at an address holds when it is opened; one of each field."""
    page = browser.get(address)
    assert page.status_code == 200, page.status_code
    found = dict(re.findall(r'<input(?![^>]*type="checkbox")[^>]*name="(\w+)"[^>]*value="([^"]*)"', page.text))
    for name, chosen in re.findall(r'<select[^>]*name="(\w+)".*?<option selected value="([^"]*)"', page.text, re.S):
        found.setdefault(name, chosen)
    return found


# -- what is typed --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["2147483648", "9" * 15, "9" * 400, "-1", "²", "1,2"])
def test_numbers_that_no_row_has_are_no_fault(browser: Open, number: str) -> None:
    admin = browser(factories.user("admin"))
    assert admin.get("/office/message/", query_string={"post": number}).status_code == 200
    assert admin.get("/office/message/to_child/", query_string={"id": number}).status_code == 404


def test_spaces_are_no_name(browser: Open) -> None:
    admin = browser(factories.user("admin"))
    page = admin.post("/office/area/new/", data={"name": " \u00a0 "})
    assert any("täytä" in one for one in refused(page))
    assert db.session.scalar(select(func.count(Area.id))) == 0


def test_signs_that_no_page_shows_are_not_kept_and_spoil_no_export(browser: Open) -> None:
    admin = browser(factories.user("admin"))
    admin.post("/office/area/new/", data={"name": " Etelä\x0b\x01inen\x7f "})
    area = db.session.scalars(select(Area)).one()
    assert area.name == "Eteläinen"

    db.session.execute(sa.update(Area).values(name="Etelä\x01inen"))  # as some other program may have left it
    db.session.commit()
    found = admin.get("/office/area/export/xlsx/")
    assert found.status_code == 200
    assert [row[0].value for row in load_workbook(BytesIO(found.data)).active.rows][1:] == ["Eteläinen"]


@pytest.mark.parametrize("amount", ["-5", "1000", "2147483648"])
def test_adults_are_counted_in_numbers_that_can_be(browser: Open, amount: str) -> None:
    group = factories.group(factories.unit())
    row = db.session.scalars(select(Caretakers).where(Caretakers.group_id == group.id)).one()
    admin = browser(factories.user("admin"))
    typed = {"group": group.id, "amount": amount, "start": "2020-01-01", "end": ""}
    page = press(admin, f"/office/caretakers/edit/?id={row.id}", **typed)
    assert any("vähintään 0 ja enintään 999" in one for one in refused(page))
    assert not refused(press(admin, f"/office/caretakers/edit/?id={row.id}", **typed | {"amount": "0"}))


def test_a_unit_has_a_language_of_the_list(browser: Open) -> None:
    unit = factories.unit()
    admin = browser(factories.user("admin"))
    address = f"/office/unit/edit/?id={unit.id}"
    page = press(admin, address, **form(admin, address) | {"language": "", "care_types": "daycare"})
    assert refused(page)
    assert db.session.scalar(select(Unit.language)) == "fi"


def test_saving_a_person_as_it_is_changes_nothing(browser: Open) -> None:
    person = factories.person(identity_code=CODE)
    admin = browser(factories.user("admin"))
    address = f"/office/person/edit/?id={person.id}"
    assert not refused(press(admin, address, **form(admin, address) | {"language": "fi", "allergies": " \r\n"}))
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "person.edit")).one()
    assert "changes" not in line.facts


def test_nobody_is_born_later_than_today(browser: Open) -> None:
    person = factories.person()
    admin = browser(factories.user("admin"))
    address = f"/office/person/edit/?id={person.id}"
    page = press(admin, address, **form(admin, address) | {"language": "fi", "born": "2026-06-02"})
    assert any("2.6.2026" in one and "1.6.2026" in one for one in refused(page))


# -- who types twice, and who types at the same time ----------------------------------------------------


def test_a_form_that_only_adds_is_done_once_however_often_it_is_sent(browser: Open) -> None:
    child = factories.child()
    finance = factories.user("finance", name="Tauno Laskunen")
    client = browser(finance)
    address = f"/office/person/do/fee.relief/?id={child.id}"
    typed = form(client, address) | {"kind": "relief", "start": "2026-08-01", "amount": "50"}

    first = client.post(address, data=typed)
    second = client.post(address, data=typed)

    assert (first.status_code, second.status_code) == (302, 200)
    assert any("Tauno Laskunen" in one for one in refused(second))
    assert db.session.scalar(select(func.count(FeeAlteration.id))) == 1


def test_of_two_who_choose_a_group_the_second_is_told(browser: Open) -> None:
    unit = factories.unit()
    one, other = factories.group(unit), factories.group(unit, "Ketut")
    place = factories.placement(factories.child(), date(2026, 8, 1), date(2027, 7, 31), unit=unit)
    admin = browser(factories.user("admin"))
    address = f"/office/placement/do/place_in_group/?id={place.id}"
    opened = form(admin, address) | {"start": "2026-09-01"}

    assert admin.post(address, data=opened | {"group": one.id}).status_code == 302
    assert refused(admin.post(address, data=opened | {"group": other.id}))

    assert [row.group_id for row in db.session.scalars(select(GroupPlacement))] == [one.id]


def test_who_saves_at_the_same_moment_is_told_by_whom(app: Flask, browser: Open) -> None:
    child = factories.child()
    asked = factories.application(child, status=ApplicationStatus.WAITING_GUARDIAN)
    decision = factories.decision(child, application=asked, status=DecisionStatus.SENT)
    address = f"/office/decision/do/{{}}/?id={decision.id}"
    clients = [browser(factories.user("admin", name=name)) for name in ("Aino Yksi", "Eino Kaksi")]
    forms = [form(clients[0], address.format("accept")) | {"start": "2026-08-10"},
             form(clients[1], address.format("reject"))]
    answers: list[Any] = [None, None]
    together = Barrier(2)

    def answer(n: int) -> None:
        with app.app_context():
            together.wait()
            answers[n] = clients[n].post(address.format(("accept", "reject")[n]), data=forms[n])

    threads = [Thread(target=answer, args=(n,)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(one.status_code for one in answers) == [200, 302]
    loser = answers.index(next(one for one in answers if one.status_code == 200))
    winner = ("Aino Yksi", "Eino Kaksi")[1 - loser]
    assert any(one.startswith(f"{winner} tallensi") for one in refused(answers[loser]))
    db.session.expire_all()
    status = db.session.scalar(select(Decision.status))
    assert status is (DecisionStatus.ACCEPTED if loser else DecisionStatus.REJECTED)


def test_many_rows_are_held_before_the_first_is_changed(browser: Open) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite lets one write at a time")
    rows = [factories.application(status=ApplicationStatus.SENT) for _ in range(2)]
    admin = browser(factories.user("admin"))
    with statements() as asked:
        admin.post("/office/application/bulk/", data={
            "verb": "take", "confirmed": "1", "rowid": [row.id for row in rows]})
    held = next(n for n, one in enumerate(asked) if "FOR UPDATE OF application" in one)
    assert held < next(n for n, one in enumerate(asked) if one.startswith("UPDATE"))


# -- what must not be told ------------------------------------------------------------------------------


def test_no_identity_code_stands_in_the_journal(browser: Open, by: Callable[..., Any]) -> None:
    factories.person(born=date(1990, 1, 1), identity_code=CODE)
    child = factories.child()
    admin = factories.user("admin")
    act.add_guardian(child, by(admin), identity_code=CODE)
    child.identity_code = identity.made(child.born, 902)
    client = browser(admin)
    client.get("/office/person/export/csv/", query_string={"search": CODE.lower()})
    press(client, f"/office/person/do/person.block_guardian/?id={child.id}", reason=f"Tuomio {CODE}.")

    kept = [str(line.facts) for line in db.session.scalars(select(AuditEvent))]
    assert any("010190-…" in one for one in kept)
    assert not [one for one in kept if CODE[7:] in one.upper()]


@pytest.mark.parametrize(("text", "kept"), [
    ("131052-308T", "131052-…"), ("haku 131052\u2013308t.", "haku 131052\u2013…."),
    ("131052A308T ja 010594Y9021", "131052A… ja 010594Y…"),
    ("131052 -308T", "131052 -…"), ("040 555 0100", "040 555 0100"), ("2026-08-01", "2026-08-01"), ("", ""),
    ("1310521-308T", "1310521-308T"), ("FI21 1234 5600 0007 85", "FI21 1234 5600 0007 85"),
])
def test_a_code_is_hidden_wherever_it_stands(text: str, kept: str) -> None:
    assert identity.hidden(text) == kept


def test_what_the_program_keeps_is_for_nobody_else_on_the_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EVAKA_DATA", str(tmp_path / "data"))
    before = os.umask(0o022)
    try:
        folder = settings_from_environment()["DATA"]
        (folder / "evaka.sqlite").touch()
    finally:
        os.umask(before)
    for one in (folder, folder / "secret.key", folder / "evaka.sqlite"):
        assert stat.S_IMODE(one.stat().st_mode) & 0o077 == 0, one


# -- a machine that fails -------------------------------------------------------------------------------


def test_a_file_that_cannot_be_noted_as_read_is_not_shown(browser: Open) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("a full disk is tried on SQLite")
    person = factories.person()
    id, name = person.id, person.first_name
    admin = browser(factories.user("admin"))

    def fill(connection: Any, *_more: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    current_app.config["PROPAGATE_EXCEPTIONS"] = False
    sa.event.listen(db.engine, "checkout", fill)
    try:
        page = admin.get(f"/office/person/details/?id={id}")
    finally:
        current_app.config["PROPAGATE_EXCEPTIONS"] = None
        sa.event.remove(db.engine, "checkout", fill)
        db.session.remove()
        db.engine.dispose()
    assert page.status_code == 503
    assert name not in page.text
    assert "Tietokanta ei vastannut" in seen(page)


def test_the_look_of_a_page_asks_nothing_of_the_database(browser: Open) -> None:
    admin = browser(factories.user("admin"))
    with statements() as asked, admin.get("/static/office.css") as page:
        assert page.status_code == 200
    assert asked == []


def test_a_port_in_use_is_said_at_once() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        found = subprocess.run(
            [sys.executable, "-m", "gunicorn", "-c", "evaka/serve.py", "app:app"], timeout=30, text=True,
            capture_output=True, env=os.environ | {"PORT": str(port)}, cwd=Path(__file__).parent.parent, check=False)
    assert found.returncode == 1
    assert f"Port {port} of 127.0.0.1 is in use." in found.stderr
