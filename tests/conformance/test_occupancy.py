"""The published cases of occupancy: all are there and come out right, and a wrong figure is noticed."""

from __future__ import annotations

from tests.conformance import CASES, KINDS, cases, load_kinds, run

load_kinds()
OCCUPANCY = [(case, fixtures) for file, _, case, fixtures in cases(CASES) if file == "occupancy.json"]


def test_every_case_of_occupancy_is_there_and_comes_out_as_published() -> None:
    assert len(OCCUPANCY) == 35
    assert all(("occupancy/1", case["kind"]) in KINDS for case, _ in OCCUPANCY)
    found = {case["id"]: run("occupancy/1", case, fixtures) for case, fixtures in OCCUPANCY}
    assert {id: differences for id, differences in found.items() if differences} == {}


def test_a_wrong_figure_is_noticed() -> None:
    case, fixtures = next((case, fixtures) for case, fixtures in OCCUPANCY if case["kind"] == "daily")
    wrong = case | {"queries": [case["queries"][0] | {"expect": {"headcount": 99}}]}
    [difference] = run("occupancy/1", wrong, fixtures)
    assert (difference.where, difference.expected, difference.found) == ("queries[0].headcount", 99, 1)
