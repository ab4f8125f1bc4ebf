"""What is put together for the post, and what is on file about a decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from evaka.letters import pdf
from evaka.letters.decision import decision_letter
from evaka.letters.decision.dispatch import Envelope, address_page, for_the_post, merged
from evaka.letters.decision.evidence import Evidence, Part, evidence_letter
from tests.letters import reading
from tests.letters.examples import DECISION, RECIPIENT, SENDER

PAPER = pdf(decision_letter(replace(DECISION, recipient=("Åsa Öljynen",)), "fi"))
NAME = "Päätös varhaiskasvatuspaikasta 202600417"


def envelope(language="fi", recipient=RECIPIENT, protected=False):
    return Envelope(SENDER, recipient, date(2026, 8, 14), language, protected, ((NAME, PAPER),))


@pytest.mark.parametrize(
    ("language", "said"),
    [("fi", "Tämä kirje sisältää"), ("sv", "Detta brev innehåller"), ("en", "This letter contains")],
)
def test_an_address_page_goes_before_each_receivers_papers(language, said):
    pages = reading.pages(for_the_post([envelope(language), envelope(language, ("Ilo Muu", "Tie 1", "00001 KUNTA"))]))
    alone = len(reading.pages(PAPER))
    assert len(pages) == 2 * (1 + alone)
    assert said in pages[0]
    assert "Kivipolku 3 B 12" in pages[0]
    assert NAME in pages[0]
    assert "Ilo Muu" in pages[1 + alone]
    assert "Kivipolku" not in " ".join(pages[2 + alone :])


def test_a_protected_address_is_written_by_hand():
    page = reading.pages(pdf(address_page(envelope(recipient=("Åsa Öljynen",), protected=True))))[0]
    assert "turvakiellon alainen" in page
    assert "Åsa Öljynen" in page
    assert "turvakiellon alainen" not in reading.pages(pdf(address_page(envelope())))[0]


def test_equal_papers_make_equal_bytes():
    assert merged([PAPER, PAPER]) == merged([PAPER, PAPER])


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_bundle_holds_its_parts_in_order(language):
    parts = (
        Part("Yksi", facts=(("Lapsi", "Aino"),)),
        Part("Kaksi", header=("Kuukausi", "Täyttöaste"), rows=(("8/2026", "94,5 %"),), widths=(1, 2)),
        Part("Kolme", header=("A", "B"), rows=(("x", "y"),)),
        Part("Neljä", empty="Ei merkintöjä."),
    )
    said = reading.spoken(pdf(evidence_letter(Evidence(SENDER, "Selvitys", date(2026, 8, 14), "17", parts), language)))
    places = [said.index(one) for one in ("Yksi", "Aino", "Kaksi", "94,5 %", "Kolme", "Neljä", "Ei merkintöjä.")]
    assert places == sorted(places)
    assert "540/2018" in said
