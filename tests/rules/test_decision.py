"""Decisions on places: their life, the start, the last days to answer and to appeal, and the reasons."""

from __future__ import annotations

from datetime import date

import pytest

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.decision import (
    CARE_TYPES_OF,
    DECISION,
    Channel,
    DecisionKind,
    DecisionPolicy,
    DecisionStatus,
    Reason,
    answer_due,
    appeal_due,
    check_order,
    check_start,
    common_reason,
    drafts,
    granted,
    kind_of,
    last_day_of,
    movable_days,
    needed,
    own_reasons,
    picked,
    received,
    stands_for,
    start_window,
    to_remind,
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


# -- kinds, drafts and what they give ------------------------------------------------------------------

TERM = DateRange(date(2026, 8, 11), date(2027, 6, 5))
PLACE = DateRange(date(2026, 8, 1), date(2027, 7, 31))


def test_every_care_type_is_of_one_kind_of_decision():
    assert sorted(one for several in CARE_TYPES_OF.values() for one in several) == sorted(CareType)
    assert {kind_of(care_type) for care_type in CareType} == set(DecisionKind)


@pytest.mark.parametrize(
    ("care_type", "given", "expected"),
    [
        (CareType.DAYCARE, {}, [(CareType.DAYCARE, PLACE, True)]),
        (CareType.CLUB, {}, [(CareType.CLUB, PLACE, True)]),
        # care was not asked for: its draft waits unsent
        (CareType.PRESCHOOL, {}, [(CareType.PRESCHOOL, TERM, True), (CareType.PRESCHOOL_DAYCARE, PLACE, False)]),
        (
            CareType.PRESCHOOL_DAYCARE,
            {"connected": YEAR},
            [(CareType.PRESCHOOL, TERM, True), (CareType.PRESCHOOL_DAYCARE, YEAR, True)],
        ),
        (CareType.PRESCHOOL_CLUB, {}, [(CareType.PRESCHOOL, TERM, True), (CareType.PRESCHOOL_CLUB, PLACE, True)]),
        # the child is in this pre-primary group already, and the family wants care around it
        (
            CareType.PRESCHOOL_DAYCARE,
            {"has_primary": True},
            [(CareType.PRESCHOOL, TERM, False), (CareType.PRESCHOOL_DAYCARE, PLACE, True)],
        ),
        (
            CareType.PREPARATORY,
            {"term": None},
            [(CareType.PREPARATORY, PLACE, True), (CareType.PREPARATORY_DAYCARE, PLACE, False)],
        ),
        # a place that lies outside of the term it was looked up for
        (
            CareType.PREPARATORY_DAYCARE,
            {"term": DateRange(date(2030, 8, 1), date(2031, 6, 1))},
            [(CareType.PREPARATORY, PLACE, True), (CareType.PREPARATORY_DAYCARE, PLACE, True)],
        ),
    ],
)
def test_the_drafts_of_a_place(care_type, given, expected):
    found = drafts(care_type, PLACE, **({"term": TERM} | given))
    assert [(one.care_type, one.period, one.planned) for one in found] == expected


@pytest.mark.parametrize(
    ("care_type", "period", "term", "expected"),
    [
        (CareType.DAYCARE, "1.8.2026–31.7.2027", TERM, [(CareType.DAYCARE, "1.8.2026–31.7.2027")]),
        # care begins before the term, and goes on as day care after it
        (
            CareType.PRESCHOOL_DAYCARE,
            "1.8.2026–31.7.2027",
            TERM,
            [(CareType.PRESCHOOL_DAYCARE, "1.8.2026–5.6.2027"), (CareType.DAYCARE, "6.6.2027–31.7.2027")],
        ),
        (CareType.PRESCHOOL_DAYCARE, "1.8.2026–5.6.2027", TERM, [(CareType.PRESCHOOL_DAYCARE, "1.8.2026–5.6.2027")]),
        (CareType.PRESCHOOL_DAYCARE, "7.6.2027–31.7.2027", TERM, [(CareType.DAYCARE, "7.6.2027–31.7.2027")]),
        (CareType.PREPARATORY_DAYCARE, "1.8.2026–31.7.2027", None,
         [(CareType.PREPARATORY_DAYCARE, "1.8.2026–31.7.2027")]),
        (CareType.PRESCHOOL_CLUB, "1.8.2026–31.7.2027", TERM, [(CareType.PRESCHOOL_CLUB, "1.8.2026–5.6.2027")]),
    ],
)  # fmt: skip
def test_the_places_that_a_decision_gives(care_type, period, term, expected):
    first, last = (date(*map(int, reversed(one.split(".")))) for one in period.split("–"))
    found = granted(care_type, DateRange(first, last), term)
    assert [(one, str(days)) for one, days in found] == expected


@pytest.mark.parametrize(
    ("care_type", "guardian", "days"),
    [
        (CareType.DAYCARE, True, 14),
        (CareType.PRESCHOOL, True, 0),
        (CareType.PRESCHOOL, False, 14),
        (CareType.PRESCHOOL_DAYCARE, True, 14),
    ],
)
def test_a_guardian_does_not_put_off_the_start_of_pre_primary_education(care_type, guardian, days):
    assert movable_days(care_type, POLICY, guardian=guardian) == days


def test_part_time_takes_the_words_of_day_care():
    assert stands_for(DecisionKind.DAYCARE_PART_TIME) is DecisionKind.DAYCARE
    assert stands_for(DecisionKind.CLUB) is DecisionKind.CLUB


@pytest.mark.parametrize(
    ("today", "reminded_on", "reminders", "due"),
    [
        ("2026-06-07", None, 0, False),  # six days after it was sent
        ("2026-06-08", None, 0, True),
        ("2026-06-14", "2026-06-08", 1, False),
        ("2026-06-15", "2026-06-08", 1, True),
        ("2026-06-30", "2026-06-15", 2, False),  # never a third time
        ("2026-07-31", None, 0, True),
        ("2026-08-01", None, 0, False),  # two months ago
    ],
)
def test_a_family_is_reminded_twice_a_week_apart(today, reminded_on, reminders, due):
    last = reminded_on and date.fromisoformat(reminded_on)
    assert to_remind(date(2026, 6, 1), last, reminders, POLICY, date.fromisoformat(today)) is due


PAST = DateRange(date(2020, 1, 1), date(2020, 12, 31))
OWN = {
    "sibling": Reason("sibling", {"fi": "Sisarus.", "sv": "Syskon."}, frozenset({CareType.DAYCARE}), YEAR, False),
    "old": Reason("old", {"fi": "Ennen."}, frozenset({CareType.DAYCARE}), PAST, False),
}


def test_picked_reasons_are_printed_in_their_order():
    assert picked(["sibling"], OWN, CareType.DAYCARE, YEAR.start, "sv") == ("Syskon.",)
    assert picked([], OWN, CareType.DAYCARE, YEAR.start, "fi") == ()


@pytest.mark.parametrize(
    ("keys", "care_type", "language", "key"),
    [
        (["old"], CareType.DAYCARE, "fi", "decision.reason_not_offered"),
        (["gone"], CareType.DAYCARE, "fi", "decision.reason_not_offered"),
        (["sibling"], CareType.CLUB, "fi", "decision.reason_not_offered"),
        (["sibling"], CareType.DAYCARE, "en", "decision.reason_not_translated"),
    ],
)
def test_a_reason_that_does_not_fit_is_refused(keys, care_type, language, key):
    with pytest.raises(Refused, match=key):
        picked(keys, OWN, care_type, YEAR.start, language)
