"""Log-ins by e-mail and password that people keep themselves, with mails read back from a real mail server."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from evaka import city
from evaka.access import Actor
from evaka.actions.user import HASHER, fits
from evaka.jobs import run
from evaka.jobs.journal import SEND_EMAIL
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent, Email
from evaka.models.user import LoginProof, User, UserSession
from tests import factories
from tests.conftest import keep
from tests.jobs.test_journal import Post, post  # noqa: F401  the mail server
from tests.pages import refused, seen, wordless
from tests.views.test_user_strong import guardian, identify, provider, server  # noqa: F401

PASSWORD = "kaisla kasvaa rannalla"
NEW = "uusi pitkä lauseeni"
HASH = HASHER.hash(PASSWORD)
ADDRESS = "ari.niinikoski@example.fi"
TABLE = {"code_minutes": 120, "code_tries": 5, "codes_an_hour": 5, "link_minutes": 30, "links_an_hour": 3,
         "guardians_forgot": "link", "new_device": True, "device_days": 90}


def mails(post: Post, moment: str = "2026-06-01T12:00") -> list[tuple[str, str, str]]:  # noqa: F811
    """Send what waits; answers (to whom, subject, words) of all that came."""
    run(SEND_EMAIL, Actor(None, datetime.fromisoformat(moment).replace(tzinfo=HELSINKI)))
    return [(to, str(mail["Subject"]), mail.get_content()) for to, mail, _ in post.mails]


def log_in(client: FlaskClient, email: str, password: str = PASSWORD) -> Any:
    return client.post("/login", data={"email": email, "password": password})


def staff(**fields: Any) -> User:
    row = factories.user("finance", **({"email": "tiina@harjula.example", "password_hash": HASH} | fields))
    keep()
    return row


def lines(key: str) -> int:
    return db.session.scalar(select(func.count(AuditEvent.id)).where(AuditEvent.action == key)) or 0


# -- a guardian's own log-in ----------------------------------------------------------------------------


@pytest.fixture
def strong(guardian, browser) -> FlaskClient:  # noqa: F811
    """A guardian who has identified, and has no log-in by e-mail yet."""
    client = browser(None)
    identify(client)
    return client


def code_of(words: str) -> str:
    found = re.search(r"\b\d{6}\b", words)
    assert found
    return found[0]


def ask(client: FlaskClient, email: str = ADDRESS) -> Any:
    return client.post("/account/log-in", data={"email": email})


def confirm(client: FlaskClient, code: str, new: str = NEW, again: str = NEW) -> Any:
    return client.post("/account/log-in/code", data={"code": code, "new": new, "again": again}, follow_redirects=True)


def test_a_guardian_makes_a_log_in_by_e_mail(strong, guardian, browser, post):  # noqa: F811
    other = browser(None)
    identify(other)
    assert guardian.email in strong.get("/account/log-in").text  # what the register knows is proposed
    assert ask(strong).location == "/account/log-in/code"
    [(_, subject, words)] = [mail for mail in mails(post) if mail[0] == ADDRESS]
    assert subject == "Kod för att bekräfta e-postadressen"  # the user's language
    page = confirm(strong, code_of(words))
    assert "ari.niinikoski@example.fi" in seen(page)
    user = db.session.scalars(select(User)).one()
    assert (user.log_in_name, fits(user, NEW)) == (ADDRESS, True)
    assert strong.get("/my/decision/").status_code == 200  # this session goes on, and is strong
    assert other.get("/my/").status_code == 302  # all others have ended
    assert [mail[:2] for mail in mails(post)][-1] == (ADDRESS, "Dina inloggningsuppgifter har bytts")
    weak = browser(None)
    assert log_in(weak, ADDRESS, NEW).status_code == 302
    assert weak.get("/my/").status_code == 200
    assert weak.get("/my/decision/").status_code == 403


def test_the_mail_about_a_change_goes_to_the_old_address_too(strong, post):  # noqa: F811
    ask(strong)
    confirm(strong, code_of(mails(post)[-1][2]))
    ask(strong, "uusi@example.fi")
    confirm(strong, code_of(mails(post)[-1][2]))
    assert {mail[0] for mail in mails(post)[-2:]} == {ADDRESS, "uusi@example.fi"}


def test_neither_the_code_nor_the_link_stands_in_the_database(strong, post):  # noqa: F811
    ask(strong)
    code = code_of(mails(post)[-1][2])
    kept = [str(row) for table in (LoginProof, Email, AuditEvent)
            for row in db.session.execute(select(*table.__table__.columns))]
    assert kept
    assert not [row for row in kept if code in row]
    assert all('"…"' in str(line.facts).replace("'", '"') for line in db.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "user.ask_code")))


def test_codes_are_not_guessed(strong, post):  # noqa: F811
    ask(strong)
    code = code_of(mails(post)[-1][2])
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        assert "Koden är inte rätt" in str(refused(confirm(strong, wrong)))
    assert "prövats för många gånger" in str(refused(confirm(strong, code)))
    assert db.session.scalars(select(User)).one().log_in_name == ""


def test_a_password_that_would_be_guessed_costs_no_try(strong, post):  # noqa: F811
    ask(strong)
    code = code_of(mails(post)[-1][2])
    for _ in range(6):
        assert refused(confirm(strong, code, "lyhyt", "lyhyt"))
    assert refused(confirm(strong, code, NEW, "toinen"))
    assert not refused(confirm(strong, code))


def test_a_code_is_worth_nothing_later_or_when_a_newer_one_was_sent(strong, post, at):  # noqa: F811
    ask(strong)
    first = code_of(mails(post)[-1][2])
    ask(strong)
    second = code_of(mails(post)[-1][2])
    assert first == second or refused(confirm(strong, first))
    at("2026-06-01T12:40")
    strong.get("/account")  # the session is in use
    at("2026-06-01T13:30")
    strong.get("/account")
    at("2026-06-01T14:01")
    page = confirm(strong, second)
    assert db.session.scalars(select(User)).one().log_in_name == ""
    assert "E-post" in seen(page)


def test_only_so_many_codes_are_sent_in_an_hour(strong, post):  # noqa: F811
    for _ in range(5):
        assert ask(strong).status_code == 302
    page = ask(strong)
    assert "1.6.2026 13.00" in str(refused(page))


def test_an_address_of_somebody_else_is_told_only_to_who_reads_its_mail(strong, post):  # noqa: F811
    staff(email=ADDRESS)
    assert ask(strong).status_code == 302
    page = confirm(strong, code_of(mails(post)[-1][2]))
    assert "Någon annan loggar redan in" in str(refused(page))


def test_in_a_strong_session_the_password_is_changed_without_the_old_one(strong, post):  # noqa: F811
    assert strong.get("/account/password").location == "/account/log-in"  # there is none yet
    ask(strong)
    confirm(strong, code_of(mails(post)[-1][2]))
    assert 'name="old"' not in strong.get("/account/password").text
    strong.post("/account/password", data={"new": PASSWORD, "again": PASSWORD})
    assert fits(db.session.scalars(select(User)).one(), PASSWORD)
    assert strong.get("/my/decision/").status_code == 200
    assert mails(post)[-1][:2] == (ADDRESS, "Ditt lösenord har bytts")


def test_where_no_provider_is_set_up_the_password_proves_who_asks(database, browser, post):  # noqa: F811
    person = factories.person()
    client = browser(factories.user("guardian", person=person, email="ari@example.fi", password_hash=HASH))
    page = client.post("/account/log-in", data={"email": ADDRESS, "password": "väärä salasana"})
    assert "Salasana ei ole oikein" in str(refused(page))
    client.post("/account/log-in", data={"email": ADDRESS, "password": PASSWORD})
    confirm(client, code_of(mails(post)[-1][2]))
    assert db.session.scalars(select(User)).one().email == ADDRESS


def test_staff_do_not_change_their_address_themselves(database, browser):
    client = browser(staff())
    assert client.get("/account/log-in").status_code == 403
    assert "/account/log-in" not in client.get("/account").text


# -- a forgotten password -------------------------------------------------------------------------------


def forget(client: FlaskClient, email: str = "tiina@harjula.example") -> Any:
    return client.post("/login/forgotten", data={"email": email})


def link_of(words: str) -> str:
    found = re.search(r"https://evaka\.example\.fi(/login/new-password/\S+)", words)
    assert found, words
    return found[1]


def choose(client: FlaskClient, link: str, new: str = NEW, again: str = NEW) -> Any:
    return client.post(link, data={"new": new, "again": again})


@pytest.mark.parametrize("who", ["staff", "guardian"])
def test_a_link_by_mail_leads_to_a_new_password(database, browser, post, who):  # noqa: F811
    user = staff() if who == "staff" else factories.user(
        "guardian", person=factories.person(), email="tiina@harjula.example", password_hash=HASH)
    open_session = browser(user)
    client = browser(None)
    assert "Unohditko salasanan?" in seen(client.get("/login"))
    page = forget(client)
    assert "30 minuuttia" in seen(page)
    [(to, subject, words)] = mails(post)
    assert (to, subject) == ("tiina@harjula.example", "Uusi salasana")
    link = link_of(words)
    for _ in range(2):  # a mail program that looks at the link uses nothing up
        assert client.get(link).status_code == 200
    assert choose(client, link).location == "/login"
    assert open_session.get("/account").status_code == 302  # every session has ended
    assert fits(db.session.get(User, user.id), NEW)
    assert mails(post)[-1][:2] == ("tiina@harjula.example", "Salasanasi on vaihdettu")
    assert lines("user.new_password") == 1
    again = choose(client, link)
    assert again.status_code == 410
    assert "Pyydä uusi linkki" in seen(again)
    assert log_in(client, "tiina@harjula.example", NEW).status_code == 302


def test_nothing_tells_whether_an_address_is_somebodys(database, browser, post):  # noqa: F811
    staff()
    staff(email="suljettu@harjula.example", active=False)
    pages = [forget(browser(None), email) for email in (
        "tiina@harjula.example", "nobody@harjula.example", "suljettu@harjula.example")]
    assert len({(page.status_code, seen(page)) for page in pages}) == 1
    assert [mail[0] for mail in mails(post)] == ["tiina@harjula.example"]


@pytest.mark.parametrize("email", ["tiina@harjula.example", "nobody@harjula.example"])
def test_only_so_many_links_are_sent_in_an_hour(database, browser, email):
    staff()
    client = browser(None)
    for _ in range(3):
        assert forget(client, email).status_code == 200
    page = forget(client, email)
    assert page.status_code == 429
    assert "Liian monta" in str(refused(page))


def test_one_network_address_asks_only_so_often(database, browser):
    client = browser(None)
    for n in range(50):
        assert forget(client, f"nobody{n}@harjula.example").status_code == 200
    assert forget(client, "nobody@harjula.example").status_code == 429
    assert log_in(client, staff().email).status_code == 302  # which does not keep anybody from logging in


def test_a_link_holds_for_half_an_hour_and_only_the_last_one(database, browser, post, at):  # noqa: F811
    staff()
    client = browser(None)
    forget(client)
    first = link_of(mails(post)[-1][2])
    forget(client)
    second = link_of(mails(post)[-1][2])
    assert client.get(first).status_code == 410
    at("2026-06-01T12:29")
    assert client.get(second).status_code == 200
    at("2026-06-01T12:30")
    assert client.get(second).status_code == 410
    assert choose(client, second).status_code == 410


@pytest.mark.parametrize("token", ["1-abc", "1", "x", "999999-00", "1-" + "0" * 64])
def test_a_link_that_nobody_sent_leads_nowhere(database, browser, token):
    staff()
    client = browser(None)
    forget(client)
    assert client.get(f"/login/new-password/{token}").status_code == 410
    assert choose(client, f"/login/new-password/{token}").status_code == 410


def test_a_new_password_follows_the_rules_and_keeps_the_link_until_it_does(database, browser, post):  # noqa: F811
    staff()
    client = browser(None)
    forget(client)
    link = link_of(mails(post)[-1][2])
    assert "Salasanat eivät ole samat" in str(refused(choose(client, link, NEW, "muu")))
    assert "Anna vähintään 12 merkkiä" in str(refused(choose(client, link, "lyhyt", "lyhyt")))
    assert choose(client, link).status_code == 302


def test_a_changed_password_makes_earlier_links_worthless(database, browser, post):  # noqa: F811
    user = staff()
    forget(browser(None))
    link = link_of(mails(post)[-1][2])
    client = browser(user)
    client.post("/account/password", data={"old": PASSWORD, "new": NEW, "again": NEW})
    assert browser(None).get(link).status_code == 410


def test_a_link_whose_time_is_over_is_not_sent(database, browser, post):  # noqa: F811
    staff()
    forget(browser(None))
    assert mails(post, "2026-06-01T12:31") == []
    mail = db.session.scalars(select(Email)).one()
    assert (mail.error, mail.next_try) == ("journal.error.too_late", None)


def test_a_city_may_want_guardians_to_identify_instead(guardian, browser, post):  # noqa: F811
    factories.user("guardian", person=guardian, email="ari@example.fi", password_hash=HASH)
    staff()
    with city.trying("security", "credentials", TABLE | {"guardians_forgot": "strong"}):
        client = browser(None)
        page = client.get("/login/forgotten")
        assert "tunnistaudu vahvasti ja tee uusi salasana" in seen(page)
        assert "/login/strong?next=/account/log-in" in page.text
        assert seen(forget(client, "ari@example.fi")) == seen(forget(client))
    assert [mail[0] for mail in mails(post)] == ["tiina@harjula.example"]


def test_without_an_address_of_the_service_no_link_is_promised(app: Flask, database, browser):
    app.config["BASE_URL"] = ""
    page = browser(None).get("/login/forgotten")
    app.config["BASE_URL"] = "https://evaka.example.fi"
    assert "Palvelu ei vielä lähetä sähköpostia" in seen(page)
    assert not wordless(page)


# -- a browser that was not used before -------------------------------------------------------------------


def told_of() -> int:
    return db.session.scalar(select(func.count(Email.id)).where(Email.text == "new_device")) or 0


def out(client: FlaskClient) -> None:
    client.post("/logout")


def test_a_log_in_with_another_browser_is_told_by_mail_in_the_users_language(database, browser, post):  # noqa: F811
    staff(language="en")
    first, second = browser(None), browser(None)
    log_in(first, "tiina@harjula.example")
    assert told_of() == 0  # the very first log-in
    out(first)
    log_in(first, "tiina@harjula.example")
    assert told_of() == 0  # the same browser
    log_in(second, "tiina@harjula.example")
    [(to, subject, words)] = mails(post)
    assert (to, subject) == ("tiina@harjula.example", "Log-in with a new browser")
    assert "1.6.2026 12.00" in words
    assert "https://evaka.example.fi/account" in words


def test_several_people_may_use_one_browser(database, browser):
    staff(last_login=datetime(2026, 5, 1, tzinfo=HELSINKI))
    staff(email="toinen@harjula.example", last_login=datetime(2026, 5, 1, tzinfo=HELSINKI))
    client = browser(None)
    for _ in range(2):
        for email in ("tiina@harjula.example", "toinen@harjula.example"):
            log_in(client, email)
            out(client)
    assert told_of() == 2


def test_a_browser_is_remembered_for_ninety_days(database, browser, at):
    staff()
    client = browser(None)
    log_in(client, "tiina@harjula.example")
    out(client)
    at("2026-08-30")
    log_in(client, "tiina@harjula.example")
    out(client)
    assert told_of() == 0
    at("2026-11-29")  # 91 days after the last time
    log_in(client, "tiina@harjula.example")
    assert told_of() == 1


@pytest.mark.parametrize("forged", ["", "e30.forged", "%7B%221%22:%222099-01-01%22%7D"])
def test_a_browser_cannot_claim_to_be_known(database, browser, forged):
    staff(last_login=datetime(2026, 5, 1, tzinfo=HELSINKI))
    client = browser(None)
    client.set_cookie("evaka_device", forged)
    log_in(client, "tiina@harjula.example")
    assert told_of() == 1


def test_a_city_may_do_without_those_mails(database, browser):
    staff(last_login=datetime(2026, 5, 1, tzinfo=HELSINKI))
    with city.trying("security", "credentials", TABLE | {"new_device": False}):
        log_in(browser(None), "tiina@harjula.example")
    assert told_of() == 0


def test_a_log_in_that_fails_tells_nobody(database, browser):
    staff(last_login=datetime(2026, 5, 1, tzinfo=HELSINKI))
    log_in(browser(None), "tiina@harjula.example", "väärä salasana")
    assert told_of() == 0
    assert db.session.scalars(select(UserSession)).all() == []
