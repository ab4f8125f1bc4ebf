"""What needs strong identification, what a provider must tell, and secrets that are sent by mail."""

from __future__ import annotations

import pytest

from evaka.kit.errors import Refused
from evaka.rules.user import (
    Credentials,
    Forgotten,
    Identification,
    Strong,
    When,
    link_token,
    mail_code,
    number_of,
    same,
)

LOA = ("http://ftn.ficora.fi/2017/loa2", "http://ftn.ficora.fi/2017/loa3")
ASKED = Identification("openid profile", ("urn:oid:1.2.246.21", "hetu"), LOA)
CREDENTIALS = Credentials(120, 5, 5, 30, 3, Forgotten.LINK, True, 90)


def test_a_pattern_names_the_keys_that_need_strong_identification():
    strong = Strong(When.WHEN_SET_UP, ("decision.*", "placement.terminate"))
    assert strong.names("decision.accept")
    assert strong.names("placement.terminate")
    assert not strong.names("placement.view")


@pytest.mark.parametrize(("when", "set_up", "asked"), [
    (When.WHEN_SET_UP, False, False), (When.WHEN_SET_UP, True, True), (When.ALWAYS, False, True),
    (When.ALWAYS, True, True),
])
def test_a_city_asks_always_or_once_it_has_a_provider(when, set_up, asked):
    assert Strong(when, ("decision.*",)).asked(set_up) is asked


@pytest.mark.parametrize(("claims", "code"), [
    ({"urn:oid:1.2.246.21": "131052-308T"}, "131052-308T"),
    ({"hetu": " 131052-308t"}, "131052-308T"),
    ({"urn:oid:1.2.246.21": "", "hetu": "131052-308T"}, "131052-308T"),
    ({"sub": "131052-308T"}, None),  # a subject is never taken for a code
    ({}, None),
])
def test_the_code_stands_in_the_first_claim_that_is_there(claims, code):
    assert ASKED.code_of(claims) == code


def test_what_cannot_be_a_code_is_refused():
    with pytest.raises(Refused, match="person.identity_code_check"):
        ASKED.code_of({"hetu": "131052-308A"})


def test_a_lower_level_than_the_city_accepts_is_refused():
    ASKED.check_level({"acr": LOA[1]})
    Identification("openid", ("hetu",), ()).check_level({})
    for claims in ({}, {"acr": "urn:password"}):
        with pytest.raises(Refused, match="user.identify_level"):
            ASKED.check_level(claims)


@pytest.mark.parametrize(("fields", "told"), [
    (("profile", ("hetu",), ()), "scope is"), (("openid", (), ()), "code_claims is empty"),
])
def test_a_table_that_asks_for_no_identification_is_a_mistake(fields, told):
    with pytest.raises(ValueError, match=told):
        Identification(*fields)


@pytest.mark.parametrize(("tries", "told"), [(0, "a number is below 1"), (11, "code_tries is 11")])
def test_a_table_that_lets_codes_be_guessed_is_a_mistake(tries, told):
    with pytest.raises(ValueError, match=told):
        Credentials(120, tries, 5, 30, 3, Forgotten.LINK, True, 90)


def test_a_code_has_six_digits_and_depends_on_the_key_and_on_the_salt():
    codes = {mail_code(key, f"salt{n}") for key in ("one", "two") for n in range(200)}
    assert len(codes) > 390
    assert {(len(code), code.isdecimal()) for code in codes} == {(6, True)}
    assert mail_code("one", "salt") == mail_code("one", "salt")


def test_a_link_tells_whose_it_is_and_cannot_be_made_without_the_key():
    token = link_token("key", 12, "salt")
    assert number_of(token) == 12
    assert same(token, link_token("key", 12, "salt"))
    assert len({token, link_token("other", 12, "salt"), link_token("key", 13, "salt"), link_token("key", 12, "b")}) == 4
    assert not same(token, link_token("key", 12, "pepper"))


@pytest.mark.parametrize("token", ["", "-", "abc", "-12", "²", "99999999999-ab"])
def test_a_token_that_names_no_row_is_nobodys(token):
    assert number_of(token) is None
