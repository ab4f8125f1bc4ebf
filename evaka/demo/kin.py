"""What belongs to families beside parents and children: who fetches, whom to call first, foster care, conflicts.

Drawn from lots of its own when all else is drawn, so that the rest of the city stays as it is.
"""

from __future__ import annotations

from random import Random

from sqlalchemy import bindparam, or_, select

from evaka.access import Actor
from evaka.actions.person.family import evaluate
from evaka.demo import names
from evaka.demo.families import Calendar
from evaka.demo.people import Child, Family, Register
from evaka.demo.rows import Rows
from evaka.kit.dates import add_months
from evaka.models.base import db
from evaka.models.person import FamilyConflict, FamilyContact, FosterParent, Partner, Person, Pickup
from evaka.rules.person.family import ConflictKind, ConflictStatus

RELATIONS = ("mummi", "mummo", "isovanhempi", "täti", "setä", "kummi", "naapuri", "lapsenhoitaja")
CLAIMS, MOVED, FOSTERED = 8, 20, 250  # claims of a hundred, moves of a thousand couples; every so many a foster child
BATCH = 1000


class Kin:
    def __init__(self, rows: Rows, register: Register, calendar: Calendar, seed: int) -> None:
        self.rows, self.register, self.calendar, self.rng = rows, register, calendar, Random(seed)

    def add(self, families: list[Family]) -> None:
        for family in families:
            for child in family.children:
                if child.entry is not None and not child.left:
                    self._pickups(child, family)
                    self._calls(child)
            self._claim(family)
        placed = [child for family in families[1:] for child in family.children if child.entry is not None]
        for child in placed[40::FOSTERED]:
            self._foster(child)

    def _pickups(self, child: Child, family: Family) -> None:
        tongue = names.TONGUES[family.language]
        for _ in range(self.rng.choices([0, 1, 2], [55, 35, 10])[0]):
            first = self.rng.choice(tongue.women if self.rng.random() < 0.6 else tongue.men)
            self.rows.add(
                Pickup, child_id=child.id, name=f"{first} {self.rng.choice(tongue.families)}",
                phone=f"040 555 {self.rng.randint(0, 9999):04}", relation=self.rng.choice(RELATIONS))

    def _calls(self, child: Child) -> None:
        """Some families have told in which order they wish to be called."""
        if len(child.guardians) > 1 and self.rng.random() < 0.1:
            for place, one in enumerate(reversed(child.guardians), start=1):
                self.rows.add(FamilyContact, child_id=child.id, person_id=one, place=place)

    def _claim(self, family: Family) -> None:
        """A parent who lives elsewhere has applied as if the child lived with them."""
        others = [adult for adult in family.guardians if adult not in (family.head, family.partner)]
        placed = [child for child in family.children if child.entry is not None and not child.left]
        if others and placed and others[0].id in placed[0].guardians and self.rng.randrange(100) < CLAIMS:
            self.rows.add(
                FamilyConflict, kind=ConflictKind.CLAIM, person_id=placed[0].id, other_id=others[0].id,
                since=add_months(self.calendar.day, -1), found=add_months(self.calendar.day, -1),
                status=ConflictStatus.OPEN)

    def _foster(self, child: Child) -> None:
        family = child.family
        parent = self.register.adult(
            self.rng.choice(names.FINNISH.women), self.rng.choice(names.FINNISH.families), near=child.born, woman=True,
            language="fi", address=self.register.address(family.area))
        self.rows.add(
            FosterParent, child_id=child.id, parent_id=parent.id, start=add_months(self.calendar.day, -8), end=None)

    def find_conflicts(self, by: Actor) -> None:
        """What the nightly check finds: first some people move, as people do."""
        couples = or_(Partner.first_id == Person.id, Partner.second_id == Person.id)
        settled = select(Person.id).join(Partner, couples).where(Partner.on(by.today), ~Person.restricted)
        moved = [
            {"who": one, "street": f"{self.rng.choice(names.STREETS)} {self.rng.randint(1, 80)}"}
            for one in db.session.scalars(settled.order_by(Person.id)) if self.rng.randrange(1000) < MOVED
        ]
        table = Person.metadata.tables[Person.__tablename__]
        if moved:
            db.session.connection().execute(table.update().where(table.c.id == bindparam("who")), moved)
        people = list(db.session.scalars(select(Person.id).order_by(Person.id)))
        for first in range(0, len(people), BATCH):
            evaluate(people[first : first + BATCH], by)
