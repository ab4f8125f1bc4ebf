"""An e-invoice: Finvoice 3.0 (Finance Finland), without the SOAP frame that a bank may want around it.

Early childhood education is free of value added tax (Value Added Tax Act 1501/1993, 37 and 38 §).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET

from evaka.kit.dates import DateRange
from evaka.kit.money import Cents
from evaka.kit.plain import one_line
from evaka.texts import say


@dataclass(frozen=True, slots=True)
class Seller:
    """The city: its name and department, business id, address, contacts, and the account that families pay to."""

    name: str
    department: str
    business_id: str
    street: str
    postal_code: str
    post_office: str
    phone: str
    email: str
    payee: str
    iban: str
    bic: str


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who pays.  Without an address (street, postal code, post office) none is told: it may be a restricted one."""

    name: str
    language: str
    address: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Transmission:
    """From whose e-invoicing address and operator to whose; `message` is the message's own name."""

    from_id: str
    from_operator: str
    to_id: str
    to_operator: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FinvoiceRow:
    """`child` is the first name alone: operators on the way need to know no more."""

    code: str
    description: str
    child: str
    period: DateRange
    amount: int
    unit_price: Cents
    price: Cents


@dataclass(frozen=True, slots=True)
class FinvoiceFacts:
    """`credited` is the number of the invoice that this one takes back; `reference` is national or RF."""

    seller: Seller
    buyer: Buyer
    number: int
    day: date
    due: date
    period: DateRange
    rows: tuple[FinvoiceRow, ...]
    total: Cents
    reference: str
    barcode: str = ""
    credited: int | None = None
    transmission: Transmission | None = None


def finvoice(facts: FinvoiceFacts) -> bytes:
    """The message as XML, valid by the schema of Finvoice 3.0; texts that are too long for it are cut."""
    root = ET.Element("Finvoice", Version="3.0")
    if facts.transmission:
        _transmission(root, facts.transmission)
    _seller(root, facts.seller)
    _buyer(root, facts.buyer)
    _details(root, facts)
    if facts.barcode:
        _text(root, "VirtualBankBarcode", facts.barcode, 512)
    for row in facts.rows:
        _row(root, row)
    if not facts.rows:
        _text(_under(root, "InvoiceRow"), "RowFreeText", _word(facts, "nothing"), 512)
    _epi(root, facts)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _word(facts: FinvoiceFacts, name: str) -> str:
    return say(f"letter.finvoice.{name}", facts.buyer.language)


def _under(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, name)


def _text(parent: ET.Element, name: str, text: str, most: int = 35, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = one_line(text)[:most].rstrip()


def _day(parent: ET.Element, name: str, day: date) -> None:
    _text(parent, name, f"{day:%Y%m%d}", Format="CCYYMMDD")


def _money(parent: ET.Element, name: str, cents: Cents) -> None:
    amount = f"{Decimal(cents).scaleb(-2):.2f}".replace(".", ",")
    _text(parent, name, amount, AmountCurrencyIdentifier="EUR")


def _transmission(root: ET.Element, sent: Transmission) -> None:
    details = _under(root, "MessageTransmissionDetails")
    sender = _under(details, "MessageSenderDetails")
    _text(sender, "FromIdentifier", sent.from_id)
    _text(sender, "FromIntermediator", sent.from_operator)
    receiver = _under(details, "MessageReceiverDetails")
    _text(receiver, "ToIdentifier", sent.to_id)
    _text(receiver, "ToIntermediator", sent.to_operator)
    message = _under(details, "MessageDetails")
    _text(message, "MessageIdentifier", sent.message, 48)
    _text(message, "MessageTimeStamp", sent.at.isoformat(timespec="seconds"))


def _seller(root: ET.Element, seller: Seller) -> None:
    party = _under(root, "SellerPartyDetails")
    _text(party, "SellerPartyIdentifier", seller.business_id)
    _text(party, "SellerOrganisationName", seller.name, 70)
    _text(party, "SellerOrganisationDepartment", seller.department)
    address = _under(party, "SellerPostalAddressDetails")
    _text(address, "SellerStreetName", seller.street)
    _text(address, "SellerTownName", seller.post_office)
    _text(address, "SellerPostCodeIdentifier", seller.postal_code)
    _text(address, "CountryCode", "FI")
    contacts = _under(root, "SellerCommunicationDetails")
    _text(contacts, "SellerPhoneNumberIdentifier", seller.phone)
    _text(contacts, "SellerEmailaddressIdentifier", seller.email, 70)
    account = _under(_under(root, "SellerInformationDetails"), "SellerAccountDetails")
    _text(account, "SellerAccountID", seller.iban, IdentificationSchemeName="IBAN")
    _text(account, "SellerBic", seller.bic, IdentificationSchemeName="BIC")


def _buyer(root: ET.Element, buyer: Buyer) -> None:
    _text(root, "InvoiceRecipientLanguageCode", buyer.language.upper())
    party = _under(root, "BuyerPartyDetails")
    _text(party, "BuyerOrganisationName", buyer.name, 70)
    if buyer.address and all(len(one) > 1 for one in buyer.address):
        street, postal_code, post_office = buyer.address
        address = _under(party, "BuyerPostalAddressDetails")
        for first in range(0, min(len(street), 105), 35):
            if len(street[first : first + 35].strip()) > 1:
                _text(address, "BuyerStreetName", street[first : first + 35])
        _text(address, "BuyerTownName", post_office)
        _text(address, "BuyerPostCodeIdentifier", postal_code)
        _text(address, "CountryCode", "FI")


def _details(root: ET.Element, facts: FinvoiceFacts) -> None:
    details = _under(root, "InvoiceDetails")
    credit = facts.total < 0
    _text(details, "InvoiceTypeCode", "INV02" if credit else "INV01", CodeListAgencyIdentifier="SPY")
    _text(details, "InvoiceTypeCodeUN", "381" if credit else "380")
    _text(details, "InvoiceTypeText", _word(facts, "credit" if credit else "invoice"))
    _text(details, "OriginCode", "Original")
    _text(details, "InvoiceNumber", str(facts.number), 20)
    _day(details, "InvoiceDate", facts.day)
    if facts.credited is not None:
        _text(details, "OriginalInvoiceNumber", str(facts.credited), 20)
    _day(details, "InvoicingPeriodStartDate", facts.period.start)
    _day(details, "InvoicingPeriodEndDate", facts.period.last_day)
    _money(details, "InvoiceTotalVatExcludedAmount", facts.total)
    _money(details, "InvoiceTotalVatAmount", 0)
    _money(details, "InvoiceTotalVatIncludedAmount", facts.total)
    vat = _under(details, "VatSpecificationDetails")
    _money(vat, "VatBaseAmount", facts.total)
    _text(vat, "VatRatePercent", "0")
    _text(vat, "VatCode", "E")
    _money(vat, "VatRateAmount", 0)
    _text(vat, "VatFreeText", _word(facts, "vat"), 70)
    terms = _under(details, "PaymentTermsDetails")
    _day(terms, "InvoiceDueDate", facts.due)


def _row(root: ET.Element, row: FinvoiceRow) -> None:
    found = _under(root, "InvoiceRow")
    if row.code:
        _text(found, "ArticleIdentifier", row.code, 70)
    _text(found, "ArticleName", row.description, 100)
    _text(found, "DeliveredQuantity", str(row.amount), 14)
    _day(found, "StartDate", row.period.start)
    _day(found, "EndDate", row.period.last_day)
    _money(found, "UnitPriceAmount", row.unit_price)
    _text(found, "RowFreeText", row.child, 512)
    _text(found, "RowVatRatePercent", "0")
    _text(found, "RowVatCode", "E")
    _money(found, "RowVatAmount", 0)
    _money(found, "RowVatExcludedAmount", row.price)
    _money(found, "RowAmount", row.price)


def _epi(root: ET.Element, facts: FinvoiceFacts) -> None:
    """What the payer's bank makes a payment of."""
    epi = _under(root, "EpiDetails")
    known = _under(epi, "EpiIdentificationDetails")
    _day(known, "EpiDate", facts.day)
    _text(known, "EpiReference", str(facts.number))
    parties = _under(epi, "EpiPartyDetails")
    bank = _under(parties, "EpiBfiPartyDetails")
    _text(bank, "EpiBfiIdentifier", facts.seller.bic, IdentificationSchemeName="BIC")
    payee = _under(parties, "EpiBeneficiaryPartyDetails")
    _text(payee, "EpiNameAddressDetails", facts.seller.payee)
    _text(payee, "EpiAccountID", facts.seller.iban, IdentificationSchemeName="IBAN")
    order = _under(epi, "EpiPaymentInstructionDetails")
    scheme = "ISO" if facts.reference.startswith("RF") else "SPY"
    _text(order, "EpiRemittanceInfoIdentifier", facts.reference, IdentificationSchemeName=scheme)
    _money(order, "EpiInstructedAmount", facts.total)
    _text(order, "EpiCharge", "SLEV", ChargeOption="SLEV")
    _day(order, "EpiDateOptionDate", facts.due)
