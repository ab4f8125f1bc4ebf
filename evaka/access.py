"""Who may do what to which rows.  The city's roles.toml says; nobody else does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import cached_property, wraps
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.sql.elements import False_, True_

from evaka import city
from evaka.kit.errors import ConfigMistake, Denied
from evaka.models.base import Model, db
from evaka.models.person.custody import own_children, told_children
from evaka.models.user import User
from evaka.rules.person import protection
from evaka.rules.user import Strong

# "…_now" leaves out what a model hides of the past: see `of_units_now`
KEPT = 300  # statements of a kind that are kept: one a user, and a screen
F = TypeVar("F", bound=Callable[..., Any])
Reach = tuple[str, int | None, int | None]  # how far, in which unit, in which group
REACHES = ("all", "unit", "group", "own_child", "own", "unit_now", "group_now")
FAMILY = frozenset({"own", "own_child"})  # how far a guardian reaches


class NeedsStrong(Denied):
    """The guardian may do this after strong identification: the page says so and offers it."""


@dataclass(frozen=True)
class Actor:
    """Somebody at a moment: the user who acts (None: the nightly jobs), and when."""

    user: User | None
    now: datetime
    strong: bool = False  # identified strongly in this session; see `is_strong`
    weak: bool = False  # in a session by password, where the city asks guardians for more; see `needs_strong`

    @property
    def is_strong(self) -> bool:
        """Whether what needs strong identification may be shown: the one place that everybody asks."""
        return self.strong or self.user is None

    @cached_property
    def identified(self) -> Actor:
        """The same as if in a strong session: for what is offered, never for what is done or shown."""
        return replace(self, weak=False) if self.weak else self

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def name(self) -> str:
        return self.user.name if self.user else ""

    @cached_property
    def conditions(self) -> dict[tuple[type[Model], frozenset[Reach], bool], ColumnElement[bool]]:
        """What `within` has said to the actor: many actions reach equally far."""
        return {}

    @cached_property
    def grants(self) -> tuple[tuple[str, int | None, int | None], ...]:
        """(role, unit, group) of the grants that hold today."""
        if self.user is None or not self.user.active:
            return ()
        return tuple((g.role, g.unit_id, g.group_id) for g in self.user.grants if self.today in g.period)


@dataclass(frozen=True)
class Claim:
    """What a grant of the actor says of an action: by which pattern of its role, and how far."""

    role: str
    pattern: str
    how: str
    unit_id: int | None = None
    group_id: int | None = None


@city.remember
def patterns(role: str, key: str) -> frozenset[tuple[str, str]]:
    """(pattern, reach) of a role's table that name an action: several may match."""
    table = city.read("roles").get(role, {})
    if not isinstance(table, dict):
        raise ConfigMistake(f"roles.toml, {role}", f"{table!r} is not a table", "Write the role in square brackets.")
    hows = {pattern: [how] if isinstance(how, str) else how
            for pattern, how in table.items() if fnmatchcase(key, pattern)}
    if wrong := [how for how in hows.values() if not isinstance(how, list)]:
        raise ConfigMistake(f"roles.toml, [{role}]", f"{wrong[0]!r} is no reach", f"Use one of {', '.join(REACHES)}.")
    found = frozenset((pattern, str(how)) for pattern, several in hows.items() for how in several)
    if unknown := {how for _, how in found} - set(REACHES):
        raise ConfigMistake(
            f"roles.toml, [{role}]", f"{', '.join(sorted(unknown))} is no reach", f"Use one of {', '.join(REACHES)}."
        )
    return found


@city.remember
def reaches(role: str, key: str) -> frozenset[str]:
    """How far a role may do an action."""
    return frozenset(how for _, how in patterns(role, key))


@city.remember
def needs_strong(key: str) -> bool:
    """Whether the city lets guardians do an action after strong identification only: security.toml."""
    return city.value("security", "strong", Strong).names(key)


def _hows(actor: Actor, role: str, key: str) -> frozenset[str]:
    """How far a role lets the actor go: in a weak session a guardian's own reach ends where the city asks for more."""
    hows = reaches(role, key)
    kept_back = actor.weak and actor.user is not None and actor.user.person_id is not None and needs_strong(key)
    return hows - FAMILY if kept_back else hows


def reached(actor: Actor, key: str) -> frozenset[Reach]:
    """How far the actor may do an action, by all grants together."""
    return frozenset((how, unit, group) for role, unit, group in actor.grants for how in _hows(actor, role, key))


class Rights:
    """An actor as far as `within` looks: equal for equal grants of a user on a day."""

    def __init__(self, actor: Actor) -> None:
        user = actor.user
        self.actor = actor
        self.key = (actor.grants, actor.today, user.id, user.person_id, actor.weak) if user else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rights) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


def by_rights(build: F) -> F:
    """Keep what a function builds of `within` for an actor: statements need not be put together for every page."""
    kept = city.remember(lambda rights, *given: build(rights.actor, *given), most=KEPT)

    @wraps(build)
    def built(actor: Actor, *given: Any) -> Any:
        return kept(Rights(actor), *given)

    return built  # type: ignore[return-value]


def claims(actor: Actor, key: str) -> list[Claim]:
    """Everything that lets the actor do an action, to some row at least."""
    return [
        Claim(role, pattern, how, unit_id, group_id)
        for role, unit_id, group_id in actor.grants for pattern, how in sorted(patterns(role, key))
    ]


def within(actor: Actor, key: str, model: type[Model]) -> ColumnElement[bool]:
    """The rows of `model` to which `actor` may do `key`, as an SQL condition: the same one for equal reaches."""
    if actor.user is None:
        return model.standing()
    asked = model, reached(actor, key), protection.is_open(key)
    if asked not in actor.conditions:
        actor.conditions[asked] = _rows(actor, asked[1], model, is_open=asked[2])
    return actor.conditions[asked]


def _rows(actor: Actor, far: Iterable[Reach], model: type[Model], *, is_open: bool) -> ColumnElement[bool]:
    """The rows that somebody reaches; `is_open`: also of children of whom the guardian is not told where they are."""
    assert actor.user is not None
    places = {"unit": model.of_units, "unit_now": model.of_units_now, "group": model.of_groups,
              "group_now": model.of_groups_now}
    ids: dict[str, set[int]] = {how: set() for how in places}
    others: set[str] = set()
    for how, unit_id, group_id in far:
        place = unit_id if how.startswith("unit") else group_id if how.startswith("group") else None
        if place is not None:
            ids[how].add(place)
        else:
            others.add(how)
    if "all" in others:
        return model.standing()
    conditions = [of_place(ids[how], actor.today) for how, of_place in places.items() if ids[how]]
    if actor.user.person_id is not None:
        if "own_child" in others:
            own = (own_children if is_open else told_children)(actor.user.person_id, actor.today)
            conditions.append(model.of_children_on(own, actor.user.person_id, actor.today))
        if "own" in others:
            conditions.append(model.of_person_on(actor.user.person_id, actor.user.id, actor.today))
    elif "own" in others:
        conditions.append(model.of_person_on(-1, actor.user.id, actor.today))  # staff are no person's row
    conditions = [one for one in conditions if not isinstance(one, False_)]  # then nobody need be asked
    return and_(model.standing(), or_(*conditions)) if conditions else false()


def why(actor: Actor, key: str, row: Model) -> list[tuple[Claim, bool]]:
    """Each claim of the actor to an action, and whether it reaches this very row: one query, by the same rule."""
    claimed = claims(actor, key)
    if not claimed:
        return []
    kind = type(row)
    rows = [_rows(actor, [(claim.how, claim.unit_id, claim.group_id)], kind, is_open=protection.is_open(key))
            for claim in claimed]
    found = db.session.execute(
        select(*(condition.label(f"c{n}") for n, condition in enumerate(rows))).where(kind.id == row.id)).first()
    return list(zip(claimed, map(bool, found or [False] * len(claimed)), strict=True))


def always(condition: ColumnElement[bool]) -> bool | None:
    """What a condition says of every row, so that no row need be asked about; None when it depends on the row."""
    return True if isinstance(condition, True_) else False if isinstance(condition, False_) else None


def works_in(actor: Actor, key: str, unit_id: int) -> bool:
    """Whether the actor may do an action at all by a grant in a unit, or in some group of it.

    For what opens to everybody who works there, whichever group is theirs: groups are together early and late.
    """
    return everywhere(actor, key) or any(
        unit == unit_id and reaches(role, key) for role, unit, _ in actor.grants)


def everywhere(actor: Actor, key: str) -> bool:
    """Whether some grant lets the actor do an action to every row that anybody sees at all."""
    return actor.user is None or any("all" in reaches(role, key) for role, _, _ in actor.grants)


def may(actor: Actor, key: str) -> bool:
    """Whether some grant of the actor allows `key` at all, for menus and pages without a row."""
    return actor.user is None or any(_hows(actor, role, key) for role, _, _ in actor.grants)


def denied(actor: Actor, key: str, row: Model | None = None) -> Denied:
    """Why not: because nobody lets the actor, or because the city asks for strong identification first."""
    if actor.weak and needs_strong(key):
        willing = actor.identified
        if may(willing, key) if row is None else permitted(willing, key, type(row), {row.id}):
            return NeedsStrong("access.needs_strong", action=key)
    return Denied("access.denied", action=key)


def require(actor: Actor, key: str, row: Model) -> None:
    """Raise Denied unless `actor` may do `key` to this very row."""
    if actor.user is None:
        return
    db.session.flush()
    known = row.id is not None and row.stands and everywhere(actor, key)
    if not known and not permitted(actor, key, type(row), {row.id}):
        raise denied(actor, key, row)


def require_any(actor: Actor, key: str) -> None:
    """Raise Denied unless `actor` may do `key` to something."""
    if not may(actor, key):
        raise denied(actor, key)


def permitted(actor: Actor, key: str, model: type[Model], ids: set[int]) -> set[int]:
    """Those of the rows to which the actor may do `key`: one query, however many."""
    return set(db.session.scalars(select(model.id).where(model.id.in_(ids), within(actor, key, model))))
