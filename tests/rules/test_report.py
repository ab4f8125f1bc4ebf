"""Who eats what, and what stands in the cells of a month."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from evaka.rules.attendance import AbsenceKind
from evaka.rules.report import Eater, Mark, Meal, Plates, eats, mark, plates

H = 60
BREAKFAST = Meal("breakfast", {"fi": "Aamiainen"}, time(7, 45), time(8, 30), untimed=True, order=1)
LUNCH = Meal("lunch", {"fi": "Lounas"}, time(11), time(11, 45), untimed=True, order=2)
SUPPER = Meal("supper", {"fi": "Päivällinen"}, time(17), time(17, 45), order=3)


def test_a_meal_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="lunch ends before it begins"):
        Meal("lunch", {}, time(11), time(11))


@pytest.mark.parametrize(("spans", "timed", "eaten"), [
    ([(7 * H, 7 * H + 45)], True, []),  # leaves as breakfast begins
    ([(8 * H + 29, 12 * H)], True, ["breakfast", "lunch"]),
    ([(8 * H + 30, 11 * H + 1)], True, ["lunch"]),
    ([(6 * H, 8 * H), (16 * H, 18 * H)], True, ["breakfast", "supper"]),
    ([], False, ["breakfast", "lunch"]),  # nobody has said when it comes
    ([(16 * H, 18 * H)], False, ["breakfast", "lunch"]),
])
def test_who_eats_which_meal(spans: Any, timed: bool, eaten: list[str]) -> None:
    child = Eater(1, spans, timed)
    assert [meal.key for meal in (BREAKFAST, LUNCH, SUPPER) if eats(child, meal)] == eaten


def test_meals_are_counted_by_diet_in_their_order() -> None:
    day = [(7 * H, 16 * H)]
    children = [Eater(1, day), Eater(2, day, diet="Maidoton"), Eater(3, day, diet="maidoton"),
                Eater(4, [(9 * H, 12 * H)], diet="Vegaani")]
    found = plates(children, [LUNCH, BREAKFAST, SUPPER])
    assert found == [
        Plates(BREAKFAST, 3, (("Maidoton", 2),)),
        Plates(LUNCH, 4, (("Maidoton", 2), ("Vegaani", 1))),
        Plates(SUPPER, 0, ()),
    ]
    assert [one.ordinary for one in found] == [1, 1, 0]


@pytest.mark.parametrize(("given", "told"), [
    ({"care": True, "here": True, "away": AbsenceKind.SICK, "past": True}, Mark.HERE),
    ({"care": False, "here": True, "away": None, "past": True}, Mark.HERE),
    ({"care": False, "here": False, "away": None, "past": True}, Mark.CLOSED),
    ({"care": True, "here": False, "away": AbsenceKind.SICK, "past": True}, AbsenceKind.SICK),
    ({"care": True, "here": False, "away": None, "past": True}, Mark.UNTOLD),
    ({"care": True, "here": False, "away": None, "past": False}, Mark.EXPECTED),
])
def test_what_stands_in_a_cell(given: dict[str, Any], told: Any) -> None:
    assert mark(**given) == told
