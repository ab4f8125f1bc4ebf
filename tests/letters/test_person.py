"""The printed list of what is known of a person."""

from __future__ import annotations

import pytest

from evaka.letters import pdf
from evaka.letters.letter import Facts, Heading, Rows, Text
from evaka.letters.person import DataFacts, Section, data_letter
from tests.letters.examples import DECISION, RECIPIENT, SENDER
from tests.letters.reading import elements, plain

FACTS = DataFacts(
    sender=SENDER, recipient=RECIPIENT, day=DECISION.day, person="Väinö Öljynen",
    sections=(
        Section("Henkilötiedot", ("Nimi", "Kieli"), (("Väinö Öljynen", ""),)),
        Section("Poissaolot", ("Päivä", "Syy"), (("4.5.2026", "sairaus"), ("5.5.2026", "muu")), more=12),
        Section("Viestit", ("Viesti",), (("x" * 200,), ("",))),
        Section("Tyhjät", (), ((), ())),
    ),
)


def test_short_rows_are_a_table_and_others_are_told_line_by_line():
    body = data_letter(FACTS, "fi").body
    kinds = [type(block) for block in body]
    assert kinds == [Text, Text, Heading, Facts, Heading, Rows, Text, Heading, Facts, Heading]
    assert body[3].rows == (("Nimi", "Väinö Öljynen"),)
    assert "12" in body[6].text


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_it_is_printed_with_its_headings(language):
    said = [(kind, plain(text)) for kind, text in elements(pdf(data_letter(FACTS, language)))]
    assert [text for kind, text in said if kind == "H2"] == ["Henkilötiedot", "Poissaolot", "Viestit", "Tyhjät"]
    assert not [text for _, text in said if "[letter." in text]
