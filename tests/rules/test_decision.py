"""Decisions on places: their life, the start, the last days to answer and to appeal, and the reasons."""

from __future__ import annotations

from datetime import date

import pytest

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.decision import (
    DECISION,
    Channel,
    DecisionPolicy,
    DecisionStatus,
    Reason,
    answer_due,
    appeal_due,
    check_order,
    check_start,
    common_reason,
    last_day_of,
    needed,
    own_reasons,
    received,
    start_window,
)
from evaka.rules.placement import CareType

S = DecisionStatus
POLICY = DecisionPolicy(start_may_move_days=14, answer_days=14)
YEAR = DateRange(date(2026, 8, 1), date(2027, 7, 31))


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        (S.DRAFT, {"send": S.SENT}),
        (S.SENT, {"accept": S.ACCEPTED, "reject": S.REJECTED, "expire": S.EXPIRED, "annul": S.ANNULLED}),
        (S.ACCEPTED, {"annul": S.ANNULLED}),
        (S.REJECTED, {}),
        (S.EXPIRED, {"annul": S.ANNULLED}),
        (S.ANNULLED, {}),
    ],
)
def test_what_can_be_done_to_a_decision(state, verbs):
    assert {verb: DECISION.after(state, verb) for verb in DECISION.verbs(state)} == verbs


@pytest.mark.parametrize(
    ("care_type", "decisions"),
    [
        (CareType.DAYCARE, ["daycare"]),
        (CareType.PRESCHOOL, ["preschool"]),
        (CareType.PRESCHOOL_DAYCARE, ["preschool", "preschool_daycare"]),
        (CareType.PRESCHOOL_CLUB, ["preschool", "preschool_club"]),
        (CareType.PREPARATORY_DAYCARE, ["preparatory", "preparatory_daycare"]),
    ],
)
def test_which_decisions_a_place_needs(care_type, decisions):
    assert list(needed(care_type)) == decisions


def test_the_care_around_pre_primary_education_comes_second():
    check_order(CareType.DAYCARE, {CareType.PRESCHOOL: S.SENT})
    check_order(CareType.PRESCHOOL_DAYCARE, {CareType.PRESCHOOL: S.ACCEPTED})
    check_order(CareType.PRESCHOOL_DAYCARE, {})  # only the care was applied for
    with pytest.raises(Refused) as refused:
        check_order(CareType.PRESCHOOL_DAYCARE, {CareType.PRESCHOOL: S.SENT})
    assert refused.value.key == "decision.primary_first"
    assert refused.value.facts == {"primary": CareType.PRESCHOOL, "care_type": CareType.PRESCHOOL_DAYCARE}


def test_the_start_may_be_moved_but_not_past_the_end():
    assert start_window(YEAR, 14) == DateRange(date(2026, 8, 1), date(2026, 8, 15))
    assert start_window(DateRange(date(2026, 8, 1)), 7) == DateRange(date(2026, 8, 1), date(2026, 8, 8))
    short = DateRange(date(2026, 8, 1), date(2026, 8, 5))
    assert start_window(short, 14) == short


@pytest.mark.parametrize("start", [date(2026, 7, 31), date(2026, 8, 16)])
def test_the_child_starts_within_the_window(start):
    check_start(YEAR, date(2026, 8, 15), 14)
    with pytest.raises(Refused) as refused:
        check_start(YEAR, start, 14)
    assert refused.value.key == "decision.start_outside_window"
    assert refused.value.facts == {"start": start, "window": DateRange(date(2026, 8, 1), date(2026, 8, 15))}


@pytest.mark.parametrize(
    ("channel", "day"),
    [
        (Channel.PORTAL, date(2026, 3, 5)),
        (Channel.MESSAGE, date(2026, 3, 5)),
        (Channel.POST, date(2026, 3, 9)),
        (Channel.HANDED, date(2026, 3, 2)),
    ],
)
def test_when_a_decision_counts_as_received(channel, day):
    assert received(channel, date(2026, 3, 2)) == day


@pytest.mark.parametrize(
    ("start", "days", "last"),
    [
        (date(2026, 3, 2), 14, date(2026, 3, 16)),  # a Monday
        (date(2026, 3, 5), 30, date(2026, 4, 7)),  # Easter Saturday: over Easter
        (date(2026, 4, 17), 14, date(2026, 5, 4)),  # the First of May, a Friday
        (date(2026, 5, 20), 30, date(2026, 6, 22)),  # Midsummer Eve
        (date(2026, 11, 24), 30, date(2026, 12, 28)),  # Christmas Eve
        (date(2026, 11, 6), 30, date(2026, 12, 7)),  # Independence Day, a Sunday
    ],
)
def test_the_last_day_moves_over_weekends_and_holidays(start, days, last):
    assert last_day_of(start, days) == last


def test_a_guardian_answers_within_two_weeks_of_receiving_the_decision():
    assert answer_due(date(2026, 3, 2), 14) == date(2026, 3, 19)
    assert answer_due(date(2026, 3, 2), 14, Channel.POST) == date(2026, 3, 23)


@pytest.mark.parametrize(
    ("care_type", "channel", "last"),
    [
        (CareType.DAYCARE, Channel.PORTAL, date(2026, 4, 7)),  # 5.3. + 30 days = 4.4., Easter Saturday
        (CareType.DAYCARE, Channel.POST, date(2026, 4, 8)),  # 9.3. + 30 days
        (CareType.PRESCHOOL, Channel.PORTAL, date(2026, 3, 19)),  # 5.3. + 14 days
        (CareType.PREPARATORY, Channel.POST, date(2026, 3, 23)),  # 9.3. + 14 days
        (CareType.PRESCHOOL_DAYCARE, Channel.POST, date(2026, 4, 8)),
        (CareType.CLUB, Channel.POST, date(2026, 4, 8)),
    ],
)
def test_the_last_day_to_claim_a_revised_decision(care_type, channel, last):
    assert appeal_due(date(2026, 3, 2), care_type, POLICY, channel) == last


def reason(key: str, start: date = date(2025, 8, 1), **changed) -> Reason:
    given = {
        "text": {"fi": "Perustelu", "sv": ""},
        "care_types": frozenset({CareType.DAYCARE}),
        "valid": DateRange(start),
    }
    return Reason(key, **(given | changed))


def test_the_newest_common_reason_governs():
    reasons = [
        reason("old"),
        reason("new", date(2026, 8, 1)),
        reason("later", date(2027, 8, 1)),
        reason("own", date(2026, 8, 1), for_everybody=False),
        reason("other", date(2026, 8, 1), care_types=frozenset({CareType.PRESCHOOL})),
    ]
    assert common_reason(reasons, CareType.DAYCARE, date(2026, 7, 31), "fi").key == "old"
    assert common_reason(reasons, CareType.DAYCARE, date(2026, 8, 1), "fi").key == "new"


@pytest.mark.parametrize(
    ("reasons", "language", "key"),
    [
        ([], "fi", "decision.no_reason"),
        ([reason("old"), reason("new", date(2026, 8, 1), ready=False)], "fi", "decision.reason_not_ready"),
        ([reason("old")], "sv", "decision.reason_not_translated"),
        ([reason("old")], "en", "decision.reason_not_translated"),
    ],
)
def test_no_decision_leaves_without_its_reasons(reasons, language, key):
    with pytest.raises(Refused) as refused:
        common_reason(reasons, CareType.DAYCARE, date(2026, 8, 1), language)
    assert refused.value.key == key


def test_only_finished_reasons_of_the_care_can_be_picked_for_a_child():
    picked = reason("sibling", for_everybody=False)
    reasons = [
        picked,
        reason("common"),
        reason("unfinished", for_everybody=False, ready=False),
        reason("later", date(2027, 1, 1), for_everybody=False),
        reason("other", for_everybody=False, care_types=frozenset({CareType.CLUB})),
    ]
    assert own_reasons(reasons, CareType.DAYCARE, date(2026, 8, 1)) == [picked]
