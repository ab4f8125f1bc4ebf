"""Several questions about one row in one statement: what comes back is what stands in the database."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from sqlalchemy import Numeric, case, cast, false, null, select, true

from evaka.models.base import HELSINKI, db
from evaka.models.decision import Decision
from evaka.models.person import Person, Pickup
from evaka.models.placement import Placement
from evaka.models.presence import Presence
from evaka.models.user import User
from evaka.rules.placement import CareType
from evaka.views.base.together import ROW, TODAY, Questions
from tests import factories
from tests.conftest import statements

pytestmark = pytest.mark.usefixtures("database")


def test_columns_come_back_as_they_were_and_in_their_order() -> None:
    child, unit = factories.child(born=date(2022, 5, 1), last_name="Ääri"), factories.unit()
    for start, end in ((date(2025, 8, 1), date(2025, 12, 31)), (date(2026, 1, 1), date(2026, 7, 31))):
        factories.placement(child, start, end)
    db.session.add(Presence(child=child, unit=unit, day=date(2026, 1, 7), arrived=time(8, 5), automatic=False))
    db.session.flush()
    asked = Questions(
        places=select(Placement.start, Placement.end, Placement.care_type).where(Placement.child_id == ROW)
        .order_by(Placement.start.desc()),
        last=select(Placement.id, case((Placement.end < TODAY, true()), else_=false()).label("over"))
        .where(Placement.child_id == ROW).order_by(Placement.start.desc()).limit(1),
        child=select(Person.last_name, Person.deceased).where(Person.id == ROW),
        there=select(Presence.arrived, Presence.left, Presence.automatic).where(Presence.child_id == ROW),
    )
    with statements() as sent:
        found = asked.answers(row=child.id, today=date(2026, 8, 1))
    assert len([one for one in sent if not one.startswith("BEGIN")]) == 1
    assert found["places"] == [
        (date(2026, 1, 1), date(2026, 7, 31), CareType.DAYCARE),
        (date(2025, 8, 1), date(2025, 12, 31), CareType.DAYCARE)]
    assert found["places"][0].care_type is CareType.DAYCARE
    assert [one.over for one in found["last"]] == [True]
    assert found["child"] == [("Ääri", None)]
    assert found["there"] == [(time(8, 5), None, False)]


@pytest.mark.parametrize("at", [
    datetime(2026, 7, 1, 9, 30, tzinfo=HELSINKI), datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=HELSINKI),
    datetime(2026, 10, 25, 3, 30, fold=1, tzinfo=HELSINKI),
])
def test_a_moment_comes_back_as_the_same_moment(at: datetime) -> None:
    user = factories.user("admin", last_login=at)
    [one] = Questions(seen=select(User.last_login).where(User.id == ROW)).answers(row=user.id)["seen"]
    assert one.last_login == at
    assert one.last_login.utcoffset() == at.utcoffset()


def test_rows_are_the_sessions_own_and_nothing_is_asked_where_there_is_none() -> None:
    child = factories.child()
    asked = Questions(
        pickups=select(Pickup).where(Pickup.child_id == ROW),
        decisions=select(Decision).where(Decision.child_id == ROW),
        names=select(Pickup.name).where(Pickup.child_id == ROW))
    assert asked.answers(row=child.id) == {"pickups": [], "decisions": [], "names": []}
    pickup = factories.pickup(child, name="Väinö Naapuri")
    with statements() as sent:
        found = asked.answers(row=child.id)
    assert len([one for one in sent if not one.startswith("BEGIN")]) == 2  # which there are, with the names; the row
    assert found == {"pickups": [pickup], "decisions": [], "names": [("Väinö Naapuri",)]}


def test_what_json_would_change_is_a_fault_of_whoever_asks() -> None:
    with pytest.raises(TypeError, match="does not come back"):
        Questions(sums=select(cast(null(), Numeric(10, 2)).label("sum")))
