"""The door and one's own account as a browser meets them, and the administrator's screens."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier
from typing import Any

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from evaka import create_app, settings_from_environment
from evaka.actions.user import HASHER
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent
from evaka.models.unit import Unit
from evaka.models.user import Grant, LoginAttempt, User, UserSession
from tests import factories
from tests.actions.test_user import strict  # noqa: F401  a city that requires a second factor
from tests.conftest import Browser, keep
from tests.pages import choices, done, filtered, press, refused, seen, wordless

NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)
PASSWORD = "kaisla kasvaa rannalla"
HASH = HASHER.hash(PASSWORD)
NEW = "uusi pitkä lauseeni"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
DOOR = "/login"


def user(role: str = "service_worker", **fields: Any) -> User:
    """Somebody whose password is PASSWORD, and who is in the database for every browser."""
    row = factories.user(role, **({"password_hash": HASH} | fields))
    keep()
    return row


def log_in(client: FlaskClient, email: str, password: str = PASSWORD, address: str = DOOR) -> Any:
    return client.post(address, data={"email": email, "password": password})


def inside(client: FlaskClient) -> bool:
    """Whether the browser's cookie opens a page that asks for a log-in."""
    page = client.get("/account")
    assert page.status_code == 200 or page.location.startswith(DOOR)
    return page.status_code == 200


def code(at: datetime = NOON) -> str:
    return pyotp.TOTP(SECRET).at(at)


def journal() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


@pytest.fixture
def enter(browser) -> Callable[[User], FlaskClient]:
    """A browser that has come in through the door."""

    def through_the_door(who: User) -> FlaskClient:
        email = who.email
        client = browser(None)
        assert log_in(client, email).status_code == 302
        return client

    return through_the_door


@pytest.fixture(scope="module")
def served(app, tmp_path_factory) -> Any:
    """The application as it is operated: settings of the environment, over the tests' database and clock."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("EVAKA_HTTP", "EVAKA_CITY", "EVAKA_URL", "EVAKA_SMTP"):
            environment.delenv(name, raising=False)
        environment.setenv("EVAKA_DATA", str(tmp_path_factory.mktemp("served")))
        environment.setenv("EVAKA_DATABASE_URL", app.config["SQLALCHEMY_DATABASE_URI"])
        settings = settings_from_environment()
    served = create_app(**settings, TESTING=True, NOW=lambda: NOON)
    served.test_client_class = Browser
    yield served
    with served.app_context():
        db.engine.dispose()


# -- in and out -------------------------------------------------------------------------------------


def test_with_name_and_password_one_comes_in_and_the_journal_says_so(browser):
    who, client = user(), browser(None)
    name = who.name
    page = log_in(client, f" {who.email.upper()} ")
    assert (page.status_code, page.location) == (302, "/")
    assert name in client.get("/account").text
    assert client.post("/logout").location == DOOR
    assert not inside(client)
    assert journal() == ["user.log_in", "user.log_out"]


def test_a_wrong_password_and_an_unknown_name_look_the_same(browser):
    who = user()
    pages = [log_in(browser(None), email, "wrong") for email in (who.email, "x" + who.email)]
    told = [re.sub(r'value="[^"]*"', "", page.text) for page in pages]
    assert told[0] == told[1]
    assert refused(pages[0]) == ["Sähköposti tai salasana ei ole oikein. Tarkista ne ja yritä uudelleen."]
    assert journal() == ["user.log_in_failed", "user.log_in_failed"]


@pytest.mark.parametrize("typed", [
    {}, {"email": "a@b.fi"}, {"password": "x"}, {"email": "a@b.fi", "password": "x" * 201},
])
def test_an_unfinished_form_is_no_try(browser, typed):
    assert refused(browser(None).post(DOOR, data=typed))
    assert db.session.scalar(select(func.count(LoginAttempt.id))) == 0


def test_who_is_inside_needs_no_door(enter):
    client = enter(user())
    assert client.get(f"{DOOR}?next=/account").location == "/account"


def test_a_cookie_copied_before_the_log_out_is_worth_nothing_after_it(enter, app):
    client, thief = enter(user()), app.test_client()
    thief.set_cookie("evaka", client.get_cookie("evaka").value)
    assert inside(thief)
    client.post("/logout")
    assert not inside(thief)


def test_a_cookie_in_another_browser_opens_nothing(enter, app):
    client, thief = enter(user()), app.test_client()
    thief.set_cookie("evaka", client.get_cookie("evaka").value)
    thief.environ_base["HTTP_USER_AGENT"] = "another browser"
    assert not inside(thief)
    assert inside(client)


def test_nothing_of_the_session_before_the_log_in_is_kept_but_the_language(browser):
    client, email = browser(None), user().email
    client.get("/language/sv")
    with client.session_transaction() as before:
        before["planted"] = "by somebody else"
    log_in(client, email)
    with client.session_transaction() as after:
        assert "planted" not in after
        assert after["language"] == "sv"


def test_who_is_deactivated_is_out_at_once(enter):
    who = user()
    id, client = who.id, enter(who)
    db.session.get(User, id).active = False
    keep()
    assert not inside(client)
    client.post("/language/sv")  # an open page, but nobody's own any more
    assert db.session.get(User, id).language == "fi"


def test_an_hour_without_a_page_ends_the_session(enter, at):
    client = enter(user())
    at("2026-06-01T12:59")
    assert inside(client)
    at("2026-06-01T13:59")
    assert inside(client)
    at("2026-06-01T15:00")
    assert not inside(client)


def test_twelve_hours_end_it_however_busy(enter, at):
    client = enter(user())
    for hour in range(12, 24):
        at(f"2026-06-01T{hour}:30")
        assert inside(client)
    at("2026-06-02T00:00")
    assert inside(client)
    at("2026-06-02T00:01")
    assert not inside(client)


def test_the_last_page_is_written_down_every_five_minutes_at_most(enter, at):
    client = enter(user())
    seen_at = []
    for minute in (4, 6, 10, 12):
        at(f"2026-06-01T12:{minute:02}")
        client.get("/account")
        seen_at.append(db.session.scalar(select(UserSession.seen)).minute)
    assert seen_at == [0, 6, 6, 12]


# -- where to go after the log-in -------------------------------------------------------------------


def test_after_the_log_in_comes_the_page_that_was_asked_for(browser):
    client, email = browser(None), user().email
    door = client.get("/office/person/?search=aalto").location
    assert door == "/login?next=/office/person/?search%3Daalto"
    assert log_in(client, email, address=door).location == "/office/person/?search=aalto"


@pytest.mark.parametrize("elsewhere", [
    "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "/%09/evil.example",
    "/%0a/evil.example", "javascript:alert(1)", "evil.example", "%20//evil.example", "http:evil.example",
    "///evil.example", "/%5C%5Cevil.example",
])
def test_no_address_leads_out_of_the_office(browser, elsewhere):
    client, email = browser(None), user().email
    assert log_in(client, email, address=f"{DOOR}?next={elsewhere}").location == "/"
    assert client.get(f"{DOOR}?next={elsewhere}").location == "/"
    assert client.get(f"/language/sv?next={elsewhere}").location == "/"


# -- guessing ---------------------------------------------------------------------------------------


def test_the_sixth_try_is_told_when_to_come_back(browser, at):
    client, email = browser(None), user().email
    for _ in range(5):
        assert log_in(client, email, "wrong").status_code == 200
    at("2026-06-01T12:05")
    page = log_in(client, email)
    assert page.status_code == 429
    assert page.headers["Retry-After"] == "600"
    assert "Liian monta epäonnistunutta yritystä. Yritä uudelleen 1.6.2026 12.15." in seen(page)
    at("2026-06-01T12:15")
    assert log_in(client, email).status_code == 302


def test_tries_are_counted_over_all_processes(browser, app, served):
    here, email = browser(None), user().email
    keep()
    for client in (here, served.test_client(), here, served.test_client(), here):
        token = token_of(client.get(DOOR))
        assert client.post(DOOR, data={"email": email, "password": "x", "csrf_token": token}).status_code == 200
    there = served.test_client()
    token = token_of(there.get(DOOR))
    assert there.post(DOOR, data={"email": email, "password": PASSWORD, "csrf_token": token}).status_code == 429


def at_once(clients: list[FlaskClient], address: str, typed: dict[str, str]) -> list[int]:
    """The statuses when all of them send the same form at the same moment."""
    together = Barrier(len(clients))

    def send(client: FlaskClient) -> int:
        together.wait()
        return client.post(address, data=typed).status_code

    with ThreadPoolExecutor(len(clients)) as threads:
        return sorted(threads.map(send, clients))


def test_guesses_that_arrive_together_are_counted_one_after_the_other(database, app):
    email = user().email
    db.session.rollback()
    clients = [FlaskClient(app, app.response_class, use_cookies=True) for _ in range(8)]
    assert at_once(clients, DOOR, {"email": email, "password": "wrong"}) == [200] * 5 + [429] * 3


def test_a_code_that_arrives_twice_at_once_lets_one_in(database, app):
    email = user(totp_secret=SECRET).email
    db.session.rollback()
    clients = [FlaskClient(app, app.response_class, use_cookies=True) for _ in range(4)]
    for client in clients:
        client.post(DOOR, data={"email": email, "password": PASSWORD})
    db.session.rollback()
    assert at_once(clients, "/login/code", {"code": code()}) == [200, 200, 200, 302]
    assert db.session.scalar(select(func.count(UserSession.id))) == 1


def test_a_session_left_open_is_no_place_to_guess_the_password(enter):
    client = enter(user(totp_secret=None))
    for address in ["/account/password"] * 3 + ["/account/code/off"] * 2:
        client.post(address, data={"old": "wrong", "new": NEW, "again": NEW, "password": "wrong"})
    page = client.post("/account/password", data={"old": PASSWORD, "new": NEW, "again": NEW})
    assert page.status_code == 429
    assert journal().count("user.log_in_failed") == 5
    assert "user.change_password" not in journal()


# -- the second factor ------------------------------------------------------------------------------


def test_with_a_second_factor_the_password_alone_opens_nothing(browser):
    client, who = browser(None), user(totp_secret=SECRET)
    page = log_in(client, who.email, address=f"{DOOR}?next=/account")
    assert page.location == "/login/code"
    assert not inside(client)
    assert refused(client.post("/login/code", data={"code": "000000"})) == [
        "Koodi ei kelpaa. Anna sovelluksen uusin koodi; sama koodi käy vain kerran."]
    assert not inside(client)
    assert client.post("/login/code", data={"code": code()}).location == "/account"
    assert inside(client)
    assert journal() == ["user.log_in_failed", "user.second_factor", "user.log_in"]
    assert db.session.scalar(select(func.count(LoginAttempt.id)).where(LoginAttempt.what.like("user:%"))) == 0


def test_a_code_that_somebody_read_over_the_shoulder_has_been_used(browser):
    email = user(totp_secret=SECRET).email
    first, second = browser(None), browser(None)
    for client in (first, second):
        log_in(client, email)
        client.post("/login/code", data={"code": code()})
    assert inside(first)
    assert not inside(second)


def test_the_code_is_asked_within_five_minutes_of_the_password(browser, at):
    client, email = browser(None), user(totp_secret=SECRET).email
    log_in(client, email)
    at("2026-06-01T12:06")
    page = client.post("/login/code", data={"code": code(NOON + timedelta(minutes=6))})
    assert page.location == DOOR
    assert not inside(client)


def test_five_wrong_codes_are_the_end_for_now(browser):
    client, email = browser(None), user(totp_secret=SECRET).email
    log_in(client, email)
    for _ in range(5):
        client.post("/login/code", data={"code": "000000"})
    assert client.post("/login/code", data={"code": code()}).status_code == 429
    assert not inside(client)


@pytest.mark.parametrize("change", [{"active": False}, {"totp_secret": None}])
def test_what_happens_to_the_user_between_password_and_code_counts(browser, change):
    client, who = browser(None), user(totp_secret=SECRET)
    id = who.id
    log_in(client, who.email)
    for name, value in change.items():
        setattr(db.session.get(User, id), name, value)
    keep()
    assert client.post("/login/code", data={"code": code()}).location == DOOR
    assert not inside(client)


def test_nobody_asks_for_a_code_without_a_password(browser):
    assert browser(None).get("/login/code").location == DOOR


def test_the_second_factor_is_set_up_with_a_key_in_letters_and_as_an_address(enter, browser):
    who = user()
    email, client = who.email, enter(who)
    page = client.get("/account/code")
    key = re.search(r'class="of-secret">([A-Z2-7]{32})<', page.text)[1]
    assert f"otpauth://totp/Harjula:{email.replace('@', '%40')}?secret={key}&amp;issuer=Harjula" in page.text
    assert refused(client.post("/account/code", data={"code": "000000"}))
    first = pyotp.TOTP(key).at(NOON)
    assert done(client.post("/account/code", data={"code": first}, follow_redirects=True)) == [
        "Toinen tunnistustekijä on käytössä."]
    other = browser(None)
    assert log_in(other, email).location == "/login/code"
    other.post("/login/code", data={"code": first})  # has been used to set it up
    assert not inside(other)
    other.post("/login/code", data={"code": pyotp.TOTP(key).at(NOON + timedelta(seconds=30))})
    assert inside(other)


def test_switching_it_off_asks_for_the_password(browser):
    who = user(totp_secret=SECRET)
    id, client = who.id, browser(who)
    page = client.post("/account/code/off", data={"password": "wrong"}, follow_redirects=True)
    assert refused(page) == ["Salasana ei ole oikein. Kirjoita nykyinen salasanasi."]
    assert db.session.get(User, id).totp_secret
    assert done(client.post("/account/code/off", data={"password": PASSWORD}, follow_redirects=True))
    assert db.session.get(User, id).totp_secret is None


def test_where_the_city_requires_it_the_staff_set_it_up_first(browser, strict):  # noqa: F811
    staff, guardian = browser(user()), browser(user("guardian", person=factories.person()))
    assert staff.get("/office/person/").location == "/account/code"
    assert staff.get("/account/code").status_code == 200
    assert guardian.get("/my/").status_code == 200


# -- the password -----------------------------------------------------------------------------------


def test_a_first_password_is_changed_before_anything_else(browser):
    who = user(must_change_password=True)
    email, client = who.email, browser(None)
    log_in(client, email)
    for address in ("/", "/office/", "/account", "/office/person/"):
        assert client.get(address).location == "/account/password"
    page = client.post("/account/password", data={"old": PASSWORD, "new": NEW, "again": NEW})
    assert page.location == "/"
    assert client.get("/office/person/").status_code == 200
    assert log_in(browser(None), email).status_code == 200
    assert log_in(browser(None), email, NEW).status_code == 302


@pytest.mark.parametrize(("old", "new", "again", "sentence"), [
    (PASSWORD, "lyhyt", "lyhyt", "Salasanassa on 5 merkkiä. Anna vähintään 12 merkkiä."),
    (PASSWORD, NEW, NEW + "!", "Salasanat eivät ole samat. Kirjoita uusi salasana kahdesti samalla tavalla."),
    (PASSWORD, PASSWORD, PASSWORD, "Uusi salasana on sama kuin nykyinen. Anna toinen."),
    ("wrong", NEW, NEW, "Salasana ei ole oikein. Kirjoita nykyinen salasanasi."),
    (PASSWORD, "salasana12345", "salasana12345",
     "Salasana on helppo arvata: se koostuu enimmäkseen nimestäsi, osoitteestasi tai yleisistä sanoista ja "
     "numerosarjoista. Keksi toinen."),
])
def test_a_password_that_will_not_do_is_told_why(browser, old, new, again, sentence):
    page = browser(user()).post("/account/password", data={"old": old, "new": new, "again": again})
    [told] = refused(page)
    assert told.endswith(sentence)
    assert "user.change_password" not in journal()


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(enter):
    who = user()
    id = who.id
    here, elsewhere = enter(who), enter(db.session.get(User, id))
    before = here.get_cookie("evaka").value
    here.post("/account/password", data={"old": PASSWORD, "new": NEW, "again": NEW})
    assert inside(here)
    assert not inside(elsewhere)
    elsewhere.set_cookie("evaka", before)  # the session was renewed too
    assert not inside(elsewhere)
    assert "user.change_password" in journal()


# -- one's own sessions -----------------------------------------------------------------------------


def test_the_account_lists_the_open_sessions_and_ends_one_or_all_others(enter):
    who = user()
    id = who.id
    here, second, third = (enter(db.session.get(User, id)) for _ in range(3))
    sessions = list(db.session.scalars(select(UserSession.id).order_by(UserSession.id)))
    page = here.get("/account")
    assert page.text.count("1.6.2026 12.00") >= 6
    assert "127.0.0.1" in page.text
    assert re.findall(r'action="/account/end/(\d+)"', page.text) == [str(one) for one in reversed(sessions[1:])]
    assert done(here.post(f"/account/end/{sessions[1]}", follow_redirects=True)) == ["Istuntoja päätetty: 1"]
    assert [inside(one) for one in (here, second, third)] == [True, False, True]
    assert done(here.post("/account/end", follow_redirects=True)) == ["Istuntoja päätetty: 1"]
    assert [inside(one) for one in (here, second, third)] == [True, False, False]
    assert journal().count("user.end_sessions") == 2
    assert here.post(f"/account/end/{sessions[0]}").status_code == 404  # this one is ended by logging out
    assert inside(here)


def test_nobody_ends_a_session_of_somebody_else(enter):
    other = enter(user())
    foreign = db.session.scalar(select(UserSession.id))
    mine = enter(user())
    assert mine.post(f"/account/end/{foreign}").status_code == 404
    assert inside(other)
    assert "user.end_sessions" not in journal()


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
@pytest.mark.parametrize("address", ["/login", "/account", "/account/password", "/account/code", "/office/users/"])
def test_every_word_of_the_door_and_the_account_is_there(browser, language, address):
    client = browser(None if address == "/login" else user("admin"))
    client.get(f"/language/{language}")
    page = client.get(address)
    assert page.status_code == 200
    assert wordless(page) == set()
    assert f'<html lang="{language}"' in page.text


# -- the language -----------------------------------------------------------------------------------


def test_a_link_changes_the_language_of_the_browser_only_and_a_form_that_of_the_user(browser):
    who = user()
    id, client = who.id, browser(who)
    assert client.get("/language/sv?next=/account").location == "/account"
    assert "Eget konto" in client.get("/account").text
    assert db.session.get(User, id).language == "fi"
    assert client.post("/language/en", data={"next": "/account"}).location == "/account"
    assert db.session.get(User, id).language == "en"
    assert journal()[-1] == "user.language"
    assert client.get("/language/tlh").status_code == 404


# -- forms and cookies as they are operated ---------------------------------------------------------


def token_of(page: Any) -> str:
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]


@pytest.mark.parametrize("address", [
    "/login", "/login/code", "/logout", "/account/password", "/account/end", "/account/end/1", "/account/code",
    "/account/code/off", "/language/sv", "/office/users/new/", "/office/users/do/reset_password/?id=1",
])
def test_nothing_is_done_without_the_token_of_the_form(browser, app, monkeypatch, address):
    client = browser(user("admin"))
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    keep()
    before = journal()
    page = client.post(address, data={"password": PASSWORD, "email": "a@b.fi", "csrf_token": "wrong"})
    assert page.status_code == 400
    assert journal() == before
    assert inside(client)


def test_with_the_token_of_the_form_one_comes_in_and_the_cookie_is_well_kept(database, served):
    email = user().email
    keep()
    client = served.test_client()
    token = token_of(client.get(DOOR, base_url="https://localhost"))
    page = client.post(DOOR, base_url="https://localhost", data={
        "email": email, "password": PASSWORD, "csrf_token": token})
    assert page.status_code == 302
    device, cookie = sorted(page.headers.getlist("Set-Cookie"), key=lambda one: one.startswith("evaka="))
    kept = [{one.strip() for one in made.split(";")[1:]} for made in (device, cookie)]
    for attributes in kept:
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
        assert not any(one.startswith("Domain") for one in attributes)
    assert "Max-Age=7776000" in kept[0]  # the browser is remembered for 90 days, the session is not
    assert not any(one.startswith(("Expires", "Max-Age")) for one in kept[1])


# -- the administrator's screens --------------------------------------------------------------------


@pytest.mark.parametrize("role", [
    "service_worker", "finance", "finance_staff", "administration", "report_viewer", "messaging",
    "special_education_teacher", "staff"])
def test_users_are_kept_by_the_administrator_and_by_those_who_keep_the_staff_of_a_unit(browser, role):
    unit = factories.unit()
    client = browser(user(role, unit=unit, group=factories.group(unit)))
    for address in ("/office/users/", "/office/users/new/", "/office/grant/", "/office/users/export/csv/"):
        assert client.get(address).status_code == 403
    assert "/office/users/" not in client.get("/office/").text


def test_a_new_user_gets_a_one_time_password_that_is_shown_once(browser):
    admin = browser(user("admin"))
    page = admin.post("/office/users/new/", data={
        "name": "Hilja Uusi", "email": " Hilja@Harjula.example ", "language": "sv"}, follow_redirects=True)
    assert page.status_code == 200
    told = re.search(r"Kertakäyttöinen salasana: ((?:[0-9a-f]{4}-){3}[0-9a-f]{4}) \(Hilja Uusi\)", seen(page))
    password = told[1]
    assert password not in admin.get("/office/users/").text
    client = browser(None)
    assert log_in(client, "hilja@harjula.example", password).location == "/"
    assert client.get("/").location == "/account/password"
    assert db.session.scalar(select(User.language).where(User.email == "hilja@harjula.example")) == "sv"


@pytest.mark.parametrize(("typed", "sentence"), [
    ({"email": "hilja"}, "”hilja” ei ole sähköpostiosoite. Kirjoita osoite muodossa nimi@kunta.fi."),
    ({"email": "TAKEN@harjula.example"}, "Tällä sähköpostiosoitteella on jo käyttäjä."),
])
def test_a_name_that_will_not_do_is_told_why(browser, typed, sentence):
    admin = browser(user("admin", email="taken@harjula.example"))
    page = admin.post("/office/users/new/", data={"name": "Hilja", "language": "fi"} | typed)
    assert sentence in seen(page)
    assert db.session.scalar(select(func.count(User.id))) == 1


def test_the_administrator_replaces_a_lost_password_on_the_users_page(browser, enter):
    who = user()
    id, email, client = who.id, who.email, enter(who)
    admin = browser(user("admin"))
    page = press(admin, f"/office/users/do/reset_password/?id={id}")
    password = re.search(r"salasana: ([0-9a-f-]{19}) ", seen(page))[1]
    assert not inside(client)
    assert log_in(browser(None), email, password).status_code == 302


def test_a_role_is_given_and_ended_on_the_users_page(browser):
    unit = factories.unit("Lokkilan päiväkoti")
    siilit, oravat = factories.group(unit, "Siilit"), factories.group(unit, "Oravat")
    elsewhere = factories.group(factories.unit(), "Hirvet")
    who = User(name="Hilja Uusi", email="hilja@harjula.example", must_change_password=False)
    factories.save(who)
    id, unit_id, groups, strange = who.id, unit.id, [siilit.id, oravat.id], elsewhere.id
    admin = browser(user("admin"))
    address = f"/office/users/do/give_role/?id={id}"
    form = admin.get(address)
    assert {"Päiväkodin johtaja", "Varhaiskasvatussihteeri", "Raportointi"} <= set(choices(form, "role"))
    assert 'name="groups"' not in form.text
    missing = press(admin, address, role="director", start="2026-06-01")
    assert refused(missing) == ["Rooli Päiväkodin johtaja annetaan yksikköön. Valitse yksikkö."]
    missing = press(admin, address, role="staff", unit=unit_id, start="2026-06-01")
    assert refused(missing) == ["Rooli Henkilöstö annetaan yksikön ryhmiin. Valitse vähintään yksi ryhmä."]
    assert re.findall(r'name="groups"[^>]*value="(\d+)"', missing.text) == [str(one) for one in reversed(groups)]
    foreign = press(admin, address, role="staff", unit=unit_id, groups=[groups[0], strange], start="2026-06-01")
    assert "Tätä ei voi valita. Valitse jokin luettelon vaihtoehdoista." in seen(foreign)
    page = press(admin, address, role="staff", unit=unit_id, groups=groups, start="1.6.2026")
    assert done(page)
    assert "Henkilöstö (Lokkilan päiväkoti: Siilit, Oravat)" in seen(page)
    again = press(admin, address, role="staff", unit=unit_id, groups=groups[:1], start="1.7.2026")
    assert refused(again) == [
        "Käyttäjällä Hilja Uusi on jo rooli Henkilöstö (Lokkilan päiväkoti, Siilit) ajalla 1.6.2026–. "
        "Päätä se ensin tai valitse toiset päivät."]
    given = db.session.scalar(select(Grant.id).where(Grant.user_id == id, Grant.group_id == groups[0]))
    assert done(press(admin, f"/office/grant/do/end_grant/?id={given}", end="2026-06-30"))
    assert db.session.get(Grant, given).end == date(2026, 6, 30)


def test_a_user_is_closed_with_a_reason_that_the_file_tells(browser):
    who = user("finance")
    id, admin = who.id, browser(user("admin"))
    assert refused(press(admin, f"/office/users/do/deactivate/?id={id}"))
    page = press(admin, f"/office/users/do/deactivate/?id={id}", reason="Vaihtoi työpaikkaa")
    assert "Käyttäjä on poistettu käytöstä. Vaihtoi työpaikkaa" in seen(page)
    assert "/do/give_role/" not in page.text
    page = press(admin, f"/office/users/do/activate/?id={id}")
    assert "Käyttäjä on poistettu käytöstä." not in seen(page)
    assert db.session.get(User, id).grants[0].end == date(2026, 6, 1)


@pytest.mark.parametrize(("label", "value", "found"), [
    ("Rooli", "director", {"Johanna"}), ("Rooli", "staff", {"Helena", "Saku"}),
    ("Käytössä", "0", {"Pirkko"}), ("Poistuu pian käytöstä", "1", {"Saku"}), ("Kunnan henkilöstöä", "0", {"Maija"}),
])
def test_the_list_is_narrowed_by_role_by_state_and_by_who_will_soon_be_closed(browser, label, value, found):
    unit = factories.unit()
    group = factories.group(unit)
    lately = NOON - timedelta(days=2)
    factories.user("director", unit, name="Johanna", last_login=lately)
    factories.user("staff", unit, group, name="Helena", last_login=lately)
    factories.user("staff", unit, group, name="Saku", last_login=NOON - timedelta(days=360))
    factories.user("service_worker", name="Pirkko", active=False)
    factories.user("guardian", person=factories.person(), name="Maija")
    admin = browser(factories.user("admin", name="Päivi", last_login=lately))
    page = filtered(admin, "/office/users/", label, value)
    names = {"Johanna", "Helena", "Saku", "Pirkko", "Maija"}
    assert {name for name in names if f">{name}</a>" in page.text} == found


def test_the_list_is_narrowed_by_unit_and_nonsense_is_said(browser):
    here, there = factories.unit(), factories.unit()
    factories.user("director", here, name="Johanna")
    factories.user("staff", None, factories.group(there), name="Helena")
    here_id, there_id, admin = here.id, there.id, browser(factories.user("admin"))
    assert ">Johanna</a>" in filtered(admin, "/office/users/", "Yksikkö", str(here_id)).text
    page = filtered(admin, "/office/users/", "Yksikkö", str(there_id)).text
    assert ">Helena</a>" in page
    assert ">Johanna</a>" not in page
    assert "wizard" in seen(filtered(admin, "/office/users/", "Rooli", "wizard"))


# -- the staff of a unit --------------------------------------------------------------------------------


@pytest.fixture
def house():
    """A unit with two groups, its director, and somebody who works in the first of them."""
    unit = factories.unit("Lokkilan päiväkoti", phone="09 1", email="lokkila@harjula.example")
    here, there = factories.group(unit, "Siilit"), factories.group(unit, "Oravat")
    nurse = factories.user("staff", unit, here, name="Helena Hoivanen")
    return unit.id, here.id, there.id, factories.user("director", unit, name="Johanna Ilves"), nurse.id


def test_a_director_adds_a_substitute_on_the_units_file_who_logs_in_at_once(browser, house):
    unit, here, there, director, _ = house
    client = browser(director)
    address = f"/office/unit/do/user.add_substitute/?id={unit}"
    form = client.get(address)
    assert 'value="2026-06-01"' in form.text
    assert "Lokkilan päiväkoti" not in re.search(r'name="name"[^>]*', form.text)[0]
    new = {"name": "Saku Tuuraaja", "email": "saku@example.fi", "groups": [here, there], "start": "1.6.2026"}
    assert refused(press(client, address, **new)) == ["Viimeinen päivä: täytä tämä kohta."]
    assert refused(press(client, address, end="1.12.2026", **new)) == [
        "Sijaisen viimeinen päivä 1.12.2026 on liian kaukana: kunnan raja on 92 päivää eli 1.9.2026. "
        "Anna aikaisempi päivä tai lisää hänet työntekijäksi."]
    page = press(client, address, end="30.6.2026", **new)
    assert "Saku Tuuraaja Henkilöstö, sijainen Oravat, Siilit 30.6.2026" in seen(page)
    password = re.search(r"salasana: ([0-9a-f-]{19}) ", seen(page))[1]
    assert password not in client.get(f"/office/unit/details/?id={unit}").text
    substitute = browser(None)
    assert log_in(substitute, "saku@example.fi", password).status_code == 302
    assert substitute.get("/").location == "/account/password"
    assert "user.add_substitute" in journal()


def test_the_units_file_tells_who_works_there_until_when(browser, house):
    unit, _, _, director, nurse = house
    db.session.get(User, nurse).grants[0].end = date(2026, 12, 31)
    factories.user("special_education_teacher", db.session.get(Unit, unit), name="Eeva Tukiainen")
    for who in (director, factories.user("admin")):
        page = seen(browser(who).get(f"/office/unit/details/?id={unit}"))
        assert "Helena Hoivanen Henkilöstö Siilit 31.12.2026" in page
        assert "Eeva Tukiainen Varhaiskasvatuksen erityisopettaja koko yksikkö toistaiseksi" in page
    for role in ("service_worker", "finance", "administration"):
        page = seen(browser(factories.user(role)).get(f"/office/unit/details/?id={unit}"))
        assert "Henkilöstön käyttöoikeudet" not in page
        assert "Helena Hoivanen" not in page


def test_a_director_gives_one_role_in_one_unit_and_sees_no_sessions(browser, house):
    unit, _, there, director, nurse = house
    elsewhere = factories.unit("Kaukolan päiväkoti")
    far = factories.user("staff", elsewhere, factories.group(elsewhere)).id
    client = browser(director)
    page = client.get(f"/office/users/details/?id={nurse}")
    assert "Avoimet istunnot" not in page.text
    assert not re.search(r"/do/(deactivate|end_sessions|reset_second_factor)/", page.text)
    assert client.get(f"/office/users/details/?id={far}").status_code == 404
    form = client.get(f"/office/users/do/give_role/?id={nurse}")
    assert choices(form, "role") == ["Henkilöstö"]
    assert choices(form, "unit") == ["Valitse", "Lokkilan päiväkoti"]
    assert form.text.count('name="groups"') == 2  # of the only unit, without asking twice
    page = press(client, f"/office/users/do/give_role/?id={nurse}", role="staff", unit=unit, groups=[there],
                 start="1.6.2026")
    assert done(page)
    assert 'name="role"' in client.get(f"/office/users/do/give_role/?id={nurse}").text
    admin_role = client.post(f"/office/users/do/give_role/?id={nurse}", data={
        "role": "admin", "start": "1.6.2026", "row_version": db.session.get(User, nurse).version})
    assert refused(admin_role)
    assert db.session.scalars(select(Grant.role).where(Grant.user_id == nurse)).all() == ["staff", "staff"]


def test_a_director_is_not_offered_what_concerns_other_roles_or_the_own_one(browser, house):
    unit, _, _, director, nurse = house
    special = factories.user("special_education_teacher", db.session.get(Unit, unit))
    grants = [db.session.get(User, id).grants[0].id for id in (director.id, special.id, nurse)]
    users, client = [director.id, special.id, nurse], browser(director)
    offered = [set(re.findall(r"/do/(\w+)/", client.get(f"/office/grant/details/?id={id}").text)) for id in grants]
    assert offered == [set(), set(), {"change_groups", "end_grant"}]
    offered = [set(re.findall(r"/do/(\w+)/", client.get(f"/office/users/details/?id={id}").text)) for id in users]
    assert offered == [set(), {"give_role"}, {"give_role", "reset_password"}]


def test_groups_are_changed_on_the_page_of_the_role(browser, house):
    _, here, there, director, nurse = house
    grant = db.session.get(User, nurse).grants[0].id
    client = browser(director)
    form = client.get(f"/office/grant/do/change_groups/?id={grant}")
    assert re.findall(r'name="groups"[^>]*value="(\d+)" checked', form.text) == [str(here)]
    assert done(press(client, f"/office/grant/do/change_groups/?id={grant}", groups=[there], start="8.6.2026"))
    rows = db.session.execute(
        select(Grant.group_id, Grant.start, Grant.end).where(Grant.user_id == nurse).order_by(Grant.start)).all()
    assert [tuple(row) for row in rows] == [
        (here, date(2020, 1, 1), date(2026, 6, 7)), (there, date(2026, 6, 8), None)]


def test_a_right_that_ended_yesterday_opens_nothing_though_the_session_is_open(browser, house):
    unit, _, _, director, _ = house
    id, client = director.id, browser(director)
    assert client.get(f"/office/unit/details/?id={unit}").status_code == 200
    db.session.get(User, id).grants[0].end = date(2026, 5, 31)
    keep()
    assert client.get(f"/office/unit/details/?id={unit}").status_code == 403
    assert client.get("/office/").status_code == 403


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_word_of_roles_and_staff_is_there(browser, house, language):
    unit, _, _, _, nurse = house
    grant = db.session.get(User, nurse).grants[0].id
    admin = browser(factories.user("admin"))
    admin.get(f"/language/{language}")
    for address in (
        f"/office/unit/details/?id={unit}", f"/office/unit/do/user.add_staff/?id={unit}",
        f"/office/unit/do/user.add_substitute/?id={unit}", f"/office/users/details/?id={nurse}",
        f"/office/users/do/give_role/?id={nurse}", f"/office/users/do/deactivate/?id={nurse}", "/office/grant/",
        f"/office/grant/details/?id={grant}", f"/office/grant/do/change_groups/?id={grant}", "/office/job/",
    ):
        page = admin.get(address)
        assert page.status_code == 200, address
        assert wordless(page) == set(), address


def test_the_list_of_users_asks_the_database_no_more_for_many_than_for_few(browser, app):
    admin = browser(user("admin"))
    asked: list[str] = []
    engine, counts = db.engine, []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    try:
        for _ in range(2):
            for _ in range(5):
                user("director", unit=factories.unit())
            asked.clear()
            assert admin.get("/office/users/").status_code == 200
            counts.append(len(asked))
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    assert counts[0] == counts[1]
