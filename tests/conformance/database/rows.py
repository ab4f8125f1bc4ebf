"""The people, units and facts of a case as rows, and their names in the case by the numbers of the rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from typing import Any

from sqlalchemy import delete

from evaka.kit.dates import DAY, DateRange
from evaka.models.assistance import AssistanceFactor, VoucherCoefficient
from evaka.models.base import Model, db
from evaka.models.fee import FeeAlteration
from evaka.models.income import Income, lines_kept
from evaka.models.person import HeadOfChild, Partner, Person
from evaka.models.placement import Placement, ServiceNeedPeriod
from evaka.models.unit import Area, Unit
from evaka.rules.fee import AlterationKind
from evaka.rules.income import Effect, IncomeLine
from evaka.rules.placement import CareType, ShiftCare
from evaka.rules.unit import Provider, Week
from tests.conformance import Case
from tests.conformance.values import day, period

OLD = date(1980, 1, 1)  # when adults were born, of whom a case says no more than a name
FOR_EVER = date(2099, 12, 31)  # of a coefficient, which always ends
MORNING, EVENING = time(6), time(18)


def save(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row


class World:
    """The rows of one case.  People and units are found by their names in the case."""

    def __init__(self, people: Iterable[str | None], children: Case, fixtures: Case) -> None:
        names = sorted({name for name in people if name} | children.keys(), key=lambda name: (len(name), name))
        self.people = {name: self._person(name, children.get(name)) for name in names}
        area = save(Area(name="Area"))
        self.units = {name: _unit(name, given, area).id for name, given in fixtures["units"].items()}
        self.incomes: dict[str, Income] = {}

    def _person(self, name: str, child: Case | None) -> int:
        born = day(child["dob"]) if child else OLD
        code = child.get("ssn") or None if child else None
        row = Person(
            first_name=name, last_name=name, born=born, identity_code=code, street="Katu 1", postal_code="00901",
            post_office="Harjula",
        )
        return int(save(row).id)

    def named(self, shown: Case) -> Case:
        """What rows say, with the names of the case for the numbers of people and units."""
        people = {number: name for name, number in self.people.items()}
        units = {number: name for name, number in self.units.items()}
        found = {key: people.get(value, value) if key in PEOPLE else value for key, value in shown.items()}
        if "unit" in found:
            found["unit"] = units.get(found["unit"], found["unit"])
        for key in ("children", "rows"):
            if key in found:
                found[key] = [self.named(one) for one in found[key]]
        return found

    # -- facts ------------------------------------------------------------------------------------

    def write(self, known: Case) -> None:
        """The facts of a family as they are known now, in place of those that were known before."""
        for model in (FeeAlteration, VoucherCoefficient, AssistanceFactor, HeadOfChild, Partner):
            db.session.execute(delete(model))
        self.write_places(known)
        for name, child in known["children"].items():
            db.session.get_one(Person, self.people[name]).born = day(child["dob"])
        for one in known["heads"]:
            self._add(HeadOfChild, one, child_id=self.people[one["child"]], head_id=self.people[one["adult"]])
        for one in known["partnerships"]:
            self._add(Partner, one, first_id=self.people[one["a"]], second_id=self.people[one["b"]])
        for one in known["alterations"]:
            amount = Decimal(str(one["amount"]))
            self._add(
                FeeAlteration, one, child_id=self.people[one["child"]], kind=AlterationKind(one["type"]),
                amount=int(amount * 100 if one["absolute"] else amount), absolute=one["absolute"],
            )
        for name, model in (("voucher_coefficients", VoucherCoefficient), ("capacity_factors", AssistanceFactor)):
            for one in known.get(name, ()):
                ends = one | {"to": one["to"] or FOR_EVER.isoformat()}
                self._add(model, ends, child_id=self.people[one["child"]], coefficient=Decimal(one["coefficient"]))
        self._write_incomes(known["incomes"])
        db.session.flush()

    def write_places(self, known: Case) -> None:
        db.session.execute(delete(ServiceNeedPeriod))
        db.session.execute(delete(Placement))
        placed = {}
        for number, one in enumerate(known["placements"]):
            placed[one.get("id", number)] = self._add(
                Placement, one, child_id=self.people[one["child"]], unit_id=self.units[one["unit"]],
                care_type=CareType(one["type"]),
            )
        for need in known["service_needs"]:
            for place in placed.values() if "placement" not in need else [placed[need["placement"]]]:
                mine = place.child_id == self.people.get(need.get("child"), place.child_id)
                common = place.period & period(need)
                if mine and common:
                    shift = ShiftCare(need.get("shift_care") or "none")
                    save(ServiceNeedPeriod(
                        placement=place, start=common.start, end=common.end, option=need["option"], shift_care=shift
                    ))

    def _write_incomes(self, given: list[Case]) -> None:
        """An income that is known already keeps its number: a record that is entered anew is another one."""
        for gone in self.incomes.keys() - {one["id"] for one in given}:
            db.session.delete(self.incomes.pop(gone))
        for number, row in enumerate(self.incomes.values()):  # out of one another's way
            row.start = row.end = OLD - number * DAY
        db.session.flush()
        for one in given:
            span, total = period(one), one["total"] or 0
            line = IncomeLine("main_income", abs(total), expense=total < 0)
            row = self.incomes.setdefault(one["id"], Income(person_id=self.people[one["person"]]))
            row.person_id, row.start, row.end = self.people[one["person"]], span.start, span.end
            row.effect, row.total, row.lines = Effect(one["effect"]), total, lines_kept((line,))
            row.agency_staff = one.get("works_at_echa", False)
            save(row)

    @staticmethod
    def _add(model: type[Model], given: Case, **columns: Any) -> Any:
        span: DateRange = period(given)
        return save(model(start=span.start, end=span.end, **columns))


PEOPLE = ("head", "partner", "child", "codebtor")


def _unit(name: str, given: Case, area: Area) -> Unit:
    shift = given.get("shift_care_weekdays")
    return save(Unit(
        name=name, area=area, provider=Provider(given["provider"]), invoiced=given["invoiced"],
        care_types=list(CareType), features=[], start=date(1990, 1, 1),
        opening=Week.of(MORNING, EVENING, given.get("operation_weekdays", range(1, 6))),
        shift_opening=Week.of(MORNING, EVENING, shift) if shift else None,
        open_on_holidays=given.get("shift_care_open_on_holidays", False),
    ))
