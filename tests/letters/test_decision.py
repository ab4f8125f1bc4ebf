"""The decision on a place, as it is printed and read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from evaka.kit.dates import DateRange
from evaka.letters import pdf
from evaka.letters.decision import decision_letter
from evaka.texts import say
from tests.letters import reading
from tests.letters.examples import BY_POST, DECISION

ORDER = {
    "fi": ["Päätös varhaiskasvatuspaikasta", "Lapsi", "Päätöksen perustelut", "Sovelletut säännökset",
           "Paikan vastaanottaminen", "Päätöksen tekijä", "Oikaisuvaatimusohje"],
    "sv": ["Beslut om plats inom småbarnspedagogiken", "Barn", "Motivering till beslutet",
           "Tillämpade bestämmelser", "Att ta emot platsen", "Beslutsfattare",
           "Anvisning för begäran om omprövning"],
    "en": ["Decision on a place in early childhood education", "Child", "Reasons for the decision",
           "Provisions applied", "Accepting the place", "Decision made by",
           "Instructions for claiming a revision"],
}  # fmt: skip


@pytest.mark.parametrize("language", ORDER)
def test_the_decision_is_read_from_its_title_to_the_appeal(language):
    headings = [text for tag, text in reading.elements(pdf(decision_letter(DECISION, language)))
                if tag in {"H1", "H2"} or text == ORDER[language][1]]  # fmt: skip
    assert headings == ORDER[language]


@pytest.mark.parametrize("language", ORDER)
def test_the_decision_says_every_fact(language):
    printed = reading.plain(" ".join(reading.pages(pdf(decision_letter(DECISION, language)))))
    for fact in (
        "202600417", "14.8.2026", "Väinö Öljynen", "1.5.2022", "Mäntymäen päiväkoti",
        "Mäntymäentie 5, 00001 Esimerkkikunta", "Kokopäiväinen, vähintään 35 tuntia viikossa",
        "1.10.2026–31.7.2029", "15.10.2026", "28.8.2026", "540/2018", "1503/2016", "Raija Esimerkki",
        "palveluohjauksen päällikkö", "Kasvatuksen ja koulutuksen lautakunta", "kirjaamo@example.fi", "62",
        *DECISION.reasons[:1],
    ):  # fmt: skip
        assert fact in printed


@pytest.mark.parametrize(
    ("appeal", "sentence"),
    [
        (
            DECISION.appeal,
            "Päätös on lähetetty sähköisenä viestinä 14.8.2026. Siitä katsotaan saadun tieto "
            "3 päivän kuluttua lähettämisestä eli 17.8.2026, jollei muuta näytetä. "
            "Määräaika päättyy 16.9.2026.",
        ),
        (
            BY_POST,
            "Päätös on lähetetty tavallisena kirjeenä 14.8.2026. Siitä katsotaan saadun tieto "
            "7 päivän kuluttua lähettämisestä eli 21.8.2026, jollei muuta näytetä. "
            "Määräaika päättyy 21.9.2026.",
        ),
    ],
    ids=["message", "post"],
)
def test_the_days_for_an_appeal_follow_how_the_decision_was_sent(appeal, sentence):
    spoken = reading.spoken(pdf(decision_letter(replace(DECISION, appeal=appeal), "fi")))
    assert sentence in spoken
    assert "Oikaisuvaatimus on tehtävä 30 päivän kuluessa päätöksen tiedoksisaannista." in spoken


def test_a_protected_address_is_not_on_the_paper():
    printed = " ".join(
        reading.pages(pdf(decision_letter(replace(DECISION, recipient=("Åsa Öljynen",)), "fi")))
    )
    assert "Åsa Öljynen" in printed
    assert "Kivipolku" not in printed


def test_a_place_that_needs_no_answer_asks_for_none():
    letter = decision_letter(replace(DECISION, kind="preschool", answer_by=None), "fi")
    spoken = reading.spoken(pdf(letter))
    assert letter.title == "Päätös esiopetuspaikasta"
    assert "Paikan vastaanottaminen" not in spoken
    assert "Oikaisuvaatimusohje" in spoken


@pytest.mark.parametrize(
    ("language", "lasting"),
    [
        ("fi", "1.10.2026 alkaen toistaiseksi"),
        ("sv", "från och med 1.10.2026 tills vidare"),
        ("en", "from 1.10.2026 until further notice"),
    ],
)
def test_an_open_place_is_until_further_notice(language, lasting):
    open_ended = replace(DECISION, period=DateRange(date(2026, 10, 1)))
    assert lasting in reading.spoken(pdf(decision_letter(open_ended, language)))


@pytest.mark.parametrize("language", ORDER)
def test_a_unit_may_say_who_takes_a_written_answer(language):
    told = replace(DECISION, handler="Palveluohjaus\nPL 1, 00001 Esimerkkikunta")
    label = {"fi": "Osoite kirjalliselle", "sv": "Adress för skriftligt svar", "en": "Address for a written answer"}
    assert label[language] in printed(told, language)
    assert label[language] not in printed(DECISION, language)
    assert label[language] not in printed(replace(told, answer_by=None), language)


def printed(facts, language):
    return reading.plain(" ".join(reading.pages(pdf(decision_letter(facts, language)))))


@pytest.mark.parametrize("language", ORDER)
def test_the_number_of_the_case_stands_beside_that_of_the_decision(language):
    printed = reading.plain(" ".join(reading.pages(pdf(decision_letter(
        replace(DECISION, case="57/12.06.01/2026"), language)))))
    assert "57/12.06.01/2026" in printed
    assert say("letter.decision.case", language) in printed
    without = reading.plain(" ".join(reading.pages(pdf(decision_letter(DECISION, language)))))
    assert say("letter.decision.case", language) not in without
