"""Sheets: lists that hang on a wall, and the proof of a ratio; upright and lying, tagged, the same bytes again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaka.letters.letter import Heading, Rows, Text
from evaka.letters.proof import ProofFacts, proof_sheet
from evaka.letters.report import Sheet, sheet_pdf
from tests.letters.examples import SENDER
from tests.letters.reading import elements, pages, plain, read

SHEET = Sheet(
    title="Päivälista", subtitle="Mäntymäen päiväkoti, torstai 12.3.2026", printed="Tulosti Åsa Öljynen",
    language="fi", sender=SENDER, parts=(
        (Heading("Siilit"), Rows(("Lapsi", "Ajat"), (("Väinö", "8.00–16.00"), ("Äijälä", "")), (2, 1))),
        (Heading("Ketut"), Text("Ei lapsia.")),
    ))
PROOF = ProofFacts(
    sender=SENDER, printed_by="Åsa Öljynen", printed_at="12.3.2026 9.00", unit="Mäntymäen päiväkoti", group="Siilit",
    at="torstai 12.3.2026 8.42", state="riittää", ratio="5,2",
    children=(("Virtanen Aino", "8.00", "", "1 (kokopäiväinen)", "Tabletti 12.3.2026 8.00"),),
    adults=(("Öljynen Åsa", "7.30", "", "7", "Tabletti 12.3.2026 7.30"),),
    sums=("1 × 1 = 1", "1 × 7 = 7", "1 / 7 × 7 = 1,0"))


def test_a_part_begins_a_page_and_each_page_says_what_it_is():
    found = pages(sheet_pdf(SHEET))
    assert len(found) == 2
    for number, page in enumerate(found, start=1):
        assert "Päivälista" in page
        assert "torstai 12.3.2026" in page
        assert f"{number}/2" in page
        assert "Tulosti Åsa Öljynen" in page
    assert "8.00–16.00" in found[0]
    assert "Ei lapsia." in found[1]


def test_it_is_read_aloud_in_order_with_its_head_once():
    said = [(kind, plain(text)) for kind, text in elements(sheet_pdf(SHEET))]
    headings = [text for kind, text in said if kind in ("H1", "H2")]
    assert headings.count("Päivälista") == 1
    assert {"Siilit", "Ketut"} <= set(headings)
    assert ("TH", "Lapsi") in [(kind, text) for kind, text in said if text] or any(kind == "Table" for kind, _ in said)


@pytest.mark.parametrize("lying", [False, True])
def test_it_stands_or_lies(lying):
    box = read(sheet_pdf(replace(SHEET, lying=lying))).pages[0].mediabox
    assert (box.width > box.height) is lying


def test_equal_sheets_are_equal_bytes():
    assert sheet_pdf(SHEET) == sheet_pdf(replace(SHEET))
    assert sheet_pdf(SHEET) != sheet_pdf(replace(SHEET, subtitle="Muualla"))


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_proof_of_a_ratio_holds_all_it_rests_on(language):
    sheet = proof_sheet(PROOF, language)
    text = " ".join(pages(sheet_pdf(sheet)))
    for words in ("Virtanen Aino", "Öljynen Åsa", "1 / 7 × 7 = 1,0", "540/2018, 35–36 §", "Tabletti 12.3.2026 8.00"):
        assert words in text
    assert "[letter." not in text


def test_of_nobody_it_says_so():
    sheet = proof_sheet(replace(PROOF, children=(), adults=()), "fi")
    assert " ".join(pages(sheet_pdf(sheet))).count("Kukaan ei ollut paikalla.") == 2
