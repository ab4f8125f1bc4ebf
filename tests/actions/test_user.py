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
from evaka.access import within
from evaka.actions import user as act
from evaka.kit.errors import ConfigMistake, Denied, Refused
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent
from evaka.models.person import Person
from evaka.models.user import Grant, LoginAttempt, User, UserSession
from evaka.rules.unit import Provider
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
    """A city that asks its case workers and directors for a second factor."""
    folder = tmp_path / "config"
    shutil.copytree(city.CONFIG, folder)
    base = (folder / "base" / "security.toml").read_text(encoding="utf-8")
    asked = base.replace("second_factor = []", 'second_factor = ["service_worker", "director"]')
    assert asked != base
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
    assert not act.must_have_second_factor(factories.user("finance"), NOON)
    assert act.must_have_second_factor(factories.user("director", factories.unit()), NOON)
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
    reason = {"reason": "Lähti"} if verb == "deactivate" else {}
    getattr(act, verb)(user, by(factories.user("admin")), **reason)
    assert act.session_of(token, NOON, "pytest") is None
    assert user.active == (verb != "deactivate")
    assert (user.totp_secret, user.totp_counter) == ((None, None) if verb == "reset_second_factor" else (SECRET, 7))
    assert len(lines(f"user.{verb}")) == 1


def test_nobody_locks_themselves_out(by):
    admin = factories.user("admin")
    with pytest.raises(Refused) as no:
        act.deactivate(admin, by(admin), reason="Eläkkeellä")
    assert no.value.key == "user.not_oneself"
    with pytest.raises(Refused) as no:
        act.end_grant(admin.grants[0], by(admin), end=date(2026, 6, 30))
    assert no.value.key == "user.not_own_role"


def test_who_is_active_again_gets_in_again(by):
    user = worker(active=False)
    act.activate(user, by(factories.user("admin")))
    assert act.log_in(user.email, PASSWORD, HERE, NOON) is user


EVERYBODY_ELSE = [
    "service_worker", "finance", "finance_staff", "administration", "report_viewer", "messaging",
    "special_education_teacher", "staff", "guardian",
]


@pytest.mark.parametrize("role", [*EVERYBODY_ELSE, "director", "secretary"])
@pytest.mark.parametrize("verb", [
    "reset_password", "reset_second_factor", "end_sessions", "deactivate", "activate", "give_role", "end_grant"])
def test_only_the_administrator_keeps_users_elsewhere_than_in_the_own_unit(by, role, verb):
    unit, elsewhere = factories.unit(), factories.unit()
    user = factories.user(role, unit=unit, group=factories.group(unit), person=factories.person())
    other = factories.user("staff", unit=elsewhere, group=factories.group(elsewhere))
    inputs = {
        "give_role": {"role": "admin", "start": date(2026, 6, 1)}, "end_grant": {"end": date(2026, 6, 1)},
        "deactivate": {"reason": "x"},
    }
    row = other.grants[0] if verb == "end_grant" else other
    with pytest.raises(Denied):
        getattr(act, verb)(row, by(user), **inputs.get(verb, {}))


@pytest.mark.parametrize("role", EVERYBODY_ELSE)
@pytest.mark.parametrize("verb", [
    "add_staff", "add_substitute", "give_role", "change_groups", "end_grant", "drop_grant"])
def test_the_staff_of_a_unit_is_kept_by_its_director_and_secretary_alone(by, role, verb):
    unit = factories.unit()
    group = factories.group(unit)
    user = factories.user(role, unit=unit, group=group, person=factories.person())
    other = factories.user("staff", unit=unit, group=group)
    day = date(2026, 6, 1)
    row, inputs = {
        "add_staff": (unit, {"name": "x", "email": "x@y.fi", "groups": (group,), "start": day}),
        "add_substitute": (unit, {"name": "x", "email": "x@y.fi", "groups": (group,), "start": day, "end": day}),
        "give_role": (other, {"role": "staff", "start": day}),
        "change_groups": (other.grants[0], {"groups": (group,), "start": day}),
        "end_grant": (other.grants[0], {"end": day}),
        "drop_grant": (other.grants[0], {}),
    }[verb]
    with pytest.raises(Denied):
        getattr(act, verb)(row, by(user), **inputs)


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


# -- roles --------------------------------------------------------------------------------------------

TODAY = date(2026, 6, 1)


def refusal(do) -> Refused:
    with pytest.raises(Refused) as no:
        do()
    return no.value


@pytest.mark.parametrize(("role", "place", "why"), [
    ("admin", (), None),
    ("finance", ("unit",), "user.grant_everywhere"),
    ("guardian", ("unit",), "user.grant_everywhere"),
    ("report_viewer", ("unit", "own"), "user.grant_everywhere"),
    ("director", (), "user.grant_needs_unit"),
    ("director", ("unit",), None),
    ("secretary", ("unit", "own"), "user.role_has_no_groups"),
    ("special_education_teacher", ("unit",), None),
    ("staff", (), "user.grant_needs_unit"),
    ("staff", ("unit",), "user.grant_needs_group"),
    ("staff", ("unit", "strange"), "user.group_elsewhere"),
    ("staff", ("unit", "own"), None),
])
def test_a_role_is_given_where_it_reaches(by, role, place, why):
    unit, user, admin = factories.unit(), factories.user("service_worker"), factories.user("admin")
    groups = {"own": factories.group(unit, "Siilit"), "strange": factories.group(factories.unit(), "Oravat")}
    inputs = {"unit": unit if "unit" in place else None, "groups": tuple(groups[one] for one in place if one != "unit")}
    if why:
        assert refusal(lambda: act.give_role(user, by(admin), role=role, start=TODAY, **inputs)).key == why
        return
    [given] = act.give_role(user, by(admin), role=role, start=TODAY, **inputs)
    assert (given.unit_id, given.group_id) == (
        unit.id if "unit" in place else None, groups["own"].id if "own" in place else None)
    assert lines("user.give_role")[0].facts["role"] == role
    assert user.rights_changed == TODAY


def test_several_groups_are_given_at_once_and_the_journal_names_them(by):
    unit, user = factories.unit(), factories.user("service_worker")
    groups = tuple(factories.group(unit, name) for name in ("Siilit", "Oravat", "Hirvet"))
    given = act.give_role(user, by(factories.user("admin")), role="staff", unit=unit, groups=groups, start=TODAY)
    assert [one.group_id for one in given] == [one.id for one in groups]
    assert lines("user.give_role")[0].facts["groups"] == [f"unit_group {one.id}" for one in groups]


@pytest.mark.parametrize(("start", "end", "why"), [
    (date(2026, 7, 1), date(2026, 6, 30), "placement.ends_first"),
    (date(2026, 5, 1), date(2026, 5, 31), "user.end_past"),
    (date(2026, 5, 1), TODAY, None),
])
def test_a_role_does_not_end_in_the_past(by, start, end, why):
    user, admin = worker(), factories.user("admin")

    def give():
        return act.give_role(user, by(admin), role="finance", start=start, end=end)

    if why:
        assert refusal(give).key == why
    else:
        assert give()[0].end == end


def test_a_role_that_overlaps_the_same_one_is_refused_in_a_sentence_that_names_it(by):
    unit = factories.unit("Lokkilan päiväkoti")
    here, there = factories.group(unit, "Siilit"), factories.group(unit, "Oravat")
    user, admin = factories.user("staff", unit, here, name="Hilja"), factories.user("admin")
    no = refusal(lambda: act.give_role(
        user, by(admin), role="staff", unit=unit, groups=(there, here), start=TODAY, end=date(2026, 12, 31)))
    assert (no.key, no.facts["where"]) == ("user.role_overlaps", ["Lokkilan päiväkoti", "Siilit"])
    assert str(no.facts["period"]) == "1.1.2020–"
    act.give_role(user, by(admin), role="staff", unit=unit, groups=(there,), start=TODAY)
    assert refusal(lambda: act.give_role(worker(), by(admin), role="service_worker", start=TODAY)).key == (
        "user.role_overlaps")


def test_who_is_closed_is_given_no_role(by):
    user, admin = worker(active=False), factories.user("admin")
    assert refusal(lambda: act.give_role(user, by(admin), role="finance", start=TODAY)).key == "user.closed"


def test_nobody_gives_changes_or_takes_their_own_roles(by):
    unit = factories.unit()
    group = factories.group(unit)
    director = factories.user("director", unit)
    factories.save(own := Grant(user=director, role="staff", unit_id=unit.id, group_id=group.id, start=TODAY, end=None))
    to_come = Grant(user=director, role="staff", unit_id=unit.id, group_id=factories.group(unit).id,
                    start=date(2026, 7, 1), end=None)
    factories.save(to_come)
    actor, email = by(director), director.email
    for do in (
        lambda: act.give_role(director, actor, role="staff", unit=unit, groups=(group,), start=TODAY),
        lambda: act.change_groups(own, actor, groups=(group,), start=TODAY),
        lambda: act.end_grant(own, actor, end=date(2026, 12, 31)),
        lambda: act.drop_grant(to_come, actor),
        lambda: act.add_staff(unit, actor, name="Minä", email=email, groups=(group,), start=TODAY),
        lambda: act.add_substitute(unit, actor, name="Minä", email=email, groups=(group,), start=TODAY, end=TODAY),
    ):
        assert refusal(do).key == "user.not_own_role"


def test_a_role_to_come_is_taken_back_and_one_that_has_begun_is_not(by):
    user, admin = worker(), factories.user("admin")
    [coming] = act.give_role(user, by(admin), role="finance", start=date(2026, 6, 2))
    assert refusal(lambda: act.drop_grant(user.grants[0], by(admin))).key == "user.grant_begun"
    act.drop_grant(coming, by(admin))
    assert [one.role for one in user.grants] == ["service_worker"]
    assert db.session.scalars(select(Grant.role).where(Grant.user_id == user.id)).all() == ["service_worker"]


# -- the staff of a unit ------------------------------------------------------------------------------


@pytest.fixture
def house():
    """A unit with two groups, its director, and somebody who works in the first group."""
    unit = factories.unit("Lokkilan päiväkoti")
    here, there = factories.group(unit, "Siilit"), factories.group(unit, "Oravat")
    return unit, here, there, factories.user("director", unit), factories.user("staff", unit, here)


def test_a_director_adds_somebody_to_groups_of_the_own_unit(by, house):
    unit, here, there, director, _ = house
    user, password = act.add_staff(
        unit, by(director), name=" Hilja Uusi ", email=" Hilja@Harjula.example", groups=(here, there), start=TODAY)
    assert (user.name, user.email, user.must_change_password) == ("Hilja Uusi", "hilja@harjula.example", True)
    assert act.log_in("hilja@harjula.example", password, HERE, NOON) is user
    assert [(one.role, one.unit_id, one.group_id, one.end, one.substitute) for one in user.grants] == [
        ("staff", unit.id, here.id, None, False), ("staff", unit.id, there.id, None, False)]
    assert len(lines("user.add_staff")) == 1


def test_somebody_who_has_a_log_in_keeps_the_password(by, house):
    unit, here, _, director, _ = house
    known = worker(email="hilja@harjula.example", name="Hilja")
    user, password = act.add_staff(
        unit, by(director), name="Joku muu", email="hilja@harjula.example", groups=(here,), start=TODAY)
    assert (user, password, known.name) == (known, None, "Hilja")
    assert act.fits(known, PASSWORD)


def test_a_director_makes_no_guardian_into_staff_and_opens_nobody_whom_the_administrator_closed(by, house):
    unit, here, _, director, _ = house
    factories.user("guardian", person=factories.person(), email="maija@example.fi")
    worker(active=False, closed_reason="Irtisanottu", email="eero@example.fi")

    def add(email):
        return lambda: act.add_staff(unit, by(director), name="x", email=email, groups=(here,), start=TODAY)

    assert refusal(add("maija@example.fi")).key == "user.guardians_address"
    assert refusal(add("eero@example.fi")).key == "user.closed"
    assert refusal(add("maija")).key == "user.email_form"


def test_who_was_closed_for_want_of_use_comes_back_with_a_new_password(by, house):
    unit, here, _, director, _ = house
    gone = worker(email="eero@example.fi")
    act.close_idle(gone, by())
    user, password = act.add_substitute(
        unit, by(director), name="Eero", email="eero@example.fi", groups=(here,), start=TODAY, end=TODAY)
    assert user is gone
    assert (user.active, user.closed_reason) == (True, "")
    assert act.fits(user, password)
    assert not act.fits(user, PASSWORD)


@pytest.mark.parametrize(("end", "fits"), [(date(2026, 9, 1), True), (date(2026, 9, 2), False)])
def test_a_substitute_comes_for_as_long_as_the_city_says(by, house, end, fits):
    """92 days from 1.6. are 1.9."""
    unit, here, _, director, _ = house

    def add():
        return act.add_substitute(
            unit, by(director), name="Saku", email="saku@example.fi", groups=(here,), start=TODAY, end=end)

    if not fits:
        no = refusal(add)
        assert (no.key, no.facts["last"], no.facts["days"]) == ("user.substitute_long", date(2026, 9, 1), 92)
        return
    user, password = add()
    [given] = user.grants
    assert (given.substitute, given.end) == (True, end)
    assert act.log_in("saku@example.fi", password, HERE, NOON) is user
    assert refusal(lambda: act.end_grant(given, by(director), end=date(2026, 12, 31))).key == "user.substitute_long"
    assert by(user, "2026-09-01").grants
    assert by(user, "2026-09-02").grants == ()


def test_lasting_rights_in_a_private_unit_are_the_administrators_to_give(by):
    unit = factories.unit(provider=Provider.PRIVATE_SERVICE_VOUCHER)
    group = factories.group(unit)
    director, admin = factories.user("director", unit), factories.user("admin")
    new = {"name": "Saku", "email": "saku@example.fi", "groups": (group,), "start": TODAY}
    assert refusal(lambda: act.add_staff(unit, by(director), **new)).key == "user.unit_not_municipal"
    act.add_substitute(unit, by(director), end=TODAY, **new)
    act.add_staff(unit, by(admin), **new | {"email": "siiri@example.fi"})


def test_a_director_gives_and_ends_the_role_of_staff_and_no_other(by, house):
    unit, _, there, director, nurse = house
    special = factories.user("special_education_teacher", unit)
    actor = by(director)
    no = refusal(lambda: act.give_role(nurse, actor, role="director", unit=unit, start=TODAY))
    assert (no.key, no.facts) == ("user.role_not_yours", {"role": "role.director", "yours": "role.staff"})
    assert refusal(lambda: act.give_role(nurse, actor, role="admin", start=TODAY)).key == "user.role_not_yours"
    elsewhere = factories.unit()
    strange = factories.group(elsewhere)
    assert refusal(lambda: act.give_role(
        nurse, actor, role="staff", unit=elsewhere, groups=(strange,), start=TODAY)).key == "user.unit_not_yours"
    assert refusal(lambda: act.end_grant(special.grants[0], actor, end=TODAY)).key == "user.role_not_yours"
    act.give_role(nurse, actor, role="staff", unit=unit, groups=(there,), start=TODAY)
    act.end_grant(nurse.grants[0], actor, end=TODAY)
    assert by(nurse, "2026-06-02").grants == (("staff", unit.id, there.id),)


def test_the_groups_of_somebody_change_on_a_day(by, house):
    unit, here, there, director, nurse = house
    third = factories.group(unit, "Hirvet")
    [grant] = nurse.grants
    act.change_groups(grant, by(director), groups=(there, third), start=date(2026, 6, 15))
    assert by(nurse, "2026-06-14").grants == (("staff", unit.id, here.id),)
    assert {group for _, _, group in by(nurse, "2026-06-15").grants} == {there.id, third.id}
    act.change_groups(nurse.grants[1], by(director, "2026-06-15"), groups=(third,), start=date(2026, 6, 15))
    assert by(nurse, "2026-06-15").grants == (("staff", unit.id, third.id),)
    assert [(one.group_id, str(one.period)) for one in nurse.grants] == [
        (here.id, "1.1.2020–14.6.2026"), (third.id, "15.6.2026–")]


def test_other_groups_are_no_way_to_a_longer_time(by, house):
    unit, here, there, director, _ = house
    user, _ = act.add_substitute(
        unit, by(director), name="Saku", email="saku@example.fi", groups=(here,), start=TODAY, end=date(2026, 6, 30))
    [grant] = user.grants
    later = {"groups": (there,), "start": date(2026, 7, 1)}
    assert refusal(lambda: act.change_groups(grant, by(director), **later)).key == "placement.ends_first"
    act.change_groups(grant, by(director), groups=(there,), start=date(2026, 6, 10))
    assert [(one.group_id, one.end, one.substitute) for one in user.grants] == [
        (here.id, date(2026, 6, 9), True), (there.id, date(2026, 6, 30), True)]


def test_groups_to_come_give_way_to_those_that_are_chosen_now(by, house):
    unit, here, there, director, nurse = house
    act.give_role(nurse, by(director), role="staff", unit=unit, groups=(there,), start=date(2026, 8, 1))
    act.change_groups(nurse.grants[0], by(director), groups=(here, there), start=date(2026, 6, 2))
    assert [(one.group_id, str(one.period)) for one in nurse.grants] == [
        (here.id, "1.1.2020–"), (there.id, "2.6.2026–")]


@pytest.mark.parametrize(("groups", "start", "why"), [
    ((), TODAY, "user.grant_needs_group"),
    (("own",), date(2026, 5, 31), "user.start_past"),
    (("strange",), TODAY, "user.group_elsewhere"),
])
def test_groups_are_changed_within_the_unit_and_not_in_the_past(by, house, groups, start, why):
    _, here, _, director, nurse = house
    known = {"own": here, "strange": factories.group(factories.unit())}
    assert refusal(lambda: act.change_groups(
        nurse.grants[0], by(director), groups=tuple(known[one] for one in groups), start=start)).key == why


def test_a_role_of_a_whole_unit_has_no_groups_to_change(by, house):
    _, here, _, director, _ = house
    admin = factories.user("admin")
    no = refusal(lambda: act.change_groups(director.grants[0], by(admin), groups=(here,), start=TODAY))
    assert no.key == "user.role_has_no_groups"


def test_a_director_gives_a_password_to_those_only_who_have_no_other_rights(by, house):
    unit, here, _, director, nurse = house
    password = act.reset_password(nurse, by(director))
    assert act.fits(nurse, password)
    elsewhere = factories.unit()
    for role, place in (("special_education_teacher", unit), ("service_worker", None), ("staff", elsewhere)):
        group = factories.group(elsewhere) if role == "staff" else None
        mighty = factories.user("staff", unit, here)
        factories.save(Grant(user=mighty, role=role, unit_id=place and place.id, group_id=group and group.id,
                             start=date(2026, 8, 1), end=None))
        assert refusal(lambda user=mighty: act.reset_password(user, by(director))).key == "user.not_only_yours"


def test_a_director_sees_the_staff_of_the_own_unit_now_and_to_come(by, house):
    unit, here, _, director, nurse = house
    gone, coming = factories.user("staff", unit, here), factories.user("staff", unit, here)
    gone.grants[0].end = date(2026, 5, 31)
    coming.grants[0].start = date(2026, 8, 1)
    factories.user("staff", factories.unit(), factories.group(factories.unit()))
    by_group = factories.user("staff", None, here)  # the group alone tells the unit
    seen = db.session.scalars(select(User.id).where(within(by(director), "user.view", User)))
    assert set(seen) == {director.id, nurse.id, coming.id, by_group.id}


# -- closing ------------------------------------------------------------------------------------------


def test_closing_ends_the_roles_of_the_staff_today_and_takes_back_those_to_come(by):
    unit = factories.unit()
    user, admin = factories.user("director", unit), factories.user("admin")
    act.give_role(user, by(admin), role="finance", start=date(2026, 7, 1))
    act.deactivate(user, by(admin), reason="Vaihtoi työpaikkaa")
    assert [(one.role, one.end) for one in user.grants] == [("director", TODAY)]
    assert (user.active, user.closed_reason) == (False, "Vaihtoi työpaikkaa")
    assert lines("user.deactivate")[0].facts["reason"] == "Vaihtoi työpaikkaa"
    act.activate(user, by(admin))
    assert (user.active, user.closed_reason, user.rights_changed) == (True, "", TODAY)
    assert by(user, "2026-06-02").grants == ()


def test_a_guardian_who_was_closed_keeps_the_role_that_comes_from_the_child(by):
    guardian, admin = factories.user("guardian", person=factories.person()), factories.user("admin")
    act.deactivate(guardian, by(admin), reason="Väärä henkilö")
    assert by(guardian).grants == ()
    act.activate(guardian, by(admin))
    assert by(guardian, "2027-06-01").grants == (("guardian", None, None),)


def test_rights_past_their_end_open_nothing_from_the_next_midnight(by):
    place = factories.placement(factories.child(), date(2026, 1, 1))
    group = factories.group(place.unit)
    factories.in_group(place, group)
    user = factories.user("staff", place.unit, group)
    user.grants[0].end = TODAY
    db.session.flush()

    def seen(day):
        return db.session.scalars(select(Person.id).where(within(by(user, day), "person.view", Person))).all()

    assert place.child_id in seen("2026-06-01")
    assert seen("2026-06-02") == []


def test_a_role_ends_on_its_last_day_and_not_before_its_first(by):
    admin, user = factories.user("admin"), worker()
    grant = user.grants[0]
    with pytest.raises(Refused) as no:
        act.end_grant(grant, by(admin), end=date(2019, 12, 31))
    assert no.value.key == "placement.ends_first"
    with pytest.raises(Refused) as no:
        act.end_grant(grant, by(admin), end=date(2026, 5, 31))
    assert no.value.key == "user.end_past"
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


@pytest.mark.parametrize(("old", "new"), [
    ("idle_weeks = 8", "idle_weeks = 0"), ("warn_weeks = 2", "warn_weeks = 8"), ("substitute_days = 92", ""),
])
def test_a_mistake_in_the_table_of_rights_says_where_it_is(old, new):
    text = Path("config/base/security.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(ConfigMistake, match=r"security\.toml"):
        city.build(act.Rights, tomllib.loads(text.replace(old, new))["rights"], "security.toml, [rights]")
