"""Notices of messages, read back from a real mail server: who has written, never what."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import message as act
from evaka.actions import notify
from evaka.jobs import run
from evaka.jobs.journal import SEND_EMAIL
from evaka.models.base import HELSINKI, db
from evaka.models.city import lay_over
from evaka.models.journal import Email
from evaka.models.message import Post, Thread
from evaka.models.person import Person
from evaka.models.unit import Group
from evaka.rules.city import TableStatus
from evaka.texts import knows, say
from tests import factories
from tests.conftest import keep
from tests.jobs.test_journal import post  # noqa: F401  the mail server

pytestmark = pytest.mark.usefixtures("database")
LATER = Actor(None, datetime(2026, 6, 1, 12, 1, tzinfo=HELSINKI))  # when nothing can be undone any more
SECRETS = ("Salaisuus", "metsään", "Piilokuja", "050 999", "Aino", "Virtanen")


@pytest.fixture
def group() -> Group:
    return factories.group(factories.unit("Metsäpolku"), "Siilit")


@pytest.fixture
def director(group: Group) -> Any:
    return factories.user("director", unit=group.unit, name="Maija Mäkelä")


def guardian(group: Group, language: str = "fi", **fields: Any) -> Person:
    """Whose address is restricted and whose child is in the group."""
    anna = factories.person(
        first_name="Anna", last_name="Virtanen", language=language, email=f"{language}@example.fi",
        street="Piilokuja 7", restricted=True, phone="050 999 8877", **fields)
    child = factories.child(anna, first_name="Aino", last_name="Virtanen")
    factories.in_group(factories.placement(child, date(2025, 8, 1), unit=group.unit), group)
    return anna


def write(group: Group, director: Any, by: Any, title: str = "Salaisuus") -> None:
    act.send(group, by(director), title=title, body="Huomenna menemme metsään, Aino Virtanen.")
    keep()


def test_a_notice_says_who_has_written_in_the_readers_language_and_never_what(
    app: Flask, post: Any, group: Group, director: Any, by: Any, monkeypatch: Any  # noqa: F811
) -> None:
    for language in ("fi", "sv", "en"):
        guardian(group, language)
    write(group, director, by)
    monkeypatch.setitem(app.config, "BASE_URL", "https://varhaiskasvatus.example/")
    assert run(SEND_EMAIL, Actor(None, LATER.now - timedelta(seconds=1))).done == 0
    assert run(SEND_EMAIL, LATER).done == 3
    assert [(mail["Subject"], mail["Content-Language"]) for _, mail, _ in post.mails] == [
        ("Palvelussa odottaa viesti", "fi"), ("Ett meddelande väntar i tjänsten", "sv"),
        ("A message waits for you in the service", "en")]
    threads = db.session.scalars(select(Thread.id).order_by(Thread.id)).all()
    for (_, mail, raw), word, thread in zip(post.mails, ("Lähettäjä", "Avsändare", "From"), threads, strict=True):
        text = mail.get_content()
        assert f"{word}: Siilit, Metsäpolku" in text
        assert f"https://varhaiskasvatus.example/my/message/details/?id={thread}" in text
        assert not [one for one in SECRETS if one in text or one in raw.decode() or one in str(mail["Subject"])]


def test_a_city_may_have_the_subject_told_but_of_sensitive_matters_never(
    post: Any, group: Group, director: Any, by: Any  # noqa: F811
) -> None:
    kept = city.CONFIG.joinpath("base", "city.toml").read_text(encoding="utf-8")
    table = "[messages]" + kept.partition("[messages]")[2].partition("\n\n")[0] + "\n"
    factories.city_table("city", "messages", table.replace("subject_in_mail = false", "subject_in_mail = true"),
                         status=TableStatus.PUBLISHED)
    keep()
    lay_over(date(2026, 6, 1))
    guardian(group)
    write(group, director, by, "Retki")
    run(SEND_EMAIL, LATER)
    assert "Otsikko: Retki" in post.mails[0][1].get_content()

    act.answer(db.session.scalars(select(Thread)).one(), by(director), body="Vielä yksi asia")
    db.session.scalars(select(Email).where(Email.sent_at.is_(None))).one()
    last = db.session.scalars(select(Post).order_by(Post.id.desc()).limit(1)).one()
    last.sensitive = True
    keep()
    run(SEND_EMAIL, LATER)
    assert len(post.mails) == 2
    assert "Retki" not in post.mails[1][1].get_content()


def test_nobody_is_told_of_what_has_been_read_or_withdrawn_or_is_not_wanted(
    post: Any, group: Group, director: Any, by: Any  # noqa: F811
) -> None:
    read, unwilling, told = guardian(group, "fi"), guardian(group, "sv"), guardian(group, "en")
    write(group, director, by)
    users = {one.id: factories.user("guardian", person=one) for one in (read, unwilling)}
    thread = db.session.scalars(select(Thread).where(Thread.of_guardian(read.id, date(2026, 6, 1)))).one()
    act.read(thread, by(users[read.id]))
    act.choose_notices(unwilling, by(users[unwilling.id]), wanted=[])
    keep()
    run(SEND_EMAIL, LATER)
    assert [address for address, _, _ in post.mails] == [told.email]
    assert run(SEND_EMAIL, LATER).done == 0  # those that nobody wants wait for nothing

    act.send(group, by(director), title="Toinen", body="x")
    act.withdraw(db.session.scalars(select(Post).where(Post.title == "Toinen")).one(), by(director))
    keep()
    run(SEND_EMAIL, LATER)
    assert [mail["Subject"] for address, mail, _ in post.mails if address != director.email][1:] == []
    assert post.mails[-1][1]["Subject"] == "Viestin sisältö on vedetty takaisin"


def test_decisions_too_are_told_only_to_those_who_want_to_hear_of_them(post: Any, group: Group, by: Any) -> None:  # noqa: F811
    one, other = guardian(group, "fi"), guardian(group, "en")
    act.choose_notices(one, by(factories.user("guardian", person=one)), wanted=["messages"])
    for person in (one, other):
        for text in ("decision_waits", "fee_sent"):
            factories.save(Email(person_id=person.id, text=text, made_at=LATER.now, next_try=LATER.now))
    keep()
    run(SEND_EMAIL, LATER)
    assert [address for address, _, _ in post.mails] == [other.email] * 2


def test_each_kind_of_notice_has_its_words_its_mails_and_a_page_after_the_log_in(app: Flask) -> None:
    routes = {str(rule) for rule in app.url_map.iter_rules()}
    for kind, one in act.notices().items():
        assert knows(f"notice.{kind}"), kind
        assert all(knows(f"email.{text}.{part}") for text in one.texts for part in ("subject", "body")), kind
        assert one.page in routes, kind
    told = [text for one in act.notices().values() for text in one.texts]
    assert len(told) == len(set(told))  # a mail belongs to one kind


def test_a_refused_reminder_does_not_keep_an_answer_back(app: Flask, post: Any, group: Group, by: Any) -> None:  # noqa: F811
    anna = guardian(group)
    act.choose_notices(anna, by(factories.user("guardian", person=anna)), wanted=())
    for text in ("booking_waits", "event_waits", "talk_waits", "leave_answered", "times_changed", "place_terminated"):
        notify(anna.id, text, by())
    keep()
    run(SEND_EMAIL, LATER)
    assert [mail["Subject"] for _, mail, _ in post.mails] == [
        say(f"email.{text}.subject", "fi") for text in ("leave_answered", "times_changed", "place_terminated")]


def test_whoever_wants_it_is_told_once_of_what_waits_in_the_own_box(
    app: Flask, post: Any, group: Group, director: Any, by: Any, monkeypatch: Any  # noqa: F811
) -> None:
    monkeypatch.setitem(app.config, "BASE_URL", "https://vaka.example")
    anna = guardian(group)
    own = factories.box(user=director)
    act.set_mails(own, by(director), mails=True)
    writer = by(factories.user("guardian", person=anna))
    child = db.session.scalars(select(Person).where(Person.first_name == "Aino")).one()
    for n in range(2):
        act.begin(anna, writer, title=f"Salaisuus {n}", body="Huomenna menemme metsään.", children=(child.id,),
                  to=(f"user-{director.id}",))
    keep()
    run(SEND_EMAIL, LATER)
    [(address, mail, _)] = post.mails
    assert address == director.email
    text = mail.get_content()
    thread = db.session.scalars(select(Thread).order_by(Thread.id)).first()
    assert f"https://vaka.example/office/message/details/?id={thread.id}" in text
    assert "Anna Virtanen" in text
    assert not any(word in text + mail["Subject"] for word in ("Salaisuus", "metsään", "Piilokuja", "Aino"))
    assert db.session.scalar(act.unread(by(director))) == 2
