"""Notices through a real mail server on this machine, read back; and one that is not there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.jobs import run
from evaka.jobs.journal import BATCH, SEND_EMAIL
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent, Email
from evaka.models.person import Person
from evaka.texts import LANGUAGES, say, words
from tests import factories
from tests.conftest import keep

NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)
TEXTS = ("decision_waits", "decision_answered", "fee_sent", "invoice_sent", "message_waits")


class Post:
    """A mail server: what it took, whom it refuses, and how many conversations there were."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage, bytes]] = []
        self.refused: dict[str, str] = {}
        self.conversations: set[Any] = set()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _: Any) -> str:  # noqa: N802
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.conversations.add(session.peer)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope.rcpt_tos[0], mail, envelope.content))
        return "250 OK"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def post(app: Flask, database: None) -> Iterator[Post]:
    """The mail server of the city, which answers."""
    server = Post()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    app.config["SMTP"] = f"127.0.0.1:{controller.port}"
    yield server
    app.config["SMTP"] = ""
    controller.stop()


@pytest.fixture
def no_post(app: Flask, database: None) -> Iterator[None]:
    """The mail server of the city, which does not answer."""
    app.config["SMTP"] = f"127.0.0.1:{free_port()}"
    yield
    app.config["SMTP"] = ""


def at(moment: datetime) -> Actor:
    return Actor(None, moment)


def guardian(email: str | None = "maija.virtanen@example.fi", language: str = "fi") -> Person:
    return factories.person(first_name="Maija", last_name="Virtanen", email=email, language=language)


def notice(person: Person | None = None, text: str = "decision_waits") -> Email:
    """A notice that waits since noon."""
    row = Email(person_id=(person or guardian()).id, text=text, made_at=NOON, next_try=NOON)
    factories.save(row)
    keep()
    return row


def test_a_notice_goes_once_and_in_the_readers_language(post):
    sent = [notice(guardian(f"{language}@example.fi", language)) for language in LANGUAGES]
    assert run(SEND_EMAIL, at(NOON)).done == 3
    assert [address for address, _, _ in post.mails] == ["fi@example.fi", "sv@example.fi", "en@example.fi"]
    assert [mail["Subject"] for _, mail, _ in post.mails] == [
        "Palvelussa odottaa päätös",
        "Ett beslut väntar i tjänsten",
        "A decision waits for you in the service",
    ]
    assert [mail["Content-Language"] for _, mail, _ in post.mails] == ["fi", "sv", "en"]
    assert [(email.sent_at, email.next_try) for email in sent] == [(NOON, None)] * 3
    assert run(SEND_EMAIL, at(NOON + timedelta(days=1))).done == 0
    assert len(post.mails) == 3


def test_a_notice_is_from_the_office_and_asks_for_no_automatic_answer(post):
    notice()
    run(SEND_EMAIL, at(NOON + timedelta(minutes=1)))
    [(_, mail, _)] = post.mails
    office = city.read("city")["city"]
    [sender] = mail["From"].addresses
    assert sender.addr_spec == office["email"]
    assert sender.display_name == f"{office['department']['fi']}, {office['name']}"
    assert mail["To"] == "maija.virtanen@example.fi"
    assert mail["Date"].datetime == NOON + timedelta(minutes=1)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    body = mail.get_content()
    assert "https://evaka.example.fi" in body
    assert office["phone"] in body


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_says_that_something_waits_and_never_what(post, language, text):
    person = guardian(language=language)
    factories.child(person, first_name="Lumi", last_name="Koskela")
    notice(person, text)
    run(SEND_EMAIL, at(NOON))
    [(_, mail, _)] = post.mails
    told = f"{mail['Subject']} {mail['From']} {mail.get_content()}"
    for secret in ("Virtanen", "Maija", "Koskela", "Lumi"):
        assert secret not in told.replace(city.read("city")["city"]["phone"], "")
    assert "[" not in told  # no text is missing
    assert "{" not in told  # and no gap is empty


def test_every_notice_that_the_program_sends_has_words():
    keys = {f"email.{text}.{part}" for text in TEXTS for part in ("subject", "body")}
    assert all(keys <= words(language).keys() for language in LANGUAGES)


def test_without_an_address_of_the_service_there_is_no_link(app, post):
    notice()
    app.config["BASE_URL"] = ""
    try:
        run(SEND_EMAIL, at(NOON))
    finally:
        app.config["BASE_URL"] = "https://evaka.example.fi"
    [(_, mail, _)] = post.mails
    assert say("email.link", "fi", link="") not in mail.get_content()


def test_while_the_mail_server_is_silent_a_notice_waits_longer_each_time_and_is_given_up(no_post):
    email = notice()
    now, waits = NOON, []
    while email.next_try is not None:
        assert run(SEND_EMAIL, at(now - timedelta(seconds=1))).failed == {}  # not before its time
        assert run(SEND_EMAIL, at(now)).failed == {email.id: "ConnectionRefusedError"}
        if email.next_try is not None:
            waits.append(email.next_try - now)
            now = email.next_try
    assert waits == [timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12)]
    assert email.tries == 5
    assert "refused" in email.error
    assert email.sent_at is None
    assert run(SEND_EMAIL, at(now + timedelta(days=9))).failed == {}


def test_a_notice_goes_after_all_when_the_server_answers_again(no_post, app, request):
    email = notice()
    run(SEND_EMAIL, at(NOON))
    assert email.error
    post = request.getfixturevalue("post")
    run(SEND_EMAIL, at(NOON + timedelta(minutes=5)))
    assert len(post.mails) == 1
    assert (email.sent_at, email.error, email.next_try) == (NOON + timedelta(minutes=5), "", None)


def test_one_reader_whom_the_server_refuses_does_not_stop_the_others(post):
    emails = [notice(guardian(f"p{n}@example.fi")) for n in range(3)]
    post.refused["p1@example.fi"] = "550 no such mailbox"
    outcome = run(SEND_EMAIL, at(NOON))
    assert (outcome.done, list(outcome.failed)) == (2, [emails[1].id])
    assert [address for address, _, _ in post.mails] == ["p0@example.fi", "p2@example.fi"]
    assert "no such mailbox" in emails[1].error
    assert emails[1].next_try == NOON + timedelta(minutes=5)


def test_when_the_server_hangs_up_only_what_it_did_not_take_goes_again(post):
    emails = [notice(guardian(f"p{n}@example.fi")) for n in range(4)]
    post.refused["p1@example.fi"] = "421 closing down"
    assert run(SEND_EMAIL, at(NOON)).done == 1
    post.refused.clear()
    assert run(SEND_EMAIL, at(NOON + timedelta(minutes=5))).done == 3
    assert sorted(address for address, _, _ in post.mails) == [f"p{n}@example.fi" for n in range(4)]
    assert all(email.sent_at for email in emails)


@pytest.mark.parametrize(("address", "why"), [
    (None, "journal.error.no_address"),
    ("", "journal.error.no_address"),
    ("maija", "journal.error.bad_address"),
    ("maija@example.fi\nBcc: all@example.fi", "journal.error.bad_address"),
    ("a@example.fi, b@example.fi", "journal.error.bad_address"),
    ("@", "journal.error.bad_address"),
])
def test_a_notice_without_a_usable_address_is_given_up_at_once(post, address, why):
    email, other = notice(guardian(address)), notice(guardian("other@example.fi"))
    assert run(SEND_EMAIL, at(NOON)).failed == {email.id: why}
    assert (email.error, email.next_try, email.sent_at) == (why, None, None)
    assert other.sent_at == NOON
    assert [address for address, _, _ in post.mails] == ["other@example.fi"]


def test_while_no_mail_server_is_named_the_mail_waits(app, database):
    email = notice()
    assert (run(SEND_EMAIL, at(NOON)).done, email.tries, email.next_try) == (0, 0, NOON)


def test_many_notices_go_in_few_conversations(post):
    person = guardian()
    for _ in range(BATCH + 5):
        db.session.add(Email(person_id=person.id, text="message_waits", made_at=NOON, next_try=NOON))
    keep()
    assert run(SEND_EMAIL, at(NOON)).done == BATCH + 5
    assert len(post.conversations) == 2


def test_a_notice_that_goes_twice_is_known_by_its_number(post):
    email, other = notice(), notice()
    run(SEND_EMAIL, at(NOON))
    email.sent_at, email.next_try = None, NOON  # the machine died before it could save that it went
    keep()
    run(SEND_EMAIL, at(NOON + timedelta(minutes=1)))
    first, second, again = (mail["Message-ID"] for _, mail, _ in post.mails)
    assert first == again != second
    assert other.sent_at == NOON


def test_nobody_waits_for_the_database_while_the_mail_server_makes_us_wait(app, post, monkeypatch):
    """While a mail is handed over, another process can write."""
    notice()
    written: list[int] = []

    async def handle(server: Any, session: Any, envelope: Any) -> str:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(Person.__table__.update().values(phone="09 123"))
        written.append(1)
        return "250 OK"

    monkeypatch.setattr(post, "handle_DATA", handle)
    assert run(SEND_EMAIL, at(NOON)).done == 1
    assert written


def test_sending_mail_leaves_no_line_in_the_journal(post):
    notice()
    run(SEND_EMAIL, at(NOON))
    assert db.session.scalars(select(AuditEvent)).all() == []


