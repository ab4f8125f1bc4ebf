"""Tables that the city's own staff has written over those of its files: drafted, approved, in force from a day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ForeignKey, Select, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka import city
from evaka.models.base import Model, db
from evaka.models.user import User
from evaka.rules.city import CITY_TABLE, TableStatus


class CityTable(Model):
    """A version of one table of one file.  Of those published the last one whose day has come holds."""

    __tablename__ = "city_table"
    __table_args__ = (sa.Index("ix_city_table_status_start", "status", "start_date"),)
    workflow = CITY_TABLE

    file: Mapped[str] = mapped_column(sa.String(40))  # roles, fees, …: the file's name without its ending
    table: Mapped[str] = mapped_column(sa.String(80))
    content: Mapped[str] = mapped_column(sa.Text)  # TOML; "": the table of the files holds again
    start: Mapped[date] = mapped_column("start_date")
    reason: Mapped[str] = mapped_column(sa.Text)
    status: Mapped[TableStatus] = mapped_column(default=TableStatus.DRAFT)
    writer_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    proposed_at: Mapped[datetime | None]  # somebody else is asked to look at it
    publisher_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    published_at: Mapped[datetime | None]

    writer: Mapped[User | None] = relationship(foreign_keys="CityTable.writer_id")
    publisher: Mapped[User | None] = relationship(foreign_keys="CityTable.publisher_id")

    def __str__(self) -> str:
        return f"{self.file}, {self.table}"


def in_force(day: date) -> Select[CityTable]:
    """The published versions whose day has come, those that hold last."""
    return (
        select(CityTable).where(CityTable.status == TableStatus.PUBLISHED, CityTable.start <= day)
        .order_by(CityTable.start, CityTable.published_at, CityTable.id)
    )


_STATE = select(
    func.count().label("many"), func.max(CityTable.id).label("last"), func.max(CityTable.published_at).label("at")
).where(CityTable.status == TableStatus.PUBLISHED, CityTable.start <= sa.bindparam("day", type_=sa.Date))
# a count and a number tell whether there is news; another question may ask this along, with a `day`
STAMP = _STATE.subquery("stamp")


def lay_over(day: date, stamp: tuple[Any, ...] | None = None) -> bool:
    """Let what is published hold in this process too; whether there was news.  `stamp`: as read along with a row."""
    if stamp is None:
        stamp = tuple(db.session.execute(_STATE, {"day": day}).one())
    if stamp == (city.stamp() or (0, None, None)):
        return False
    tables: dict[str, dict[str, Any]] = {}
    names: dict[tuple[str, str], str] = {}
    for row in db.session.scalars(in_force(day)):
        if row.content:
            tables.setdefault(row.file, {})[row.table] = city.parsed(row.content, row.table)
            names[row.file, row.table] = f"{row.file}.toml, version {row.id}"
        else:
            tables.get(row.file, {}).pop(row.table, None)
            names.pop((row.file, row.table), None)
    city.lay_over(city.Layer(stamp, tables, names))
    return True
