"""People, and how they belong together: guardians, foster parents, heads of families, partners, contacts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    CompoundSelect,
    ForeignKey,
    Index,
    Select,
    SelectBase,
    and_,
    event,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.hybrid import hybrid_method
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from evaka.models.base import Dated, Model, OfChild, ask
from evaka.models.guard import keep_apart
from evaka.models.search import Sought, keep_findable, words_found
from evaka.rules.person import call_name, sort_key
from evaka.rules.person.duplicate import email_key, name_key, phone_key
from evaka.rules.person.family import FAMILY_CONFLICT, ConflictKind, ConflictStatus


class Person(Sought, Model):
    """Somebody the office knows: a child, a guardian, a partner."""

    __tablename__ = "person"
    __table_args__ = (
        Index("ix_person_sort_key_id", "sort_key", "id"),
        Index("ix_person_id_born", "id", "born"),  # how old all children of the city are, and nothing else of them
        Index("ix_person_merged_into_id", "merged_into_id",  # of the few rows that have one: it leads to no others
              sqlite_where=sa.text("merged_into_id IS NOT NULL"),
              postgresql_where=sa.text("merged_into_id IS NOT NULL")),
        Index("ix_person_restricted", "id",  # asked on every page of a guardian; they are few
              sqlite_where=sa.text("restricted = 1"), postgresql_where=sa.text("restricted")),
        CheckConstraint("NOT (no_code_expected AND identity_code IS NOT NULL)", name="no_code_or_a_code"),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="whole_point"),
        *(Index(f"ix_person_born_{key}", "born", key) for key in ("name_key", "phone_key", "email_key")),
    )
    derived = frozenset({"search_key", "sort_key", "name_key", "phone_key", "email_key"})  # from other columns

    first_name: Mapped[str] = mapped_column(sa.String(80))
    last_name: Mapped[str] = mapped_column(sa.String(80))
    preferred_name: Mapped[str | None] = mapped_column(sa.String(80))  # one of the first names
    identity_code: Mapped[str | None] = mapped_column(sa.String(11), unique=True)
    no_code_expected: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # nobody waits for one
    born: Mapped[date] = mapped_column(index=True)
    deceased: Mapped[date | None]
    language: Mapped[str] = mapped_column(sa.String(5), default="fi", server_default="fi")
    home_languages: Mapped[list[str]] = mapped_column(sa.JSON, default=list, server_default="[]")  # ISO 639
    nationalities: Mapped[list[str]] = mapped_column(sa.JSON, default=list, server_default="[]")  # ISO 3166

    street: Mapped[str | None] = mapped_column(sa.String(120))
    postal_code: Mapped[str | None] = mapped_column(sa.String(10))
    post_office: Mapped[str | None] = mapped_column(sa.String(60))
    latitude: Mapped[Decimal | None] = mapped_column(sa.Numeric(8, 5))  # of the home (WGS 84), where it is known
    longitude: Mapped[Decimal | None] = mapped_column(sa.Numeric(8, 5))
    restricted: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    restricted_until: Mapped[date | None]  # None: until the register says otherwise
    phone: Mapped[str | None] = mapped_column(sa.String(30))
    backup_phone: Mapped[str | None] = mapped_column(sa.String(30))
    email: Mapped[str | None] = mapped_column(sa.String(200))

    # to whom and where bills and fee decisions go, when not to the person's own name and home
    invoice_name: Mapped[str | None] = mapped_column(sa.String(120))
    invoice_street: Mapped[str | None] = mapped_column(sa.String(120))
    invoice_postal_code: Mapped[str | None] = mapped_column(sa.String(10))
    invoice_post_office: Mapped[str | None] = mapped_column(sa.String(60))

    allergies: Mapped[str | None] = mapped_column(sa.Text)
    diet: Mapped[str | None] = mapped_column(sa.Text)
    medication: Mapped[str | None] = mapped_column(sa.Text)

    found_by = ("last_name", "first_name", "preferred_name", "identity_code", "phone", "email")
    sort_key: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    name_key: Mapped[str] = mapped_column(sa.String(170), default="", server_default="")
    phone_key: Mapped[str] = mapped_column(sa.String(30), default="", server_default="")
    email_key: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    # the same person, entered again: this row is empty, nothing points at it but the journal, and no list shows it
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

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

    @hybrid_method
    def restricted_on(self, day: date) -> bool:
        """Whether the address must not be shown on a day (Act 661/2009, 36 §)."""
        return self.restricted and (self.restricted_until is None or day <= self.restricted_until)

    @restricted_on.inplace.expression
    @classmethod
    def _restricted_on(cls, day: date) -> ColumnElement[bool]:
        return and_(cls.restricted, or_(cls.restricted_until.is_(None), cls.restricted_until >= day))

    @property
    def call_name(self) -> str:
        return call_name(self.first_name, self.last_name, self.preferred_name)

    @property
    def stands(self) -> bool:
        return self.merged_into_id is None

    @property
    def is_found(self) -> bool:
        return self.stands

    @classmethod
    def standing(cls) -> ColumnElement[bool]:
        return cls.merged_into_id.is_(None)

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """The children of the units, their guardians and foster parents."""
        return _with_guardians(children_of_units(units, today), today)

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return _with_guardians(children_of_groups(groups, today), today)

    @classmethod
    def of_children(cls, children: Select[Any]) -> ColumnElement[bool]:
        return cls.id.in_(children)

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.id == person_id if person_id > 0 else sa.false()  # staff are in nobody's place: nothing is asked

    def __str__(self) -> str:
        return f"{self.last_name} {self.first_name}"


def _with_guardians(children: SelectBase, today: date) -> ColumnElement[bool]:
    guardians = select(Guardian.guardian_id).where(Guardian.child_id.in_(children))
    fosters = select(FosterParent.parent_id).where(FosterParent.child_id.in_(children), FosterParent.on(today))
    return or_(Person.id.in_(children), Person.id.in_(guardians), Person.id.in_(fosters))


def children_of_units(units: set[int], today: date) -> SelectBase:
    """The children who have, or will have, a place or back-up care in the units, or of whom a unit is asked."""
    from evaka.models.backup_care import children_hosted  # both stand on person
    from evaka.models.placement import PlacementPlan, children_at_home

    if not units:
        return select(Person.id).where(sa.false())
    return sa.union_all(
        children_at_home(units, today), children_hosted(units, today), PlacementPlan.asked_of(units))


def children_of_groups(groups: set[int], today: date) -> SelectBase:
    from evaka.models.placement import children_grouped  # placement stands on person

    return children_grouped(groups, today)


@event.listens_for(Person, "before_insert")
@event.listens_for(Person, "before_update")
def _keys(_mapper: Any, _connection: Any, person: Person) -> None:
    person.sort_key = sort_key(person.last_name, person.first_name)
    if person.merged_into_id is not None:  # nobody takes it for somebody else any more
        person.name_key = person.phone_key = person.email_key = ""
        return
    person.name_key = name_key(person.first_name, person.last_name)
    person.phone_key, person.email_key = phone_key(person.phone), email_key(person.email)


@event.listens_for(Person, "before_update")
def _moved(_mapper: Any, _connection: Any, person: Person) -> None:
    """Who moves lives no more where the point on the map is, unless the new one was told as well."""
    told = sa.inspect(person).attrs
    address = (told.street, told.postal_code, told.post_office)
    if any(one.history.has_changes() for one in address) and not told.latitude.history.has_changes():
        person.latitude = person.longitude = None


keep_findable(Person)


class Guardian(OfChild, Model):
    """Somebody has the custody of a child.  A blocked guardian sees and answers nothing."""

    __tablename__ = "guardian"
    __table_args__ = (sa.UniqueConstraint("child_id", "guardian_id"),)

    guardian_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    blocked: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    reason: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # why: the order or the decision

    child: Mapped[Person] = relationship(foreign_keys="Guardian.child_id")
    guardian: Mapped[Person] = relationship(foreign_keys="Guardian.guardian_id")

    def __str__(self) -> str:
        return str(self.guardian)


class InFile(OfChild):
    """A row in a child's file: whoever sees the child in a unit or a group sees it too."""

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_of_units(units, today))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_of_groups(groups, today))


class FosterParent(InFile, Dated, Model):
    """A child is placed in somebody's home: while it is, these have the rights of a guardian."""

    __tablename__ = "foster_parent"

    parent_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)

    child: Mapped[Person] = relationship(foreign_keys="FosterParent.child_id")
    parent: Mapped[Person] = relationship(foreign_keys="FosterParent.parent_id")

    def __str__(self) -> str:
        return f"{self.parent}, {self.period}"


keep_apart(FosterParent, "child_id", "parent_id")


class HeadOfChild(OfChild, Dated, Model):
    """The child lives in the household of the head, who receives its decisions and invoices."""

    __tablename__ = "head_of_child"

    head_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)

    child: Mapped[Person] = relationship(foreign_keys="HeadOfChild.child_id")
    head: Mapped[Person] = relationship(foreign_keys="HeadOfChild.head_id")

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_of_units(units, today))

    def __str__(self) -> str:
        return f"{self.head}, {self.period}"


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

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """Those of the heads of the units' children."""
        heads = select(HeadOfChild.head_id).where(HeadOfChild.child_id.in_(children_of_units(units, today)))
        return or_(cls.first_id.in_(heads), cls.second_id.in_(heads))

    def __str__(self) -> str:
        return f"{self.first}, {self.second}, {self.period}"


keep_apart(Partner, ("first_id", "second_id"))  # in whichever place, somebody has one partner at a time


class FamilyContact(InFile, Model):
    """Whom of a child's family the unit calls first, second, third."""

    __tablename__ = "family_contact"
    __table_args__ = (sa.UniqueConstraint("child_id", "place"), sa.UniqueConstraint("child_id", "person_id"))

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    place: Mapped[int]  # from 1

    child: Mapped[Person] = relationship(foreign_keys="FamilyContact.child_id")
    person: Mapped[Person] = relationship(foreign_keys="FamilyContact.person_id")

    def __str__(self) -> str:
        return f"{self.place}. {self.person}"


class Pickup(InFile, Model):
    """Somebody beside the family who may fetch a child, until a last day or until further notice."""

    __tablename__ = "pickup"

    name: Mapped[str] = mapped_column(sa.String(120))
    phone: Mapped[str] = mapped_column(sa.String(30))
    relation: Mapped[str] = mapped_column(sa.String(80), default="", server_default="")
    last_day: Mapped[date | None]

    child: Mapped[Person] = relationship()

    @classmethod
    def still(cls, today: date) -> ColumnElement[bool]:
        """Those who may fetch the child today, or later."""
        return or_(cls.last_day.is_(None), cls.last_day >= today)

    def __str__(self) -> str:
        return self.name


class FamilyConflict(Model):
    """Something in a family does not fit together: found by the rules every night, resolved by a person.

    `person_id` is whose file it stands in: the child's, or the first partner's.  A claim also says since when
    `other` claims to be the child's head.
    """

    __tablename__ = "family_conflict"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "kind", "other_id"),
        Index("ix_family_conflict_status_id", "status", "id"),
    )
    workflow = FAMILY_CONFLICT

    kind: Mapped[ConflictKind]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    other_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    since: Mapped[date | None]  # of a claim
    found: Mapped[date] = mapped_column(index=True)
    status: Mapped[ConflictStatus] = mapped_column(default=ConflictStatus.OPEN)
    reason: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # why it was dismissed

    person: Mapped[Person] = relationship(foreign_keys="FamilyConflict.person_id")
    other: Mapped[Person | None] = relationship(foreign_keys="FamilyConflict.other_id")

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """Those of the units' children, and of partners who are such a child's head or guardian."""
        children = children_of_units(units, today)
        heads = select(HeadOfChild.head_id).where(HeadOfChild.child_id.in_(children), HeadOfChild.on(today))
        return or_(cls.person_id.in_(children), cls.person_id.in_(heads), cls.other_id.in_(heads))

    def __str__(self) -> str:
        return f"{self.person}, {self.other}" if self.other else str(self.person)


# -- rows that are held, and those that are one person ------------------------------------------------


HELD = (
    select(Person.id).where(Person.id.in_(sa.bindparam("children", expanding=True))).order_by(Person.id)
    .with_for_update(key_share=True))


def hold(children: Iterable[int]) -> None:
    """Two who save days of the same child at once do so one after the other."""
    ask(HELD, {"children": list(children)})


def partner_of(person_id: int, day: date) -> Select[Partner]:
    return select(Partner).where(or_(Partner.first_id == person_id, Partner.second_id == person_id), Partner.on(day))


class MergedPerson(Model):
    """Two rows have been found to be one person: which went into which, when, by whom."""

    __tablename__ = "merged_person"

    gone_id: Mapped[int] = mapped_column(ForeignKey("person.id"), unique=True)
    kept_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    gone: Mapped[Person] = relationship(foreign_keys="MergedPerson.gone_id")
    kept: Mapped[Person] = relationship(foreign_keys="MergedPerson.kept_id")

    def __str__(self) -> str:
        return f"{self.gone} → {self.kept}"


class TwoPeople(Model):
    """Somebody has looked: these two are not the same person, and nobody is asked again."""

    __tablename__ = "two_people"
    __table_args__ = (sa.UniqueConstraint("first_id", "second_id"),)

    first_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    second_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    at: Mapped[datetime]

    first: Mapped[Person] = relationship(foreign_keys="TwoPeople.first_id")
    second: Mapped[Person] = relationship(foreign_keys="TwoPeople.second_id")


def matching(sought: str) -> ColumnElement[bool]:
    """People whose names, identity code, telephone or e-mail begin with every word that is sought, in any order.

    Signs alone are no word, and find nobody.
    """
    return words_found(Person, sought)


def ids_of(person_id: int | sa.BindParameter[int]) -> CompoundSelect[Any]:
    """A person's number, and those of the rows that have been merged into it: the journal knows them all."""
    doubles = select(Person.id).where(Person.merged_into_id == person_id)
    own = person_id if isinstance(person_id, sa.BindParameter) else sa.literal(person_id, sa.Integer)
    return union_all(select(own), doubles)


def alike(born: date | None = None) -> Select[Any]:
    """Pairs (smaller id, larger id) of people born on one day who share a name, a telephone or an e-mail.

    One of them has no identity code: two codes are two people.  Who has been told apart is left out.  What the pairs
    have in common is judged by rules/person/duplicate.
    """
    one, other = aliased(Person), aliased(Person)  # `one` has no code: there are few of these, the rest is looked up
    apart = select(TwoPeople.id).where(
        or_(sa.and_(TwoPeople.first_id == one.id, TwoPeople.second_id == other.id),
            sa.and_(TwoPeople.first_id == other.id, TwoPeople.second_id == one.id))).exists()
    known = sa.and_(one.identity_code.is_(None), one.merged_into_id.is_(None), other.merged_into_id.is_(None))
    once = or_(other.identity_code.is_not(None), one.id < other.id)
    smaller = sa.case((one.id < other.id, one.id), else_=other.id).label("one")
    larger = sa.case((one.id < other.id, other.id), else_=one.id).label("other")
    pairs = [
        select(smaller, larger)
        .join(other, sa.and_(one.born == other.born, getattr(one, key) == getattr(other, key), one.id != other.id))
        .where(known, once, getattr(one, key) != "", ~apart, *([one.born == born] if born else []))
        for key in ("name_key", "phone_key", "email_key")
    ]
    return sa.union(*pairs)  # type: ignore[return-value]
