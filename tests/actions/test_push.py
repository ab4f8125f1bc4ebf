"""Sealed messages by the standard's own example, the city's keys, and browsers that agree."""

from __future__ import annotations

import json
import stat
from base64 import urlsafe_b64decode
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import select

from evaka import city
from evaka.actions import push as act
from evaka.actions.push.keys import plain
from evaka.kit.errors import Denied, Refused
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent
from evaka.models.push import PushSubscription
from tests import factories
from tests.conftest import keep
from tests.phone import Phone

NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)
ON = {"enabled": True, "services": ["https://push.example"], "keep_hours": 12}


def octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_message_is_sealed_as_the_example_of_rfc_8291_appendix_a():
    private = ec.derive_private_key(
        int.from_bytes(octets("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1())
    sealed = act.sealed(
        b"When I grow up, I want to be a watermelon",
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg", private=private, salt=octets("DGv6ra1nlYgDCS1FRnbzlw"), room=0)
    assert plain(sealed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")


def test_two_seals_of_one_message_differ_and_say_nothing_by_their_length():
    phone = Phone()
    one, other, long = (act.sealed(text, phone.public_key, phone.shared_secret) for text in (b"a", b"a", b"a" * 200))
    assert one != other
    assert len(one) == len(other) == len(long)
    assert phone.opened(one) == b"a"


@pytest.mark.parametrize(("public_key", "shared_secret"), [
    ("", ""), ("AAAA", "BTBZMqHH6r4Tts7J_aSIgg"), (Phone().public_key, "AAAA"), (Phone().public_key, "ä"),
    (plain(b"\x04" + b"\1" * 64), "BTBZMqHH6r4Tts7J_aSIgg"),
], ids=["nothing", "short", "short secret", "no letters", "no point"])
def test_what_is_no_key_is_refused(public_key, shared_secret):
    with pytest.raises(Refused) as no:
        act.told_keys(public_key, shared_secret)
    assert no.value.key == "push.not_a_key"


def test_keys_are_made_once_for_the_program_alone(tmp_path: Path):
    made = act.keys_in(tmp_path)
    assert act.keys_in(tmp_path).public == made.public
    assert [file.name for file in tmp_path.iterdir()] == ["push.key"]
    assert stat.S_IMODE((tmp_path / "push.key").stat().st_mode) == 0o600


def test_a_token_is_signed_for_one_service_for_a_time(tmp_path: Path):
    keys = act.keys_in(tmp_path)
    value = keys.token("https://push.example", "vaka@example.fi", NOON)
    token, told = value.removeprefix("vapid t=").split(", k=")
    head, claims, signature = token.split(".")
    assert json.loads(octets(head)) == {"typ": "JWT", "alg": "ES256"}
    assert json.loads(octets(claims)) == {
        "aud": "https://push.example", "exp": int(NOON.timestamp()) + 12 * 3600, "sub": "mailto:vaka@example.fi"}
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets(told))
    raw = octets(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(der, f"{head}.{claims}x".encode(), ec.ECDSA(SHA256()))


# -- browsers ---------------------------------------------------------------------------------------------


@pytest.fixture
def anna(database):
    return factories.person(first_name="Anna")


def given(phone: Phone, path: str = "a", **other: str) -> dict[str, str]:
    return {"endpoint": f"https://push.example/{path}", "public_key": phone.public_key,
            "shared_secret": phone.shared_secret, "browser": "Firefox, Android"} | other


def test_a_browser_agrees_once_and_is_forgotten(anna, by):
    me, phone = by(factories.user("guardian", person=anna)), Phone()
    with city.trying("city", "push", ON):
        row = act.subscribe(anna, me, **given(phone))
        assert act.subscribe(anna, me, **given(phone)) is row
    db.session.flush()
    [line, _] = db.session.info["lines"]
    for secret in (phone.shared_secret, phone.public_key, row.endpoint):
        assert secret not in str(line)
    with pytest.raises(Refused) as no:
        act.unsubscribe(anna, me, subscription=row.id + 1)
    assert no.value.key == "push.gone_already"
    act.unsubscribe(anna, me, subscription=row.id)  # also where the city has turned it off
    keep()
    assert db.session.scalars(select(PushSubscription)).all() == []
    assert db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all() == [
        "push.subscribe", "push.subscribe", "push.unsubscribe"]


def test_a_browser_tells_of_the_one_who_agreed_last(anna, by):
    phone, other = Phone(), factories.person()
    with city.trying("city", "push", ON):
        row = act.subscribe(anna, by(factories.user("guardian", person=anna)), **given(phone))
        act.subscribe(other, by(factories.user("guardian", person=other)), **given(phone))
    assert row.person_id == other.id


@pytest.mark.parametrize(("table", "typed", "key"), [
    (ON | {"enabled": False}, {}, "push.off"),
    (ON, {"endpoint": "https://elsewhere.example/a"}, "push.unknown_service"),
    (ON, {"endpoint": "a"}, "push.not_an_address"), (ON, {"public_key": "AAAA"}, "push.not_a_key"),
])
def test_what_cannot_be_told_is_refused(anna, by, table, typed, key):
    with city.trying("city", "push", table), pytest.raises(Refused) as no:
        act.subscribe(anna, by(factories.user("guardian", person=anna)), **given(Phone(), **typed))
    assert no.value.key == key


def test_ten_browsers_are_enough_and_nobody_agrees_for_another(anna, by):
    me = by(factories.user("guardian", person=anna))
    with city.trying("city", "push", ON):
        for n in range(10):
            act.subscribe(anna, me, **given(Phone(), str(n)))
        with pytest.raises(Refused) as no:
            act.subscribe(anna, me, **given(Phone(), "more"))
        assert no.value.key == "push.enough"
        with pytest.raises(Denied):
            act.subscribe(anna, by(factories.user("admin")), **given(Phone(), "more"))
