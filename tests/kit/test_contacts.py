"""A slip in a telephone number or an e-mail is told when it is typed, not when nobody can be reached."""

from __future__ import annotations

import pytest

from evaka.kit.contacts import check_email, check_phone
from evaka.kit.errors import Refused


@pytest.mark.parametrize("typed", ["040 123 4567", "+358 40 1234567", "+46 (0)70-123 45 67", "09 12345"])
def test_a_number_of_any_country_is_taken(typed):
    check_phone(typed)


@pytest.mark.parametrize("typed", ["abc", "040", "040 12x 4567", "040+123456", "ei ole", ""])
def test_what_cannot_be_dialled_is_refused_and_quoted(typed):
    with pytest.raises(Refused) as no:
        check_phone(typed)
    assert (no.value.key, no.value.facts) == ("person.phone_form", {"typed": typed})


@pytest.mark.parametrize("typed", ["maija.meikalainen@example.fi", "åsa@städ.example", " m@x.fi "])
def test_an_address_is_taken(typed):
    check_email(typed)


@pytest.mark.parametrize("typed", ["maija.example.fi", "maija@example", "maija m@example.fi", "@example.fi", ""])
def test_what_is_no_address_is_refused_and_quoted(typed):
    with pytest.raises(Refused) as no:
        check_email(typed)
    assert (no.value.key, no.value.facts) == ("user.email_form", {"typed": typed})
