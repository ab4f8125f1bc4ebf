"""The voucher decision, as it is printed and read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaka.letters import pdf
from evaka.letters.voucher import voucher_letter
from tests.letters import reading
from tests.letters.examples import VOUCHER


def cells(facts, language="fi"):
    return [text for tag, text in reading.elements(pdf(voucher_letter(facts, language))) if tag in {"TH", "TD"}]


def test_the_sums_lead_from_the_value_to_what_the_city_pays():
    assert cells(VOUCHER)[8:20] == [
        "Laskelma", "Kuukaudessa",
        "Palvelusetelin arvo", "950,00\u00a0€",
        "Omavastuuosuus ennen huojennuksia ja korotuksia", "143,00\u00a0€",
        "Huojennus", "−11,00\u00a0€",
        "Perhe maksaa yksikölle", "132,00\u00a0€",
        "Kunta maksaa yksikölle", "818,00\u00a0€",
    ]  # fmt: skip


def test_the_grounds_tell_the_place_the_family_and_its_income():
    printed = cells(VOUCHER)
    assert printed[:8] == [
        "Lapsi", "Väinö Öljynen, 1.5.2023",
        "Toimintayksikkö", "Mäntymäen yksityinen päiväkoti",
        "Palveluntarve", "Varhaiskasvatus\nKokopäiväinen, vähintään 35 h/vk",
        "Voimassa", "1.8.2026–31.7.2027",
    ]  # fmt: skip
    assert printed[20:28] == [
        "Maksuvelvolliset", "Åsa Öljynen\nČestmír Öljynen",
        "Perheen koko", "4 henkilöä",
        "Åsa Öljynen", "3\u00a0410,00\u00a0€ (bruttotulot kuukaudessa)",
        "Čestmír Öljynen", "tuloja ei ole ilmoitettu, korkein maksu",
    ]  # fmt: skip


def test_a_parent_alone_is_the_only_payer_and_without_a_relief_none_is_named():
    alone = replace(VOUCHER, partner=None, kind="normal", alterations=())
    assert "Åsa Öljynen" in cells(alone)
    spoken = reading.spoken(pdf(voucher_letter(alone, "fi")))
    assert "huojentamisesta" not in spoken


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fi", ["Salassa pidettävä", "Päätös palvelusetelin arvosta",
                "Lapsen palvelusetelin arvo on 950,00 € kuukaudessa. Päätös on voimassa 1.8.2026–31.7.2027.",
                "Perheen omavastuuosuus on 132,00 € kuukaudessa", "vähintään 10 prosenttia", "(1503/2016) 5, 7 ja 8 §",
                "Laki varhaiskasvatuksen palvelusetelistä (1048/2025)", "Oikaisuvaatimusohje", "(1503/2016) 20 §",
                "Liite: näin arvo ja omavastuuosuus on laskettu", "Näin palvelusetelin arvo on laskettu",
                "Näin omavastuuosuus on laskettu"]),
        ("sv", ["Sekretessbelagd", "Beslut om servicesedelns värde",
                "Värdet på barnets servicesedel är 950,00 € i månaden. Beslutet gäller 1.8.2026–31.7.2027.",
                "Familjens självriskandel är 132,00 € i månaden", "minst 10 procent", "(1503/2016) 5, 7 och 8 §",
                "Lagen om servicesedlar inom småbarnspedagogiken (1048/2025)",
                "Anvisning för begäran om omprövning", "(1503/2016) 20 §",
                "Bilaga: så har värdet och självriskandelen räknats", "Så har servicesedelns värde räknats",
                "Så har självriskandelen räknats"]),
        ("en", ["Secret", "Decision on the value of a service voucher",
                "The child's service voucher is worth 950,00 € a month. The decision is valid 1.8.2026–31.7.2027.",
                "The family's co-payment is 132,00 € a month", "at least 10 per cent",
                "(1503/2016), sections 5, 7 and 8",
                "Act on service vouchers in early childhood education (1048/2025)",
                "Instructions for claiming a revision", "(1503/2016), section 20",
                "Appendix: how the value and the co-payment were reckoned",
                "How the voucher's value was reckoned", "How the co-payment was reckoned"]),
    ],
)  # fmt: skip
def test_the_decision_is_read_in_its_language_from_the_stamp_to_the_appeal(language, words):
    spoken = reading.spoken(pdf(voucher_letter(VOUCHER, language)))
    places = [spoken.index(word) for word in words]
    assert places == sorted(places)


def test_it_is_tagged_and_every_font_is_in_the_file():
    printed = pdf(voucher_letter(VOUCHER, "fi"))
    assert printed == pdf(voucher_letter(replace(VOUCHER), "fi"))
    assert reading.read(printed).trailer["/Root"]["/MarkInfo"]["/Marked"].value is True
    assert all(reading.fonts(printed).values())
    assert all(opened == closed for opened, closed in reading.marks(printed))
