"""What may not overlap does not, whoever saves at the same moment: every rule of `keep_apart`, on both databases.

Nothing here names a table twice: the rules are those that the tables declare, and rows are made out of their columns.
"""

from __future__ import annotations

from datetime import date
from itertools import count
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from evaka.models.base import Dated, Model, db
from evaka.models.guard import EITHER, broken_rule
from evaka.models.person import Partner
from evaka.texts import LANGUAGES, words
from evaka.views.base import sentence
from tests import factories
from tests.conftest import keep
from tests.rows import some

pytestmark = pytest.mark.usefixtures("database")

RULES = [
    (table, name, where) for table in db.metadata.sorted_tables
    for name, (_same, where) in table.info.get("apart", {}).items()
]
MAY_OVERLAP = {  # tables of rows with days that do not exclude one another, and why
    "unit": "units exist side by side",
    "unit_group": "groups exist side by side",
    "placement_plan": "a plan is one of several thoughts; of an application one is alive, by a unique index",
    "suggested_place": "a suggestion is one of several thoughts; it has an application once, by a unique rule",
    "decision": "a child may be offered a place while it has another; the place is what may not overlap",
    "fee_alteration": "a discount and an increase may hold together",
    "invoice_row": "an invoice has a row for each child and reason",
    "invoice": "a family has one invoice a month, by a unique rule on its first day",
    "payment": "a unit is paid once a month, by a unique rule on its first day",
    "voucher_month": "a month is frozen once, by a unique rule on its first day",
    "absence_application": "a family may ask for days that it has asked for before",
    "event": "events of a unit may meet",
    "questionnaire": "several may be asked at once",
    "questionnaire_option": "periods to choose from may meet",
    "voucher_row": "a child has a row for each part of a month, and corrections of earlier ones",
}
FIRST, LAST = date(2026, 8, 1), date(2027, 7, 31)
numbers = count(1)


def test_every_kind_of_row_with_days_is_kept_apart_or_may_overlap_for_a_reason() -> None:
    dated = {one.local_table.name for one in Model.registry.mappers if issubclass(one.class_, Dated)}
    kept = {table.name for table, _, _ in RULES}
    assert dated - kept == dated & MAY_OVERLAP.keys()
    assert not kept & MAY_OVERLAP.keys()
    assert {
        "placement", "group_placement", "service_need", "head_of_child", "partner", "caretakers", "income", "grant",
        "fee", "assistance_factor", "daycare_assistance", "preschool_assistance", "assistance_action",
        "other_measure", "voucher_coefficient",
    } <= kept


@pytest.mark.parametrize("name", [name for _, name, _ in RULES])
@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_is_refused_is_told_a_sentence(name: str, language: str) -> None:
    assert f"broken.{name}" in words(language)


def value_of(column: sa.Column[Any], connection: sa.Connection) -> Any:
    """Something that the column holds; what points at another table gets a row there."""
    for key in column.foreign_keys:
        return insert(key.column.table, connection)
    return some(column)


def values_of(table: sa.Table, connection: sa.Connection) -> dict[str, Any]:
    """A whole row of a table, without its id."""
    return {
        column.key: value_of(column, connection)
        for column in table.columns
        if not column.primary_key and not column.nullable and column.server_default is None
    } | ({"kind": "municipal"} if table.name == "message_box" else {})


def insert(table: sa.Table, connection: sa.Connection, **given: Any) -> int:
    key = connection.execute(table.insert().values(**(values_of(table, connection) | given))).inserted_primary_key
    assert key is not None
    return int(key[0])


def counting(table: sa.Table, where: str | None, row: dict[str, Any], connection: sa.Connection) -> dict[str, Any]:
    """The row in a state in which the rule counts it."""
    if where is None:
        return row
    for column in table.columns:
        if isinstance(column.type, sa.Enum) and column.type.enum_class and column.key in where:
            for state in column.type.enum_class:
                given = sa.text(where.format(p="")).bindparams()
                asked = sa.select(sa.literal(state.value).label(column.name)).subquery()
                if connection.scalar(sa.select(sa.func.count()).select_from(asked).where(given)):
                    return row | {column.key: state}
    raise AssertionError(f"no state of {table.name} counts in {where}")


def rivals(app: Flask, table: sa.Table, rows: list[dict[str, Any]]) -> list[Exception | None]:
    """Two connections, each with a row not yet saved by the time the other one's comes; what came of each."""
    found: list[Exception | None] = [None, None]
    written, came = Event(), Event()

    def first() -> None:
        with app.app_context(), db.engine.connect() as connection, connection.begin():
            connection.execute(table.insert().values(**rows[0]))
            written.set()
            came.wait(5)
            came.clear()
            came.wait(0.3)  # the other one stands before the database now, and waits for us

    def second() -> None:
        with app.app_context():
            written.wait(5)
            came.set()
            try:
                with db.engine.connect() as connection, connection.begin():
                    connection.execute(table.insert().values(**rows[1]))
            except Exception as raised:
                found[1] = raised

    threads = [Thread(target=first), Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


@pytest.mark.parametrize(("table", "name", "where"), RULES, ids=[name for _, name, _ in RULES])
def test_of_two_who_save_at_the_same_moment_exactly_one_wins(
    app: Flask, table: sa.Table, name: str, where: str | None
) -> None:
    with db.engine.begin() as connection:
        row = counting(table, where, values_of(table, connection), connection)
    one = row | {"start_date": FIRST, "end_date": LAST}
    other = row | {"start_date": LAST, "end_date": date(2028, 7, 31)}  # a single common day
    if "number" in table.c:
        other["number"] = next(numbers)
    won, lost = rivals(app, table, [one, other])
    assert won is None
    assert isinstance(lost, IntegrityError), lost
    assert broken_rule(lost) == name
    assert sentence(lost) == words("fi")[f"broken.{name}"]
    with db.engine.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 1
        connection.execute(table.insert().values(**(other | {"start_date": date(2027, 8, 1)})))  # the day after


@pytest.mark.parametrize(("mine", "theirs"), [("first", "first"), ("first", "second"), ("second", "first"),
                                              ("second", "second")])
def test_nobody_has_two_partners_in_whichever_place_they_stand(mine: str, theirs: str) -> None:
    """Also not as the first of one couple and the second of another; other people and other days are free."""
    me, partner, other = (factories.person() for _ in range(3))
    common = {"start": FIRST, "end": LAST}
    pairs = {"first": "second", "second": "first"}
    factories.save(Partner(**{f"{mine}_id": me.id, f"{pairs[mine]}_id": partner.id}, **common))
    keep()
    row = Partner(**{f"{theirs}_id": me.id, f"{pairs[theirs]}_id": other.id}, **common)
    db.session.add(row)
    with pytest.raises(IntegrityError) as no:
        db.session.flush()
    assert broken_rule(no.value) == "ex_partner_first_id_second_id"
    db.session.rollback()
    factories.save(Partner(first_id=other.id, second_id=factories.person().id, **common))
    factories.save(Partner(**{f"{theirs}_id": me.id, f"{pairs[theirs]}_id": other.id},
                           start=date(2027, 8, 1), end=None))


def test_a_part_of_a_rule_may_be_several_columns() -> None:
    assert any(EITHER in part for table, _, _ in RULES for same, _ in table.info["apart"].values() for part in same)
