"""Two rows turn out to be one person: what follows is shown, and then done whole or not at all.

What points at a person is read from the tables themselves, so a table that comes later is moved too.  The row that
goes stays behind, empty and in no list, because the journal points at it: no line of the journal is ever altered.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func, inspect, literal, literal_column, select, update

from evaka.access import Actor, require
from evaka.actions import action, fee
from evaka.actions.person import check_identity
from evaka.kit.errors import Refused
from evaka.models.base import Model, db
from evaka.models.guard import EITHER
from evaka.models.person import MergedPerson, Person, TwoPeople
from evaka.models.user import User, UserSession
from evaka.rules.person.duplicate import joined

PERSON: sa.Table = Person.__table__  # type: ignore[assignment]
Row = dict[str, Any]

# Columns that point at a person and do not simply move, and why.
HANDLED = {
    ("audit_event", "person_id"): "no line of the journal is ever altered; a person's lines include its doubles'",
    ("merged_person", "gone_id"): "tells which row went",
    ("user", "person_id"): "one person has one log-in: the double's ends, or becomes the person's",
}
# Of two rows that the database allows only once, one stays with the stricter or the later of these values.
UNITED: dict[str, dict[str, Callable[[Any, Any], Any]]] = {
    "calendar_feed": dict.fromkeys(("digest", "language", "made_at"), lambda kept, gone: kept or gone),
    "calendar_feed_label": {"label": lambda kept, gone: kept or gone},
    "guardian": {"blocked": lambda kept, gone: kept or gone},
    "receipt": {"read_at": lambda kept, gone: kept or gone},
    "two_people": {"at": min},
}
OWN = {"id", "version"}  # of each row, whatever it says


@dataclass(frozen=True)
class Part:
    """A column of the person: what both rows say, and what will stand."""

    name: str
    kept: Any
    gone: Any
    result: Any
    chosen: bool = False  # somebody may say which of the two stands


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way: two rows that cannot be one person's, or one that would point at itself."""

    table: str
    ids: tuple[int, ...]
    periods: tuple[tuple[date, date | None], ...] = ()
    own: bool = False  # the row would join the person with itself


@dataclass
class Plan:
    """Everything that a merge does, reckoned before it is done."""

    parts: list[Part]
    moves: dict[str, int] = field(default_factory=dict)  # rows by table
    drop: list[tuple[sa.Table, int]] = field(default_factory=list)  # they say what a row of the kept person says
    change: list[tuple[sa.Table, int, Row]] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)
    log_in: str = ""  # "", "moves" or "ends"
    versions: tuple[int, int] = (0, 0)

    @property
    def digest(self) -> str:
        """Who confirms a merge says what was seen: something else is refused."""
        seen = (self.versions, sorted(self.moves.items()), self.log_in, [(t.name, id) for t, id in self.drop])
        return sha256(repr(seen).encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Rule:
    """What the database allows only once: by `columns`, for a span of days where `dated`, among rows where `counts`."""

    columns: tuple[str, ...]
    dated: bool
    counts: str  # SQL, "" for all rows


# -- what the tables say ----------------------------------------------------------------------------


def references() -> dict[sa.Table, list[sa.Column[Any]]]:
    """Every column that points at a person, by table."""
    found: dict[sa.Table, list[sa.Column[Any]]] = {}
    for table in db.metadata.sorted_tables:
        columns = [one for one in table.columns if any(key.column is PERSON.c.id for key in one.foreign_keys)]
        if columns:
            found[table] = columns
    return found


def moved() -> dict[sa.Table, list[sa.Column[Any]]]:
    """The columns that are turned to the person who stays."""
    found = {
        table: [one for one in columns if (table.name, one.name) not in HANDLED]
        for table, columns in references().items()
    }
    return {table: columns for table, columns in found.items() if columns}


def rules_of(table: sa.Table) -> list[Rule]:
    """The table's unique keys, and its spans that must not meet."""
    found = [
        Rule(tuple(column.name for column in one.columns), False, "")
        for one in table.constraints if isinstance(one, sa.UniqueConstraint)
    ]
    for index in table.indexes:
        if index.unique:
            where = index.dialect_options["sqlite"].get("where")
            found.append(Rule(tuple(one.name for one in index.columns), False, "" if where is None else str(where)))
    for same, where in table.info.get("apart", {}).values():
        parts = [column for part in same for column in part.split(EITHER)]
        columns = tuple(re.sub(r"^COALESCE\((.+), .+\)$", r"\1", one.format(p="")) for one in parts)
        found.append(Rule(columns, True, where.format(p="") if where else ""))
    return sorted(found, key=lambda rule: rule.columns)


@cache
def _referred(table: sa.Table) -> bool:
    """Whether rows of other tables point at this one's: then none may be dropped for another."""
    return any(key.column.table is table for other in db.metadata.tables.values() for key in other.foreign_keys)


# -- the plan -----------------------------------------------------------------------------------------


def plan_of(kept: Person, gone: Person, taken: frozenset[str] = frozenset()) -> Plan:
    """What merging would do, and what stands in its way.  `taken` are the columns whose value comes from `gone`."""
    plan = Plan(parts_of(kept, gone, taken), versions=(kept.version, gone.version))
    if kept.identity_code and gone.identity_code and kept.identity_code != gone.identity_code:
        plan.obstacles.append(Obstacle("person", (kept.id, gone.id)))
    plan.moves = counted(gone.id)
    users = {user.person_id for user in db.session.scalars(
        select(User).where(User.person_id.in_((kept.id, gone.id))))}
    if gone.id in users:
        plan.log_in = "ends" if kept.id in users else "moves"
    for table, columns in moved().items():
        if table.name in plan.moves:
            _judge(plan, table, [one.name for one in columns], kept.id, gone.id)
    return plan


def parts_of(kept: Person, gone: Person, taken: frozenset[str]) -> list[Part]:
    """Column by column: notes are joined, a yes wins, an empty value yields, and else the kept person's stands."""
    found = []
    for column in inspect(Person).column_attrs:
        name, kind = column.key, column.columns[0].type
        if name in OWN | Person.derived | {"merged_into_id"}:
            continue
        one, other = getattr(kept, name), getattr(gone, name)
        if isinstance(kind, sa.Text):
            found.append(Part(name, one, other, joined(one, other)))
        elif isinstance(kind, sa.Boolean):
            found.append(Part(name, one, other, one or other))
        else:
            differ = one not in (None, "") and other not in (None, "") and one != other
            result = other if (differ and name in taken) or one in (None, "") else one
            found.append(Part(name, one, other, result, differ))
    return found


def counted(person_id: int) -> dict[str, int]:
    """How many rows of each table would move: one question, however many tables there are."""
    asked = [
        select(literal(table.name), func.count()).select_from(table).where(
            sa.or_(*(column == person_id for column in columns)))
        for table, columns in moved().items()
    ]
    return {name: count for name, count in db.session.execute(sa.union_all(*asked)).all() if count}


def _judge(plan: Plan, table: sa.Table, people: list[str], kept: int, gone: int) -> None:
    """What of a table's rows becomes one, and which rows cannot both be one person's."""
    rules = [rule for rule in rules_of(table) if set(people) & set(rule.columns)]
    if not rules and len(people) < 2:
        return
    columns = [one for one in table.columns if not isinstance(one.type, sa.LargeBinary)]
    counts = [literal_column(f"CASE WHEN {rule.counts} THEN 1 ELSE 0 END" if rule.counts else "1").label(f"counts{n}")
              for n, rule in enumerate(rules)]
    mine = sa.or_(*(table.c[name].in_((kept, gone)) for name in people))
    asked = select(*columns, *counts).where(mine).order_by(table.c.id)
    rows: list[Row] = [dict(row._mapping) for row in db.session.execute(asked)]
    rows.sort(key=lambda row: gone in (row[name] for name in people))  # the kept person's own first: they stay
    standing: list[Row] = []
    for row in rows:
        after = row | {name: kept for name in people if row[name] == gone}
        twice = [after[name] for name in people].count(kept) > 1
        if twice and len({row[name] for name in people}) > 1:
            if table is TwoPeople.__table__:
                plan.drop.append((table, row["id"]))
            else:
                plan.obstacles.append(Obstacle(table.name, (row["id"],), own=True))
            continue
        _place(plan, table, people, rules, standing, after)


def _place(
    plan: Plan, table: sa.Table, people: list[str], rules: list[Rule], standing: list[Row], row: Row
) -> None:
    """Set one more row beside those that stand: it is new, or says the same as one of them, or cannot be."""
    for n, other in enumerate(standing):
        met = [rule for place, rule in enumerate(rules) if row[f"counts{place}"] and other[f"counts{place}"]
               and _meet(rule, people, row, other)]
        if not met:
            continue
        one = _united(table, people, other, row)
        if one is None:
            spans = tuple((each["start_date"], each["end_date"]) for each in (other, row)) if "end_date" in row else ()
            plan.obstacles.append(Obstacle(table.name, (other["id"], row["id"]), spans))
            return
        del standing[n]
        plan.drop.append((table, row["id"]))
        if new := {name: one[name] for name in one if one[name] != other[name]}:
            before = [entry for entry in plan.change if entry[:2] == (table, other["id"])]
            plan.change = [entry for entry in plan.change if entry not in before]
            plan.change.append((table, other["id"], (before[0][2] if before else {}) | new))
        _place(plan, table, people, rules, standing, one)  # grown, it may meet a third
        return
    standing.append(row)


def _meet(rule: Rule, people: list[str], row: Row, other: Row) -> bool:
    """Whether a rule forbids the two; two columns of one kind of person, as of a couple, are looked at both."""
    if rule.dated and _couple(people):
        same = bool({row[name] for name in people} & {other[name] for name in people})
    else:
        same = all(row[name] == other[name] for name in rule.columns)
    if not same or not rule.dated:
        return same
    ends = row["end_date"] or date.max, other["end_date"] or date.max
    return bool(row["start_date"] <= ends[1] and other["start_date"] <= ends[0])


def _couple(people: list[str]) -> bool:
    return set(people) == {"first_id", "second_id"}


def _united(table: sa.Table, people: list[str], kept: Row, gone: Row) -> Row | None:
    """One row for two that say the same, for both their days; None when they say different things."""
    if _referred(table):
        return None
    how = UNITED.get(table.name, {})
    spans = {"start_date", "end_date"} if "end_date" in kept else set()
    asked = [name for name in kept if name not in OWN | spans | how.keys() and not name.startswith("counts")]
    if _couple(people):
        asked = [name for name in asked if name not in people]
        if {kept[name] for name in people} != {gone[name] for name in people}:
            return None
    if any(kept[name] != gone[name] for name in asked):
        return None
    one = kept | {name: join(kept[name], gone[name]) for name, join in how.items()}
    if spans:
        ends = (kept["end_date"], gone["end_date"])
        one["start_date"] = min(kept["start_date"], gone["start_date"])
        one["end_date"] = None if None in ends else max(ends)
    return one


# -- the deed -----------------------------------------------------------------------------------------


@action("person.merge")
def merge(
    kept: Person, by: Actor, *, gone: Person, taken: frozenset[str] = frozenset(), seen: str = ""
) -> MergedPerson:
    """`gone` is the same person: everything of it becomes `kept`'s, and no list shows it any more."""
    _hold(kept, gone)
    require(by, "person.merge", gone)
    plan = plan_of(kept, gone, taken)
    if seen and seen != plan.digest:
        raise Refused("person.merge_changed")
    if plan.obstacles:
        raise Refused("person.merge_stands", count=len(plan.obstacles))
    heads = fee.heads_of({kept.id, gone.id})
    _log_ins(kept, gone, plan, by)
    _fill(kept, gone, plan)
    _move(kept.id, gone.id, plan)
    row = MergedPerson(gone_id=gone.id, kept_id=kept.id, at=by.now, user_id=by.user and by.user.id)
    db.session.add(row)
    db.session.flush()
    _rename(kept.id, gone.id, heads)
    db.session.expire_all()
    fee.refresh((heads | fee.heads_of({kept.id})) - {gone.id}, by)
    return row


@action("person.tell_apart")
def tell_apart(person: Person, by: Actor, *, other: Person) -> TwoPeople | None:
    """Somebody has looked: these are two people.  Nobody is asked about them again."""
    if person.id == other.id:
        raise Refused("person.merge_itself")
    require(by, "person.tell_apart", other)
    first, second = sorted((person.id, other.id))
    known = select(TwoPeople).where(TwoPeople.first_id.in_((first, second)), TwoPeople.second_id.in_((first, second)))
    if db.session.scalar(known) is not None:
        return None
    row = TwoPeople(first_id=first, second_id=second, at=by.now)
    db.session.add(row)
    return row


def _hold(kept: Person, gone: Person) -> None:
    """Two who merge the same person at once wait here for one another; the second is told."""
    if kept.id == gone.id:
        raise Refused("person.merge_itself")
    both = select(Person).where(Person.id.in_((kept.id, gone.id))).order_by(Person.id)
    db.session.scalars(both.with_for_update().execution_options(populate_existing=True)).all()
    for one in (kept, gone):
        if one.merged_into_id is not None:
            raise Refused("person.merged_already", name=str(one))


def _log_ins(kept: Person, gone: Person, plan: Plan, by: Actor) -> None:
    if not plan.log_in:
        return
    user = db.session.scalars(select(User).where(User.person_id == gone.id)).one()
    if plan.log_in == "moves":
        user.person_id = kept.id
        return
    user.active, user.person_id = False, None
    db.session.execute(update(UserSession).where(UserSession.user_id == user.id, UserSession.ended.is_(None))
                       .values(ended=by.now).execution_options(synchronize_session=False))
    db.session.flush()


def _fill(kept: Person, gone: Person, plan: Plan) -> None:
    """The person who stays gets what was chosen; the other keeps a name for the journal, and nothing else."""
    for column in inspect(Person).column_attrs:
        if column.columns[0].nullable:
            setattr(gone, column.key, None)
    gone.merged_into_id = kept.id
    db.session.flush()  # an identity code is free before another row takes it
    for part in plan.parts:
        if getattr(kept, part.name) != part.result:
            setattr(kept, part.name, part.result)
    check_identity(kept)
    db.session.flush()


def _move(kept: int, gone: int, plan: Plan) -> None:
    """Set by set; what says the same goes first, so that the database has nothing to refuse."""
    dropped: dict[sa.Table, list[int]] = defaultdict(list)
    for table, id in plan.drop:
        dropped[table].append(id)
    for table, ids in dropped.items():
        db.session.execute(sa.delete(table).where(table.c.id.in_(ids)))
    for table, id, values in plan.change:
        db.session.execute(sa.update(table).where(table.c.id == id).values(**values, version=table.c.version + 1))
    for table, columns in moved().items():
        if table.name not in plan.moves:
            continue
        for column in columns:
            if table is PERSON:
                moving = sa.update(table).where(column == gone, table.c.id != gone)
            else:
                moving = sa.update(table).where(column == gone)
            db.session.execute(moving.values({column.name: kept, "version": table.c.version + 1}))


def _rename(kept: int, gone: int, heads: set[int]) -> None:
    """Where a column of JSON names people by number, as the snapshot of a fee decision does, the number changes."""
    near = heads | {kept}
    for table, columns in references().items():
        for told in table.columns:
            if (renamed := told.info.get("people")) is None:
                continue
            about = sa.or_(*(column.in_(near) for column in columns))
            for id, held in db.session.execute(select(table.c.id, told).where(about)).all():
                if held is not None and (new := renamed(held, gone, kept)) != held:
                    db.session.execute(sa.update(table).where(table.c.id == id).values(
                        {told.name: new, "version": table.c.version + 1}))


def pointing_at(gone: int) -> Iterator[tuple[str, str, int]]:
    """(table, column, rows) of what still points at somebody who has been merged; nothing, when all is well."""
    for table, columns in moved().items():
        for column in columns:
            if count := db.session.scalar(select(func.count()).select_from(table).where(column == gone)):
                yield table.name, column.name, count


def model_of(table: str) -> type[Model] | None:
    """The model behind a table, for words and rights."""
    return next((one.class_ for one in Model.registry.mappers if one.local_table.name == table), None)
