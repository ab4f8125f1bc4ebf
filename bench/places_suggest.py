"""A suggestion for a season: how long it takes and how good it is.

The city is made here: units over a round city, some of them wished for more than others, homes in ninety postal areas,
room for nearly all who apply, starts from August to January, a third of the children under three, every tenth with a
sibling who applies for the same units.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from time import perf_counter

from evaka.kit.dates import DateRange, add_months
from evaka.rules.placement import CareType, Offer
from evaka.rules.suggestion import (
    Applicant,
    Criteria,
    Criterion,
    CriterionKind,
    House,
    Season,
    Step,
    SuggestionPolicy,
    admit,
    apart,
    blocking,
    overfull,
)

FIRST, MONTHS = date(2027, 8, 1), 18
TIGHTNESS = 0.97  # room ÷ what the applicants weigh
TURNS = 3  # the shortest counts: other work on the machine only makes it longer
NAME = {"fi": "Peruste"}
CRITERIA = Criteria(
    DateRange(date(2026, 1, 1)),
    "Harjula 2027",
    (
        Criterion(CriterionKind.DUE, NAME, Step.MONTH),
        Criterion(CriterionKind.NEEDS, NAME),
        Criterion(CriterionKind.SIBLING, NAME),
        Criterion(CriterionKind.TOGETHER, NAME),
        Criterion(CriterionKind.DISTANCE, NAME, bands=(Decimal(1), Decimal(3), Decimal(5))),
        Criterion(CriterionKind.RECEIVED, NAME, Step.WEEK),
        Criterion(CriterionKind.LOT, NAME),
    ),
)


def season(applications: int, units: int, seed: int = 7, tightness: float = TIGHTNESS) -> Season:
    """A season of an invented city; the same for the same numbers."""
    rng = Random(seed)
    points = [(60.2 + rng.gauss(0, 0.06), 24.7 + rng.gauss(0, 0.12)) for _ in range(units)]
    wanted = [rng.lognormvariate(0, 0.5) for _ in range(units)]
    shift = [rng.random() < 0.08 for _ in range(units)]
    homes = [(60.2 + rng.gauss(0, 0.06), 24.7 + rng.gauss(0, 0.12)) for _ in range(90)]
    near = [
        sorted(range(units), key=lambda u: ((points[u][0] - h[0]) ** 2 + (points[u][1] - h[1]) ** 2 / 4) / wanted[u])
        for h in homes
    ]
    applicants, before = [], None
    for number in range(1, applications + 1):
        sibling = before is not None and number % 20 == 0  # pairs: every tenth child has a sibling who applies
        home = before[0] if sibling else rng.randrange(len(homes))
        late = rng.random() < 0.05
        wishes = before[1] if sibling and rng.random() < 0.7 else rng.sample(near[home][:6], 3)
        family = number + number % 2 if number % 20 in (0, 19) else None
        start = add_months(FIRST, 0 if rng.random() < 0.6 else rng.randint(0, 5)) + timedelta(days=rng.randint(0, 20))
        received = start - timedelta(days=rng.randint(60, 240))
        small = rng.random() < 0.35
        begins = (start.year - FIRST.year) * 12 + start.month - FIRST.month
        factor = 2 if rng.random() < 0.03 else 1
        there = tuple(int(begins <= month < begins + 12) for month in range(MONTHS))
        grows = begins + rng.randint(1, 12)
        takes = tuple(
            0 if not here else (17_500 if small and month < grows else 10_000) * factor
            for month, here in enumerate(there)
        )
        wants_shift = rng.random() < 0.02
        applicants.append(Applicant(
            number, tuple(wishes), DateRange(start, add_months(start, 12)), CareType.DAYCARE,
            takes, tuple(17_500 * here for here in there), there,
            due=None if rng.random() < 0.1 else max(start, add_months(received, 4)) - timedelta(days=60 * late),
            received=received, shift_care=wants_shift, support=factor > 1,
            siblings_in=frozenset(wishes[:1]) if rng.random() < 0.1 else frozenset(), family=family, home=homes[home],
        ))  # fmt: skip
        before = (home, list(wishes))
    asked, whole = [0.0] * units, 0
    for one in applicants:
        whole += max(one.takes)
        for unit in one.wishes:
            asked[unit] += max(one.takes) / 3

    def room(unit: int) -> float:
        return tightness * (0.6 * asked[unit] + 0.4 * whole / units)

    houses = [
        House(
            unit,
            Offer(f"{unit}", DateRange(date(2000, 1, 1)), frozenset({CareType.DAYCARE}), shift_care=shift[unit]),
            tuple(int(room(unit) * (1 + month * 0.01)) for month in range(MONTHS)),
            point=points[unit],
        )
        for unit in range(units)
    ]  # fmt: skip
    return Season(applicants, houses, CRITERIA, SuggestionPolicy())


def measured(applications: int, units: int) -> tuple[float, dict[str, float]]:
    """Seconds of making the plan, and what it is worth."""
    seconds = []
    for _ in range(TURNS):
        asked = season(applications, units)  # afresh: nothing that was reckoned before is known
        began = perf_counter()
        plan = admit(asked)
        seconds.append(perf_counter() - began)
    if overfull(asked, plan):
        raise RuntimeError("the plan puts more into a unit than there is room for")
    first = sum(plan[one.number] == one.wishes[0] for one in asked.applicants.values())
    return min(seconds), {
        "blocking": len(blocking(asked, plan)),
        "first": first / applications,
        "split": len(apart(asked, plan)),
        "families": len(asked.families),
        "unplaced": sum(unit is None for unit in plan.values()),
    }


def suggest() -> Iterator[tuple[str, float, str]]:
    """The lines (name, value, unit) of a bench of places."""
    seconds, worth = measured(5000, 250)
    yield "suggest_5000x250_s", round(seconds, 3), "s"
    yield "suggest_3500x250_s", round(measured(3500, 250)[0], 3), "s"
    yield "suggest_blocking_pairs", worth["blocking"], "pairs"
    yield "suggest_first_wish_share", round(worth["first"], 4), "share"
    yield "suggest_split_siblings", worth["split"], "families"
    yield "suggest_sibling_families", worth["families"], "families"
    yield "suggest_unplaced", worth["unplaced"], "children"


if __name__ == "__main__":
    for name, value, unit in suggest():
        print(name, value, unit)
