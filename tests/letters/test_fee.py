"""The fee decision, as it is printed and read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaka.letters import pdf
from evaka.letters.fee import explained, fee_letter
from evaka.letters.letter import Step
from evaka.rules.fee.step import Step as Reckoned
from tests.letters import reading
from tests.letters.examples import FEE


def cells(facts, language="fi"):
    """The texts of the cells, the table of children first."""
    return [text for tag, text in reading.elements(pdf(fee_letter(facts, language))) if tag in {"TH", "TD"}]


def test_each_child_has_a_line_and_the_family_a_total():
    assert cells(FEE)[:20] == [
        "Lapsi", "Perusmaksu", "Osuus", "Maksu", "Maksettava",
        "Väinö Öljynen, 1.5.2023\nMäntymäen päiväkoti\nKokopäiväinen, vähintään 35 h/vk",
        "143,00\u00a0€", "100\u00a0%", "143,00\u00a0€", "143,00\u00a0€",
        "Aino Öljynen, 9.1.2020\nMäntymäen päiväkoti\nEsiopetusta täydentävä\nHuojennus −11,00\u00a0€",
        "143,00\u00a0€", "40\u00a0%", "46,00\u00a0€", "35,00\u00a0€",
        "Yhteensä kuukaudessa", "", "", "", "178,00\u00a0€",
    ]  # fmt: skip


def test_the_grounds_tell_the_family_and_its_income():
    assert cells(FEE)[20:36] == [
        "Maksuvelvolliset", "Åsa Öljynen\nČestmír Öljynen",
        "Voimassa", "1.3.2026 alkaen toistaiseksi",
        "Perheen koko", "4 henkilöä",
        "Åsa Öljynen", "3\u00a0410,00\u00a0€ (bruttotulot kuukaudessa)",
        "Čestmír Öljynen", "3\u00a0882,04\u00a0€ (bruttotulot kuukaudessa)",
        "Tulot yhteensä", "7\u00a0292,04\u00a0€",
        "Tuloraja", "5\u00a0956,00\u00a0€",
        "Maksuprosentti", "10,70\u00a0%",
    ]  # fmt: skip


def test_a_parent_alone_who_has_not_told_the_income():
    alone = replace(
        FEE,
        partner=None,
        total_income=None,
        incomes=(replace(FEE.incomes[0], effect="missing", amount=None),),
    )
    printed = cells(alone)
    assert printed[21] == "Åsa Öljynen"
    assert "tuloja ei ole ilmoitettu, korkein maksu" in printed
    assert "ei laskettu" in printed


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fi", ["Salassa pidettävä", "Päätös varhaiskasvatuksen asiakasmaksusta",
                "yhteensä 178,00 € kuukaudessa. Päätös on voimassa 1.3.2026 alkaen toistaiseksi.",
                "vähintään 10 prosenttia", "(1503/2016) 5, 7 ja 8 §",
                "Oikaisuvaatimusohje", "(1503/2016) 20 §",
                "Liite: näin maksu on laskettu", "Näin maksu on laskettu: Väinö Öljynen"]),
        ("sv", ["Sekretessbelagd", "Beslut om klientavgift inom småbarnspedagogiken",
                "sammanlagt 178,00 € i månaden. Beslutet gäller från och med 1.3.2026 tills vidare.",
                "minst 10 procent", "(1503/2016) 5, 7 och 8 §",
                "Anvisning för begäran om omprövning", "(1503/2016) 20 §",
                "Bilaga: så har avgiften räknats", "Så har avgiften räknats: Väinö Öljynen"]),
        ("en", ["Secret", "Decision on the client fee for early childhood education",
                "178,00 € a month in total. The decision is valid from 1.3.2026 until further notice.",
                "at least 10 per cent",
                "(1503/2016), sections 5, 7 and 8", "Instructions for claiming a revision",
                "(1503/2016), section 20",
                "Appendix: how the fee was reckoned", "How the fee was reckoned: Väinö Öljynen"]),
    ],
)  # fmt: skip
def test_the_decision_is_read_in_its_language_from_the_stamp_to_the_appeal(language, words):
    spoken = reading.spoken(pdf(fee_letter(FEE, language)))
    places = [spoken.index(word) for word in words]
    assert places == sorted(places)


def test_only_a_child_with_a_reckoning_is_explained():
    spoken = reading.spoken(pdf(fee_letter(FEE, "fi")))
    assert "Näin maksu on laskettu: Aino Öljynen" not in spoken
    assert (
        "3. Maksuprosentti 1 336,04 × 10,70 % = 142,956… → 143 € 5 §. Pyöristetään täysiin euroihin."
        in spoken
    )


def test_the_outcome_of_a_relief_is_said():
    spoken = reading.spoken(pdf(fee_letter(replace(FEE, kind="relief_rejected"), "fi")))
    assert "Hakemuksenne maksun huojentamisesta on hylätty." in spoken


def test_the_steps_of_a_rule_are_said_in_the_language_of_the_letter():
    reckoned = (
        Reckoned("letter.fee.persons", 14300, "143 × 1 = 143 €", "5 §", {"family_size": 4}),
        Reckoned("letter.fee.income_limit", 595600),
    )
    assert explained(reckoned, "sv") == (
        Step("4 personer", "143 × 1 = 143 €", "5 §"),
        Step("Inkomstgräns", "5\u00a0956,00\u00a0€", ""),
    )


@pytest.mark.parametrize(("language", "changed", "table"), [
    ("fi", "Muuttunut edellisestä päätöksestä: tulot, perheen koko.", "Maksutaulukko 1.8.2024 alkaen"),
    ("sv", "Ändrat sedan det förra beslutet: tulot, perheen koko.", "Avgiftstabellen från 1.8.2024"),
    ("en", "Changed since the decision before: tulot, perheen koko.", "Fee table from 1.8.2024")])
def test_what_changed_and_the_table_are_said(language, changed, table):
    facts = replace(FEE, changes=("Tulot", "Perheen koko"), table=table)
    spoken = reading.spoken(pdf(fee_letter(facts, language)))
    assert changed in spoken
    assert table in spoken


def test_a_city_may_leave_the_appendix_out_and_a_first_decision_has_changed_nothing():
    silent = replace(FEE, table="Maksutaulukko", children=tuple(replace(one, steps=()) for one in FEE.children))
    spoken = reading.spoken(pdf(fee_letter(silent, "fi")))
    assert not [word for word in ("Liite:", "Maksutaulukko", "Muuttunut") if word in spoken]
