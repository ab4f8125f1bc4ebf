"""What happens around every action: five steps in order, one line in the journal, and nothing when it is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from hashlib import sha256
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import ACTIONS, action, next_number, notify, of_model, record, tell
from evaka.actions.document import keep
from evaka.kit.errors import Denied, Refused
from evaka.models.base import Model, db, transaction
from evaka.models.journal import AuditEvent, Counter, Email
from evaka.models.person import Person
from evaka.models.placement import PlacementPlan
from evaka.models.unit import Unit
from evaka.rules.placement import PlanStatus
from tests import factories
from tests.conftest import keep as arranged

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def deed() -> Iterator[Callable[..., Any]]:
    """Register a body as an action for the length of a test."""
    known = dict(ACTIONS)

    def register(key: str, body: Callable[..., Any]) -> Callable[..., Any]:
        ACTIONS.pop(key, None)
        return action(key)(body)

    yield register
    ACTIONS.clear()
    ACTIONS.update(known)


def lines() -> list[AuditEvent]:
    db.session.flush()
    return list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))


def told() -> list[tuple[str, dict[str, Any]]]:
    return [(line.action, line.facts) for line in lines()]


# -- the declaration ------------------------------------------------------------------------------------


def test_the_signature_is_what_the_registry_knows(deed: Any) -> None:
    def body(person: Person, by: Actor, *, start: date, reason: str = "") -> None:
        """It is moved."""

    run = deed("person.move", body)
    known = ACTIONS["person.move"]
    assert (known.feature, known.verb, known.subject, known.run) == ("person", "move", Person, run)
    assert (known.inputs, known.defaults) == ({"start": date, "reason": str}, {"reason": ""})
    assert run.__doc__ == "It is moved."
    assert of_model(Person)[-1] is known
    assert known not in of_model(Unit)


def test_two_actions_of_one_name_are_a_fault(deed: Any) -> None:
    def body(person: Person, by: Actor) -> None: ...

    deed("person.move", body)
    with pytest.raises(ValueError, match=r"two actions are called person\.move"):
        action("person.move")(body)


# -- the five steps ---------------------------------------------------------------------------------------


def test_the_right_the_state_the_move_the_deed_the_line_in_that_order(deed: Any, by: Any) -> None:
    seen: list[Any] = []

    def body(plan: PlacementPlan, by: Actor, *, reason: str) -> str:
        seen.append((plan.status, len(lines())))
        plan.reason = reason
        return "result"

    decline = deed("placement.decline", body)
    plan = factories.plan(factories.application(), status=PlanStatus.PROPOSED)
    stranger, admin = factories.user("director", factories.unit()), factories.user("admin")
    arranged()

    with pytest.raises(Denied):  # the right is asked before the state
        decline(factories.plan(factories.application(), status=PlanStatus.CANCELLED), by(stranger), reason="täynnä")
    assert seen == []
    assert decline(plan, by(admin), reason="täynnä") == "result"
    assert seen == [(PlanStatus.DECLINED, 0)]  # the body meets the new state, and no line yet
    assert [line.action for line in lines()] == ["placement.decline"]


def test_a_line_says_who_did_what_when_to_which_row_and_what_changed(by: Any) -> None:
    plan = factories.plan(factories.application(), status=PlanStatus.PROPOSED)
    director = factories.user("director", plan.unit)
    arranged()
    actor = by(director, "2026-06-02")
    ACTIONS["placement.confirm"].run(plan, actor)
    [line] = lines()
    assert (line.action, line.user_id, line.subject, line.subject_id) == (
        "placement.confirm",
        director.id,
        "placement_plan",
        plan.id,
    )
    assert line.at == actor.now
    assert [f"placement_plan {plan.id}", "status", "proposed", "confirmed"] in line.facts["changes"]


def test_the_line_names_the_person_whose_file_it_is(by: Any) -> None:
    place = factories.placement(factories.child(), date(2026, 1, 1))
    group = factories.group(place.unit)
    arranged()
    ACTIONS["placement.place_in_group"].run(
        place, by(factories.user("director", place.unit)), group=group, start=date(2026, 2, 1)
    )
    line = lines()[-1]
    assert line.person_id == place.child_id
    assert line.facts["group"] == f"unit_group {group.id}"
    assert line.facts["start"] == "2026-02-01"
    assert ["group_placement +", "start", None, "2026-02-01"] in line.facts["changes"]


def test_a_wrong_state_is_refused_and_says_from_which_states_it_goes(by: Any) -> None:
    plan = factories.plan(factories.application(), status=PlanStatus.DRAFT)
    arranged()
    with pytest.raises(Refused) as no, transaction():
        ACTIONS["placement.confirm"].run(plan, by(factories.user("admin")))
    assert (no.value.key, no.value.facts["verb"], no.value.facts["state"]) == (
        "workflow.wrong_state",
        "confirm",
        PlanStatus.DRAFT,
    )
    assert plan.status is PlanStatus.DRAFT
    assert lines() == []


def test_what_is_denied_leaves_nothing_behind(by: Any) -> None:
    plan = factories.plan(factories.application(), status=PlanStatus.PROPOSED)
    stranger = factories.user("director", factories.unit())
    arranged()
    with pytest.raises(Denied), transaction():
        ACTIONS["placement.confirm"].run(plan, by(stranger))
    assert plan.status is PlanStatus.PROPOSED
    assert lines() == []


def test_a_refusal_in_the_middle_takes_everything_back(deed: Any, by: Any) -> None:
    def body(plan: PlacementPlan, by: Actor) -> None:
        plan.reason = "half"
        factories.unit("half")
        notify(plan.application.guardian_id, "half", by)
        record("placement.half", plan, by, {})
        raise Refused("placement.not_checked", child="x")

    confirm = deed("placement.confirm", body)
    plan = factories.plan(factories.application(), status=PlanStatus.PROPOSED)
    admin = factories.user("admin")
    arranged()
    with pytest.raises(Refused), transaction():
        confirm(plan, by(admin))
    assert (plan.status, plan.reason) == (PlanStatus.PROPOSED, "")
    assert db.session.scalar(select(Unit.id).where(Unit.name == "half")) is None
    assert db.session.scalar(select(Email.id)) is None
    assert lines() == []
    factories.unit("whole")
    with transaction():  # nothing of it is told by the next line either
        record("unit.create", None, by(admin), {})
    assert "half" not in str(told())


def test_an_action_within_an_action_has_its_own_line_and_its_own_facts(deed: Any, by: Any) -> None:
    def inner(unit: Unit, by: Actor, *, phone: str) -> None:
        unit.phone = phone

    def outer(person: Person, by: Actor, *, letter: str, unit: Unit) -> None:
        person.phone = "1"
        tell(length=len(letter))
        run_inner(unit, by, phone="2")

    run_inner, run_outer = deed("unit.ring", inner), deed("person.write", outer)
    person, unit = factories.person(phone="0"), factories.unit(phone="0")
    admin = factories.user("admin")
    arranged()
    run_outer(person, by(admin), letter="secret words", unit=unit)
    [first, second] = told()
    assert (first[0], first[1]["phone"]) == ("unit.ring", "2")
    assert [f"unit {unit.id}", "phone", "0", "2"] in first[1]["changes"]
    assert second == ("person.write", {"length": 12})
    assert "secret words" not in str(told())


# -- what a line tells -----------------------------------------------------------------------------------------


def test_every_changed_column_is_told_old_and_new_and_nothing_else(by: Any) -> None:
    person = factories.person(first_name="Maija", phone="1")
    arranged()
    person.first_name, person.phone, person.email = "Maija", None, "m@example.fi"
    old_email = f"p{person.last_name[4:]}@example.fi"
    record("person.edit", person, by(), {})
    [(_, facts)] = told()
    assert sorted(facts["changes"]) == [
        [f"person {person.id}", "email", old_email, "m@example.fi"],
        [f"person {person.id}", "phone", "1", None],
    ]


def test_the_old_value_is_told_though_the_row_was_not_looked_at_first(by: Any) -> None:
    unit = factories.unit(phone="old")
    arranged()  # which forgets what was read
    unit.phone = "new"
    record("unit.edit", unit, by(), {})
    assert [f"unit {unit.id}", "phone", "old", "new"] in told()[0][1]["changes"]


def test_two_changes_of_one_column_are_both_told(by: Any) -> None:
    unit = factories.unit(phone="1")
    arranged()
    assert unit.phone == "1"
    for phone in ("2", "3"):
        unit.phone = phone
        db.session.flush()
    record("unit.edit", unit, by(), {})
    assert [change[2:] for change in told()[0][1]["changes"]] == [["1", "2"], ["2", "3"]]


def test_a_row_that_was_deleted_is_told_by_its_name(by: Any) -> None:
    place = factories.placement(factories.child(), date(2026, 8, 1))
    arranged()
    name = str(place)
    db.session.delete(place)
    record("placement.delete", None, by(), {})
    assert [f"placement {place.id}", "", name, None] in told()[0][1]["changes"]


def test_secrets_are_told_to_have_changed_but_not_what_they_are(by: Any) -> None:
    user = factories.user("admin", password_hash="$argon2$one")
    arranged()
    user.password_hash, user.name = "$argon2$two", "Anna"
    record("user.edit", user, by(), {})
    changes = told()[0][1]["changes"]
    assert [f"user {user.id}", "password_hash", "…", "…"] in changes
    assert "argon" not in str(told())


def test_the_bytes_of_a_paper_are_not_copied_into_the_journal(by: Any) -> None:
    person = factories.person()
    arranged()
    paper = keep(person.id, "decision", by(), name="Päätös", language="fi", content=b"%PDF-secret")
    record("decision.send", None, by(), {})
    assert "PDF-secret" not in str(told())
    assert paper.digest == sha256(b"%PDF-secret").hexdigest()
    assert (paper.person_id, paper.made_at) == (person.id, by().now)


def test_facts_are_kept_as_json_has_them(by: Any) -> None:
    unit = factories.unit()
    arranged()
    record(
        "unit.edit",
        unit,
        by(),
        {
            "day": date(2026, 8, 1),
            "share": Decimal("0.50"),
            "states": {PlanStatus.DRAFT},
            "unit": unit,
            "paper": b"1234",
            "names": ("a", "b"),
            "nothing": None,
            "fixed": frozenset({"b", "a"}),
        },
    )
    db.session.flush()
    db.session.expire_all()
    assert told() == [
        (
            "unit.edit",
            {
                "day": "2026-08-01",
                "share": "0.50",
                "states": ["draft"],
                "unit": f"unit {unit.id}",
                "paper": "4 bytes",
                "names": ["a", "b"],
                "nothing": None,
                "fixed": ["a", "b"],
            },
        )
    ]


# -- no hole in the journal --------------------


@pytest.mark.parametrize("change", ["new", "changed", "deleted"])
def test_a_change_that_nobody_recorded_stops_the_commit(change: str) -> None:
    unit = factories.unit("before")
    arranged()
    with pytest.raises(RuntimeError, match="no line in the journal"), transaction():
        if change == "new":
            factories.unit("new")
        elif change == "changed":
            unit.name = "after"
        else:
            db.session.delete(unit)
    assert list(db.session.scalars(select(Unit.name))) == ["before"]


def test_a_change_after_the_last_line_stops_the_commit(by: Any) -> None:
    unit = factories.unit("before")
    arranged()
    with pytest.raises(RuntimeError, match="no line in the journal"), transaction():
        unit.phone = "1"
        record("unit.edit", unit, by(), {})
        unit.name = "after"
    assert unit.name == "before"
    assert lines() == []


def test_what_keeps_a_journal_of_its_own_needs_no_line(by: Any) -> None:
    person = factories.person()
    arranged()
    with transaction():
        notify(person.id, "decision_sent", by())
    [email] = db.session.scalars(select(Email))
    assert (email.made_at, email.next_try, email.sent_at) == (by().now, by().now, None)


# -- numbers without gaps --------------------


def test_numbers_follow_each_other_in_each_series() -> None:
    assert [next_number("fee"), next_number("fee"), next_number("invoice")] == [1, 2, 1]


def test_a_number_that_was_not_used_is_given_again() -> None:
    arranged()
    with transaction():
        assert next_number("fee") == 1
    with pytest.raises(Refused), transaction():
        assert next_number("fee") == 2
        raise Refused("fee.not_drafted")
    with transaction():
        assert next_number("fee") == 2


def numbers_at_once(app: Flask, each: int) -> list[int]:
    found: list[int] = []
    troubles: list[Exception] = []
    start = Barrier(2)

    def take() -> None:
        with app.app_context():
            start.wait(10)
            try:
                for n in range(each):
                    try:
                        with transaction():
                            taken = next_number("decision")
                            if n % 3 == 2:
                                raise Refused("decision.not_drafted")
                        found.append(taken)
                    except Refused:
                        pass
            except Exception as raised:
                troubles.append(raised)
            finally:
                db.session.remove()

    threads = [Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert troubles == []
    return sorted(found)


def test_two_who_take_numbers_at_the_same_time_get_each_once_and_leave_no_gap(app: Flask) -> None:
    arranged()  # the series does not exist yet: both begin it
    taken = numbers_at_once(app, 9)
    assert taken == list(range(1, 13))
    db.session.expire_all()
    assert db.session.scalars(select(Counter.last)).one() == 12


@pytest.mark.parametrize("key", sorted(ACTIONS))
def test_an_action_is_named_by_its_feature_and_is_about_a_row(key: str) -> None:
    assert issubclass(ACTIONS[key].subject, Model)
    rooms = ACTIONS[key].run.__module__.split(".")[2:]  # the feature, and the part of it that has a name of its own
    assert ACTIONS[key].feature.removeprefix("my_") in rooms or ACTIONS[key].subject.workflow is not None
