"""Who has the rights of a guardian of a child on a day, and from whom it is kept where the child is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, CompoundSelect, Select, Subquery, and_, func, or_, select, union, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.functions import FunctionElement

from evaka.models.person import FosterParent, Guardian, HeadOfChild, Person


def custody(day: date, children: Select[Any] | None = None) -> Subquery:
    """Pairs (child_id, person_id) of a day: guardians and foster parents; whoever is blocked is neither."""
    known = (
        select(Guardian.id)
        .where(Guardian.child_id == FosterParent.child_id, Guardian.guardian_id == FosterParent.parent_id).exists()
    )
    guardians = select(
        Guardian.child_id, Guardian.guardian_id.label("person_id"), sa.literal(0).label("rank"), Guardian.id
    ).where(~Guardian.blocked)
    fosters = select(FosterParent.child_id, FosterParent.parent_id, sa.literal(1), FosterParent.id).where(
        FosterParent.on(day), ~known)
    if children is not None:
        guardians = guardians.where(Guardian.child_id.in_(children))
        fosters = fosters.where(FosterParent.child_id.in_(children))
    return union_all(guardians, fosters).subquery("custody")


def own_children(person_id: int, day: date) -> Select[Any]:
    """The ids of the children whose guardian or foster parent somebody is on a day, blocked ones left out.

    What tells where a child is asks `told_children` instead.
    """
    pairs = custody(day)
    return select(pairs.c.child_id).where(pairs.c.person_id == person_id)


def informed(day: date, children: Select[Any] | None = None) -> Subquery:
    """The pairs of `custody` of whom the person is told where the child is: whom its unit may write to."""
    guarded = guarded_children(day)
    most, others = custody(day, children), custody(day, children)  # nearly all are free
    few = select(others).where(others.c.child_id.in_(guarded)).offset(0).subquery()  # first, else all are asked about
    return union_all(
        select(most).where(most.c.child_id.not_in(guarded)),
        select(few).where(~kept_from(few.c.child_id, few.c.person_id, day)),
    ).subquery("informed")


def told_children(person_id: int, day: date) -> Select[Any]:
    """Those of `own_children` of whom the guardian is told where they are."""
    pairs, told = _told_on(day)
    return select(pairs.c.child_id).where(pairs.c.person_id == person_id, told).correlate(None)


@lru_cache(32)
def _told_on(day: date) -> tuple[Subquery, ColumnElement[bool]]:
    """The pairs of `custody`, and whether the person is told; put together once a day, since guardians' pages ask
    often."""
    pairs = custody(day)
    return pairs, ~kept_from(pairs.c.child_id, pairs.c.person_id, day)


def guarded_children(day: date) -> CompoundSelect[Any]:
    """The children for whom where they are is kept from somebody: their own address is restricted, or that of a
    guardian, a foster parent or the head of their household."""
    restricted = select(Person.id).where(Person.restricted_on(day))
    return union(
        restricted, select(Guardian.child_id).where(Guardian.guardian_id.in_(restricted), ~Guardian.blocked),
        select(FosterParent.child_id).where(FosterParent.parent_id.in_(restricted), FosterParent.on(day)),
        select(HeadOfChild.child_id).where(HeadOfChild.head_id.in_(restricted), HeadOfChild.on(day)))


def kept_from(child: Any, person: Any, day: Any) -> ColumnElement[bool]:
    """Whether it is kept from a guardian where a child is: rules/person/protection.hides, for ids or columns of ids."""
    return KeptFrom(*(sa.literal(one) if isinstance(one, int | date) else one for one in (child, person, day)))


class KeptFrom(FunctionElement[bool]):
    """`kept_from` in a statement: a child, a person, a day.  What it asks is put together when the statement is
    compiled, once for all who ask the same: to do so takes longer than to answer, and guardians' pages ask often."""

    inherit_cache = True
    type = sa.Boolean()


@compiles(KeptFrom)
def _in_words(element: KeptFrom, compiler: sa.Compiled, **how: Any) -> str:
    return f"({compiler.process(_is_kept(*element.clauses), **how)})"


def _is_kept(child_id: Any, person_id: Any, day: Any) -> ColumnElement[bool]:
    itself, reader, other = aliased(Person), aliased(Person), aliased(Person)

    def there_is(row: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        return select(row.id).where(*conditions).correlate_except(row).exists()

    fosters = there_is(
        FosterParent, FosterParent.child_id == child_id, FosterParent.parent_id == person_id, FosterParent.on(day))
    heads = there_is(
        HeadOfChild, HeadOfChild.child_id == child_id, HeadOfChild.head_id == person_id, HeadOfChild.on(day))

    def somebody(row: Any, key: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        """Whether a row about the child leads to another adult whose address is restricted."""
        return (
            select(row.id).join(other, other.id == key)
            .where(row.child_id == child_id, key != person_id, other.restricted_on(day), *conditions)
            .correlate_except(row, other).exists())

    guarded = or_(
        there_is(itself, itself.id == child_id, itself.id != person_id, itself.restricted_on(day)),
        somebody(Guardian, Guardian.guardian_id, ~Guardian.blocked),
        somebody(FosterParent, FosterParent.parent_id, FosterParent.on(day)),
        somebody(HeadOfChild, HeadOfChild.head_id, HeadOfChild.on(day)))
    (street, town), (street_of, town_of) = _home(itself), _home(reader)
    together = (
        select(itself.id).join(reader, reader.id == person_id)
        .where(itself.id == child_id, street != "", town != "", street == street_of, town == town_of,
               street.not_like("%poste restante%"))
        .correlate_except(itself, reader).exists())
    at_home = and_(heads, there_is(reader, reader.id == person_id, reader.restricted_on(day)))
    return and_(guarded, ~or_(fosters, together, at_home))


def kept_among(pairs: Collection[tuple[int, int]], day: date) -> Select[Any]:
    """Of pairs (child, adult) those in which it is kept from the adult where the child is, as ids of both."""
    child, adult = aliased(Person), aliased(Person)
    return select(child.id, adult.id).join(adult, sa.tuple_(child.id, adult.id).in_(list(pairs))).where(
        kept_from(child.id, adult.id, day))


def _home(person: Any) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Both lines of an address, as `address_lines` and `same_address` read them."""
    street, code, office = (
        func.trim(func.coalesce(part, "")) for part in (person.street, person.postal_code, person.post_office))
    return func.lower(street), func.lower(func.trim(code + " " + office))


def carers(child_id: int, day: date, *, told: bool = False) -> Select[Person]:
    """Who has the rights of a guardian of a child on a day, its guardians first.

    `told`: only who is told where the child is.
    """
    pairs = (informed if told else custody)(day, select(Person.id).where(Person.id == child_id))
    return select(Person).join(pairs, pairs.c.person_id == Person.id).order_by(pairs.c.rank, pairs.c.id)
