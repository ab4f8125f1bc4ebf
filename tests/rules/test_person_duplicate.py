"""Who is probably one person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from evaka.kit import identity
from evaka.rules.person.duplicate import Described, Likeness, email_key, joined, likeness, name_key, phone_key, score

BORN = date(1990, 4, 1)
CODE, OTHER_CODE = identity.made(BORN, 901), identity.made(BORN, 903)
ONE = Described("Väinö Ilmari", "Mäki", BORN, CODE, "040 555 0100", "vaino@example.fi", ("Kuja 1", "00900 Harjula"))


@pytest.mark.parametrize(("changed", "reasons"), [
    ({"identity_code": None, "phone": None, "email": None, "address": ()}, (Likeness.NAME,)),
    ({"identity_code": OTHER_CODE}, ()),
    ({"born": date(1990, 4, 2), "identity_code": None}, ()),
    ({"identity_code": None},
     (Likeness.NAME, Likeness.PHONE, Likeness.EMAIL, Likeness.ADDRESS)),
    ({"identity_code": None, "last_name": "Salo", "email": "", "address": ()}, (Likeness.PHONE,)),  # married
    ({"identity_code": None, "first_name": "Vaino", "last_name": "Maki", "phone": "", "address": ()},
     (Likeness.EMAIL,)),
    ({"identity_code": None, "first_name": "Eino"}, ()),  # a twin
    ({"identity_code": None, "first_name": "", "last_name": "Mäki"}, ()),
    ({"identity_code": None, "first_name": "Väinö", "last_name": "", "phone": "", "email": ""}, ()),
])
def test_why_two_are_one(changed, reasons):
    assert likeness(ONE, replace(ONE, **changed)) == reasons
    assert likeness(replace(ONE, **changed), ONE) == reasons


def test_the_surer_the_higher():
    every = tuple(Likeness)
    assert score(every) == 100
    assert score(()) == 0 < score((Likeness.PHONE,)) < score((Likeness.NAME,)) < score((Likeness.NAME, Likeness.PHONE))


@pytest.mark.parametrize(("first", "last", "key"), [
    ("Väinö Ilmari", "Mäki", "mäki väinö"), ("Åke", "von Essen", "vonessen åke"), ("", "Mäki", ""), ("Väinö", " ", "")])
def test_names_are_folded(first, last, key):
    assert name_key(first, last) == key


@pytest.mark.parametrize(("written", "key"), [
    ("040 555 0100", "0405550100"), ("+358405550100", "0405550100"), ("00358 (0)40-5550100", "0405550100"),
    ("+46 70 123 456", "4670123456"), ("112", ""), (None, "")])
def test_telephones_are_their_numbers(written, key):
    assert phone_key(written) == key


def test_mail_has_no_capitals():
    assert (email_key(" A@Example.FI "), email_key(None)) == ("a@example.fi", "")


@pytest.mark.parametrize(("kept", "gone", "both"), [
    ("Pähkinä", "Kala", "Pähkinä\nKala"), ("Pähkinä, kala", "Kala", "Pähkinä, kala"),
    ("Kala", "Kala, muna", "Kala, muna"),
    (None, "Kala", "Kala"), ("Kala", None, "Kala"), (None, None, None), ("", " ", "")])
def test_notes_are_joined_without_saying_anything_twice(kept, gone, both):
    assert joined(kept, gone) == both
