"""What leaves the house: sent invoices for the ledger and as e-invoices, payments for the bank, nothing twice.

The families here pay 100 euros for May 2026; the private unit of a child with a voucher is paid 850.
"""

from __future__ import annotations

import csv
from datetime import date
from hashlib import sha256
from io import BytesIO, StringIO
from threading import Barrier, Thread
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select

from evaka import city
from evaka.access import Actor
from evaka.actions import fee, invoice, voucher
from evaka.actions import ledger as act
from evaka.actions.invoice.paper import print_invoice
from evaka.kit import identity
from evaka.kit.dates import DateRange
from evaka.kit.errors import Denied, Refused
from evaka.kit.references import barcode, creditor_reference, grouped
from evaka.models.base import db, transaction
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice
from evaka.models.journal import AuditEvent
from evaka.models.ledger import Batch, Item
from evaka.models.unit import Unit
from evaka.models.user import User
from evaka.models.voucher import Payment, UnitPayee, VoucherDecision
from evaka.rules.fee import FeeStatus
from evaka.rules.invoice import ReplacementReason
from evaka.rules.ledger import Channel
from evaka.rules.voucher import PaymentStatus
from tests import factories
from tests.conftest import keep, statements
from tests.letters.test_ledger import schema

pytestmark = pytest.mark.usefixtures("database")
MAY = DateRange.month(2026, 5)
PAIN = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.03}"


@pytest.fixture
def finance():
    return factories.user("finance")


def billed(by: Any, unit: Unit | None = None, **mother: Any) -> Invoice:
    """The sent invoice of a mother, 100 euros for May."""
    head = factories.person(**mother)
    child = factories.child(head, first_name="Aino", last_name="Ahola")
    factories.placement(child, date(2026, 1, 1), date(2026, 7, 31), unit=unit or factories.unit(cost_centre="4411"))
    factories.income(head)
    fee.refresh({head.id}, by())
    for row in db.session.scalars(select(FeeDecision).where(FeeDecision.head_id == head.id)):
        row.status = FeeStatus.SENT
    db.session.flush()
    invoice.draft({head.id}, MAY, by())
    [draft] = db.session.scalars(select(Invoice).where(Invoice.head_id == head.id))
    invoice.send(draft, by())
    return draft


def paid(by: Any, iban: str = "FI2112345600000785", **payee: Any) -> Payment:
    """A payment of 850 euros to a private unit, sent and due on the 15th of June."""
    unit = factories.voucher_unit()
    mother = factories.person()
    factories.placement(factories.child(mother), date(2026, 1, 1), date(2026, 7, 31), unit=unit)
    factories.income(mother)
    fee.refresh({mother.id}, by())
    for draft in db.session.scalars(select(VoucherDecision).where(VoucherDecision.unit_id == unit.id)):
        voucher.send(draft, by(None, "2026-01-20"))
    given = {"name": "Onni Oy", "business_id": "1234567-1", "provider_id": "900"} | payee
    factories.save(UnitPayee(unit=unit, iban=iban, **given))
    payment = factories.save(Payment(unit_id=unit.id, start=MAY.start, end=MAY.end, amount=850_00))
    voucher.confirm_payment(payment, by())
    voucher.send_payment(payment, by(), paid_on=date(2026, 6, 1), due=date(2026, 6, 15))
    return payment


def made(by: Actor, channel: Channel = Channel.LEDGER) -> Batch:
    batch = act.opened(channel, by)
    (act.pay if channel is Channel.BANK else act.hand_over)(batch, by)
    return batch


def rows(batch: Batch) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(batch.content.decode("utf-8-sig")), delimiter=";"))


def waiting(by: Actor, channel: Channel = Channel.LEDGER) -> list[tuple[int, bool]]:
    return act.prepared(channel, by).items


# -- the ledger ---------------------------------------------------------------------------------------


def test_a_file_holds_each_row_of_what_was_sent_by_the_citys_columns(by, finance):
    one = billed(by, first_name="Maija", last_name="Ahola", street="Koivukatu 1")
    batch = made(by(finance))
    [row] = rows(batch)
    assert row == {
        "Lasku": str(one.number), "Laskupäivä": "1.6.2026", "Eräpäivä": "30.6.2026", "Kuukausi": "05/2026",
        "Viite": one.reference, "Maksaja": "Maija Ahola", "Katuosoite": "Koivukatu 1", "Postinumero": "00901",
        "Postitoimipaikka": "Harjula", "Lapsi": "Aino Ahola", "Kustannuspaikka": "4411",
        "Tuote": "Varhaiskasvatus", "Tuotekoodi": "5001", "Tili": "3257", "Alkaa": "1.5.2026", "Päättyy": "31.5.2026",
        "Määrä": "1", "Yksikköhinta": "100,00", "Summa": "100,00", "Hyvitys": "",
    }
    assert (batch.number, batch.count, batch.total, batch.name) == (1, 1, 100_00, "laskut-20260601-1.csv")
    assert batch.digest == sha256(batch.content).hexdigest()
    assert (batch.made_by, batch.made_at) == (finance.name, by(finance).now)


def test_nothing_is_handed_over_twice_and_an_empty_file_is_refused_with_a_sentence(by, finance):
    billed(by)
    made(by(finance))
    assert waiting(by(finance)) == []
    with pytest.raises(Refused, match=r"ledger\.nothing_waits"):
        made(by(finance))
    db.session.rollback()


def test_what_was_sent_later_goes_into_the_next_file(by, finance):
    billed(by)
    made(by(finance))
    later = billed(by)
    batch = made(by(finance))
    assert [row["Lasku"] for row in rows(batch)] == [str(later.number)]
    assert batch.number == 2


def test_drafts_stay_in_the_house(by, finance):
    one = billed(by)
    head = factories.person()
    factories.placement(factories.child(head), date(2026, 5, 18), date(2026, 7, 31))
    factories.income(head)
    fee.refresh({head.id}, by())
    for row in db.session.scalars(select(FeeDecision).where(FeeDecision.head_id == head.id)):
        row.status = FeeStatus.SENT
    invoice.draft({head.id}, MAY, by())
    assert waiting(by(finance)) == [(one.id, False)]


def test_a_replaced_invoice_that_was_handed_over_is_taken_back_and_the_new_one_handed_over(by, finance):
    old = billed(by)
    made(by(finance))
    child = old.rows[0].child
    for day in MAY.days():
        factories.absence(child, day)
    new = invoice.correct(old, by(), reason=ReplacementReason.ABSENCE)
    invoice.send(new, by())
    batch = made(by(finance))
    taken_back = [row for row in rows(batch) if row["Lasku"] == str(old.number)]
    assert [(row["Summa"], row["Yksikköhinta"], row["Hyvitys"]) for row in taken_back] == [("-100,00", "-100,00", "K")]
    assert batch.total == new.total - 100_00
    assert {(item.invoice_id, item.reversal) for item in items(batch)} == {
        (old.id, True), *([(new.id, False)] if new.total else [])
    }
    assert waiting(by(finance)) == []


def test_an_invoice_that_was_replaced_before_it_was_handed_over_is_not_told_of(by, finance):
    old = billed(by)
    for day in MAY.days():
        factories.absence(old.rows[0].child, day)
    new = invoice.correct(old, by(), reason=ReplacementReason.ABSENCE)
    invoice.send(new, by())
    assert (old.id, True) not in waiting(by(finance))
    assert (old.id, False) not in waiting(by(finance))


def items(batch: Batch) -> list[Item]:
    return list(db.session.scalars(select(Item).where(Item.batch_id == batch.id)))


def test_a_restricted_address_is_replaced_by_the_offices_and_the_unit_is_not_named(by, finance):
    unit = factories.unit("Päiväkoti Salainen", cost_centre="4412")
    billed(by, unit, street="Piilokuja 7", restricted=True, invoice_street="Piilokuja 8", invoice_postal_code="00902",
           invoice_post_office="Harjula")
    batch = made(by(finance))
    text = batch.content.decode()
    assert "Piilo" not in text
    assert "00902" not in text
    assert "Salainen" not in text
    [row] = rows(batch)
    assert (row["Katuosoite"], row["Postinumero"], row["Postitoimipaikka"]) == ("PL 10", "00901", "Harjula")
    assert row["Kustannuspaikka"] == "4412"


def test_a_childs_restriction_hides_the_payers_address_too(by, finance):
    one = billed(by, street="Piilokuja 7")
    one.rows[0].child.restricted = True
    keep()
    assert "Piilokuja" not in made(by(finance)).content.decode()
    assert b"Piilokuja" not in act.invoice_message(one, by(finance))


def test_an_invoicing_address_goes_before_that_of_the_home(by, finance):
    billed(by, invoice_name="Edunvalvonta Oy", invoice_street="Toimistotie 2", invoice_postal_code="00100",
           invoice_post_office="Helsinki")
    [row] = rows(made(by(finance)))
    assert (row["Maksaja"], row["Katuosoite"], row["Postitoimipaikka"]) == (
        "Edunvalvonta Oy", "Toimistotie 2", "Helsinki")


def layout(**changed: Any) -> Any:
    """The base's layout with other settings; `columns` are those of its one line for each row."""
    columns = changed.pop("columns", [{"fact": "invoice.number"}, {"fact": "head.name"}, {"fact": "row.price"}])
    held = {"start": date(2020, 1, 1), "kind": "csv", "file_name": "x-{number}",
            "line": [{"each": "row", "columns": columns}]}
    return city.trying("ledger", "table", [held | changed])


def test_an_invoice_that_cannot_be_written_is_left_out_with_a_sentence_and_goes_on_waiting(by, finance):
    bad = billed(by, first_name="Ђорђе", last_name="Марковић")
    good = billed(by)
    with layout(encoding="iso-8859-1"):
        found = act.prepared(Channel.LEDGER, by(finance))
        [trouble] = found.troubles
        assert (trouble.id, trouble.why.key) == (bad.id, "ledger.cannot_hold")
        assert trouble.why.facts["letter"] == "Ђ"
        assert trouble.why.facts["invoice"] == bad.number
        batch = made(by(finance))
        assert [item.invoice_id for item in items(batch)] == [good.id]
        assert waiting(by(finance)) == []
        with pytest.raises(Refused, match=r"ledger\.all_left_out"):
            made(by(finance))
    db.session.rollback()


def test_the_nearest_letter_may_be_written_instead(by, finance):
    billed(by, first_name="Željko", last_name="Đorđević")
    with layout(encoding="iso-8859-1", unheld="nearest"):
        assert "Zeljko Dordevic" in made(by(finance)).content.decode("iso-8859-1")


def test_what_a_column_requires_and_is_not_known_is_told(by, finance):
    one = billed(by, factories.unit(cost_centre=""))
    with layout(columns=[{"name": "KP", "fact": "unit.cost_centre", "required": True}]):
        [trouble] = act.prepared(Channel.LEDGER, by(finance)).troubles
    assert trouble.why.facts == {"column": "KP", "fact": "unit.cost_centre", "invoice": one.number}


def test_an_area_gives_its_cost_centre_to_units_that_have_none(by, finance):
    billed(by, factories.unit(cost_centre="", area=factories.area(cost_centre="77", invoice_code="255")))
    with layout(columns=[{"fact": "unit.cost_centre"}, {"fact": "unit.area_code"}]):
        assert made(by(finance)).content == b"77;255\r\n"


def test_older_invoices_than_the_city_says_do_not_wait(by, finance):
    billed(by)
    with layout(since=date(2026, 6, 2)):
        assert waiting(by(finance)) == []
    with layout(since=date(2026, 6, 1)):
        assert len(waiting(by(finance))) == 1


def test_a_city_without_a_layout_is_told_so(by, finance):
    with layout(start=date(2027, 1, 1)), pytest.raises(Refused, match=r"ledger\.no_layout"):
        act.prepared(Channel.LEDGER, by(finance))


def test_what_was_shown_is_what_is_handed_over(by, finance):
    billed(by)
    mark = act.prepared(Channel.LEDGER, by(finance)).mark
    billed(by)
    batch = act.opened(Channel.LEDGER, by(finance))
    with pytest.raises(Refused, match=r"ledger\.changed_meanwhile"):
        act.hand_over(batch, by(finance), seen=mark)
    db.session.rollback()


def test_a_batch_is_filled_once(by, finance):
    billed(by)
    batch = made(by(finance))
    before = batch.content
    billed(by)
    with pytest.raises(Refused, match=r"ledger\.made_already"):
        act.hand_over(batch, by(finance))
    assert batch.content == before


def test_a_line_of_the_journal_tells_how_many_for_how_much(by, finance):
    billed(by)
    batch = made(by(finance))
    db.session.commit()
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "ledger.hand_over")).one()
    assert (line.user_id, line.subject, line.subject_id) == (finance.id, "ledger_batch", batch.id)
    facts = line.facts
    assert (facts["count"], facts["total"], facts["digest"], facts["left_out"]) == (1, 100_00, batch.digest, 0)
    assert "Ahola" not in str(facts)


def test_nobody_hands_over_without_the_right(by):
    billed(by)
    for role in ("finance_staff", "service_worker", "administration"):
        with pytest.raises(Denied):
            made(by(factories.user(role)))
        db.session.rollback()
        billed(by)


def test_many_invoices_are_read_in_a_few_questions(by, finance):
    for _ in range(3):
        billed(by)
    with statements() as few:
        act.prepared(Channel.LEDGER, by(finance))
    for _ in range(6):
        billed(by)
    db.session.flush()
    db.session.expire_all()
    with statements() as many:
        act.prepared(Channel.LEDGER, by(finance))
    assert len(many) <= len(few) + 2


def test_two_clerks_at_the_same_moment_hand_over_nothing_twice(app, by):
    for _ in range(5):
        billed(by)
    users = [factories.user("finance").id for _ in range(2)]
    keep()
    start, told = Barrier(2), []

    def clerk(id: int) -> None:
        with app.app_context():
            try:
                start.wait()
                with transaction():
                    made(by(db.session.get(User, id)))
                told.append("made")
            except Refused as no:
                told.append(no.key)
            finally:
                db.session.remove()

    threads = [Thread(target=clerk, args=(id,)) for id in users]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(told) == ["ledger.nothing_waits", "made"]
    assert db.session.scalar(select(func.count(Batch.id))) == 1
    assert db.session.scalar(select(func.count(Item.id))) == 5


def test_a_file_that_is_broken_off_leaves_nothing(by, finance, monkeypatch):
    billed(by)
    keep()

    def breaks(*_given: Any, **_more: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(act, "tell", breaks)  # the very last step, when everything has been written
    with pytest.raises(KeyboardInterrupt), transaction():
        made(by(finance))
    assert db.session.scalar(select(func.count(Batch.id))) == 0
    assert db.session.scalar(select(func.count(Item.id))) == 0
    monkeypatch.undo()
    assert made(by(finance)).number == 1


def test_a_file_that_was_not_taken_lets_its_invoices_wait_again_and_keeps_its_bytes(by, finance):
    one = billed(by)
    batch = made(by(finance))
    content = batch.content
    act.withdraw(batch, by(finance), reason="Väärä sarake")
    assert waiting(by(finance)) == [(one.id, False)]
    assert (batch.content, batch.withdrawn_at, batch.reason) == (content, by(finance).now, "Väärä sarake")
    with pytest.raises(Refused, match=r"ledger\.withdrawn_already"):
        act.withdraw(batch, by(finance), reason="x")
    assert [item.invoice_id for item in items(made(by(finance)))] == [one.id]


def test_only_the_newest_file_may_be_withdrawn_and_never_one_for_the_bank(by, finance):
    billed(by)
    older = made(by(finance))
    billed(by)
    made(by(finance))
    with pytest.raises(Refused, match=r"ledger\.not_the_newest") as no:
        act.withdraw(older, by(finance), reason="x")
    assert no.value.facts == {"number": 1, "newest": 2}
    paid(by)
    bank = made(by(finance), Channel.BANK)
    with pytest.raises(Refused, match=r"ledger\.bank_may_have_paid"):
        act.withdraw(bank, by(finance), reason="x")
    assert waiting(by(finance), Channel.BANK) == []


# -- e-invoices -----------------------------------------------------------------------------------------


def messages(batch: Batch) -> dict[str, bytes]:
    with ZipFile(BytesIO(batch.content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_e_invoices_are_valid_and_a_channel_of_their_own(by, finance):
    one, other = billed(by), billed(by, restricted=True, street="Piilokuja 7")
    made(by(finance))
    batch = made(by(finance), Channel.FINVOICE)
    found = messages(batch)
    assert list(found) == [f"finvoice-{one.number}.xml", f"finvoice-{other.number}.xml"]
    for content in found.values():
        schema().validate(content.decode())
    assert b"Piilokuja" not in found[f"finvoice-{other.number}.xml"]
    assert one.head.street.encode() in found[f"finvoice-{one.number}.xml"]
    assert (batch.count, batch.total, batch.mimetype) == (2, 200_00, "application/zip")
    assert waiting(by(finance), Channel.FINVOICE) == []
    text = ET.fromstring(found[f"finvoice-{one.number}.xml"])
    assert text.findtext("EpiDetails/EpiPaymentInstructionDetails/EpiRemittanceInfoIdentifier") == one.reference
    assert text.findtext("EpiDetails/EpiPaymentInstructionDetails/EpiInstructedAmount") == "100,00"
    assert text.findtext("MessageTransmissionDetails/MessageSenderDetails/FromIdentifier") == "003799999999"


def test_a_replaced_e_invoice_is_credited(by, finance):
    old = billed(by)
    made(by(finance), Channel.FINVOICE)
    for day in MAY.days():
        factories.absence(old.rows[0].child, day)
    new = invoice.correct(old, by(), reason=ReplacementReason.ABSENCE)
    invoice.send(new, by())
    found = messages(made(by(finance), Channel.FINVOICE))
    credit = found[f"finvoice-{old.number}-hyvitys.xml"]
    schema().validate(credit.decode())
    told = ET.fromstring(credit)
    assert told.findtext("InvoiceDetails/InvoiceTypeCode") == "INV02"
    assert told.findtext("InvoiceDetails/OriginalInvoiceNumber") == str(old.number)
    assert told.findtext("InvoiceDetails/InvoiceTotalVatIncludedAmount") == "-100,00"


def test_what_one_file_does_not_hold_waits_for_the_next(by, finance):
    some = [billed(by) for _ in range(3)]
    with city.trying("ledger", "finvoice", {"batches": True, "most": 2}):
        assert act.prepared(Channel.FINVOICE, by(finance)).later == 1
        assert made(by(finance), Channel.FINVOICE).count == 2
        assert waiting(by(finance), Channel.FINVOICE) == [(some[2].id, False)]


def test_a_city_may_write_the_rf_reference(by, finance):
    one = billed(by)
    held = city.read("city")["bank"]
    with city.trying("city", "bank", held | {"rf_reference": True}):
        told = ET.fromstring(act.invoice_message(one, by(finance)))
        paper = PdfReader(BytesIO(print_invoice(one, by(finance)).content))
    text = " ".join(page.extract_text() for page in paper.pages)
    assert grouped(creditor_reference(one.reference)) in text
    assert grouped(one.reference) in text
    assert barcode(city.read("city")["bank"]["iban"], one.total, one.reference, one.due) in text
    identifier = told.find("EpiDetails/EpiPaymentInstructionDetails/EpiRemittanceInfoIdentifier")
    assert identifier.text == creditor_reference(one.reference)
    assert identifier.get("IdentificationSchemeName") == "ISO"
    assert told.findtext("VirtualBankBarcode")[0] == "5"


def test_a_city_that_uses_no_operator_writes_no_transmission(by, finance):
    one = billed(by)
    with city.trying("ledger", "finvoice", {}):
        content = act.invoice_message(one, by(finance))
        assert act.channels() == [Channel.LEDGER, Channel.BANK]
    schema().validate(content.decode())
    assert ET.fromstring(content).find("MessageTransmissionDetails") is None


# -- the bank -------------------------------------------------------------------------------------------


def test_sent_payments_become_credit_transfers_once(by, finance):
    one, other = paid(by), paid(by, iban="FI9814283500171141")
    batch = made(by(finance), Channel.BANK)
    assert (batch.count, batch.total) == (2, 1700_00)
    told = ET.fromstring(batch.content)
    assert told.findtext(f"{PAIN}CstmrCdtTrfInitn/{PAIN}GrpHdr/{PAIN}CtrlSum") == "1700.00"
    assert told.findtext(f"{PAIN}CstmrCdtTrfInitn/{PAIN}PmtInf/{PAIN}ReqdExctnDt") == "2026-06-15"
    assert [found.text for found in told.iter(f"{PAIN}EndToEndId")] == [str(one.number), str(other.number)]
    assert next(found.text for found in told.iter(f"{PAIN}Ustrd")) == (
        f"Palveluseteli 5/2026, {one.unit.name}, maksu {one.number}")
    with pytest.raises(Refused, match=r"ledger\.nothing_waits"):
        made(by(finance), Channel.BANK)
    db.session.rollback()


def test_what_is_not_to_be_paid_does_not_wait(by, finance):
    nothing = paid(by)
    nothing.amount = 0
    draft = paid(by)
    draft.status = PaymentStatus.CONFIRMED
    db.session.flush()
    assert waiting(by(finance), Channel.BANK) == []
    held = city.read("ledger")["bank"]
    paid(by)
    with city.trying("ledger", "bank", held | {"since": date(2026, 6, 2)}):
        assert waiting(by(finance), Channel.BANK) == []
    assert len(waiting(by(finance), Channel.BANK)) == 1


def test_a_due_day_that_is_over_is_paid_today(by, finance):
    paid(by)
    batch = made(by(finance, "2026-06-20"), Channel.BANK)
    assert b"<ReqdExctnDt>2026-06-20</ReqdExctnDt>" in batch.content


def test_an_account_that_is_none_is_left_out_with_a_sentence(by, finance):
    bad, good = paid(by, iban="FI2112345600000786"), paid(by)
    found = act.prepared(Channel.BANK, by(finance))
    [trouble] = found.troubles
    assert (trouble.id, trouble.why.key) == (bad.id, "ledger.wrong_account")
    assert trouble.why.facts == {"unit": str(bad.unit), "iban": "FI2112345600000786"}
    assert found.items == [(good.id, False)]


def test_paying_is_a_right_of_its_own(by):
    paid(by)
    held = city.read("roles")["finance"]
    with city.trying("roles", "finance", {key: how for key, how in held.items() if key != "ledger.*"} | {
        "ledger.view": "all", "ledger.hand_over": "all",
    }), pytest.raises(Denied):
        made(by(factories.user("finance")), Channel.BANK)
    db.session.rollback()


def test_each_verb_has_its_channels(by, finance):
    batch = act.opened(Channel.BANK, by(finance))
    with pytest.raises(ValueError, match="ledger.pay"):
        act.hand_over(batch, by(finance))
    other = act.opened(Channel.LEDGER, by(finance))
    with pytest.raises(ValueError, match="ledger.hand_over"):
        act.pay(other, by(finance))
    db.session.rollback()


def test_the_sample_shows_how_a_file_begins(by, finance):
    one = billed(by)
    assert act.prepared(Channel.LEDGER, by(finance)).sample().splitlines()[1].startswith(f"{one.number};1.6.2026;")
    with layout(kind="xlsx", header=False):
        assert act.prepared(Channel.LEDGER, by(finance)).sample().endswith(";100,00")


def test_the_other_payer_is_told_of(by, finance):
    one = billed(by)
    one.codebtor = factories.person(first_name="Pentti", last_name="Salanen")
    keep()
    with layout(columns=[{"fact": "codebtor.name"}]):
        assert made(by(finance)).content == b"Pentti Salanen\r\n"


def test_what_the_files_mistakes_are(by):
    with city.trying("ledger", "products", {"care:moon": {"code": "1"}}):
        assert 'no row has the product "care:moon"' in str(next(iter(act.code_mistakes())))
    held = city.read("ledger")["bank"]
    with city.trying("ledger", "bank", held | {"iban": "FI7899991000000025"}):
        assert "is not an account number" in str(next(iter(act.code_mistakes())))



def test_an_example_citys_lines_of_fixed_width_stand_at_their_places(by, finance):
    code = identity.made(date(1990, 1, 1), 901)
    unit = factories.unit(cost_centre="4411", family_day_care=True)
    one = billed(by, unit, identity_code=code, last_name="Đorđević", first_name="Željko")
    held = city.tables(city.CONFIG / "nokia" / "ledger.toml")["table"]
    with city.trying("ledger", "table", held):
        batch = made(by(finance))
    head, child, days, row, end = batch.content.decode("iso-8859-1").split("\r\n")
    assert end == ""
    assert head[:12] == f"{code}L"
    assert head[14:64].rstrip() == "Zeljko Dordevic"
    assert head[285:293] == "20260601"
    assert head[337:357] == one.reference.zfill(20)
    assert head[376:406].rstrip() == "Varhaiskasvatus 05.2026"
    assert head[652:677].rstrip() == creditor_reference(one.reference)
    assert (child[11:22], len(child)) == ("3Aino Ahola", 130)
    assert days[12:35] == "01.05.2026 - 31.05.2026"
    assert (row[11], row[12:52].rstrip(), row[53:65], row[65:69]) == (
        "1", "Varhaiskasvatus", "000001000000", "KPL ")
    assert row[69:81] == "000000010000"
    assert row[204:223] == "32573001000" "4411" "5073"
    assert row.endswith("00000010000")
    with city.trying("ledger", "table", held):
        billed(by, factories.unit(cost_centre="4412"))  # a payer without an identity code
        [trouble] = act.prepared(Channel.LEDGER, by(finance)).troubles
    assert trouble.why.facts["column"] == "Henkilötunnus"
