"""What if: the same steps as a decision's, for a family as somebody imagines it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from evaka import city
from evaka.kit.errors import Refused
from evaka.rules.fee import Alteration, AlterationKind, FeeTable, table_on
from evaka.rules.fee.estimate import Imagined, estimate
from evaka.rules.income import Effect, IncomeLine, shown

DAY = date(2026, 6, 1)


@pytest.fixture
def table():
    city.choose("base")
    return table_on(city.dated("fees", FeeTable), DAY)


def earns(euros: int):
    return shown(Effect.INCOME, [IncomeLine("main_income", euros * 100)])


def child(name: str, born: int, share: str = "1", **more):
    return Imagined(name, date(born, 3, 1), "full_day", Decimal(share), **more)


def test_the_youngest_is_the_first_and_siblings_pay_a_share(table):
    found = estimate(table, 4, [earns(5000), earns(3000)], [child("Eino", 2020), child("Aino", 2024)])
    # four persons: (8 000 − 5 956) × 10,7 % = 218,71 → 219; 219 × 40 % = 87,60 → 88
    assert [(one.child.name, one.sibling, one.fee.final) for one in found] == [("Aino", 1, 219_00), ("Eino", 2, 88_00)]


def test_who_shows_no_income_pays_the_highest_fee_and_reliefs_count(table):
    relief = Alteration(AlterationKind.RELIEF, Decimal(50))
    [one] = estimate(table, 2, [None], [child("Aino", 2024, alterations=(relief,))])
    assert (one.fee.fee, one.fee.final) == (311_00, 155_50)


def test_a_childs_own_income_counts_for_that_child(table):
    found = estimate(table, 3, [earns(4500)], [child("Aino", 2024, income=earns(1000)), child("Eino", 2020)])
    # (5 500 − 5 245) × 10,7 % = 27,29 → 27, below 30; without the own income nothing at all
    assert [one.fee.base for one in found] == [27_00, 0]


@pytest.mark.parametrize(("size", "count", "least"), [(1, 0, 2), (2, 2, 3)])
def test_a_family_holds_an_adult_and_its_children(table, size, count, least):
    with pytest.raises(Refused, match="estimate.small_family") as no:
        estimate(table, size, [None], [child(str(n), 2020 + n) for n in range(count)])
    assert no.value.facts["least"] == least
