"""The invented city of Harjula, to try the program with: the same people and figures whenever it is made.

Everything is drawn from one sequence of lots and reckoned from the day on which the city stands, so the same size
and day give the same rows.  Rows are inserted in bulk, in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import income as incomes
from evaka.actions.income import statement as declared
from evaka.actions.income.statement import Upload
from evaka.demo import asking, money, papers
from evaka.demo.afterwards import afterwards, deliveries
from evaka.demo.bookings import Bookings
from evaka.demo.days import Absences
from evaka.demo.desk import Desk
from evaka.demo.families import Calendar, Population, demo_family
from evaka.demo.guests import Guests
from evaka.demo.kin import Kin
from evaka.demo.ledger import hand_over
from evaka.demo.letters import Letters
from evaka.demo.logins import CASE_WORKER, Logins, people
from evaka.demo.money import Finance
from evaka.demo.people import Child, Family, Register
from evaka.demo.places import Places
from evaka.demo.presence import Present
from evaka.demo.rows import Rows
from evaka.demo.suggestion import suggest
from evaka.demo.support import Supported
from evaka.demo.units import build, close
from evaka.kit.dates import DAY, add_months
from evaka.models.attendance import Absence
from evaka.models.base import db, transaction
from evaka.models.fee import FeeDecision
from evaka.models.income import Income
from evaka.models.journal import add_lines
from evaka.models.person import Person
from evaka.rules.fee import FeeStatus
from evaka.rules.income import ShownAmount
from evaka.rules.income.statement import Answers, Company, OtherIncome, Source, StatementKind, papers_wanted
from evaka.rules.person import search_key, sort_key
from evaka.rules.person.duplicate import name_key, phone_key
from evaka.rules.placement import ServiceNeed

SEED = 2026
PAPER = (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
         b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
TOLD = (  # what a few guardians have declared; None accepts the highest fee
    Answers(gross=True, gross_source=Source.ATTACHMENTS, estimated=3_450_00, other_info="Palkka nousi lokakuussa."),
    Answers(gross=True, gross_source=Source.INCOMES_REGISTER, estimated=2_780_00,
            other_incomes=(OtherIncome.PARENTAL_ALLOWANCE,)),
    None,
    Answers(entrepreneur=True, began=date(2023, 5, 2), company="Verkkopaja", companies=(Company.SELF_EMPLOYED,),
            own_papers=True, startup_grant=False),
    Answers(gross=True, gross_source=Source.INCOMES_REGISTER, estimated=1_150_00, student=True, alimony_payer=True),
)
TO_REVIEW = 12  # families whose fee decisions wait for finance
DOUBLES = 4  # people who were entered a second time


@dataclass(frozen=True)
class Size:
    """How large the city is; `waiting` is the share of youngest children without a place, `months` of invoices."""

    units: int
    groups: int
    children: int
    waiting: float
    transfers: int
    months: int
    papers: int
    writing_groups: int


SIZES = {
    "small": Size(units=12, groups=36, children=600, waiting=0.16, transfers=25, months=4, papers=20,
                  writing_groups=36),
    "espoo": Size(units=250, groups=1000, children=17_000, waiting=0.07, transfers=350, months=12, papers=40,
                  writing_groups=250),
}


def load(size: str, day: date, echo: Callable[[str], None]) -> None:
    """Fill an empty database with the city as it stands on `day`; tells of its progress through `echo`."""
    with transaction():
        _Making(SIZES[size], day, echo).make(size)


class _Making:
    def __init__(self, size: Size, day: date, echo: Callable[[str], None]) -> None:
        self.size, self.echo = size, echo
        self.rows, self.rng, self.calendar = Rows(), Random(SEED), Calendar(day)
        self.register = Register(self.rows, self.rng, day)
        self.houses = build(self.rows, self.rng, units=size.units, groups=size.groups, children=size.children)
        close(self.rows, self.houses, day)
        self.options = city.named("service_needs", ServiceNeed)
        self.places = Places(self.rows, self.rng, self.calendar, self.houses, self.options)
        self.logins = Logins(self.rows, self.rng, self.register)

    def make(self, name: str) -> None:
        rows, rng, calendar = self.rows, self.rng, self.calendar
        self.echo(f"Harjula on {calendar.day.isoformat()}: {self.size.units} units, {self.size.children} children")
        own, families = self._families()
        for family in families:
            self.places.settle(family)
            for child in family.children:
                self.places.place(child)
        self.places.group()
        rows.write()
        self.echo(f"  {rows.counts['person']} people, {rows.counts['placement']} places")
        self.logins.administration(self.houses, self.places.group_of[own.children[0].id])
        self.logins.guardian(own)
        self.logins.guardians(families[1:])
        self._applications(own, families)
        for family in families:
            if family is not own:
                money.family_incomes(rows, rng, calendar, family)
        money.demo_incomes(rows, calendar, own)
        money.alterations(rows, rng, calendar, families[1:])
        rows.write()
        self.echo(f"  {rows.counts['application']} applications, {rows.counts['income']} incomes")
        absences = Absences(rows, rng, calendar)
        absences.write(self.places)
        booked = Bookings(rows, SEED, calendar)
        booked.write(self.places, absences.away)
        booked.calendar_of_the_city()
        booked.talks(self.houses, self.places)
        rows.write()
        booked.notes()
        present = Present(rows, SEED, calendar)
        away = select(Absence.child_id, Absence.day).where(Absence.day.in_(present.days))
        present.write(self.places, self.logins, {(child, day) for child, day in db.session.execute(away)})
        Supported(rows, SEED, calendar).write(self.places)
        Guests(rows, SEED, calendar, self.houses).write(self.places)
        rows.write()
        self.echo(f"  {rows.counts['absence']} absences, {rows.counts['booking']} bookings")
        self._finance(own, families)
        self._letters()
        kin = Kin(rows, self.register, calendar, SEED)
        kin.add(families)
        rows.write()
        papers.decisions(rows, most=self.size.papers)
        papers.money_of(rows, own.head.id)
        deliveries()
        facts = {"size": name, "day": calendar.day.isoformat(), "rows": sum(rows.counts.values())}
        add_lines([{"at": calendar.now, "user_id": None, "action": "demo.load", "subject": "", "subject_id": None,
                    "person_id": None, "facts": facts}])
        rows.settle()
        hand_over(self.logins.office["finance"], calendar)
        kin.find_conflicts(Actor(None, calendar.now))
        self._to_review(own.head.id)
        self._statements(own.head.id)
        asking.tell(own.head.id, [child.id for child in own.children], Actor(None, self.calendar.now))
        self._entered_twice(own.head.id)
        suggest(self.logins.office["service_worker"][0], calendar)
        afterwards(calendar, own.head.id)
        self.echo(f"  {sum(rows.counts.values())} rows")

    def _to_review(self, own: int) -> None:
        """Some families have told of new incomes today: finance finds drafts to review, made by the program itself."""
        by, following = Actor(None, self.calendar.now), add_months(self.calendar.day.replace(day=1), 1)
        paying = select(FeeDecision.head_id).where(
            FeeDecision.status == FeeStatus.SENT, FeeDecision.on(self.calendar.day), FeeDecision.total > 0,
            FeeDecision.head_id != own).order_by(FeeDecision.id).limit(TO_REVIEW)
        for n, head in enumerate(db.session.scalars(paying).all()):
            person = db.session.get_one(Person, head)
            if not db.session.scalar(select(Income.id).where(Income.person_id == head, Income.start >= following)):
                incomes.add(person, by, start=following, lines=(ShownAmount("main_income", (3100 + 140 * n) * 100),))

    def _statements(self, own: int) -> None:
        """Some guardians have sent income statements in the last days: finance finds them waiting, some in hand."""
        by, today = Actor(None, self.calendar.now), self.calendar.day
        start = add_months(today.replace(day=1), 1)
        paying = select(FeeDecision.head_id).where(
            FeeDecision.status == FeeStatus.SENT, FeeDecision.on(today), FeeDecision.head_id != own
        ).order_by(FeeDecision.id.desc()).limit(len(TOLD))
        for n, head in enumerate(db.session.scalars(paying).all()):
            person, answers = db.session.get_one(Person, head), TOLD[n]
            kind = StatementKind.HIGHEST_FEE if answers is None else StatementKind.INCOME
            statement = declared.begin(person, by, kind=kind, start=start)
            db.session.flush()
            if answers is not None:
                declared.save(statement, by, end=add_months(start, 12) - DAY, answers=answers)
                for paper in papers_wanted(kind, answers)[:1]:
                    declared.attach(statement, by, kind=paper, upload=Upload(f"{paper}.pdf", PAPER))
            declared.send(statement, by)
            if n == 0:
                declared.take(statement, by)

    def _entered_twice(self, own: int) -> None:
        """Paper applications were entered for people whom the office knew already, without a code and as heard."""
        table: Any = Person.__table__
        known = select(Person).where(Person.id != own, Person.identity_code.is_not(None), Person.phone.is_not(None),
                                     ~Person.restricted).order_by(Person.id).limit(DOUBLES)
        made = []
        for n, one in enumerate(db.session.scalars(known).all()):
            first, last = one.first_name.split()[0], one.last_name
            phone = one.phone if n % 2 else None
            made.append({
                "first_name": first, "last_name": last, "born": one.born, "language": one.language, "phone": phone,
                "street": one.street, "postal_code": one.postal_code, "post_office": one.post_office,
                "search_key": search_key(last, first, None, phone), "sort_key": sort_key(last, first),
                "name_key": name_key(first, last), "phone_key": phone_key(phone),
            })
        if made:
            db.session.execute(table.insert(), made)

    def _families(self) -> tuple[Family, list[Family]]:
        own, children = demo_family(self.register, self.calendar, self.houses[0])
        population = Population(self.register, self.calendar, self.houses, waiting=self.size.waiting)
        return own, [own, *population.families(self.size.children - len(children))]

    def _applications(self, own: Family, families: list[Family]) -> None:
        workers = self.logins
        desk = Desk(
            self.rows, self.rng, self.calendar, self.places, workers.office["service_worker"],
            [workers.ids[CASE_WORKER.email], *workers.deciders["service_worker"]])
        children = [child for family in families[1:] for child in family.children]
        waiting = [child for child in children if child.entry is None]
        _, second, _ = own.children
        desk.demo(second, self.houses[0])
        for child in waiting[:2]:
            desk.ask(child, self.houses[0])
        desk.open(waiting[2:], self.rng.sample(self._movable(children), self.size.transfers))
        for child in (own.children[0], *children):
            desk.earlier(child)
        desk.number()

    def _movable(self, children: list[Child]) -> list[Child]:
        """Children in care whose families may want another unit."""
        young = self.calendar.autumn - 4
        return [child for child in children if child.entry is not None and child.born.year >= young]

    def _finance(self, own: Family, families: list[Family]) -> None:
        heads = sorted(
            family.head.id for family in families if any(child.id in self.places.of_child for child in family.children)
        )
        finance = Finance(self.rows, self.rng, self.calendar, self.logins.office["finance"], self.echo)
        finance.decide(heads, careful=own.head.id)
        self.echo(f"  {self.rows.counts['fee']} fee decisions")
        finance.invoice(months=self.size.months, careful=own.head.id)

    def _letters(self) -> None:
        letters = Letters(self.rows, self.rng, self.calendar, self.logins)
        circles = self.places.circles()
        groups = [(house, group) for house in self.houses for group in house.groups if group in circles]
        for house, group in groups[: self.size.writing_groups]:
            for ago in (self.rng.randint(8, 30), self.rng.randint(1, 6)):
                letters.post(group, circles[group], language=house.kind.language, ago=ago)
        letters.bulletin(sorted({one for some in circles.values() for adults, _ in some for one in adults}), ago=4)
        letters.desk_of_director(self.houses[0].groups[0])


__all__ = ["load", "people"]
