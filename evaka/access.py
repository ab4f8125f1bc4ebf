"""Who may do what to which rows.  The city's roles.toml says; nobody else does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import cached_property

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.sql.elements import False_, True_

from evaka import city
from evaka.kit.errors import ConfigMistake, Denied
from evaka.models.base import Model, db
from evaka.models.person import own_children
from evaka.models.user import User

REACHES = ("all", "unit", "group", "own_child", "own")


@dataclass(frozen=True)
class Actor:
    """Somebody at a moment: the user who acts (None: the nightly jobs), and when."""

    user: User | None
    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def name(self) -> str:
        return self.user.name if self.user else ""

    @cached_property
    def grants(self) -> tuple[tuple[str, int | None, int | None], ...]:
        """(role, unit, group) of the grants that hold today."""
        if self.user is None or not self.user.active:
            return ()
        return tuple((g.role, g.unit_id, g.group_id) for g in self.user.grants if self.today in g.period)


@city.remember
def reaches(role: str, key: str) -> frozenset[str]:
    """How far a role may do an action: several patterns of its table may match."""
    table = city.read("roles").get(role, {})
    if not isinstance(table, dict):
        raise ConfigMistake(f"roles.toml, {role}", f"{table!r} is not a table", "Write the role in square brackets.")
    hows = [[how] if isinstance(how, str) else how for pattern, how in table.items() if fnmatchcase(key, pattern)]
    if wrong := [how for how in hows if not isinstance(how, list)]:
        raise ConfigMistake(f"roles.toml, [{role}]", f"{wrong[0]!r} is no reach", f"Use one of {', '.join(REACHES)}.")
    found = frozenset(str(how) for several in hows for how in several)
    if unknown := found - set(REACHES):
        raise ConfigMistake(
            f"roles.toml, [{role}]", f"{', '.join(sorted(unknown))} is no reach", f"Use one of {', '.join(REACHES)}."
        )
    return found


def within(actor: Actor, key: str, model: type[Model]) -> ColumnElement[bool]:
    """The rows of `model` to which `actor` may do `key`, as an SQL condition."""
    if actor.user is None:
        return true()
    units: set[int] = set()
    groups: set[int] = set()
    others: set[str] = set()
    for role, unit_id, group_id in actor.grants:
        for how in reaches(role, key):
            if how == "unit" and unit_id is not None:
                units.add(unit_id)
            elif how == "group" and group_id is not None:
                groups.add(group_id)
            else:
                others.add(how)
    if "all" in others:
        return true()
    conditions: list[ColumnElement[bool]] = []
    if units:
        conditions.append(model.of_units(units, actor.today))
    if groups:
        conditions.append(model.of_groups(groups, actor.today))
    if actor.user.person_id is not None:
        if "own_child" in others:
            conditions.append(model.of_children(own_children(actor.user.person_id)))
        if "own" in others:
            conditions.append(model.of_person(actor.user.person_id, actor.user.id))
    elif "own" in others:
        conditions.append(model.of_person(-1, actor.user.id))  # staff have no row of their own as a person
    return or_(false(), *conditions)


def always(condition: ColumnElement[bool]) -> bool | None:
    """What a condition says of every row, so that no row need be asked about; None when it depends on the row."""
    return True if isinstance(condition, True_) else False if isinstance(condition, False_) else None


def may(actor: Actor, key: str) -> bool:
    """Whether some grant of the actor allows `key` at all, for menus and pages without a row."""
    return actor.user is None or any(reaches(role, key) for role, _, _ in actor.grants)


def require(actor: Actor, key: str, row: Model) -> None:
    """Raise Denied unless `actor` may do `key` to this very row."""
    if actor.user is None:
        return
    db.session.flush()
    known = row.id is not None and always(within(actor, key, type(row)))
    if not known and not permitted(actor, key, type(row), {row.id}):
        raise Denied("access.denied", action=key)


def require_any(actor: Actor, key: str) -> None:
    """Raise Denied unless `actor` may do `key` to something."""
    if not may(actor, key):
        raise Denied("access.denied", action=key)


def permitted(actor: Actor, key: str, model: type[Model], ids: set[int]) -> set[int]:
    """Those of the rows to which the actor may do `key`: one query, however many."""
    return set(db.session.scalars(select(model.id).where(model.id.in_(ids), within(actor, key, model))))
