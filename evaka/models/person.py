"""People, and how they belong together: guardians, heads of families, partners."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, Select, event, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Dated, Model, OfChild, keep_apart
from evaka.models.search import Sought, keep_findable, words_found
from evaka.rules.person import sort_key


class Person(Sought, Model):
    """Somebody the office knows: a child, a guardian, a partner."""

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_sort_key_id", "sort_key", "id"),)

    first_name: Mapped[str] = mapped_column(sa.String(80))
    last_name: Mapped[str] = mapped_column(sa.String(80))
    identity_code: Mapped[str | None] = mapped_column(sa.String(11), unique=True)
    born: Mapped[date] = mapped_column(index=True)
    deceased: Mapped[date | None]
    language: Mapped[str] = mapped_column(sa.String(5), default="fi", server_default="fi")

    street: Mapped[str | None] = mapped_column(sa.String(120))
    postal_code: Mapped[str | None] = mapped_column(sa.String(10))
    post_office: Mapped[str | None] = mapped_column(sa.String(60))
    restricted: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    restricted_until: Mapped[date | None]  # None: until the register says otherwise
    phone: Mapped[str | None] = mapped_column(sa.String(30))
    email: Mapped[str | None] = mapped_column(sa.String(200))

    allergies: Mapped[str | None] = mapped_column(sa.Text)
    diet: Mapped[str | None] = mapped_column(sa.Text)
    medication: Mapped[str | None] = mapped_column(sa.Text)

    found_by = ("last_name", "first_name", "identity_code", "phone", "email")
    sort_key: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")

    guardians: Mapped[list[Person]] = relationship(
        secondary="guardian",
        primaryjoin="(Person.id == guardian.c.child_id) & ~guardian.c.blocked",
        secondaryjoin="Person.id == guardian.c.guardian_id",
        order_by="guardian.c.id",
        viewonly=True,
    )
    children: Mapped[list[Person]] = relationship(
        secondary="guardian",
        primaryjoin="(Person.id == guardian.c.guardian_id) & ~guardian.c.blocked",
        secondaryjoin="Person.id == guardian.c.child_id",
        order_by="Person.born",
        viewonly=True,
    )

    def restricted_on(self, day: date) -> bool:
        """Whether the address must not be shown on a day (Act 661/2009, 36 §)."""
        return self.restricted and (self.restricted_until is None or day <= self.restricted_until)

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """The children of the units, and their guardians."""
        return _with_guardians(children_of_units(units, today))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return _with_guardians(children_of_groups(groups, today))

    @classmethod
    def of_children(cls, children: Select[Any]) -> ColumnElement[bool]:
        return cls.id.in_(children)

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.id == person_id

    def __str__(self) -> str:
        return f"{self.last_name} {self.first_name}"


def _with_guardians(children: Select[Any]) -> ColumnElement[bool]:
    guardians = select(Guardian.guardian_id).where(Guardian.child_id.in_(children))
    return or_(Person.id.in_(children), Person.id.in_(guardians))


def children_of_units(units: set[int], today: date) -> Select[Any]:
    """The children who have, or will have, a place in the units, or of whom a unit is asked."""
    from evaka.models.placement import PlacementPlan, children_placed  # placement stands on person

    asked = PlacementPlan.asked_of(units)
    return children_placed(units, today).union_all(asked) if units else select(Person.id).where(sa.false())


def children_of_groups(groups: set[int], today: date) -> Select[Any]:
    from evaka.models.placement import children_grouped  # placement stands on person

    return children_grouped(groups, today)


@event.listens_for(Person, "before_insert")
@event.listens_for(Person, "before_update")
def _keys(_mapper: Any, _connection: Any, person: Person) -> None:
    person.sort_key = sort_key(person.last_name, person.first_name)


keep_findable(Person)


class Guardian(OfChild, Model):
    """Somebody has the custody of a child.  A blocked guardian sees and answers nothing."""

    __tablename__ = "guardian"
    __table_args__ = (sa.UniqueConstraint("child_id", "guardian_id"),)

    guardian_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    blocked: Mapped[bool] = mapped_column(default=False, server_default=sa.false())

    child: Mapped[Person] = relationship(foreign_keys="Guardian.child_id")
    guardian: Mapped[Person] = relationship(foreign_keys="Guardian.guardian_id")

    def __str__(self) -> str:
        return str(self.guardian)


class HeadOfChild(OfChild, Dated, Model):
    """The child lives in the household of the head, who receives its decisions and invoices."""

    __tablename__ = "head_of_child"

    head_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)

    child: Mapped[Person] = relationship(foreign_keys="HeadOfChild.child_id")
    head: Mapped[Person] = relationship(foreign_keys="HeadOfChild.head_id")


keep_apart(HeadOfChild, "child_id")


class Partner(Dated, Model):
    """Two people live together as a couple; each pair is stored once, as first and second."""

    __tablename__ = "partner"
    __table_args__ = (
        CheckConstraint("start_date <= end_date", name="ends_after_start"),
        CheckConstraint("first_id <> second_id", name="not_oneself"),
    )

    first_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    second_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)

    first: Mapped[Person] = relationship(foreign_keys="Partner.first_id")
    second: Mapped[Person] = relationship(foreign_keys="Partner.second_id")


keep_apart(Partner, "first_id")
keep_apart(Partner, "second_id")


def own_children(person_id: int) -> Select[Any]:
    """The ids of the children whose guardian somebody is, blocked ones left out."""
    return select(Guardian.child_id).where(Guardian.guardian_id == person_id, ~Guardian.blocked)


def matching(sought: str) -> ColumnElement[bool]:
    """People whose names, identity code, telephone or e-mail begin with every word that is sought, in any order.

    Signs alone are no word, and find nobody.
    """
    return words_found(Person, sought)
