"""Facts of letters for the tests: invented families, fixed days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from evaka.kit.dates import DateRange
from evaka.letters.decision import Appeal, DecisionFacts, Law
from evaka.letters.fee import Alteration, ChildFee, FeeFacts, IncomeLine
from evaka.letters.invoice import InvoiceFacts, InvoiceRow
from evaka.letters.letter import Sender, Step
from evaka.letters.voucher import VoucherLetterFacts

SENDER = Sender(
    name="Esimerkkikunta",
    department="Varhaiskasvatus",
    address=("PL 12", "00001 Esimerkkikunta"),
    contacts=("09 000 000", "varhaiskasvatus@example.fi", "Y-tunnus 0000000-0"),
    accent="#1f5f5b",
)
RECIPIENT = ("Åsa Öljynen", "Kivipolku 3 B 12", "00001 ESIMERKKIKUNTA")

# Posted on Friday 14.8.2026: received on the 7th day, 21.8.; the 30th day after it is Sunday 20.9., so 21.9.
BY_POST = Appeal(
    body="Kasvatuksen ja koulutuksen lautakunta",
    address=("Kirjaamo, PL 1", "00001 Esimerkkikunta"),
    email="kirjaamo@example.fi",
    law=Law("540/2018", ("62",)),
    days=30,
    channel="post",
    sent=date(2026, 8, 14),
    deemed_days=7,
    deemed=date(2026, 8, 21),
    last_day=date(2026, 9, 21),
)
# Sent on Friday 14.8.2026: received on the 3rd day 17.8., the 30th day after it is Wednesday 16.9.
BY_MESSAGE = replace(
    BY_POST, channel="portal", deemed_days=3, deemed=date(2026, 8, 17), last_day=date(2026, 9, 16)
)

DECISION = DecisionFacts(
    sender=SENDER,
    recipient=RECIPIENT,
    number=202600417,
    day=date(2026, 8, 14),
    kind="daycare",
    child="Väinö Öljynen",
    born=date(2022, 5, 1),
    unit="Mäntymäen päiväkoti",
    unit_address="Mäntymäentie 5, 00001 Esimerkkikunta",
    service_need="Kokopäiväinen, vähintään 35 tuntia viikossa",
    period=DateRange(date(2026, 10, 1), date(2029, 7, 31)),
    start_window=DateRange(date(2026, 10, 1), date(2026, 10, 15)),
    reasons=(
        "Hakemus saapui 3.6.2026. Paikka on järjestetty neljän kuukauden kuluessa hakemuksesta.",
        "Paikka on ensimmäisen hakutoiveen mukaisessa päiväkodissa, jossa on lapsen sisarus ja tilaa lapsen "
        "ikäryhmässä.",
    ),
    laws=(Law("540/2018", ("5", "6", "12", "17", "18")), Law("1503/2016", ("5",))),
    decision_maker="Raija Esimerkki",
    decision_maker_title="palveluohjauksen päällikkö",
    answer_by=date(2026, 8, 28),
    appeal=BY_MESSAGE,
)

STEPS = (
    Step(
        "Tulot yhteensä", "3 410,00 + 3 882,04 = 7 292,04 €", "Tuloselvitys 9.3.2026. Lapsilisää ei lasketa."
    ),
    Step("Rajan ylittävä osa", "7 292,04 − 5 956,00 = 1 336,04 €", "Tuloraja neljän hengen perheelle, 5 §."),
    Step("Maksuprosentti", "1 336,04 × 10,70 % = 142,956… → 143 €", "5 §. Pyöristetään täysiin euroihin."),
    Step("Sisarusten osuus", "143 × 100 % = 143 €"),
)
FEE = FeeFacts(
    sender=SENDER,
    recipient=RECIPIENT,
    number=20260412,
    day=date(2026, 8, 14),
    kind="normal",
    head="Åsa Öljynen",
    partner="Čestmír Öljynen",
    period=DateRange(date(2026, 3, 1)),
    family_size=4,
    incomes=(IncomeLine("Åsa Öljynen", "shown", 341000), IncomeLine("Čestmír Öljynen", "shown", 388204)),
    total_income=729204,
    income_limit=595600,
    rate=Decimal("10.70"),
    children=(
        ChildFee(
            name="Väinö Öljynen", born=date(2023, 5, 1), unit="Mäntymäen päiväkoti",
            service_need="Kokopäiväinen, vähintään 35 h/vk", base_fee=14300, sibling_percent=100, fee=14300,
            alterations=(), final_fee=14300, steps=STEPS,
        ),
        ChildFee(
            name="Aino Öljynen", born=date(2020, 1, 9), unit="Mäntymäen päiväkoti",
            service_need="Esiopetusta täydentävä", base_fee=14300, sibling_percent=40, fee=4600,
            alterations=(Alteration("Huojennus", -1100),), final_fee=3500,
        ),
    ),
    total=17800,
    income_change_percent=10,
    laws=(Law("1503/2016", ("5", "7", "8")),),
    decision_maker="Raija Esimerkki",
    decision_maker_title="asiakasmaksupäällikkö",
    appeal=replace(BY_POST, law=Law("1503/2016", ("20",))),
)  # fmt: skip

VOUCHER = VoucherLetterFacts(
    sender=SENDER,
    recipient=RECIPIENT,
    number=118,
    day=date(2026, 8, 14),
    kind="relief_accepted",
    child="Väinö Öljynen",
    born=date(2023, 5, 1),
    unit="Mäntymäen yksityinen päiväkoti",
    care_type="Varhaiskasvatus",
    service_need="Kokopäiväinen, vähintään 35 h/vk",
    head="Åsa Öljynen",
    partner="Čestmír Öljynen",
    period=DateRange(date(2026, 8, 1), date(2027, 7, 31)),
    family_size=4,
    incomes=(IncomeLine("Åsa Öljynen", "shown", 341000), IncomeLine("Čestmír Öljynen", "missing")),
    value=95000,
    co_payment=14300,
    alterations=(Alteration("Huojennus", -1100),),
    final_co_payment=13200,
    to_unit=81800,
    value_steps=(
        Step("Palvelusetelin perusarvo 3 vuotta täyttäneelle", "950,00 €", "Kunnan päätös 16.6.2025, 112 §"),
        Step("Palvelusetelin arvo kuukaudessa täysinä euroina", "950 €"),
    ),
    co_payment_steps=STEPS,
    income_change_percent=10,
    laws=(Law("1503/2016", ("5", "7", "8")), Law("1048/2025", ())),
    decision_maker="Raija Esimerkki",
    decision_maker_title="asiakasmaksupäällikkö",
    appeal=replace(BY_MESSAGE, law=Law("1503/2016", ("20",))),
)

MARCH = DateRange(date(2026, 3, 1), date(2026, 3, 31))
INVOICE = InvoiceFacts(
    sender=SENDER,
    recipient=RECIPIENT,
    number=5000001234,
    day=date(2026, 4, 16),
    period=MARCH,
    due=date(2026, 4, 30),
    rows=(
        InvoiceRow("Väinö Öljynen", "Varhaiskasvatus", MARCH, Decimal(1), 14300, 14300),
        InvoiceRow("Aino Öljynen", "Esiopetusta täydentävä", MARCH, Decimal(1), 3500, 3500),
        InvoiceRow("Aino Öljynen", "Hyvitys, 11 sairauspäivää", MARCH, Decimal("0.5"), -3500, -1750),
    ),
    total=16050,
    explanation=(
        "Aino: maaliskuussa 11 sairauspäivää, kuukauden maksusta peritään puolet: 35,00 / 2 = 17,50 €.",
    ),
    payee="Esimerkkikunta, varhaiskasvatus",
    iban="FI3715903000000776",
    bic="EXAMPLEX",
    reference="11112",
)
