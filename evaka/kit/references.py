"""What a payment is known by: reference numbers, account numbers, and the bar code of an invoice.

Standards: the national reference number of Finnish banks (weights 7, 3, 1), the RF creditor reference
(ISO 11649), IBAN (ISO 13616), and the banks' Bank Bar Code Guide 5.3 (versions 4 and 5); the business id of
Finnish companies (weights 7, 9, 10, 5, 8, 4, 2).
"""

from __future__ import annotations

from datetime import date
from itertools import cycle

from evaka.kit.errors import Refused
from evaka.kit.money import Cents

LONGEST_NATIONAL = 20  # digits, the check digit among them
LARGEST_IN_BARCODE = 999_999_99  # cents


def national(base: int | str) -> str:
    """A national reference number: the base, 3–19 digits, and its check digit.

    >>> national(12345)
    '123453'
    """
    digits = str(base).lstrip("0")
    if not (_only_digits(digits) and 3 <= len(digits) < LONGEST_NATIONAL):
        raise ValueError(f"the base of a reference number has 3 to 19 digits, not {base!r}")
    return digits + _national_check(digits)


def creditor_reference(reference: str) -> str:
    """The RF reference of a national one, which already has its check digit.

    >>> creditor_reference("2348236")
    'RF332348236'
    """
    reference = check_reference(reference)
    return f"RF{98 - _remainder(f'{reference}RF00'):02}{reference}"


def check_reference(text: str) -> str:
    """A national or RF reference as it is stored: no spaces, no leading zeros.  Refuses a wrong one."""
    reference = "".join(text.split()).upper()
    if reference.startswith("RF"):
        if not (5 <= len(reference) <= 25 and reference.isascii() and reference.isalnum()):
            raise Refused("invoice.reference_form", reference=text)
        if not _only_digits(reference[2:4]) or _remainder(reference[4:] + reference[:4]) != 1:
            raise Refused("invoice.reference_check", reference=text)
        return reference
    reference = reference.lstrip("0")
    if not (_only_digits(reference) and 4 <= len(reference) <= LONGEST_NATIONAL):
        raise Refused("invoice.reference_form", reference=text)
    if _national_check(reference[:-1]) != reference[-1]:
        raise Refused("invoice.reference_check", reference=text)
    return reference


def check_iban(text: str) -> str:
    """An account number as it is stored: no spaces, capital letters.  Refuses a wrong one."""
    iban = "".join(text.split()).upper()
    right_length = len(iban) == 18 if iban.startswith("FI") else 15 <= len(iban) <= 34
    if not (
        iban.isascii() and iban.isalnum() and iban[:2].isalpha() and _only_digits(iban[2:4]) and right_length
    ):
        raise Refused("invoice.iban_form", iban=text)
    if iban.startswith("FI") and not _only_digits(iban[2:]):
        raise Refused("invoice.iban_form", iban=text)
    if _remainder(iban[4:] + iban[:4]) != 1:
        raise Refused("invoice.iban_check", iban=text)
    return iban


def check_business_id(text: str) -> str:
    """A business id (Y-tunnus) as it is stored: seven digits, a hyphen, the check digit.  Refuses a wrong one."""
    written = "".join(text.split())
    digits, hyphen, check = written[:-2], written[-2:-1], written[-1:]
    if not (_only_digits(digits) and 6 <= len(digits) <= 7 and hyphen == "-" and _only_digits(check)):
        raise Refused("reference.business_id_form", id=text)
    digits = digits.zfill(7)  # the oldest were given with six
    weights = (7, 9, 10, 5, 8, 4, 2)
    rest = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11
    if rest == 1 or int(check) != (11 - rest) % 11:  # no id is given that would leave a rest of 1
        raise Refused("reference.business_id_check", id=text)
    return f"{digits}-{check}"


def grouped(reference: str) -> str:
    """As it is printed: a national reference in fives from the right, RF references and IBANs in fours from
    the left.

    >>> grouped("559582243294671"), grouped("RF332348236"), grouped("FI3715903000000776")
    ('55958 22432 94671', 'RF33 2348 236', 'FI37 1590 3000 0007 76')
    """
    if _only_digits(reference):
        first = len(reference) % 5
        groups = [reference[:first]] + [reference[at : at + 5] for at in range(first, len(reference), 5)]
        return " ".join(group for group in groups if group)
    return " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))


def barcode(iban: str, amount: Cents, reference: str, due: date | None) -> str:
    """The 54 digits of the Finnish bank bar code (Code 128 C), which a payer may also copy as text.

    Version 4 carries a national reference, version 5 an RF reference made of a national one.  The account is
    Finnish. An amount of a million euros or more is left open, as zeros; so is a day that is not given.
    """
    iban, reference = check_iban(iban), check_reference(reference)
    if not iban.startswith("FI"):
        raise ValueError(f"the bar code holds Finnish accounts only, not {iban}")
    if amount < 0:
        raise ValueError(f"nobody pays {amount} cents")
    euros, cents = divmod(amount if amount <= LARGEST_IN_BARCODE else 0, 100)
    paid = f"{iban[2:]}{euros:06}{cents:02}"
    day = f"{due:%y%m%d}" if due else "000000"
    if not reference.startswith("RF"):
        return f"4{paid}000{reference:0>20}{day}"
    if not _only_digits(reference[4:]):
        raise ValueError(f"the bar code holds references of digits only, not {reference}")
    return f"5{paid}{reference[2:4]}{reference[4:]:0>21}{day}"


def _national_check(digits: str) -> str:
    weighted = sum(
        int(digit) * weight for digit, weight in zip(reversed(digits), cycle((7, 3, 1)), strict=False)
    )
    return str(-weighted % 10)


def _remainder(text: str) -> int:
    """Modulo 97, letters counted as 10–35."""
    return int("".join(str(int(character, 36)) for character in text)) % 97


def _only_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
