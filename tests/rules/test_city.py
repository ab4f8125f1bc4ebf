"""A change to a table: its life, the second pair of eyes, and what differs."""

from __future__ import annotations

from datetime import date

import pytest

from evaka.kit.errors import Refused
from evaka.rules.city import CITY_TABLE, Change, ChangePolicy, TableStatus, changes, check_second

EYES = ChangePolicy(frozenset({"roles"}))


@pytest.mark.parametrize(("state", "verbs"), [
    (TableStatus.DRAFT, ["propose", "publish", "discard"]),
    (TableStatus.PROPOSED, ["hand_back", "publish", "discard"]),
    (TableStatus.PUBLISHED, []),
    (TableStatus.DISCARDED, []),
])
def test_what_may_become_of_a_change(state, verbs):
    assert list(CITY_TABLE.verbs(state)) == verbs


def test_a_file_without_four_eyes_is_published_by_whoever_wrote_it():
    check_second("fees", EYES, proposed=False, writer=1, publisher=1)


def test_with_four_eyes_a_change_is_proposed_first():
    with pytest.raises(Refused, match="city.propose_first"):
        check_second("roles", EYES, proposed=False, writer=1, publisher=2)


def test_with_four_eyes_the_writer_does_not_publish():
    with pytest.raises(Refused, match="city.needs_another"):
        check_second("roles", EYES, proposed=True, writer=1, publisher=1)
    check_second("roles", EYES, proposed=True, writer=1, publisher=2)
    check_second("roles", EYES, proposed=True, writer=None, publisher=None)  # the command line


def test_what_differs_is_told_value_by_value():
    before = {"rate": "0.107", "limits": {"2": 1, "3": 2}, "same": 5}
    after = {"rate": "0.11", "limits": {"2": 1, "4": 3}, "same": 5}
    assert list(changes(before, after)) == [
        Change("rate", "0.107", "0.11"), Change("limits, 3", 2, None), Change("limits, 4", None, 3),
    ]


def test_rows_are_told_apart_by_their_day_or_name_or_number():
    before = [{"start": date(2024, 8, 1), "fee": 1}]
    after = [{"start": date(2024, 8, 1), "fee": 2}, {"name": "new", "fee": 3}, {"fee": 4}]
    assert [one.path for one in changes(before, after)] == ["2024-08-01, fee", "new, name", "new, fee", "3, fee"]


def test_a_new_table_differs_in_all_it_holds_and_an_equal_one_in_nothing():
    assert list(changes(None, {"a": 1})) == [Change("a", None, 1)]
    assert list(changes({"a": [1, 2]}, {"a": [1, 2]})) == []
    assert list(changes({"a": [1]}, {"a": [2]})) == [Change("a", [1], [2])]
    assert list(changes(False, {"a": 1})) == [Change("", False, {"a": 1})]
