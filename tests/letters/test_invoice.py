"""The invoice, as it is printed and read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from evaka.kit.dates import DateRange
from evaka.letters import pdf
from evaka.letters.invoice import invoice_letter
from evaka.letters.letter import Payment
from tests.letters import reading
from tests.letters.examples import INVOICE


def test_each_row_is_printed_and_the_total_under_them():
    printed = [
        text for tag, text in reading.elements(pdf(invoice_letter(INVOICE, "fi"))) if tag in {"TH", "TD"}
    ]
    march = "1.3.2026–31.3.2026"
    assert printed == [
        "Lapsi", "Selite", "Aika", "Määrä", "Yksikköhinta", "Hinta",
        "Väinö Öljynen", "Varhaiskasvatus", march, "1", "143,00\u00a0€", "143,00\u00a0€",
        "Aino Öljynen", "Esiopetusta täydentävä", march, "1", "35,00\u00a0€", "35,00\u00a0€",
        "Aino Öljynen", "Hyvitys, 11 sairauspäivää", march, "0,5", "−35,00\u00a0€", "−17,50\u00a0€",
        "Yhteensä", "", "", "", "", "160,50\u00a0€",
    ]  # fmt: skip


def test_the_longest_period_stands_on_one_line():
    rows = tuple(replace(row, period=DateRange(date(2026, 10, 16), date(2026, 10, 31))) for row in INVOICE.rows)
    [text] = reading.pages(pdf(invoice_letter(replace(INVOICE, rows=rows), "fi")))
    assert text.count("16.10.2026–31.10.2026") == len(rows)


def test_the_payment_repeats_the_facts_and_carries_the_bar_code():
    assert invoice_letter(INVOICE, "fi").body[-1] == Payment(
        payee="Esimerkkikunta, varhaiskasvatus",
        iban="FI3715903000000776",
        bic="EXAMPLEX",
        reference="11112",
        due=date(2026, 4, 30),
        amount=16050,
        # 4, account, 000160 euros 50 cents, 000, reference, 2026-04-30
        barcode="4" + "3715903000000776" + "00016050" + "000" + "00000000000000011112" + "260430",
    )


def test_an_rf_reference_makes_a_bar_code_of_version_five():
    letter = invoice_letter(replace(INVOICE, reference="RF9811112"), "fi")
    [payment] = [block for block in letter.body if isinstance(block, Payment)]
    assert (
        payment.barcode == "5" + "3715903000000776" + "00016050" + "98" + "000000000000000011112" + "260430"
    )
    assert ("Viitenumero", "RF98 1111 2") in letter.references


def test_an_rf_reference_stands_beside_the_national_one_of_the_bar_code():
    letter = invoice_letter(replace(INVOICE, rf="RF9811112"), "sv")
    [payment] = [block for block in letter.body if isinstance(block, Payment)]
    assert (payment.reference, payment.rf, payment.barcode[0]) == ("11112", "RF9811112", "4")
    assert ("RF-referens", "RF98 1111 2") in letter.references


@pytest.mark.parametrize(
    ("language", "title", "paying"),
    [
        ("fi", "Lasku varhaiskasvatuksesta",
         "Maksakaa 160,50 € viimeistään 30.4.2026 ja käyttäkää viitenumeroa 11112."),
        ("sv", "Faktura för småbarnspedagogik",
         "Betala 160,50 € senast 30.4.2026 och använd referensnumret 11112."),
        ("en", "Invoice for early childhood education",
         "Please pay 160,50 € by 30.4.2026 and use the reference number 11112."),
    ],
)  # fmt: skip
def test_an_ordinary_invoice_is_one_page_in_every_language(language, title, paying):
    [text] = reading.pages(pdf(invoice_letter(INVOICE, language)))
    for fact in (title, paying, "5000001234", "FI37 1590 3000 0007 76", "EXAMPLEX", *INVOICE.explanation):
        assert fact in text


@pytest.mark.parametrize("total", [0, -1750])
def test_an_invoice_of_nothing_asks_for_nothing(total):
    letter = invoice_letter(replace(INVOICE, total=total, explanation=()), "fi")
    assert not any(isinstance(block, Payment) for block in letter.body)
    spoken = reading.spoken(pdf(letter))
    assert "Tästä laskusta ei tarvitse maksaa mitään." in spoken
    assert "Mistä lasku muodostuu" not in spoken


def test_a_long_invoice_keeps_its_payment_on_one_page():
    letter = invoice_letter(replace(INVOICE, rows=INVOICE.rows * 30), "fi")
    texts = reading.pages(pdf(letter))
    assert len(texts) >= 3
    assert sum("Maksutiedot" in text and "Virtuaaliviivakoodi" in text for text in texts) == 1
    assert f"Sivu {len(texts)}/{len(texts)}" in texts[-1]
