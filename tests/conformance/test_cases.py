"""Every published case that the rules here reckon comes out as published."""

from __future__ import annotations

import json

import pytest

from tests.conformance import CASES, KINDS, Case, cases, load_kinds, run
from tests.conformance.__main__ import main

load_kinds()
GIVEN = [
    pytest.param(schema, case, fixtures, id=case["id"])
    for _, schema, case, fixtures in cases(CASES)
    if (schema, case["kind"]) in KINDS
]


@pytest.mark.parametrize(("schema", "case", "fixtures"), GIVEN)
def test_a_published_case_comes_out_as_published(schema: str, case: Case, fixtures: Case) -> None:
    assert [str(one) for one in run(schema, case, fixtures)] == []


def test_the_runner_names_what_differs_and_what_is_not_supported(tmp_path, capsys) -> None:
    right = {
        "id": "a",
        "kind": "threshold_max_fee",
        "min_income": 0,
        "max_income": 100000,
        "income_multiplier": "0.107",
        "declared_max_fee": 10700,
        "expect": {"computed_max_fee": 10700, "accepted": True},
    }
    wrong = right | {"id": "b", "expect": {"computed_max_fee": 10800}}
    broken = {"id": "c", "kind": "threshold_max_fee", "expect": {}}
    strange = {"id": "d", "kind": "phase_of_the_moon"}
    content = {"schema": "fees/1", "cases": [right, wrong, broken, strange]}
    (tmp_path / "fees.json").write_text(json.dumps(content), encoding="utf-8")

    assert main(tmp_path) == 1
    assert capsys.readouterr().out.splitlines() == [
        "fees.json: 1 of 4",
        "  b threshold_max_fee computed_max_fee: expected 10800, found 10700",
        "  c threshold_max_fee the run: expected 'no fault', found \"KeyError('income_multiplier')\"",
        "  phase_of_the_moon: not supported (1)",
        "1 passed, 3 failed",
    ]


def test_a_folder_without_cases_does_not_pass(tmp_path, capsys) -> None:
    assert main(tmp_path) == 1
    assert capsys.readouterr().out == "0 passed, 0 failed\n"
