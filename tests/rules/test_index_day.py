"""The stages of an index day, and how many fees change by how much."""

from __future__ import annotations

import pytest

from evaka.kit.errors import Refused
from evaka.rules.index_day import INDEX_DAY, Bar, IndexDayStatus, check_done, histogram


def test_the_stages_follow_one_another_and_any_may_be_closed():
    status = IndexDayStatus.PREVIEW
    for verb in ("draft", "approve", "close"):
        assert INDEX_DAY.after(status, "close") is IndexDayStatus.CLOSED
        status = INDEX_DAY.after(status, verb)
    with pytest.raises(Refused):
        INDEX_DAY.after(IndexDayStatus.PREVIEW, "approve")


def test_a_stage_is_done_when_nobody_waits():
    check_done(IndexDayStatus.PREVIEW, 0)
    with pytest.raises(Refused) as no:
        check_done(IndexDayStatus.DRAFTING, 3)
    assert (no.value.key, no.value.facts) == ("index_day.not_done", {"status": IndexDayStatus.DRAFTING, "count": 3})


@pytest.mark.parametrize(("changes", "bars"), [
    ([], []),
    ([(0, 5)], [Bar(0, 0, 5)]),
    ([(1, 2), (9_99, 1)], [Bar(0, 10_00, 3)]),
    ([(-1, 1), (0, 2), (10_00, 4)], [Bar(-10_00, 0, 1), Bar(0, 0, 2), Bar(0, 10_00, 0), Bar(10_00, 20_00, 4)]),
    ([(-250_00, 1)], [Bar(None, -100_00, 1)]),
    ([(100_00, 1), (300_00, 1)], [Bar(100_00, None, 2)]),
    ([(-10_00, 1)], [Bar(-10_00, 0, 1)]),
])  # fmt: skip
def test_families_stand_in_the_bar_of_their_change(changes, bars):
    assert histogram(changes) == bars
