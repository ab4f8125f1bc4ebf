"""Kinds of care, service needs, what fits, and how an earlier place makes room."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from decimal import Decimal

import pytest

from evaka import city
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.placement import (
    IGNORED_IN_FEES,
    INVOICED_MONTHLY,
    PLACEMENT_PLAN,
    CareType,
    Cut,
    CutKind,
    Offer,
    PlanPolicy,
    PlanStatus,
    ServiceNeed,
    check_childhood,
    check_defaults,
    check_fits,
    check_need,
    default_need,
    make_room,
    misfits,
    options_for,
    planned_period,
    trimmed,
    without,
)

YEAR = DateRange(date(2026, 8, 1), date(2027, 7, 31))


def days(first: int, last: int | None, month: int = 6) -> DateRange:
    return DateRange(date(2026, month, first), last and date(2026, month, last))


def need(**changed) -> ServiceNeed:
    given = {
        "key": "full_day",
        "name": {"fi": "Kokopäiväinen"},
        "care_type": CareType.DAYCARE,
        "valid": DateRange(date(2020, 8, 1)),
        "fee_coefficient": Decimal(1),
        "over_3": Decimal(1),
        "under_3": Decimal("1.75"),
        "realised_over_3": Decimal(1),
        "realised_under_3": Decimal("1.75"),
        "hours_a_week": Decimal(40),
    }
    return ServiceNeed(**(given | changed))


def unit(**changed) -> Offer:
    given = {
        "name": "Metsätähti",
        "period": DateRange(date(2020, 1, 1), date(2027, 7, 31)),
        "care_types": frozenset({CareType.PRESCHOOL, CareType.DAYCARE}),
    }
    return Offer(**(given | changed))


def test_every_kind_of_care_is_invoiced_or_left_out_as_the_law_says():
    assert {
        CareType.CLUB,
        CareType.SCHOOL_SHIFT_CARE,
        CareType.TEMPORARY,
        CareType.TEMPORARY_PART_DAY,
    } == IGNORED_IN_FEES
    assert set(CareType) - INVOICED_MONTHLY - IGNORED_IN_FEES == {CareType.PRESCHOOL, CareType.PREPARATORY}


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        (PlanStatus.DRAFT, ["propose", "decide", "cancel"]),
        (PlanStatus.PROPOSED, ["withdraw", "confirm", "decline", "cancel"]),
        (PlanStatus.CONFIRMED, ["withdraw", "decline", "decide", "cancel"]),
        (PlanStatus.DECLINED, []),
        (PlanStatus.DECIDED, []),
        (PlanStatus.CANCELLED, []),
    ],
)
def test_what_can_be_done_to_a_plan(state, verbs):
    assert list(PLACEMENT_PLAN.verbs(state)) == verbs


def test_a_unit_that_was_asked_is_decided_only_after_its_director_confirmed():
    with pytest.raises(Refused) as refused:
        PLACEMENT_PLAN.after(PlanStatus.PROPOSED, "decide")
    assert refused.value.facts["sources"] == [PlanStatus.CONFIRMED, PlanStatus.DRAFT]


def test_hours_and_days_are_not_agreed_at_once():
    assert need(hours_a_month=120).hours_a_month == 120
    assert need(contract_days=10).contract_days == 10
    with pytest.raises(ValueError) as mistake:
        need(hours_a_month=120, contract_days=10)
    assert mistake.value.args == (
        "both hours_a_month and contract_days are given",
        "Agree either on hours or on days a month.",
    )


def test_a_coefficient_is_not_below_zero():
    with pytest.raises(ValueError, match="below zero"):
        need(realised_under_3=Decimal("-0.1"))


def test_the_default_counts_while_it_is_valid():
    old = need(key="old", default=True, valid=DateRange(date(2020, 8, 1), date(2024, 7, 31)))
    new = need(key="new", default=True, valid=DateRange(date(2024, 8, 1)))
    options = [need(), old, new]
    assert default_need(options, CareType.DAYCARE, date(2024, 7, 31)) is old
    assert default_need(options, CareType.DAYCARE, date(2024, 8, 1)) is new
    assert default_need(options, CareType.CLUB, date(2024, 8, 1)) is None
    assert options_for(options, CareType.DAYCARE, YEAR) == [need(), new]
    check_defaults(options)


def test_two_defaults_at_a_time_are_a_mistake():
    pair = [need(key="a", default=True), need(key="b", default=True)]
    with pytest.raises(ValueError, match="a and b are both the default of daycare"):
        check_defaults(pair)
    check_defaults([pair[0], need(key="c", default=True, care_type=CareType.CLUB)])


@pytest.mark.parametrize(
    ("care_type", "period", "key"),
    [
        (CareType.CLUB, YEAR, "placement.need_of_other_type"),
        (CareType.DAYCARE, DateRange(date(2020, 7, 31), date(2020, 9, 1)), "placement.need_not_valid"),
        (CareType.DAYCARE, DateRange(date(2026, 8, 1)), "placement.need_outside_place"),
        (CareType.DAYCARE, DateRange(date(2026, 7, 31), date(2026, 8, 3)), "placement.need_outside_place"),
    ],
)
def test_a_need_fits_its_place(care_type, period, key):
    check_need(need(), care_type=CareType.DAYCARE, period=YEAR, place=YEAR)
    with pytest.raises(Refused) as refused:
        check_need(need(), care_type=care_type, period=period, place=YEAR)
    assert refused.value.key == key


def test_what_fits_is_not_refused():
    kept = DateRange(date(2025, 8, 1), date(2026, 7, 31))
    check_fits(YEAR, CareType.DAYCARE, unit(), language="fi", taken=[kept])
    check_fits(YEAR, CareType.DAYCARE, unit(shift_care=True), shift_care=True)


def test_all_that_speaks_against_a_place_is_told_at_once():
    taken = [DateRange(date(2026, 8, 1), date(2026, 8, 31)), DateRange(date(2026, 1, 1), date(2026, 8, 1))]
    period = DateRange(date(2026, 8, 1), date(2027, 8, 1))
    found = misfits(period, CareType.CLUB, unit(), shift_care=True, language="sv", taken=taken)
    assert [(one.key, one.facts) for one in found] == [
        (
            "placement.unit_not_open",
            {"unit": "Metsätähti", "period": period, "open": DateRange(date(2020, 1, 1), date(2027, 7, 31))},
        ),
        (
            "placement.care_not_offered",
            {
                "unit": "Metsätähti",
                "care_type": CareType.CLUB,
                "offered": [CareType.DAYCARE, CareType.PRESCHOOL],
            },
        ),
        ("placement.no_shift_care", {"unit": "Metsätähti"}),
        (
            "placement.other_language",
            {"unit": "Metsätähti", "wanted": "language.sv", "given": "language.fi"},
        ),
        ("placement.overlaps", {"period": period, "earlier": taken[1]}),
        ("placement.overlaps", {"period": period, "earlier": taken[0]}),
    ]
    with pytest.raises(Refused) as refused:
        check_fits(period, CareType.CLUB, unit(), shift_care=True, language="sv", taken=taken)
    assert refused.value.key == "placement.unit_not_open"


@pytest.mark.parametrize(
    ("earlier", "new", "kind", "keeps"),
    [
        (days(5, 10), days(1, 30), CutKind.DELETED, ()),
        (days(1, 30), days(1, 30), CutKind.DELETED, ()),
        (days(1, None), days(1, None), CutKind.DELETED, ()),
        (days(1, 20), days(10, 30), CutKind.ENDED, (days(1, 9),)),
        (days(1, 20), days(20, 30), CutKind.ENDED, (days(1, 19),)),
        (days(1, None), days(10, None), CutKind.ENDED, (days(1, 9),)),
        (days(10, 30), days(1, 20), CutKind.DELAYED, (days(21, 30),)),
        (days(10, None), days(10, 20), CutKind.DELAYED, (days(21, None),)),
        (days(1, 30), days(10, 20), CutKind.SPLIT, (days(1, 9), days(21, 30))),
        (days(1, None), days(10, 20), CutKind.SPLIT, (days(1, 9), days(21, None))),
    ],
)
def test_how_an_earlier_place_makes_room(earlier, new, kind, keeps):
    [cut] = make_room(new, [("a", earlier)])
    assert cut == Cut("a", earlier, keeps)
    assert cut.kind is kind


def test_a_place_that_does_not_meet_the_new_one_stays_and_the_others_come_in_order():
    earlier = [("c", days(25, None)), ("a", days(1, 9)), ("b", days(5, 12, month=5)), ("d", days(12, 14))]
    assert [(cut.id, cut.kind) for cut in make_room(days(9, 27), earlier)] == [
        ("a", CutKind.ENDED),
        ("d", CutKind.DELETED),
        ("c", CutKind.DELAYED),
    ]


def test_a_year_with_a_month_elsewhere_in_between():
    year = DateRange(date(2026, 1, 1), date(2026, 12, 31))
    [cut] = make_room(days(1, 30), [(7, year)])
    assert [str(kept) for kept in cut.keeps] == ["1.1.2026–31.5.2026", "1.7.2026–31.12.2026"]


def test_days_elsewhere_do_not_take_anything_away():
    assert without(days(10, 20), days(21, 30)) == [days(10, 20)]
    assert without(days(10, 20), days(1, 9)) == [days(10, 20)]


def test_groups_and_needs_are_cut_to_their_place():
    parts = [(3, days(21, 30)), (1, days(1, 9)), (2, days(10, 20))]
    assert trimmed(parts, days(5, 20)) == [Cut(1, days(1, 9), (days(5, 9),)), Cut(3, days(21, 30), ())]


@pytest.mark.parametrize(
    ("born", "start", "last", "end"),
    [
        (date(2017, 6, 1), date(2020, 3, 17), (7, 31), date(2023, 7, 31)),
        (date(2017, 6, 1), date(2023, 7, 31), (7, 31), date(2023, 7, 31)),
        (date(2017, 6, 1), date(2023, 8, 1), (7, 31), date(2024, 7, 31)),
        (date(2017, 6, 1), date(2024, 2, 1), (7, 31), date(2024, 7, 31)),
        (date(2017, 6, 1), date(2024, 8, 3), (8, 15), date(2025, 8, 15)),
        (date(2017, 6, 1), date(2024, 7, 10), (6, 30), date(2025, 6, 30)),
    ],
)
def test_a_place_is_planned_until_pre_primary_education_begins(born, start, last, end):
    policy = PlanPolicy(*last)
    assert planned_period(born, start, policy, today=date(2020, 1, 1)) == DateRange(start, end)


def test_a_place_is_not_planned_for_days_that_have_passed():
    period = planned_period(date(2022, 5, 1), date(2026, 1, 1), PlanPolicy(7, 31), today=date(2026, 3, 2))
    assert str(period) == "2.3.2026–31.7.2028"


@pytest.mark.parametrize("chosen", ["base", "harjula"])
def test_every_kind_of_care_has_one_default_need_in_the_shipped_cities(chosen):
    before = city.chosen()
    city.choose(chosen)
    try:
        options = list(city.named("service_needs", ServiceNeed).values())
        policy = city.value("placements", "plan", PlanPolicy)
    finally:
        city.choose(before)
    check_defaults(options)
    for care_type in CareType:
        assert default_need(options, care_type, date(2026, 8, 3)) is not None, care_type
    assert all(set(option.name) == {"fi", "sv", "en"} for option in options)
    assert policy.on(2026) == date(2026, 7, 31)


@pytest.mark.parametrize(("start", "end", "key"), [
    (date(2022, 4, 30), date(2027, 7, 31), "placement.before_birth"),
    (date(2022, 5, 1), date(2040, 4, 30), None),
    (date(2022, 5, 1), None, None),
    (date(2026, 8, 1), date(2040, 5, 1), "placement.after_childhood"),
    (date(2041, 1, 1), None, "placement.after_childhood"),
])
def test_a_place_lies_between_birth_and_coming_of_age(start, end, key):
    with nullcontext() if key is None else pytest.raises(Refused, match=key):
        check_childhood(date(2022, 5, 1), DateRange(start, end))
