"""Credit transfers for the bank: ISO 20022 pain.001, written with sepaxml and checked by the standard's own schema.

The payee's bank is not named: within SEPA the account number is enough (Regulation (EU) 260/2012, 5 art. 7).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree import ElementTree as ET

from sepaxml import SepaTransfer
from sepaxml.validation import try_valid_xml

from evaka.kit.money import Cents
from evaka.kit.plain import nearest, one_line

LETTERS = "iso-8859-1"  # å, ä and ö are among what Finnish banks take


@dataclass(frozen=True, slots=True)
class Payer:
    name: str
    iban: str
    bic: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment of more than nothing: `id` comes back on the payer's statement, `message` reaches the payee."""

    id: str
    name: str
    iban: str
    amount: Cents
    message: str
    day: date


def payments(
    payer: Payer, transfers: Iterable[Transfer], *, message: str, at: datetime, version: str = "pain.001.001.03"
) -> bytes:
    """A message of credit transfers, a part for each day of payment; `message` names it, the same one never twice."""
    file = SepaTransfer(
        {"name": _held(payer.name, 70), "IBAN": payer.iban, "BIC": payer.bic, "currency": "EUR", "batch": True},
        schema=version, clean=False,
    )
    for one in transfers:
        if one.amount <= 0:
            raise ValueError(f"nobody is paid {one.amount} cents")
        file.add_payment({
            "name": _held(one.name, 70), "IBAN": one.iban, "amount": one.amount, "execution_date": one.day,
            "description": _held(one.message, 140), "endtoend_id": one.id[:35],
        })
    return _named(file.export(validate=False), version, message, at)


def _named(content: bytes, version: str, message: str, at: datetime) -> bytes:
    """sepaxml takes names from chance and the moment from its own clock; with ours equal facts are equal bytes."""
    space = f"{{urn:iso:std:iso:20022:tech:xsd:{version}}}"
    root = ET.fromstring(content)
    for name, text in (("MsgId", message), ("CreDtTm", at.replace(tzinfo=None).isoformat(timespec="seconds"))):
        found = root.find(f"{space}CstmrCdtTrfInitn/{space}GrpHdr/{space}{name}")
        assert found is not None
        found.text = text
    for number, part in enumerate(root.iter(f"{space}PmtInfId"), start=1):
        part.text = f"{message}-{number}"
    ET.register_namespace("", space[1:-1])
    ET.indent(root)
    written = bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
    try_valid_xml(written, version)
    return written


def _held(text: str, most: int) -> str:
    return nearest(one_line(text), LETTERS)[:most].rstrip()
