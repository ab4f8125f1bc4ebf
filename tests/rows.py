"""A row of every kind of which somebody is the person: made from the tables themselves, so that none is forgotten."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import sqlalchemy as sa

from evaka.models.base import Model, Moment, db
from evaka.models.booking import PatternType
from evaka.models.person import Person
from evaka.models.unit import WeekType
from evaka.rules.booking import Pattern, Span
from evaka.rules.unit import Week
from tests.conftest import NOON

running = count(1)
KINDS: dict[str, dict[str, Any]] = {  # where a value follows from others, or must be one that the program reads
    "fee": {"facts": {"head": 0, "partner": None, "lines": []}, "status": "annulled"},
    "audit_event": {"facts": {}},
    "invoice": {"status": "replaced"},
    "unit": {"preschool_start": time(8), "preschool_end": time(12), "open_on_holidays": False},
    "ledger_item": {"payment_id": None},  # an invoice or a payment
    "message_box": {"kind": "personal", "group_id": None},
    "message_folder": {"box_id": None}, "thread_member": {"box_id": None}, "post": {"box_id": None},
    "email": {"user_id": None},  # to somebody who is a person, or a user
    "staff_presence": {"name": ""},  # of a user, or of somebody from outside by name
    "shift": {"finish": NOON + timedelta(hours=1)},
    "day_note": {"slept": 30},
    "booking": {"begins": time(8), "ends": time(16)},
    "holiday_period": {"opens": date(2023, 11, 1), "closes": date(2023, 12, 1)},
    "event_guest": {"group_id": None},  # a group or a child
    "discussion_time": {"begins": time(8), "ends": time(9)},
    "voucher": {
        "value": 900_00, "co_payment": 100_00, "final_co_payment": 100_00, "status": "annulled",
        "facts": {
            "child": 0, "family": {"head": 0, "partner": None, "lines": []}, "value": None, "differences": [],
        },
    },
}


def row_of_every_kind(person: Person, metadata: sa.MetaData) -> dict[str, int]:
    """The ids by table; each column that points at a person points at this one, the second of a kind at another."""
    db.session.flush()
    made: dict[str, int] = {"person": person.id}
    models: dict[str, Any] = {one.class_.__tablename__: one.class_ for one in Model.registry.mappers}
    other = Person(first_name="Toinen", last_name="Ihminen", born=date(1980, 1, 1), street="Muiden tie 1",
                   identity_code="010180-900H", phone="09 000 111")
    db.session.add(other)
    db.session.flush()
    for table in metadata.sorted_tables:
        if table.name in made or table.name not in models:
            continue
        values: dict[str, Any] = {}
        pointed = False
        for column in table.columns:
            if column.name in ("id", "version"):
                continue
            key = next(iter(column.foreign_keys), None)
            if key is not None and key.column.table.name == "person":
                values[column.name] = other.id if pointed or column.name == "gone_id" else person.id
                pointed = pointed or values[column.name] == person.id
            elif key is not None and column.name in KINDS.get(table.name, {}):
                values[column.name] = KINDS[table.name][column.name]
            elif key is not None:
                values[column.name] = made.get(key.column.table.name)
            else:
                values[column.name] = some(column)
        if "end_date" in values:
            values["start_date"], values["end_date"] = date(2024, 1, 1), date(2024, 12, 31)
        if "number" in values:
            values["number"] = next(running)
        statement = table.insert().values(**values).returning(table.c.id)
        made[table.name] = db.session.execute(statement).scalar_one()
    return made


def some(column: sa.Column[Any]) -> Any:
    """Something that a column holds which points at no other table."""
    kind = column.type
    if (held := KINDS.get(column.table.name, {}).get(column.name)) is not None or isinstance(kind, WeekType):
        return Week.of(time(7), time(17)) if held is None else held
    if isinstance(kind, PatternType):
        return Pattern.of([Span(time(8), time(16))], {1, 2, 3, 4, 5})
    if isinstance(kind, Moment):
        return NOON
    if isinstance(kind, sa.Enum):
        return next(iter(kind.enum_class or ()))
    if isinstance(kind, sa.JSON):
        return []
    if isinstance(kind, sa.LargeBinary):
        return b"x"
    if isinstance(kind, sa.Boolean):
        return True
    python = kind.python_type
    text = f"{column.name} {next(running)}"[: getattr(kind, "length", None)]
    found: dict[type, Any] = {date: date(2024, 6, 1), datetime: NOON, time: time(8), int: next(running),
                              Decimal: Decimal(1), str: text}
    return found[python]
