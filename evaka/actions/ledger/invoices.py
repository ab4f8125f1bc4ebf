"""Sent invoices as entries of the ledger's file and as e-invoices, read in a few queries however many they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload, selectinload

from evaka import city
from evaka.access import Actor, within
from evaka.actions.document import bill_recipient_of, letter_language, name_of
from evaka.actions.invoice.paper import bank, product_name, rf_reference
from evaka.actions.ledger.policy import finvoice_policy, layout_on, products
from evaka.actions.ledger.prepared import Prepared, Trouble
from evaka.kit.errors import Refused
from evaka.kit.references import barcode, check_iban, creditor_reference
from evaka.letters.ledger import (
    MIMETYPES,
    Buyer,
    FinvoiceFacts,
    FinvoiceRow,
    Seller,
    Transmission,
    finvoice,
    table_file,
)
from evaka.models.base import HELSINKI, db
from evaka.models.invoice import Invoice, InvoiceRow
from evaka.models.ledger import waiting_invoices
from evaka.models.unit import Unit
from evaka.rules.ledger import (
    Channel,
    Entry,
    Facts,
    FileKind,
    Layout,
    Part,
    Product,
    Restricted,
    check_entry,
    file_name,
)

CHUNK = 500
SHOWN = 8  # invoices of the sample
LONGEST_SAMPLE = 4000  # letters


# -- what waits ---------------------------------------------------------------------------------------


def prepared_ledger(by: Actor) -> Prepared:
    """What the ledger has not been given yet, by the layout of today."""
    layout = layout_on(by.today)
    mine = within(by, "invoice.view", Invoice)
    found = db.session.execute(waiting_invoices(
        Channel.LEDGER, since=layout.since, zero_totals=layout.zero_totals, reversals=layout.reversals).where(mine))
    return ledger_of([(id, bool(reversal)) for id, reversal in found], by, layout)


def ledger_of(waiting: Sequence[tuple[int, bool]], by: Actor, layout: Layout) -> Prepared:
    """The file of these invoices; of those that cannot be written by the layout it is told why."""
    good: list[tuple[int, bool]] = []
    entries: list[Entry] = []
    troubles: list[Trouble] = []
    trial, writing = _batch_facts(by, 0, []), _Writing(layout, by.today)
    for invoice, reversal in _loaded(waiting):
        entry = writing.entry(invoice, reversal)
        try:
            check_entry(layout, trial, entry)
        except Refused as no:
            troubles.append(Trouble(invoice.id, str(invoice), no))
        else:
            good.append((invoice.id, reversal))
            entries.append(entry)

    def write(number: int) -> tuple[str, str, bytes]:
        name = file_name(layout.file_name, number=number, day=by.today)
        return name, MIMETYPES[layout.kind], table_file(layout, _batch_facts(by, number, entries), entries)

    def sample() -> str:
        some = entries[:SHOWN]
        shown = layout.shown_as_text() if layout.kind is FileKind.XLSX else layout
        text = table_file(shown, _batch_facts(by, 0, some), some).decode(shown.encoding)
        return "\n".join(text.removeprefix("\ufeff").splitlines())[:LONGEST_SAMPLE]

    return Prepared(good, sum(one.facts["invoice.total"] for one in entries), write, sample, troubles)


def prepared_finvoices(by: Actor) -> Prepared:
    """The invoices that have not gone out as e-invoices yet: a message each, packed into one file."""
    policy, mine = finvoice_policy(), within(by, "invoice.view", Invoice)
    found = db.session.execute(
        waiting_invoices(Channel.FINVOICE, since=policy.since).where(mine).add_columns(Invoice.total)).all()
    taken = found[: policy.most]
    items = [(id, bool(reversal)) for id, reversal, _ in taken]

    def write(number: int) -> tuple[str, str, bytes]:
        out = BytesIO()
        with ZipFile(out, "w", ZIP_DEFLATED) as packed:
            for invoice, reversal in _loaded(items):
                name = f"finvoice-{invoice.number}{'-hyvitys' if reversal else ''}.xml"
                content = finvoice(finvoice_facts(invoice, by, reversal=reversal))
                packed.writestr(ZipInfo(name, by.now.timetuple()[:6]), content, ZIP_DEFLATED)
        return f"finvoice-{by.today:%Y%m%d}-{number}.zip", "application/zip", out.getvalue()

    total = sum(-cents if reversal else cents for _, reversal, cents in taken)
    return Prepared(items, total, write, later=len(found) - len(taken))


def invoice_message(invoice: Invoice, by: Actor) -> bytes:
    """One sent invoice as an e-invoice, without handing it over."""
    return finvoice(finvoice_facts(invoice, by, reversal=False))


def _loaded(waiting: Sequence[tuple[int, bool]]) -> Iterator[tuple[Invoice, bool]]:
    """The invoices in their order with all that is read of them, a chunk at a time."""
    asked = select(Invoice).options(
        joinedload(Invoice.head), joinedload(Invoice.codebtor), joinedload(Invoice.replaces),
        selectinload(Invoice.rows).options(
            defer(InvoiceRow.steps), joinedload(InvoiceRow.child), joinedload(InvoiceRow.unit).joinedload(Unit.area)),
    )
    for first in range(0, len(waiting), CHUNK):
        chunk = waiting[first : first + CHUNK]
        found = {one.id: one for one in db.session.scalars(asked.where(Invoice.id.in_([id for id, _ in chunk])))}
        yield from ((found[id], reversal) for id, reversal in chunk)


# -- the ledger's file ----------------------------------------------------------------------------------


def _batch_facts(by: Actor, number: int, entries: list[Entry]) -> Facts:
    account, office = bank(), city.value("city", "city", city.Office)
    return {
        "batch.number": number, "batch.day": by.today, "batch.count": len(entries),
        "batch.total": sum(one.facts["invoice.total"] for one in entries),
        "city.name": office.name, "city.business_id": office.business_id, "city.iban": account.iban,
        "city.bic": account.bic,
    }


def is_restricted(invoice: Invoice, day: date) -> bool:
    """Whether the address of anybody in the family must not be shown: the child lives where the payer does."""
    people = [invoice.head, invoice.codebtor, *(row.child for row in invoice.rows)]
    return any(one.restricted_on(day) for one in people if one is not None)


class _Writing:
    """Makes invoices into the entries of one file: what holds for all of them is looked up once."""

    def __init__(self, layout: Layout, today: date) -> None:
        self.layout, self.today, self.codes, self.language = layout, today, products(), first_language()

    def entry(self, invoice: Invoice, reversal: bool) -> Entry:
        """An invoice's facts; those of one that is taken back have their signs turned."""
        sign = -1 if reversal else 1
        restricted, total = is_restricted(invoice, self.today), sign * invoice.total
        head, codebtor = invoice.head, invoice.codebtor
        street, code, town = _address(invoice, restricted, self.layout.restricted_address)
        facts = {
            "invoice.number": invoice.number, "invoice.credit": reversal, "invoice.day": sent_day(invoice),
            "invoice.due": invoice.due, "invoice.month": invoice.start, "invoice.month_end": invoice.end,
            "invoice.total": total, "invoice.sign": "-" if total < 0 else "",
            "invoice.reference": invoice.reference, "invoice.rf": _rf(invoice),
            "invoice.replaces": invoice.replaces.number if invoice.replaces else None,
            "head.name": name_of(head), "head.last_name": head.last_name, "head.first_name": head.first_name,
            "head.recipient": head.invoice_name or name_of(head), "head.identity_code": head.identity_code,
            "head.street": street, "head.postal_code": code, "head.post_office": town,
            "head.language": letter_language(head), "head.restricted": restricted,
            "codebtor.name": name_of(codebtor) if codebtor else "",
            "codebtor.identity_code": codebtor.identity_code if codebtor else "",
        }
        return Entry(facts, tuple(self.part(row, sign, restricted) for row in invoice.rows))

    def part(self, row: InvoiceRow, sign: int, restricted: bool) -> Part:
        """Of a family whose address is restricted the unit's name is kept back too: the cost centre is enough."""
        product, unit, child = self.codes.get(row.product, Product()), row.unit, row.child
        price, named = sign * row.price, unit and not restricted
        return Part(child.id, {
            "child.name": name_of(child), "child.last_name": child.last_name, "child.first_name": child.first_name,
            "row.place": row.place, "row.start": row.start, "row.end": row.end, "row.amount": row.amount,
            "row.unit_price": sign * row.unit_price, "row.price": price, "row.sign": "-" if price < 0 else "",
            "product.key": row.product, "product.code": product.code, "product.account": product.account,
            "product.vat": product.vat, "product.name": product.name or product_name(row.product, self.language),
            "unit.name": unit.name if named else "", "unit.area": unit.area.name if named else "",
            "unit.cost_centre": (unit.cost_centre or unit.area.cost_centre or "") if unit else "",
            "unit.area_code": (unit.area.invoice_code or "") if unit else "",
            "unit.provider": str(unit.provider) if unit else "", "unit.family_day_care": unit and unit.family_day_care,
        })


def _address(invoice: Invoice, restricted: bool, instead: Restricted) -> tuple[str, str, str]:
    """Street, postal code and post office: of invoicing where there is one, else of the home, else the office's."""
    if restricted:
        return office_address() if instead is Restricted.OFFICE else ("", "", "")
    head = invoice.head
    if head.invoice_street:
        return head.invoice_street, head.invoice_postal_code or "", head.invoice_post_office or ""
    return head.street or "", head.postal_code or "", head.post_office or ""


def office_address() -> tuple[str, str, str]:
    """The city's own address: its last line holds the postal code and the post office."""
    *street, last = city.value("city", "city", city.Office).address
    code, _, town = last.partition(" ")
    return ", ".join(street), code, town


def first_language() -> str:
    """That of the city's own papers."""
    return city.value("city", "city", city.Office).languages[0]


def sent_day(invoice: Invoice) -> date:
    assert invoice.sent_at is not None
    return invoice.sent_at.astimezone(HELSINKI).date()


def _rf(invoice: Invoice) -> str:
    return creditor_reference(invoice.reference) if invoice.reference else ""


# -- e-invoices -----------------------------------------------------------------------------------------


def finvoice_facts(invoice: Invoice, by: Actor, *, reversal: bool) -> FinvoiceFacts:
    """What an e-invoice says.  Of a family with a restricted address it says the name alone."""
    language, sign = letter_language(invoice.head), -1 if reversal else 1
    seller, total = _seller(language), sign * invoice.total
    recipient = bill_recipient_of(invoice.head, by.today)[0]
    address = _address(invoice, False, Restricted.EMPTY) if not is_restricted(invoice, by.today) else None
    reference = rf_reference(invoice) or invoice.reference
    codes = products()
    return FinvoiceFacts(
        seller=seller,
        buyer=Buyer(recipient if len(recipient) > 1 else name_of(invoice.head), language, address),
        number=invoice.number or 0, day=by.today if reversal else sent_day(invoice), due=invoice.due,
        period=invoice.period,
        rows=tuple(
            FinvoiceRow(
                code=codes.get(row.product, Product()).code, description=product_name(row.product, language),
                child=row.child.first_name, period=row.period, amount=row.amount, unit_price=sign * row.unit_price,
                price=sign * row.price)
            for row in invoice.rows
        ),
        total=total, reference=reference,
        barcode=barcode(seller.iban, total, reference, invoice.due) if total > 0 else "",
        credited=_credited(invoice, reversal), transmission=_transmission(invoice, by, reversal),
    )


def _credited(invoice: Invoice, reversal: bool) -> int | None:
    if reversal:
        return invoice.number
    return invoice.replaces.number if invoice.replaces else None


def _seller(language: str) -> Seller:
    office, account = city.value("city", "city", city.Office), bank()
    street, code, town = office_address()
    return Seller(
        name=office.name, department=office.department[language], business_id=office.business_id, street=street,
        postal_code=code, post_office=town, phone=office.phone, email=office.email, payee=account.payee,
        iban=check_iban(account.iban), bic=account.bic,
    )


def _transmission(invoice: Invoice, by: Actor, reversal: bool) -> Transmission | None:
    policy = finvoice_policy()
    if not policy.from_id:
        return None
    kind = "C" if reversal else "I"
    return Transmission(
        policy.from_id, policy.from_operator, policy.to_id, policy.to_operator,
        f"{kind}{invoice.number}-{by.now:%Y%m%d%H%M%S}", by.now)
