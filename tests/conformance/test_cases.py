"""Every published case that the rules here reckon comes out as published."""

from __future__ import annotations

import json

import pytest

from tests.conformance import CASES, KINDS, Case, cases, load_kinds, run
from tests.conformance.__main__ import main, through_database
from tests.conformance.database.engines import ENGINES, database

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
        "  c threshold_max_fee the case: expected \"'income_multiplier' in it or in the fixtures\", "
        "found 'nothing of that name'",
        "  d phase_of_the_moon is no kind of case that is known here: phase_of_the_moon of fees/1",
        "1 passed, 3 failed",
    ]


def test_a_key_that_the_format_does_not_know_is_told(tmp_path, capsys) -> None:
    case = {"id": "a", "kind": "age_limit", "dob": "2020-02-02", "expect": {}, "moon": "full"}
    _write(tmp_path, "vouchers", [case])
    assert main(tmp_path) == 1
    assert "  a age_limit the case: expected 'keys that the format knows', found 'moon'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "fees.json cannot be read: Expecting property name"),
        ("[]", "fees.json is no file of cases: it holds no object."),
        ('{"schema": "fees/1"}', 'fees.json is no file of cases: it has no "schema", or no list of "cases".'),
        ('{"schema": "fees/1", "cases": [1]}', "fees.json: 1 is no case."),
    ],
)
def test_a_file_that_is_none_of_cases_is_told(tmp_path, capsys, content, told) -> None:
    (tmp_path / "fees.json").write_text(content, encoding="utf-8")
    assert main(tmp_path) == 1
    assert capsys.readouterr().out.startswith(told)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_published_case_that_has_rows_comes_out_as_published_through_the_database(engine, capsys) -> None:
    given, failed = list(cases(CASES)), set()
    with database(engine) as answers:
        if not answers:
            pytest.skip("PostgreSQL does not answer")
        through_database(engine, given, failed)
    assert failed == set()
    told = [line.partition(",")[0] for line in capsys.readouterr().out.splitlines()]
    assert told == [
        f"decisions.json on {engine}: 67 of 67",
        f"invoices.json on {engine}: 67 of 67",
        f"vouchers.json on {engine}: 56 of 56",
    ]


def test_cases_reckoned_by_hand_come_out_as_reckoned(capsys) -> None:
    """What the published ones do not ask: days decided retroactively, single decisions sent, twins, odd months."""
    assert main(CASES.parent / "own") == 0, capsys.readouterr().out


def test_what_comes_out_otherwise_through_the_database_is_told(tmp_path, capsys) -> None:
    published = {case["id"]: case for _, _, case, _ in cases(CASES)}
    decision, invoice, report = (dict(published[id]) for id in ("dec-009", "inv-082", "vou-087"))
    decision["steps"] = [{"action": "generate", "expect": {"kinds": ["fee"], "count": 2}}]
    invoice["expect"] = {"invoice_count": 2}
    report["reports"] = [report["reports"][0] | {"row_count": 99}]
    _write(tmp_path, "decisions", [decision])
    _write(tmp_path, "invoices", [invoice])
    _write(tmp_path, "vouchers", [report])
    assert main(tmp_path) == 1
    told = capsys.readouterr().out.splitlines()
    for file in ("decisions", "invoices", "vouchers"):
        place = told.index(f"{file}.json on sqlite: 0 of 1")
        assert "expected" in told[place + 1]
    assert told[-1] == "0 passed, 3 failed"


def _write(folder, name, given) -> None:
    content = {"schema": f"{name}/1", "cases": given}
    (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def test_a_folder_without_cases_does_not_pass(tmp_path, capsys) -> None:
    assert main(tmp_path) == 1
    assert capsys.readouterr().out == "0 passed, 0 failed\n"
