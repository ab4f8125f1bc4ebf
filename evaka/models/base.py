"""What every table has, and the words in which tables speak of time and of families."""

from __future__ import annotations

import enum
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, MetaData, and_, event, false, or_, true
from sqlalchemy.engine import Engine
from sqlalchemy.ext.hybrid import hybrid_method
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Mapper,
    declared_attr,
    make_transient_to_detached,
    mapped_column,
    registry,
)
from sqlalchemy.orm.attributes import manager_of_class, set_committed_value
from sqlalchemy.orm.dependency import DetectKeySwitch
from sqlalchemy.pool import Pool
from sqlalchemy.types import TypeDecorator

from evaka.kit.dates import DateRange
from evaka.kit.turn import Queued
from evaka.kit.workflow import Workflow

HELSINKI = ZoneInfo("Europe/Helsinki")
M = TypeVar("M", bound="Model")


class Moment(TypeDecorator[datetime]):
    """A point in time: stored in UTC on every database, read as Helsinki time."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:  # it would be read by whatever clock the server keeps
            raise ValueError(f"a moment has a zone, {value} has none")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value).astimezone(HELSINKI)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    registry = registry(
        metadata=metadata,
        type_annotation_map={
            enum.Enum: sa.Enum(
                enum.Enum, native_enum=False, create_constraint=False, length=40,
                values_callable=lambda kind: [one.value for one in kind],
            ),
            datetime: Moment(),
        },
    )


db = SQLAlchemy(model_class=Base)

# Whether the connection that begins next means to write: SQLite must then take its lock at once, or two
# people who read before they write would overwrite each other.  Requests that only read say False.
writing: ContextVar[bool] = ContextVar("writing", default=True)


# 16 MB of pages a connection; the rest of the file is read where the system keeps it, once for all processes
QUICK = ("cache_size=-16000", "mmap_size=1073741824", "temp_store=MEMORY")


@event.listens_for(Engine, "connect")
def _prepare(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None  # we say BEGIN ourselves
        # its own lower() knows a to z only: Äijälä would not be found by "äijä"
        connection.create_function("lower", 1, lambda text: text and str(text).lower(), deterministic=True)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON", *QUICK):
            connection.execute(f"PRAGMA {pragma}")
    else:
        connection.execute("SET jit = off")  # for our short questions it takes longer to compile than to answer
        connection.commit()
        connection.prepared_max = 500  # the statements of our pages; beyond 100 one would be forgotten for the other


@event.listens_for(Engine, "do_connect")
def _queue(dialect: sa.Dialect, _record: Any, _given: Any, settings: dict[str, Any]) -> None:
    if dialect.name == "sqlite":
        settings["factory"] = Queued


@event.listens_for(Engine, "begin")
def _begin(connection: sa.Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if not writing.get():
        connection.exec_driver_sql("BEGIN")
        return
    line: Queued = connection.connection.driver_connection  # type: ignore[assignment]
    if not line.wait():
        raise sa.exc.OperationalError("BEGIN IMMEDIATE", None, sqlite3.OperationalError("database is locked"))
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except BaseException:
        line.give()
        raise


@event.listens_for(Pool, "checkout")
def _lend(connection: Any, record: Any, _proxy: Any) -> None:
    """PostgreSQL sees each statement for itself (READ COMMITTED): a reader needs no transaction, and saves two trips.

    What a reader would change all the same is refused, since it would hold at once.
    """
    if type(connection).__module__.startswith("psycopg") and record.info.get("reads", False) is writing.get():
        record.info["reads"] = connection.autocommit = not writing.get()


@event.listens_for(Engine, "before_cursor_execute")
def _only_writers_change(
    connection: sa.Connection, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool
) -> None:
    changes = context is not None and (context.isinsert or context.isupdate or context.isdelete)
    if changes and (connection.info.get("reads") or not writing.get()):
        raise RuntimeError(f"a request that only reads would change rows: {statement[:80]}")


@contextmanager
def reading() -> Iterator[None]:
    """Inside, a transaction that begins does not hold up those who write."""
    before = writing.set(False)
    try:
        yield
    finally:
        writing.reset(before)


@contextmanager
def transaction() -> Iterator[None]:
    """Everything inside is saved together, or nothing is.  Only the edges open one."""
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def begin_to_write() -> None:
    """A request that has only read until now, while nobody waited for it, goes on to change something.

    What it has read keeps its values, as on PostgreSQL, where nobody is kept from saving meanwhile: what must not have
    changed is asked again, and a row that somebody else has saved is refused by its version.
    """
    session = db.session()
    before, session.expire_on_commit = session.expire_on_commit, False
    try:
        session.commit()
    finally:
        session.expire_on_commit = before
    writing.set(True)


def ask(question: sa.Executable, given: dict[str, Any] | None = None) -> sa.CursorResult[Any]:
    """Put a question for columns straight to the connection, where a page asks many: what the session does for whole
    rows is a third of a short question."""
    session = db.session()
    if session.new or session.dirty or session.deleted:
        session.flush()
    return session.connection().execute(question, given or {})


def at_hand(model: type[M], values: Iterable[tuple[str, Any]], **related: Any) -> M:
    """A row out of columns that have just been asked for, as if the session had fetched it: half the work.

    What was not asked for is fetched where it is read.
    """
    session = db.session()
    kept = dict(values)
    row = session.identity_map.get(sa.inspect(model).identity_key_from_primary_key((kept["id"],)))
    if row is not None:  # as it was when the session last saw it
        session.expire(row)
        for name, value in (kept | related).items():
            set_committed_value(row, name, value)
        return row  # type: ignore[no-any-return]
    row = manager_of_class(model).new_instance()
    row.__dict__.update(kept)
    for name, value in related.items():
        set_committed_value(row, name, value)
    make_transient_to_detached(row)
    session.add(row)
    return row  # type: ignore[no-any-return]


class Model(db.Model):  # type: ignore[name-defined, misc]
    """A row.  Two people cannot save the same row at once: `version` counts the saves."""

    __abstract__ = True
    workflow: ClassVar[Workflow[Any] | None] = None
    secret: ClassVar[frozenset[str]] = frozenset()  # columns whose values neither journal nor export must keep
    untold: ClassVar[frozenset[str]] = frozenset()  # columns that the journal names, but whose values it does not keep

    @classmethod
    def feature_name(cls) -> str:
        """The feature a row belongs to is the file that declares it: a Group is of "unit"."""
        return cls.__module__.rpartition(".")[2]

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}

    @classmethod
    def standing(cls) -> ColumnElement[bool]:
        """The rows that anybody at all may see or touch: all, unless a model says otherwise."""
        return true()

    @property
    def stands(self) -> bool:
        """The same of this row."""
        return True

    @classmethod
    def named(cls, sought: str) -> ColumnElement[bool]:
        """The rows that somebody means who types these words to choose one.  Unless a model says so, none."""
        return false()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """The rows that belong to these units today.  Unless a model says so, none do."""
        return false()

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        """The rows that belong to these groups today.  Unless a model says so, none do."""
        return false()

    @classmethod
    def of_units_now(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """As `of_units`, without what a model hides of the past from those who need only the present."""
        return cls.of_units(units, today)

    @classmethod
    def of_groups_now(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.of_groups(groups, today)

    @classmethod
    def of_children(cls, children: sa.Select[Any]) -> ColumnElement[bool]:
        """The rows that are about these children (a select of ids).  Unless a model says so, none are."""
        return false()

    @classmethod
    def of_children_on(cls, children: sa.Select[Any], person_id: int, today: date) -> ColumnElement[bool]:
        """The same for one of their guardians on a day, for what not every guardian is told."""
        return cls.of_children(children)

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        """The rows that are somebody's own.  Unless a model says so, none are."""
        return false()

    @classmethod
    def of_person_on(cls, person_id: int, user_id: int, today: date) -> ColumnElement[bool]:
        """The same on a day, for what is somebody's own only for a time."""
        return cls.of_person(person_id, user_id)


@event.listens_for(Mapper, "after_configured")
def _keys_never_change() -> None:
    """SQLAlchemy looks at each flush whether a key has changed, once for every reference to the table: a third of a
    save.  Ours are numbers that the database gives and nobody changes, so nobody needs to look."""
    for mapper in Model.registry.mappers:
        found = mapper._dependency_processors
        found[:] = [one for one in found if not isinstance(one, DetectKeySwitch)]


@event.listens_for(Mapper, "mapper_configured")
def _remember_old_values(mapper: Mapper[Any], _class: type[Any]) -> None:
    """The journal tells old → new: a column that is written without having been read is read first."""
    for column in mapper.column_attrs:
        mapper.class_manager[column.key].impl.active_history = True


class Dated:
    """A row that holds from `start` to `end`, both included."""

    start: Mapped[date] = mapped_column("start_date")
    end: Mapped[date | None] = mapped_column("end_date")

    @declared_attr.directive
    def __table_args__(cls) -> tuple[CheckConstraint]:
        return (CheckConstraint("start_date <= end_date", name="ends_after_start"),)

    @property
    def period(self) -> DateRange:
        return DateRange(self.start, self.end)

    @hybrid_method
    def on(self, day: date) -> bool:
        return day in self.period

    @on.inplace.expression
    @classmethod
    def _on(cls, day: date) -> ColumnElement[bool]:
        return and_(cls.start <= day, or_(cls.end.is_(None), cls.end >= day))

    @classmethod
    def meets(cls, period: DateRange) -> ColumnElement[bool]:
        """Shares at least one day with the period."""
        begun = or_(cls.end.is_(None), cls.end >= period.start)
        return begun if period.end is None else and_(begun, cls.start <= period.end)


class OfChild:
    """A row about one child."""

    @declared_attr
    def child_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("person.id"), index=True)

    @classmethod
    def named(cls, sought: str) -> ColumnElement[bool]:
        from evaka.models.person import Person  # person stands on base

        return cls.child_id.in_(sa.select(Person.id).where(Person.named(sought)))

    @classmethod
    def of_children(cls, children: sa.Select[Any]) -> ColumnElement[bool]:
        return cls.child_id.in_(children)


EITHER = "|"  # between columns of one part of a rule: what stands in either of them


def keep_apart(model: type[Model], *key: str | tuple[str, ...], where: str | None = None) -> None:
    """No two rows with the same `key` (none: no two at all) share a day: the database itself refuses, under one name
    on both kinds.

    A tuple in `key` are columns of whole numbers in any of which the same one may stand: a person who is the first
    of one couple is not the second of another.  `where` is SQL with `{p}` before each column, for rows that do not
    count (cancelled ones).
    """
    table: sa.Table = model.__table__
    parts = [(one,) if isinstance(one, str) else one for one in key]
    name = "_".join(["ex", table.name, *(column for part in parts for column in part)])

    def value(column: str) -> str:
        """An empty column is a value like any other here: two grants of one role without a unit collide."""
        nothing = "''" if isinstance(table.c[column].type, sa.String) else "0"
        return f"COALESCE({{p}}{column}, {nothing})" if table.c[column].nullable else f"{{p}}{column}"

    same = tuple(EITHER.join(map(value, part)) for part in parts)
    table.info.setdefault("apart", {})[name] = (same, where)
    for dialect, (create, _drop) in apart_ddl(table.name, name, same, where).items():
        for statement in create:
            ddl = sa.DDL(statement.replace("%", "%%")).execute_if(dialect=dialect)
            event.listen(table, "after_create", ddl)


def apart_ddl(
    table: str, name: str, key: tuple[str, ...], where: str | None
) -> dict[str, tuple[list[str], list[str]]]:
    """By dialect, the statements that make and that drop a rule of `keep_apart`; migrations run them too."""
    same = " AND ".join(_same(one) for one in key) or "TRUE"
    counts = f" AND ({where.format(p='p.')}) AND ({where.format(p='NEW.')})" if where else ""
    body = (
        f"SELECT RAISE(ABORT, '{name}') FROM \"{table}\" p WHERE {same} AND p.id <> NEW.id "
        "AND p.start_date <= COALESCE(NEW.end_date, '9999-12-31') "
        f"AND COALESCE(p.end_date, '9999-12-31') >= NEW.start_date{counts} LIMIT 1;"
    )
    keys = "".join(f"{_compared(one)}, " for one in key)
    only = f" WHERE ({where.format(p='')})" if where else ""
    return {
        "sqlite": (
            [f'CREATE TRIGGER {name}_{verb[:3].lower()} AFTER {verb} ON "{table}" BEGIN {body} END'
             for verb in ("INSERT", "UPDATE")],
            [f"DROP TRIGGER IF EXISTS {name}_{verb}" for verb in ("ins", "upd")],
        ),
        "postgresql": (
            ["CREATE EXTENSION IF NOT EXISTS btree_gist",
             f'ALTER TABLE "{table}" ADD CONSTRAINT {name} EXCLUDE USING gist '
             f"({keys}daterange(start_date, end_date, '[]') WITH &&){only}"],
            [f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS {name}'],
        ),
    }


def _same(part: str) -> str:
    """Whether a row `p` and the new one agree in a part of a rule, for a trigger."""
    columns = part.split(EITHER)
    pairs = [f"{one.format(p='p.')} = {other.format(p='NEW.')}" for one in columns for other in columns]
    return pairs[0] if len(pairs) == 1 else f"({' OR '.join(pairs)})"


def _compared(part: str) -> str:
    """A part of a rule for an exclusion constraint; several columns are a set of numbers, and sets may meet."""
    columns = [one.format(p="") for one in part.split(EITHER)]
    if len(columns) == 1:
        return f"({columns[0]}) WITH ="
    alone = ", ".join(f"int4range({one}, {one}, '[]')" for one in columns)
    return f"(int4multirange({alone})) WITH &&"


def keep_spans_apart(model: type[Model], key: str, start: str, end: str, *, day: str | None = None) -> None:
    """No two rows with the same `key` share a minute: what ends at 9.00 does not meet what begins then.

    `start` and `end` are columns: times of day of the column `day`, or without it moments; an empty end is open.
    Refused by the database under one name on both kinds, as by `keep_apart`.
    """
    table: sa.Table = model.__table__
    name = f"ex_{table.name}_{key}"
    table.info["spans"] = {name: (key, start, end, day)}
    for dialect, (create, _drop) in spans_ddl(table.name, name, key, start, end, day).items():
        for statement in create:
            event.listen(table, "after_create", sa.DDL(statement).execute_if(dialect=dialect))


def spans_ddl(
    table: str, name: str, key: str, start: str, end: str, day: str | None
) -> dict[str, tuple[list[str], list[str]]]:
    """By dialect, the statements that make and that drop a rule of `keep_spans_apart`; migrations run them too."""
    same = f"p.{key} = NEW.{key}" + (f" AND p.{day} = NEW.{day}" if day else "")
    last = "'24'" if day else "'9999'"
    body = (
        f"SELECT RAISE(ABORT, '{name}') FROM \"{table}\" p WHERE {same} AND p.id <> NEW.id "
        f"AND p.\"{start}\" < COALESCE(NEW.\"{end}\", {last}) "
        f"AND COALESCE(p.\"{end}\", {last}) > NEW.\"{start}\" LIMIT 1;"
    )
    span = (f'tsrange("{day}" + "{start}", COALESCE("{day}" + "{end}", "{day}" + INTERVAL \'1 day\'))' if day
            else f'tstzrange("{start}", "{end}")')
    return {
        "sqlite": (
            [f'CREATE TRIGGER {name}_{verb[:3].lower()} AFTER {verb} ON "{table}" BEGIN {body} END'
             for verb in ("INSERT", "UPDATE")],
            [f"DROP TRIGGER IF EXISTS {name}_{verb}" for verb in ("ins", "upd")],
        ),
        "postgresql": (
            ["CREATE EXTENSION IF NOT EXISTS btree_gist",
             f'ALTER TABLE "{table}" ADD CONSTRAINT {name} EXCLUDE USING gist ({key} WITH =, {span} WITH &&)'],
            [f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS {name}'],
        ),
    }


def keep_forever(model: type[Model]) -> None:
    """A row of `model` is written once: the database itself refuses to change it or to take it away."""
    table: sa.Table = model.__table__
    table.info["kept"] = True
    for dialect, (create, _drop) in kept_ddl(table.name).items():
        for statement in create:
            event.listen(table, "after_create", sa.DDL(statement).execute_if(dialect=dialect))


def kept_ddl(table: str) -> dict[str, tuple[list[str], list[str]]]:
    """By dialect, the statements that make and that drop the rule of `keep_forever`; migrations run them too."""
    name = f"kept_{table}"
    return {
        "sqlite": (
            [f"CREATE TRIGGER {name}_{verb[:3].lower()} BEFORE {verb} ON \"{table}\" "
             f"BEGIN SELECT RAISE(ABORT, '{name}'); END" for verb in ("UPDATE", "DELETE")],
            [f"DROP TRIGGER IF EXISTS {name}_{verb}" for verb in ("upd", "del")],
        ),
        "postgresql": (
            [f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             f"RAISE EXCEPTION USING MESSAGE = '{name}', ERRCODE = 'restrict_violation', CONSTRAINT = '{name}'; END $$",
             f'CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}" '
             f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"],
            [f'DROP TRIGGER IF EXISTS {name} ON "{table}"'],
        ),
    }


def broken_rule(error: sa.exc.IntegrityError) -> str:
    """The name of the constraint that refused a row, the same on both databases.

    "" for a broken reference and for a column that may not be empty: SQLite names neither.  It names the columns of
    a broken unique rule; the naming convention turns them into the name.
    """
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return "" if diagnosis.sqlstate == "23503" else str(diagnosis.constraint_name or "")
    text = str(error.orig)
    kind, failed, what = text.partition(" constraint failed")
    what = what.removeprefix(": ").strip()
    match kind:
        case "UNIQUE" if what.startswith("index "):
            return what.removeprefix("index ").strip("'")
        case "UNIQUE":
            columns = [column.split(".") for column in what.split(", ")]
            return f"uq_{columns[0][0]}_{'_'.join(column[1] for column in columns)}"
        case "CHECK":
            return what
    return "" if failed else text.strip()
