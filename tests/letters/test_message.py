"""A conversation on paper."""

from __future__ import annotations

from datetime import date

import pytest

from evaka import city
from evaka.letters import pdf
from evaka.letters.letter import city_sender
from evaka.letters.message import Said, ThreadFacts, thread_letter
from evaka.texts import LANGUAGES
from tests.letters.reading import read


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_on_the_paper_in_its_order_with_the_names_of_its_files(language):
    city.choose("harjula")
    facts = ThreadFacts(
        city_sender(language), date(2026, 6, 1), "Retki", "Anna Virtanen (Aino)",
        (Said("Siilit", "1.6.2026 12.00", "Menemme metsään.\n\nPukekaa lämpimästi.", ("kartta.pdf", "lista.pdf")),
         Said("Anna Virtanen", "1.6.2026 13.00", "Kiitos!")))
    text = " ".join(page.extract_text() for page in read(pdf(thread_letter(facts, language))).pages)
    places = [text.index(word) for word in ("Siilit, 1.6", "Menemme", "Pukekaa", "kartta.pdf, lista.pdf", "Kiitos!")]
    assert places == sorted(places)
    assert "Anna Virtanen (Aino)" in text
