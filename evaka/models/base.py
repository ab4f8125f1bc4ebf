"""What every table has, and the words in which tables speak of time and of families."""

from __future__ import annotations

import enum
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, MetaData, and_, event, false, or_, true
from sqlalchemy.dialects.postgresql import ARRAY
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
from sqlalchemy.types import TypeDecorator

from evaka.kit.dates import DateRange
from evaka.kit.workflow import Workflow
from evaka.models.connection import writing

HELSINKI = ZoneInfo("Europe/Helsinki")
M = TypeVar("M", bound="Model")
FEW = 60  # ids, beyond which a question takes them for a table


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
        return None if value is None else by_helsinki(value)


def by_helsinki(kept: datetime) -> datetime:
    """A point in time as the database keeps it, by the clock of Helsinki."""
    return (kept.replace(tzinfo=UTC) if kept.tzinfo is None else kept).astimezone(HELSINKI)


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


def one_of(column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """What `in_` says, as one statement for any number of ids.

    PostgreSQL keeps the plan of a statement, which would be another one for each number, so that a short list would
    be planned again and again; on either database many parameters take longer to name than to find.
    """
    postgres = db.engine.dialect.name == "postgresql"
    if len(ids) <= FEW and not postgres:
        return column.in_(ids)  # type: ignore[no-any-return]
    if not postgres:
        listed = sa.func.json_each(json.dumps(list(ids))).table_valued("value")
        return column.in_(sa.select(listed.c.value))  # type: ignore[no-any-return]
    array = sa.literal(list(ids), ARRAY(sa.Integer))
    if len(ids) <= FEW:
        return column == sa.any_(array)  # type: ignore[no-any-return]
    return column.in_(sa.select(sa.func.unnest(array)))  # type: ignore[no-any-return]


def one_of_given(column: Any, name: str) -> ColumnElement[bool]:
    """The same in a statement that is put together once: the ids are given with it as `name`, a list."""
    if db.engine.dialect.name == "postgresql":
        return column == sa.any_(sa.bindparam(name, type_=ARRAY(sa.Integer)))  # type: ignore[no-any-return]
    return column.in_(sa.bindparam(name, expanding=True))  # type: ignore[no-any-return]


AND, NEXT = "\x1f", "\x1e"  # between the columns of a row, and between rows; what people type holds neither


def as_text(*columns: Any) -> sa.Function[str]:
    """Rows as one text, for what is the same from page to page and need be read only when it is another one.

    `rows_of_text` takes it apart again: an empty column is "", a day 2026-08-01.
    """
    first, *others = map(_written, columns)
    for one in others:
        first = first + sa.literal(AND) + one
    return sa.func.aggregate_strings(first, NEXT)


def _written(column: Any) -> ColumnElement[str]:
    is_text = isinstance(column.type, sa.String | sa.Date)  # SQLite keeps days as texts, PostgreSQL joins them as such
    written = sa.type_coerce(column, sa.String) if is_text else sa.cast(column, sa.String)
    return sa.func.coalesce(written + sa.literal(""), sa.literal(""))


def rows_of_text(text: str) -> list[tuple[str, ...]]:
    """The rows of `as_text`, in no order."""
    return [tuple(row.split(AND)) for row in text.split(NEXT)]


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
def _spare_each_flush() -> None:
    """What SQLAlchemy does at each flush for cases that we do not have.

    It looks whether a key has changed, once for every reference to the table, a third of a save: ours are numbers
    that the database gives and nobody changes.  And because the database has a default for `version`, for rows that
    are inserted without the session, it makes each UPDATE anew to ask for one that it has just given itself.
    """
    for mapper in Model.registry.mappers:
        found = mapper._dependency_processors
        found[:] = [one for one in found if not isinstance(one, DetectKeySwitch)]
        mapper._version_id_has_server_side_value = False


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
