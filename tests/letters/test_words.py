"""The words of letters: the same in every language, and none missing."""

from __future__ import annotations

import string
import tomllib
from dataclasses import replace

import pytest

from evaka import city
from evaka.letters import pdf
from evaka.letters.decision import DecisionFacts, Law, cited, decision_letter
from evaka.letters.fee import fee_letter
from evaka.letters.invoice import invoice_letter
from evaka.letters.voucher import voucher_letter
from evaka.rules.decision import DecisionKind
from evaka.texts import LANGUAGES
from tests.letters import reading
from tests.letters.examples import BY_MESSAGE, BY_POST, DECISION, FEE, INVOICE, VOUCHER

WORDS = {
    language: tomllib.loads((city.CONFIG / "base" / "letters" / f"{language}.toml").read_text())
    for language in LANGUAGES
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_with_the_same_gaps(language):
    def gaps(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}

    assert WORDS[language].keys() == WORDS["fi"].keys()
    for key, text in WORDS[language].items():
        assert key.startswith("letter.")
        assert text.strip()
        assert gaps(text) == gaps(WORDS["fi"][key]), key


LETTERS = [
    *(
        (decision_letter, replace(DECISION, kind=kind))
        for kind in DecisionKind
    ),
    (decision_letter, replace(DECISION, manager="Maija Johtaja", voucher=True, transfer=True)),
    (decision_letter, replace(DECISION, appeal=BY_POST)),
    (decision_letter, replace(DECISION, appeal=BY_MESSAGE)),
    *(
        (fee_letter, replace(FEE, kind=kind))
        for kind in ("normal", "relief_accepted", "relief_partly_accepted", "relief_rejected")
    ),
    *(
        (fee_letter, replace(FEE, incomes=(replace(FEE.incomes[0], effect=effect, amount=None),)))
        for effect in ("shown", "highest", "incomplete", "missing")
    ),
    *((voucher_letter, replace(VOUCHER, kind=kind)) for kind in ("normal", "relief_accepted")),
    (invoice_letter, INVOICE),
    (invoice_letter, replace(INVOICE, rf="RF9811112")),
    (invoice_letter, replace(INVOICE, total=0)),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("letter", "facts"), LETTERS)
def test_no_word_is_missing_and_no_gap_is_left_open(letter, facts, language):
    said = reading.spoken(pdf(letter(facts, language)))
    assert "[letter." not in said
    assert "{" not in said
    assert "None" not in said


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        ("fi", "Varhaiskasvatuslaki (540/2018) 62 §", "Varhaiskasvatuslaki (540/2018) 5, 6 ja 17 §"),
        (
            "sv",
            "Lagen om småbarnspedagogik (540/2018) 62 §",
            "Lagen om småbarnspedagogik (540/2018) 5, 6 och 17 §",
        ),
        (
            "en",
            "Act on Early Childhood Education and Care (540/2018), section 62",
            "Act on Early Childhood Education and Care (540/2018), sections 5, 6 and 17",
        ),
    ],
)
def test_sections_of_an_act_are_listed_as_the_language_lists(language, one, many):
    assert cited(Law("540/2018", ("62",)), language) == one
    assert cited(Law("540/2018", ("5", "6", "17")), language) == many


@pytest.mark.parametrize(
    ("language", "whole"),
    [
        ("fi", "Laki varhaiskasvatuksen palvelusetelistä (1048/2025)"),
        ("sv", "Lagen om servicesedlar inom småbarnspedagogiken (1048/2025)"),
        ("en", "Act on service vouchers in early childhood education (1048/2025)"),
    ],
)
def test_an_act_without_sections_is_named_whole(language, whole):
    assert cited(Law("1048/2025", ()), language) == whole


def test_facts_can_be_compared_and_kept():
    assert replace(DECISION) == DECISION
    assert isinstance(hash(DECISION), int)
    assert DecisionFacts.__dataclass_params__.frozen
