"""Suggestions: against every possible plan of small seasons, by properties, and by examples reckoned by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from evaka.kit.dates import DateRange
from evaka.rules.placement import CareType, Offer
from evaka.rules.suggestion import (
    Applicant,
    Beyond,
    Criteria,
    Criterion,
    CriterionKind,
    House,
    Season,
    SuggestionPolicy,
    admit,
    blocking,
    overfull,
)

NAME = {"fi": "Peruste"}
ALWAYS = DateRange(date(2020, 1, 1))
STAY = DateRange(date(2027, 8, 1), date(2028, 7, 31))
K = CriterionKind


def criteria(*keys: CriterionKind, seed: str = "siemen") -> Criteria:
    made = [Criterion(key, NAME, bands=(Decimal(1),) if key is K.DISTANCE else ()) for key in keys]
    return Criteria(ALWAYS, seed, (*made, Criterion(K.LOT, NAME)))


def house(key: int, *free: float, **fields) -> House:
    offer = Offer(f"Talo {key}", ALWAYS, frozenset({CareType.DAYCARE}), **fields.pop("offer", {}))
    return House(key, offer, tuple(int(one * 10_000) for one in free), **fields)


def applicant(number: int, wishes, *takes: float, **fields) -> Applicant:
    weights = tuple(int(one * 10_000) for one in takes or (1,))
    there = fields.pop("there", tuple(int(one > 0) for one in weights))
    return Applicant(number, tuple(wishes), fields.pop("period", STAY), CareType.DAYCARE, weights,
                     fields.pop("takes_at_home", weights), there, **fields)


def season(applicants, houses, *keys: CriterionKind, policy: SuggestionPolicy | None = None) -> Season:
    return Season(applicants, houses, criteria(*keys), policy or SuggestionPolicy(beyond=Beyond.NOBODY))


# -- every possible plan of a small season ----------------------------------------------------------


def all_plans(asked: Season):
    """Every way to give each child one of its units or none that puts no more into a unit than there is room for."""
    lists = []
    for number in asked.applicants:
        wished = (*asked.wishes(number), *asked.beyond(number))
        for members in asked.families.values():
            if number in members:
                wished += tuple(unit for unit in asked.together(members) if unit not in wished)
        lists.append((*wished, None))
    for units in product(*lists):
        plan = dict(zip(asked.applicants, units, strict=True))
        if fits_all(asked, plan):
            yield plan


def fits_all(asked: Season, plan) -> bool:
    for unit, one in asked.houses.items():
        inside = [number for number, at in plan.items() if at == unit]
        for month, free in enumerate(one.free):
            if sum(asked.takes(number, unit)[month] for number in inside) > free:
                return False
            if one.seats is not None and sum(asked.sits(number, unit)[month] for number in inside) > one.seats[month]:
                return False
    return True


def stands_against(asked: Season, plan) -> bool:
    """The definition, word by word: some party would rather be in a unit in which its turn has room for it."""
    together = {members for members in asked.families.values()
                if len({plan[one] for one in members}) == 1 and plan[members[0]] in asked.together(members)}
    inside_family = {one for members in together for one in members}
    present = [*together, *((number,) for number in asked.applicants if number not in inside_family)]
    asking = [*present, *(members for members in asked.families.values() if members not in together)]

    for members in asking:
        if len(members) > 1:
            liked, at = asked.together(members), plan[members[0]] if members in together else None
        else:
            liked, at = (*asked.wishes(members[0]), *asked.beyond(members[0])), plan[members[0]]
        for unit in liked:
            if unit == at:
                break
            inside = [one for one, where in plan.items() if where == unit and one not in members]
            last = max(asked.rank(one, unit) for one in members)
            if members in present:  # of siblings who are apart everybody counts: nobody gives way to them
                inside = [one for one in inside if asked.rank(one, unit) < last]
            if fits_all(asked, dict.fromkeys([*inside, *members], unit)):
                return True
    return False


@st.composite
def small_seasons(draw, *, alike: bool = False):
    """At most five children, three units, two months; weights, starts, siblings, seats and unit-wise criteria."""
    months = 1 if alike else 2
    units = draw(st.integers(1, 3))
    houses = [
        house(key, *[draw(st.sampled_from([0, 1, 2] if alike else [0, 1, 1.75, 2, 2.75, 3.5])) for _ in range(months)],
              seats=None if alike else draw(st.none() | st.just((1,) * months) | st.just((2,) * months)),
              point=(60 + key / 100, 24.0))
        for key in range(units)
    ]
    found = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        wishes = draw(st.permutations(range(units)))[: draw(st.integers(0, units))]
        weight = 1 if alike else draw(st.sampled_from([1, 1.75, 0.54]))
        first = 0 if alike else draw(st.integers(0, 1))
        takes = [weight if month >= first else 0 for month in range(months)]
        found.append(applicant(
            number, wishes, *takes,
            due=draw(st.none() | st.sampled_from([date(2027, 8, 1), date(2027, 9, 1)])),
            siblings_in=frozenset(draw(st.sets(st.integers(0, units - 1), max_size=1))),
            family=None if alike else draw(st.sampled_from([None, None, None, 1])),
            home=(60 + draw(st.integers(0, 2)) / 100, 24.0),
        ))
    keys = draw(st.permutations([K.DUE, K.SIBLING, K.TOGETHER, K.DISTANCE]))[: draw(st.integers(0, 4))]
    beyond = Beyond.NOBODY if alike else draw(st.sampled_from(Beyond))
    within = Decimal(draw(st.sampled_from([0, 50])))
    return season(found, houses, *keys, policy=SuggestionPolicy(beyond=beyond, together_within=within))


@settings(max_examples=300, deadline=None)
@given(small_seasons())
def test_a_small_plan_fits_and_nothing_blocks_it_when_any_plan_is_without(asked):
    plan = admit(asked)
    assert fits_all(asked, plan)
    assert overfull(asked, plan) == []
    assert bool(blocking(asked, plan)) == stands_against(asked, plan)
    if blocking(asked, plan):
        assert all(stands_against(asked, other) for other in all_plans(asked))


@settings(max_examples=200, deadline=None)
@given(small_seasons(alike=True))
def test_of_equal_children_each_gets_the_best_of_all_plans_without_a_blocking_pair(asked):
    plan = admit(asked)
    assert blocking(asked, plan) == []
    good = [other for other in all_plans(asked) if not stands_against(asked, other)]
    for number in asked.applicants:
        liked = (*asked.wishes(number), None)
        assert liked.index(plan[number]) == min(liked.index(other[number]) for other in good)


@settings(max_examples=100, deadline=None)
@given(small_seasons(), st.data())
def test_a_plan_does_not_depend_on_the_order_of_what_was_read(asked, data):
    others = data.draw(st.permutations(list(asked.applicants.values())))
    houses = data.draw(st.permutations(list(asked.houses.values())))
    assert admit(Season(others, houses, asked.criteria, asked.policy)) == admit(asked)


@settings(max_examples=200, deadline=None)
@given(small_seasons(), st.data())
def test_the_count_of_blocking_pairs_is_right_for_any_plan(asked, data):
    plans = list(all_plans(asked))
    plan = data.draw(st.sampled_from(plans))
    assert bool(blocking(asked, plan)) == stands_against(asked, plan)
