"""Papers for machines: what a spreadsheet, a bank and an operator read back is what was told, hostile or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.metadata import distribution
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from openpyxl import load_workbook
from stdnum import iban as iban_number
from virtuaaliviivakoodi import virtuaaliviivakoodi

from evaka.kit.dates import DateRange
from evaka.kit.references import barcode, check_iban, check_reference, creditor_reference
from evaka.letters.ledger import (
    Buyer,
    FinvoiceFacts,
    FinvoiceRow,
    Payer,
    Seller,
    Transfer,
    Transmission,
    finvoice,
    payments,
    table_file,
)
from evaka.models.base import HELSINKI
from evaka.rules.ledger import Column, Each, Encoding, Entry, FileKind, Form, Layout, Line, Part

NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)
MAY = DateRange.month(2026, 5)


@cache
def schema() -> Any:
    """The official schema of Finvoice 3.0, out of the wheel that the tests are given for it."""
    wheel = distribution("odoo-addon-account-edi-finvoice")
    return xmlschema.XMLSchema(wheel.locate_file("odoo/addons/account_edi_finvoice/static/schema/Finvoice3.0.xsd"))


# -- lines and spreadsheets ------------------------------------------------------------------------------


def layout(kind: FileKind, *columns: Column, **more: Any) -> Layout:
    return Layout(DateRange(date(2020, 1, 1)), kind, "x", (Line(Each.ROW, columns),), **more)


def entry(**row: Any) -> Entry:
    facts = {name.replace("_", ".", 1): value for name, value in row.items()}
    return Entry({"invoice.number": 7}, (Part(1, facts),))


HOSTILE = '=cmd|"/C calc"!A1;\r\n"Ahola"\tÄijälä'
NAME = Column("Nimi", "child.name")
PRICE = Column("Summa", "row.price")
DAY = Column("Päivä", "row.start")


def test_hostile_text_stays_in_its_cell_of_a_line():
    written = table_file(layout(FileKind.CSV, NAME, PRICE, header=True), {}, [entry(child_name=HOSTILE, row_price=-5)])
    assert written.decode() == 'Nimi;Summa\r\n"\'=cmd|""/C calc""!A1; ""Ahola"" Äijälä";-0,05\r\n'


def test_hostile_text_is_a_text_in_a_spreadsheet_and_numbers_are_numbers():
    columns = (NAME, PRICE, DAY, Column("Määrä", "row.amount"), Column("Sentit", "row.price", form=Form.DIGITS),
               Column("Kuukausi", "row.start", form=Form.MONTH), Column("Vakio", text="=1+1"), Column("Tyhjä"))
    facts = {"child_name": HOSTILE, "row_price": 12345, "row_start": date(2026, 5, 1), "row_amount": 3}
    written = table_file(layout(FileKind.XLSX, *columns, header=True), {}, [entry(**facts)])
    sheet = load_workbook(BytesIO(written)).active
    head, row = sheet.iter_rows()
    assert [cell.value for cell in head] == [column.name for column in columns]
    assert [cell.data_type for cell in row][:2] == ["s", "n"]
    assert row[0].value == '=cmd|"/C calc"!A1; "Ahola" Äijälä'
    assert row[1].value == 123.45
    assert row[2].value.date() == date(2026, 5, 1)
    assert (row[2].number_format, row[1].number_format) == ("d.m.yyyy", "0.00")
    assert [cell.value for cell in row[3:7]] == [3, 12345, "05/2026", "=1+1"]
    assert row[6].data_type == "s"
    headless = load_workbook(BytesIO(table_file(layout(FileKind.XLSX, PRICE), {}, [entry(row_price=5)]))).active
    assert [[cell.value for cell in row] for row in headless.iter_rows()] == [[0.05]]


def test_a_fixed_line_has_every_column_at_its_place():
    columns = (
        Column("Nimi", "child.name", width=12), Column("", text="1", width=2), Column("", width=3),
        Column("Summa", "row.price", form=Form.DIGITS, decimals=4, width=10, fill="0"),
        Column("", "product.code", width=6, right=True), Column("", "row.start", form=Form.COMPACT, width=8),
    )
    facts = {"child_name": "Äijälä-Ketonen Aino", "row_price": -1250, "product_code": "77",
             "row_start": date(2026, 5, 1)}
    fixed = layout(FileKind.FIXED, *columns, encoding=Encoding.ISO_8859_1, line_end="\n")
    written = table_file(fixed, {}, [entry(**facts)])
    assert written.decode("iso-8859-1") == "Äijälä-Keton" "1 " "   " "-000125000" "    77" "20260501" "\n"
    assert len(written) == 42
    headed = table_file(replace(layout(FileKind.FIXED, replace(columns[0], width=3)), header=True), {}, [])
    assert headed == b"Nim\r\n"


# -- e-invoices -----------------------------------------------------------------------------------------

SELLER = Seller(
    name="Esimerkkikunta", department="Varhaiskasvatus", business_id="9999999-9", street="PL 10", postal_code="00901",
    post_office="Esimerkkikunta", phone="09 555 0100", email="vaka@example.fi", payee="Esimerkkikunta, varhaiskasvatus",
    iban="FI3715903000000776", bic="EXAMPLEX",
)
ROW = FinvoiceRow("5001", "Varhaiskasvatus", "Aino", MAY, 1, 100_00, 100_00)
FACTS = FinvoiceFacts(
    seller=SELLER, buyer=Buyer("Maija Ahola", "fi", ("Koivukatu 1", "00901", "Harjula")), number=17,
    day=date(2026, 6, 1), due=date(2026, 6, 30), period=MAY, rows=(ROW, replace(ROW, code="", price=-5_26, amount=1)),
    total=94_74, reference="26050000173",
)


def read(facts: FinvoiceFacts) -> ET.Element:
    written = finvoice(facts)
    schema().validate(written.decode())
    return ET.fromstring(written)


def cents(text: str | None) -> int:
    assert text is not None
    return int(text.replace(",", ""))


def test_an_e_invoice_is_valid_and_its_sums_agree():
    told = read(FACTS)
    total = cents(told.findtext("InvoiceDetails/InvoiceTotalVatIncludedAmount"))
    assert total == sum(cents(row.findtext("RowAmount")) for row in told.iter("InvoiceRow")) == 94_74
    paid = told.find("EpiDetails/EpiPaymentInstructionDetails")
    assert cents(paid.findtext("EpiInstructedAmount")) == total
    assert paid.findtext("EpiDateOptionDate") == told.findtext("InvoiceDetails/PaymentTermsDetails/InvoiceDueDate")
    assert paid.find("EpiRemittanceInfoIdentifier").get("IdentificationSchemeName") == "SPY"
    assert told.findtext("InvoiceDetails/InvoiceTypeCode") == "INV01"
    assert told.findtext("BuyerPartyDetails/BuyerPostalAddressDetails/BuyerStreetName") == "Koivukatu 1"


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_it_is_valid_in_every_language(language):
    told = read(replace(FACTS, buyer=replace(FACTS.buyer, language=language)))
    assert told.findtext("InvoiceRecipientLanguageCode") == language.upper()


def test_a_buyer_without_an_address_has_none_in_it():
    for address in (None, ("Koivukatu 1", "", "Harjula")):
        told = read(replace(FACTS, buyer=Buyer("Maija Ahola", "fi", address)))
        assert told.find("BuyerPartyDetails/BuyerPostalAddressDetails") is None


def test_a_credit_note_names_what_it_takes_back():
    told = read(replace(FACTS, total=-94_74, credited=16, reference=creditor_reference("26050000173")))
    details = told.find("InvoiceDetails")
    assert [details.findtext(name) for name in ("InvoiceTypeCode", "InvoiceTypeText", "OriginalInvoiceNumber")] == [
        "INV02", "Hyvityslasku", "16"]
    identifier = told.find("EpiDetails/EpiPaymentInstructionDetails/EpiRemittanceInfoIdentifier")
    assert identifier.get("IdentificationSchemeName") == "ISO"


def test_hostile_and_long_texts_are_cut_and_stay_valid():
    long = "<script>&\"' \x00\x0b\r\n" + "Å" * 600
    told = read(replace(
        FACTS, buyer=Buyer(long, "fi", (long, "00901", long)),
        seller=replace(SELLER, department=long, payee=long, phone=long),
        rows=(replace(ROW, description=long, child=long, code=long),), barcode="4" * 54,
        transmission=Transmission("003799999999", "EXAMPLEX", "TULOSTUS", "EXAMPLEX", "I17-1", NOON),
    ))
    assert told.findtext("BuyerPartyDetails/BuyerOrganisationName").startswith("<script>&\"' Å")
    assert len(told.findall("BuyerPartyDetails/BuyerPostalAddressDetails/BuyerStreetName")) == 3
    assert told.findtext("VirtualBankBarcode") == "4" * 54


def test_a_street_that_leaves_one_letter_over_drops_it():
    told = read(replace(FACTS, buyer=Buyer("Maija Ahola", "fi", ("x" * 36, "00901", "Harjula"))))
    assert [one.text for one in told.iter("BuyerStreetName")] == ["x" * 35]


def test_an_invoice_without_rows_says_so():
    assert read(replace(FACTS, rows=(), total=0)).findtext("InvoiceRow/RowFreeText") == "Ei laskutettavaa"


# -- payments -------------------------------------------------------------------------------------------

PAYER = Payer("Esimerkkikunta", "FI3715903000000776", "EXAMPLEX")
TRANSFER = Transfer("17", "Päiväkoti Åke Oy", "FI2112345600000785", 850_00, "Palveluseteli 5/2026", date(2026, 6, 15))


@pytest.mark.parametrize("version", ["pain.001.001.03", "pain.001.001.09"])
def test_payments_are_valid_by_the_standard_and_equal_facts_are_equal_bytes(version):
    some = [TRANSFER, replace(TRANSFER, id="18", amount=1, day=date(2026, 6, 16)), replace(TRANSFER, id="19")]
    written = payments(PAYER, some, message="EVAKA-7", at=NOON, version=version)
    assert written == payments(PAYER, some, message="EVAKA-7", at=NOON, version=version)
    space = f"{{urn:iso:std:iso:20022:tech:xsd:{version}}}"
    told = ET.fromstring(written)

    def found(name: str) -> list[str | None]:
        return [one.text for one in told.iter(f"{space}{name}")]

    assert found("MsgId") == ["EVAKA-7"]
    assert found("CreDtTm") == ["2026-06-01T12:00:00"]
    assert found("PmtInfId") == ["EVAKA-7-1", "EVAKA-7-2"]
    assert found("NbOfTxs") == ["3", "2", "1"]
    assert found("CtrlSum") == ["1700.01", "1700.00", "0.01"]
    assert found("InstdAmt") == ["850.00", "850.00", "0.01"]
    assert found("Nm")[:2] == ["Esimerkkikunta", "Esimerkkikunta"]
    assert "Päiväkoti Åke Oy" in found("Nm")


def test_hostile_texts_of_a_payment_are_cut_and_stay_valid():
    hostile = replace(TRANSFER, name="Đ<&>\x00" + "x" * 90, message="张\r\n" + "m" * 200, id="9" * 50)
    told = payments(PAYER, [hostile], message="EVAKA-8", at=NOON).decode()
    assert "D&lt;&amp;&gt; xxx" in told
    assert "? mmm" in told
    assert "9" * 36 not in told


@pytest.mark.parametrize("amount", [0, -1])
def test_nobody_is_paid_nothing(amount):
    with pytest.raises(ValueError, match="nobody is paid"):
        payments(PAYER, [replace(TRANSFER, amount=amount)], message="EVAKA-9", at=NOON)


# -- what others make of references and accounts ------------------------------------------------------------


@pytest.mark.parametrize(("account", "euros", "reference", "due"), [
    ("FI5810171000000122", "482.99", "559582243294671", date(2012, 1, 31)),
    ("FI7944052020036082", "4883.15", "RF09868516259619897", date(2010, 6, 12)),
    ("FI3715903000000776", "12.25", "11112", date(2016, 12, 21)),
    ("FI3715903000000776", "1.10", "RF9811112", date(2017, 1, 1)),
    ("FI7899991000000024", "94.74", "26050000173", date(2026, 6, 30)),
])
def test_another_program_makes_the_same_bar_code(account, euros, reference, due):
    ours = barcode(account, int(Decimal(euros) * 100), reference, due)
    assert ours == virtuaaliviivakoodi(account, reference, Decimal(euros), due)


@pytest.mark.parametrize("account", ["FI7899991000000024", "FI2112345600000785", "DE89370400440532013000"])
def test_another_program_takes_the_same_account_numbers(account):
    assert check_iban(account) == iban_number.validate(account)


def test_an_rf_reference_is_read_as_its_own():
    assert check_reference(creditor_reference("26050000173")).endswith("26050000173")
