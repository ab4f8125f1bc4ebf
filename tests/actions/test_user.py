"""Passwords, tries, codes, sessions and roles, below the pages."""

from __future__ import annotations

import json
import shutil
import statistics
import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from time import thread_time

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from evaka import city
from evaka.actions import user as act
from evaka.kit.errors import ConfigMistake, Denied, Refused
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent
from evaka.models.user import Grant, LoginAttempt, User, UserSession
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")

NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)
PASSWORD = "kaisla kasvaa rannalla"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HERE = "192.0.2.7"


def worker(**fields) -> User:
    return factories.user("service_worker", **({"password_hash": act.HASHER.hash(PASSWORD)} | fields))


def lines(key: str) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == key)))


@pytest.fixture
def strict(tmp_path):
    """A city that asks its staff for a second factor."""
    folder = tmp_path / "config"
    shutil.copytree(city.CONFIG, folder)
    base = (folder / "base" / "security.toml").read_text(encoding="utf-8")
    asked = base.replace("require_second_factor = false", "require_second_factor = true")
    (folder / "harjula" / "security.toml").write_text(asked, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(city, "CONFIG", folder)
        city.choose("harjula")
        yield
    city.choose("harjula")


# -- passwords --------------------------------------------------------------------------------------


def test_passwords_are_kept_as_argon2id_with_nineteen_mebibytes_and_two_passes():
    assert act.HASHER.hash(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_only_the_users_own_password_fits():
    user = worker()
    assert act.fits(user, PASSWORD)
    assert not act.fits(user, PASSWORD + " ")
    assert not act.fits(None, PASSWORD)
    assert not act.fits(factories.user("finance"), "")


def test_a_name_that_nobody_has_costs_as_much_work_as_a_wrong_password():
    user = worker()

    def work(who: User | None) -> float:
        began = thread_time()
        assert not act.fits(who, "something else")
        return thread_time() - began

    work(None)
    known, unknown = (statistics.median(work(who) for _ in range(7)) for who in (user, None))
    assert 0.5 < known / unknown < 2


def test_a_password_hashed_in_a_cheaper_way_is_hashed_anew_at_log_in():
    user = worker(password_hash=PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD))
    assert act.log_in(user.email, PASSWORD, HERE, NOON) is user
    assert "m=19456,t=2,p=1" in user.password_hash
    assert act.fits(user, PASSWORD)


@pytest.mark.parametrize(("password", "why"), [
    ("lyhyt sana1", "user.password_short"),          # 11 letters of 12
    ("aaaabbbbccccdddd", "user.password_simple"),    # four different ones
    ("salasanasalasana1", "user.password_known"),
    ("Password123456", "user.password_known"),
    ("123456789012345", "user.password_known"),
    ("Kesäkesä2026", "user.password_known"),
    ("marko.ylitupa", "user.password_known"),        # the name
    ("Ylitupa-Marko-2", "user.password_known"),
    ("marko@harjula.example", "user.password_known"),  # the log-in name
])
def test_a_password_that_would_be_guessed_is_refused(password, why):
    user = worker(name="Marko Ylitupa", email="marko@harjula.example")
    with pytest.raises(Refused) as no:
        act.check_password(password, user)
    assert no.value.key == why


@pytest.mark.parametrize("password", [PASSWORD, "x7Q!mmP2-vbn4", "neljä hevosta marjassa", "kesä oli lyhyt ja luminen"])
def test_a_long_sentence_or_chance_letters_will_do(password):
    act.check_password(password, worker(name="Marko Ylitupa", email="marko@harjula.example"))


def test_changing_the_password_asks_for_the_old_one_and_ends_every_session(by):
    user = worker(must_change_password=True)
    token = act.open_session(user, NOON, HERE, "pytest")
    for old, new, why in [("wrong", "uusi pitkä lauseeni", "user.password_wrong"),
                          (PASSWORD, PASSWORD, "user.password_same"), (PASSWORD, "short", "user.password_short")]:
        with pytest.raises(Refused) as no:
            act.change_password(user, by(user), old=old, new=new)
        assert no.value.key == why
    assert act.session_of(token, NOON, "pytest")
    act.change_password(user, by(user), old=PASSWORD, new="uusi pitkä lauseeni")
    assert act.fits(user, "uusi pitkä lauseeni")
    assert not user.must_change_password
    assert act.session_of(token, NOON, "pytest") is None
    assert len(lines("user.change_password")) == 1


# -- logging in -------------------------------------------------------------------------------------


def test_the_name_may_be_typed_with_capitals_and_spaces():
    user = worker(email="marko@harjula.example")
    assert act.log_in("  Marko@Harjula.Example ", PASSWORD, HERE, NOON) is user


def test_who_has_been_deactivated_does_not_get_in():
    assert act.log_in(worker(active=False).email, PASSWORD, HERE, NOON) is None


def fail(name: str, times: int, at: datetime = NOON, address: str = HERE) -> None:
    for _ in range(times):
        assert act.log_in(name, "wrong", address, at) is None
    db.session.flush()


def test_after_five_failures_even_the_right_password_waits_for_a_quarter_of_an_hour():
    user = worker()
    fail(user.email, 4)
    fail(user.email, 1, NOON + timedelta(minutes=3))
    with pytest.raises(Refused) as no:
        act.log_in(user.email, PASSWORD, HERE, NOON + timedelta(minutes=4))
    assert (no.value.key, no.value.facts["again"]) == ("user.too_many", NOON + timedelta(minutes=15))
    assert act.log_in(user.email, PASSWORD, HERE, NOON + timedelta(minutes=15)) is user


def test_a_name_that_nobody_has_is_slowed_down_like_any_other():
    fail("nobody@harjula.example", 5)
    with pytest.raises(Refused):
        act.log_in("Nobody@harjula.example", "wrong", "192.0.2.99", NOON)


def test_the_failures_of_one_name_leave_the_others_alone():
    fail(worker().email, 5)
    other = worker()
    assert act.log_in(other.email, PASSWORD, HERE, NOON) is other


def test_an_address_that_fails_with_fifty_names_waits_too():
    user = worker()
    db.session.add_all(LoginAttempt(what=f"address:{HERE}", at=NOON) for _ in range(50))
    with pytest.raises(Refused) as no:
        act.log_in(user.email, PASSWORD, HERE, NOON + timedelta(minutes=1))
    assert no.value.key == "user.too_many"
    assert act.log_in(user.email, PASSWORD, "192.0.2.8", NOON + timedelta(minutes=1)) is user


def test_getting_in_forgets_the_failures_before_it():
    user = worker()
    fail(user.email, 4)
    assert act.log_in(user.email, PASSWORD, HERE, NOON) is user
    fail(user.email, 4)
    assert act.log_in(user.email, PASSWORD, HERE, NOON) is user


def test_a_right_password_does_not_make_room_for_more_guesses_at_the_code():
    user = worker(totp_secret=SECRET)
    fail(user.email, 4)
    assert act.log_in(user.email, PASSWORD, HERE, NOON) is user
    fail(user.email, 1)
    with pytest.raises(Refused) as no:
        act.check_tries(user.email, HERE, NOON)
    assert no.value.key == "user.too_many"


def test_failures_of_the_day_before_yesterday_are_thrown_away():
    user = worker()
    fail("nobody@harjula.example", 1, NOON - timedelta(days=2))
    assert act.log_in(user.email, PASSWORD, HERE, NOON) is user
    assert db.session.scalars(select(LoginAttempt)).all() == []


def test_a_failure_is_told_in_the_journal_without_what_was_typed():
    user = worker()
    keep()
    fail(user.email, 1)
    fail("my-secret-password", 1)
    known, unknown = lines("user.log_in_failed")
    assert (known.subject, known.subject_id, known.facts) == ("user", user.id, {"address": HERE})
    assert (unknown.subject, unknown.subject_id, unknown.facts) == ("", None, {"address": HERE})


# -- sessions ---------------------------------------------------------------------------------------


def test_the_database_holds_a_digest_and_never_the_token():
    token = act.open_session(worker(), NOON, HERE, "pytest")
    row = db.session.scalar(select(UserSession))
    assert len(token) >= 43  # 256 bits
    assert token not in (row.digest, row.agent)
    assert len(row.digest) == 64


@pytest.mark.parametrize(("minutes", "agent", "still"), [
    (60, "pytest", True), (61, "pytest", False), (1, "another browser", False),
])
def test_a_session_ends_after_an_idle_hour_and_opens_in_its_own_browser_only(minutes, agent, still):
    token = act.open_session(worker(), NOON, HERE, "pytest")
    assert (act.session_of(token, NOON + timedelta(minutes=minutes), agent) is not None) == still


def test_a_session_in_use_ends_after_twelve_hours():
    token = act.open_session(worker(), NOON, HERE, "pytest")
    row = db.session.scalar(select(UserSession.id))
    for half_hours in range(1, 25):
        act.see(row, NOON + timedelta(minutes=30 * half_hours))
    assert act.session_of(token, NOON + timedelta(hours=12), "pytest")
    assert act.session_of(token, NOON + timedelta(hours=12, minutes=1), "pytest") is None


def test_a_token_that_was_never_given_opens_nothing():
    act.open_session(worker(), NOON, HERE, "pytest")
    digest = db.session.scalar(select(UserSession.digest))
    for token in ("", "0", "1", digest):
        assert act.session_of(token, NOON, "pytest") is None


def test_only_sessions_that_are_still_open_are_listed_and_counted():
    user = worker()
    act.open_session(user, NOON - timedelta(days=3), HERE, "long ago")
    act.open_session(user, NOON, HERE, "first")
    act.open_session(user, NOON + timedelta(minutes=1), HERE, "second")
    listed = act.open_sessions(user, NOON + timedelta(minutes=2))
    assert [one.agent for one in listed] == ["second", "first"]
    assert act.end_all(user, NOON + timedelta(minutes=2), keep=listed[0].id) == 1
    db.session.expire_all()
    assert [one.agent for one in act.open_sessions(user, NOON + timedelta(minutes=2))] == ["second"]


def test_logging_in_does_not_disturb_whoever_edits_the_user():
    user = worker()
    version = user.version
    act.open_session(user, NOON, HERE, "pytest")
    db.session.refresh(user)
    assert (user.version, user.last_login) == (version, NOON)


# -- the second factor ------------------------------------------------------------------------------


def test_a_code_works_once_and_an_older_one_no_more():
    user, keys = worker(totp_secret=SECRET), pyotp.TOTP(SECRET)
    act.check_code(user, keys.at(NOON), NOON)
    for code in (keys.at(NOON), keys.at(NOON - timedelta(seconds=30))):
        with pytest.raises(Refused) as no:
            act.check_code(user, code, NOON)
        assert no.value.key == "user.code_wrong"
    act.check_code(user, keys.at(NOON + timedelta(seconds=30)), NOON)


@pytest.mark.parametrize(("seconds", "works"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(seconds, works):
    user, code = worker(totp_secret=SECRET), pyotp.TOTP(SECRET).at(NOON + timedelta(seconds=seconds))
    if works:
        act.check_code(user, f"{code[:3]} {code[3:]}", NOON)
    else:
        with pytest.raises(Refused):
            act.check_code(user, code, NOON)


@pytest.mark.parametrize("code", ["", "000000", "ääkköset", "12345678901234567890"])
def test_what_is_no_code_is_refused(code):
    with pytest.raises(Refused):
        act.check_code(worker(totp_secret=SECRET), code, NOON)


def test_without_a_key_no_code_is_right():
    with pytest.raises(Refused):
        act.check_code(worker(), "000000", NOON)


def test_the_second_factor_begins_with_a_code_that_proves_the_key(by):
    user = worker()
    with pytest.raises(Refused):
        act.start_second_factor(user, by(user), SECRET, "000000")
    assert user.totp_secret is None
    act.start_second_factor(user, by(user), SECRET, pyotp.TOTP(SECRET).at(NOON))
    assert user.totp_secret == SECRET
    with pytest.raises(Refused):  # the code that proved it has been used
        act.second_step(user, pyotp.TOTP(SECRET).at(NOON), NOON)


def test_switching_it_off_takes_the_password(by):
    user = worker(totp_secret=SECRET)
    with pytest.raises(Refused) as no:
        act.stop_second_factor(user, by(user), "wrong")
    assert no.value.key == "user.password_wrong"
    act.stop_second_factor(user, by(user), PASSWORD)
    assert user.totp_secret is None


def test_where_the_city_requires_it_the_staff_cannot_switch_it_off(by, strict):
    user = worker(totp_secret=SECRET)
    guardian = factories.user("guardian", person=factories.person())
    assert act.must_have_second_factor(user, NOON)
    assert not act.must_have_second_factor(guardian, NOON)
    with pytest.raises(Refused) as no:
        act.stop_second_factor(user, by(user), PASSWORD)
    assert no.value.key == "user.second_factor_required"


# -- what the administrator does --------------------------------------------------------------------


def test_a_lost_password_is_replaced_by_one_that_must_be_changed(by):
    user = worker()
    token = act.open_session(user, NOON, HERE, "pytest")
    password = act.reset_password(user, by(factories.user("admin")))
    assert not act.fits(user, PASSWORD)
    assert act.fits(user, password)
    assert user.must_change_password
    assert len(password) >= 16
    assert act.session_of(token, NOON, "pytest") is None


@pytest.mark.parametrize("verb", ["end_sessions", "deactivate", "reset_second_factor"])
def test_the_administrator_ends_the_sessions_of_a_user(by, verb):
    user = worker(totp_secret=SECRET, totp_counter=7)
    token = act.open_session(user, NOON, HERE, "pytest")
    getattr(act, verb)(user, by(factories.user("admin")))
    assert act.session_of(token, NOON, "pytest") is None
    assert user.active == (verb != "deactivate")
    assert (user.totp_secret, user.totp_counter) == ((None, None) if verb == "reset_second_factor" else (SECRET, 7))
    assert len(lines(f"user.{verb}")) == 1


def test_nobody_locks_themselves_out(by):
    admin = factories.user("admin")
    with pytest.raises(Refused) as no:
        act.deactivate(admin, by(admin))
    assert no.value.key == "user.not_oneself"
    with pytest.raises(Refused) as no:
        act.end_grant(admin.grants[0], by(admin), end=date(2026, 6, 30))
    assert no.value.key == "user.not_own_role"


def test_who_is_active_again_gets_in_again(by):
    user = worker(active=False)
    act.activate(user, by(factories.user("admin")))
    assert act.log_in(user.email, PASSWORD, HERE, NOON) is user


@pytest.mark.parametrize("role", ["service_worker", "finance", "director", "staff", "guardian"])
@pytest.mark.parametrize("verb", [
    "reset_password", "reset_second_factor", "end_sessions", "deactivate", "activate", "grant", "end_grant"])
def test_only_the_administrator_keeps_users(by, role, verb):
    unit = factories.unit()
    user = factories.user(role, unit=unit, group=factories.group(unit), person=factories.person())
    other = factories.user("director", unit=unit)
    inputs = {"grant": {"role": "admin", "start": date(2026, 6, 1)}, "end_grant": {"end": date(2026, 6, 1)}}
    row = other.grants[0] if verb == "end_grant" else other
    with pytest.raises(Denied):
        getattr(act, verb)(row, by(user), **inputs.get(verb, {}))


def test_a_guardian_who_is_invited_has_the_role_and_a_one_time_password(by):
    person = factories.person(first_name="Ari", last_name="Niinikoski", language="sv")
    password = act.invite(person, by(factories.user("admin")), email=" Ari@Example.fi ")
    user = db.session.scalar(select(User).where(User.person_id == person.id))
    assert (user.email, user.language, user.must_change_password) == ("ari@example.fi", "sv", True)
    assert [(one.role, one.start, one.end) for one in user.grants] == [("guardian", date(2026, 6, 1), None)]
    assert act.log_in("ari@example.fi", password, HERE, NOON) is user


@pytest.mark.parametrize("email", ["", "ari", "ari@", "@example.fi", "ari@example", "a b@example.fi", "a@b@c.fi"])
def test_what_is_no_address_is_no_log_in_name(email):
    with pytest.raises(Refused) as no:
        act.check_email(email)
    assert no.value.key == "user.email_form"


@pytest.mark.parametrize(("role", "place", "why"), [
    ("admin", {}, None),
    ("finance", {"unit": True}, "user.grant_everywhere"),
    ("guardian", {"unit": True}, "user.grant_everywhere"),
    ("director", {}, "user.grant_needs_unit"),
    ("director", {"unit": True}, None),
    ("staff", {}, "user.grant_needs_unit"),
    ("staff", {"unit": True}, "user.grant_needs_group"),
    ("staff", {"unit": True, "group": "oravat"}, "user.group_unknown"),
    ("staff", {"unit": True, "group": " siilit"}, None),
])
def test_a_role_is_given_where_it_reaches(by, role, place, why):
    unit, user = factories.unit(), factories.user("service_worker")
    group = factories.group(unit, "Siilit")
    factories.group(factories.unit(), "Oravat")
    inputs = place | ({"unit": unit} if "unit" in place else {})
    if why:
        with pytest.raises(Refused) as no:
            act.grant(user, by(factories.user("admin")), role=role, start=date(2026, 6, 1), **inputs)
        assert no.value.key == why
        return
    given = act.grant(user, by(factories.user("admin")), role=role, start=date(2026, 6, 1), **inputs)
    assert (given.unit_id, given.group_id) == (
        unit.id if "unit" in place else None, group.id if "group" in place else None)
    assert lines("user.grant")[0].facts["role"] == role


def test_a_role_ends_on_its_last_day_and_not_before_its_first(by):
    admin, user = factories.user("admin"), worker()
    grant = user.grants[0]
    with pytest.raises(Refused) as no:
        act.end_grant(grant, by(admin), end=date(2019, 12, 31))
    assert no.value.key == "placement.ends_first"
    act.end_grant(grant, by(admin), end=date(2026, 6, 30))
    assert by(user, "2026-06-30").grants == (("service_worker", None, None),)
    assert by(user, "2026-07-01").grants == ()


def test_the_first_administrator_may_do_everything(by):
    password = act.first_administrator("Aila Ylinen", " Aila@Harjula.example", NOON)
    admin = act.log_in("aila@harjula.example", password, HERE, NOON)
    assert admin.must_change_password
    act.reset_password(worker(), by(admin))
    assert db.session.scalar(select(Grant.role).where(Grant.user_id == admin.id)) == "admin"


def test_the_journal_keeps_no_password_no_hash_and_no_key(by):
    admin, user = by(factories.user("admin")), worker()
    keep()
    first = act.reset_password(user, admin)
    act.change_password(user, by(user), old=first, new="uusi pitkä lauseeni")
    act.start_second_factor(user, by(user), SECRET, pyotp.TOTP(SECRET).at(NOON))
    token = act.open_session(user, NOON, HERE, "pytest")
    act.invite(factories.person(), admin, email="ari@example.fi")
    told = json.dumps([one.facts for one in db.session.scalars(select(AuditEvent))], ensure_ascii=False)
    assert len(lines("user.reset_password")) == 1
    for secret in (first, "uusi pitkä", "argon2", SECRET, token):
        assert secret not in told


# -- the city's table -------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), [
    ("password_length = 12", "password_length = 6"), ("attempts = 5", "attempts = 0"), ("hours = 12", "hours = 1.5"),
    ("idle_minutes = 60", ""),
])
def test_a_mistake_in_the_citys_table_says_where_it_is(old, new):
    text = Path("config/base/security.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(ConfigMistake, match=r"security\.toml"):
        city.build(act.Security, tomllib.loads(text.replace(old, new))["sessions"], "security.toml, [sessions]")
