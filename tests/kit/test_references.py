"""Reference numbers, account numbers and the bank bar code; the examples are the banks' own."""

from __future__ import annotations

from datetime import date

import pytest

from evaka.kit import references
from evaka.kit.errors import Refused
from evaka.texts import LANGUAGES, explain


@pytest.mark.parametrize(
    ("base", "reference"),
    [
        (123, "1232"),
        (1234, "12344"),
        (12345, "123453"),
        (123456, "1234561"),
        (1111, "11112"),
        ("1234567890", "12345678907"),
        ("00055958224329467", "559582243294671"),
    ],
)
def test_a_national_reference_ends_in_its_check_digit(base, reference):
    assert references.national(base) == reference
    assert references.check_reference(reference) == reference


@pytest.mark.parametrize("base", [12, "", "12a45", "1" * 20, -123])
def test_a_base_has_three_to_nineteen_digits(base):
    with pytest.raises(ValueError, match="3 to 19 digits"):
        references.national(base)


@pytest.mark.parametrize(
    ("national", "rf"),
    [
        ("1232", "RF111232"),
        ("11112", "RF9811112"),
        ("2348236", "RF332348236"),
        ("1234561", "RF341234561"),
        ("868516259619897", "RF09868516259619897"),
    ],
)
def test_a_creditor_reference_is_made_of_a_national_one(national, rf):
    assert references.creditor_reference(national) == rf
    assert references.check_reference(rf) == rf


def test_a_creditor_reference_needs_the_national_check_digit():
    with pytest.raises(Refused) as refusal:
        references.creditor_reference("1233")
    assert refusal.value.key == "invoice.reference_check"


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("55958 22432 94671", "559582243294671"),
        ("00000 12344", "12344"),
        ("rf09 8685 1625 9619 897", "RF09868516259619897"),
        ("RF18539007547034", "RF18539007547034"),
    ],
)
def test_a_reference_is_stored_without_spaces_and_leading_zeros(written, stored):
    assert references.check_reference(written) == stored


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("", "form"),
        ("123", "form"),
        ("1" * 21, "form"),
        ("12a44", "form"),
        ("12345", "check"),
        ("RF", "form"),
        ("RF98", "form"),
        ("RF98" + "1" * 22, "form"),
        ("RF98ä1112", "form"),
        ("RFAB11112", "check"),
        ("RF9811113", "check"),
    ],
)
def test_a_wrong_reference_is_refused(written, key):
    with pytest.raises(Refused) as refusal:
        references.check_reference(written)
    assert refusal.value.key == f"invoice.reference_{key}"
    assert refusal.value.facts == {"reference": written}


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("FI37 1590 3000 0007 76", "FI3715903000000776"),
        ("fi5810171000000122", "FI5810171000000122"),
        ("FI79 4405 2020 0360 82", "FI7944052020036082"),
        ("FI49 5000 9420 0287 30", "FI4950009420028730"),
        ("SE45 5000 0000 0583 9825 7466", "SE4550000000058398257466"),
        ("GB82 WEST 1234 5698 7654 32", "GB82WEST12345698765432"),
    ],
)
def test_an_account_number_is_stored_without_spaces(written, stored):
    assert references.check_iban(written) == stored


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("", "form"),
        ("159030-776", "form"),
        ("FI37 1590 3000 0007 7", "form"),
        ("FI37 1590 3000 0007 766", "form"),
        ("FI3715903000000A76", "form"),
        ("FIAB15903000000776", "form"),
        ("1737159030000007", "form"),
        ("GB82 WEST 12Ä4 5698 7654 32", "form"),
        ("NO12", "form"),
        ("FI37 1590 3000 0007 67", "check"),
        ("GB82 WEST 1234 5698 7654 33", "check"),
    ],
)
def test_a_wrong_account_number_is_refused(written, key):
    with pytest.raises(Refused) as refusal:
        references.check_iban(written)
    assert refusal.value.key == f"invoice.iban_{key}"
    assert refusal.value.facts == {"iban": written}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "no",
    [
        Refused("invoice.reference_form", reference="12"),
        Refused("invoice.reference_check", reference="12345"),
        Refused("invoice.iban_form", iban="FI1"),
        Refused("invoice.iban_check", iban="FI3715903000000767"),
    ],
    ids=lambda no: no.key,
)
def test_a_refusal_is_a_sentence_with_what_was_written(no, language):
    sentence = explain(no, language)
    assert next(iter(no.facts.values())) in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("stored", "printed"),
    [
        ("1232", "1232"),
        ("11112", "11112"),
        ("123453", "1 23453"),
        ("559582243294671", "55958 22432 94671"),
        ("12345678907", "1 23456 78907"),
        ("RF09868516259619897", "RF09 8685 1625 9619 897"),
        ("FI3715903000000776", "FI37 1590 3000 0007 76"),
    ],
)
def test_references_are_printed_in_groups(stored, printed):
    assert references.grouped(stored) == printed


@pytest.mark.parametrize(
    ("iban", "amount", "reference", "due", "digits"),
    [
        ("FI58 1017 1000 0001 22", 48299, "55958 22432 94671", date(2012, 1, 31),
         "458101710000001220004829900000000559582243294671120131"),
        ("FI79 4405 2020 0360 82", 488315, "RF09 8685 1625 9619 897", date(2010, 6, 12),
         "579440520200360820048831509000000868516259619897100612"),
        ("FI37 1590 3000 0007 76", 1225, "11112", date(2016, 12, 21),
         "437159030000007760000122500000000000000000011112161221"),
        ("FI37 1590 3000 0007 76", 110, "RF9811112", date(2017, 1, 1),
         "537159030000007760000011098000000000000000011112170101"),
        ("FI49 5000 9420 0287 30", 10020, "12345 67907", date(2022, 12, 12),
         "449500094200287300001002000000000000001234567907221212"),
        ("FI37 1590 3000 0007 76", 99999999, "11112", None,
         "437159030000007769999999900000000000000000011112000000"),
        ("FI37 1590 3000 0007 76", 100000000, "11112", None,
         "437159030000007760000000000000000000000000011112000000"),
    ],
)  # fmt: skip
def test_the_bar_code_holds_what_is_paid(iban, amount, reference, due, digits):
    assert references.barcode(iban, amount, reference, due) == digits
    assert len(digits) == 54


@pytest.mark.parametrize(
    ("iban", "amount", "reference", "why"),
    [
        ("GB82WEST12345698765432", 100, "11112", "Finnish accounts only"),
        ("FI3715903000000776", -1, "11112", "nobody pays -1 cents"),
        ("FI3715903000000776", 100, "RF48A11112", "digits only"),
    ],
)
def test_what_the_bar_code_cannot_hold_is_a_fault(iban, amount, reference, why):
    with pytest.raises(ValueError, match=why):
        references.barcode(iban, amount, reference, date(2026, 4, 30))


@pytest.mark.parametrize(
    ("written", "stored"), [("1234567-1", "1234567-1"), (" 123456-2 ", "0123456-2"), ("0000000-0", "0000000-0")]
)
def test_a_business_id_is_stored_with_seven_digits(written, stored):
    assert references.check_business_id(written) == stored


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("1234567-2", "check"),
        ("1000040-0", "check"),  # no id is given for these digits
        ("1000040-1", "check"),
        ("12345671", "form"),
        ("12345678-1", "form"),
        ("12345-6", "form"),
        ("123456a-1", "form"),
        ("1234567-a", "form"),
        ("", "form"),
    ],
)
def test_a_wrong_business_id_is_refused(written, key):
    with pytest.raises(Refused) as refusal:
        references.check_business_id(written)
    assert refusal.value.key == f"reference.business_id_{key}"
    assert refusal.value.facts == {"id": written}
