"""The two reckonings agree on a sample of random families, and a slip in either of them is noticed."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from evaka.rules.fee import fees_on
from tests.oracle import judge, month, reckon
from tests.oracle.__main__ import main
from tests.oracle.families import family_of, month_of

SEED = 2026


def test_a_sample_of_families_is_reckoned_alike() -> None:
    assert [one for number in range(1500) for one in judge.differences(SEED, number)] == []


@pytest.mark.parametrize("module", [reckon, month])
def test_the_second_reckoning_knows_nothing_of_the_program(module) -> None:
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(name.startswith("evaka") for name in names)


def test_the_sample_meets_every_rule_of_the_invoice() -> None:
    """Without these a slip in one of them would not be noticed."""
    products = set()
    for number in range(1500):
        random = Random(f"{SEED}/{number}")
        family = family_of(random)
        rows, _ = month.invoice(month_of(random, family, reckon.fees(family)))
        products |= {row[1] for row in rows}
    assert products >= {
        "care:daycare", "care:preschool_daycare", "care:preschool_club", "care:temporary", "care:temporary_part_day",
        "discount", "relief", "increase", "daily_refund", "sick_full_month", "sick_half", "absence_half",
        "surplus_days",
    }


def test_a_slip_on_one_side_is_noticed(monkeypatch) -> None:
    def dearer(facts, head, day):
        return fees_on(replace(facts, agency_increase=facts.agency_increase and 94), head, day)

    monkeypatch.setattr(judge, "fees_on", dearer)
    found = [one for number in range(300) for one in judge.differences(SEED, number)]
    assert any(one.startswith("fees: ") for one in found)


def test_the_run_tells_its_seed_and_what_differs(monkeypatch, capsys) -> None:
    assert main(40, SEED) == 0
    assert capsys.readouterr().out.startswith(f"seed {SEED}: 40 families reckoned twice in ")
    monkeypatch.setattr(month, "nearest", lambda amount, by=1: amount // by)
    assert main(40, SEED) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("family ")
    assert told[-1].endswith(" differences")


def test_no_family_is_no_proof(capsys) -> None:
    assert main(0, SEED) == 1
