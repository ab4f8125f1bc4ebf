"""Who may do what to which rows: each reach is a condition in SQL, and only a grant that holds today opens it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from evaka import city
from evaka.access import Actor, NeedsStrong, Rights, may, permitted, reaches, require, require_any, within
from evaka.kit.errors import ConfigMistake, Denied
from evaka.models.base import Model, db
from evaka.models.decision import Decision
from evaka.models.document import Document
from evaka.models.person import Guardian, Person
from evaka.models.placement import Placement
from evaka.models.unit import Area, Group, Unit
from evaka.models.user import Grant, User
from tests import factories

ROLES = """
[chief]
"*" = "all"
[head]
"placement.view" = "unit"
"placement.*" = "unit"
"user.own" = "own"
[nurse]
"placement.view" = "group"
"person.view" = "group"
[parent]
"placement.view" = "own_child"
"person.view" = ["own", "own_child"]
"user.own" = "own"
[both]
"placement.view" = ["unit", "own_child"]
[odd]
"placement.view" = "planet"
[odder]
"placement.view" = 5
"""


@pytest.fixture
def roles(database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A city in which nothing but these roles is written."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "roles.toml").write_text(ROLES, encoding="utf-8")
    monkeypatch.setattr(city, "CONFIG", tmp_path)
    city.choose("base")
    yield
    monkeypatch.undo()
    city.choose("harjula")


def seen(by: Actor, key: str, model: type[Model]) -> set[int]:
    return set(db.session.scalars(select(model.id).where(within(by, key, model))))


@pytest.fixture
def two(roles: None) -> tuple[Placement, Placement]:
    """Two children, each in a group of a unit."""
    return places()


def places() -> tuple[Placement, Placement]:
    found = []
    for _ in range(2):
        unit = factories.unit()
        place = factories.placement(factories.child(), date(2026, 1, 1), unit=unit)
        factories.in_group(place, factories.group(unit))
        found.append(place)
    return found[0], found[1]


# -- the roles' table -----------------------------------------------------------------------------------


def test_several_patterns_of_a_role_add_up(roles: None) -> None:
    assert reaches("chief", "anything.at_all") == {"all"}
    assert reaches("head", "placement.confirm") == {"unit"}
    assert reaches("head", "placementview") == set()
    assert reaches("head", "Placement.view") == set()
    assert reaches("parent", "person.view") == {"own", "own_child"}


def test_nobody_knows_the_role_so_it_may_nothing(two: Any, by: Any) -> None:
    actor = by(factories.user("wizard"))
    assert reaches("wizard", "placement.view") == set()
    assert seen(actor, "placement.view", Placement) == set()
    assert not may(actor, "placement.view")


@pytest.mark.parametrize("role", ["odd", "odder"])
def test_a_reach_that_nobody_knows_opens_nothing_and_is_told(two: Any, by: Any, role: str) -> None:
    with pytest.raises(ConfigMistake, match=r"roles.toml, \[odde?r?\]: .* is no reach. Use one of all, unit, group"):
        within(by(factories.user(role)), "placement.view", Placement)


# -- each reach -----------------------------------------------------------------------------------------


def test_all_is_every_row(two: Any, by: Any) -> None:
    assert seen(by(factories.user("chief")), "placement.view", Placement) == {row.id for row in two}


def test_unit_is_the_rows_of_the_granted_unit(two: Any, by: Any) -> None:
    here, _ = two
    assert seen(by(factories.user("head", here.unit)), "placement.view", Placement) == {here.id}


def test_a_unit_role_without_a_unit_reaches_nothing(two: Any, by: Any) -> None:
    actor = by(factories.user("head"))
    assert seen(actor, "placement.view", Placement) == set()
    assert may(actor, "placement.view")  # the page opens, and is empty


def test_group_is_the_rows_of_the_granted_group(two: Any, by: Any) -> None:
    here, _ = two
    group = here.groups[0].group
    actor = by(factories.user("nurse", here.unit, group))
    assert seen(actor, "placement.view", Placement) == {here.id}
    child_and_guardian = {here.child_id, here.child.guardians[0].id}
    assert seen(actor, "person.view", Person) == child_and_guardian


def test_a_group_role_given_for_a_unit_alone_reaches_nothing(two: Any, by: Any) -> None:
    here, _ = two
    assert seen(by(factories.user("nurse", here.unit)), "placement.view", Placement) == set()


def test_own_child_is_the_rows_about_the_guardians_children(two: Any, by: Any) -> None:
    here, _ = two
    guardian = here.child.guardians[0]
    actor = by(factories.user("parent", person=guardian))
    assert seen(actor, "placement.view", Placement) == {here.id}
    assert seen(actor, "person.view", Person) == {here.child_id, guardian.id}


def test_a_blocked_guardian_sees_nothing_of_the_child(two: Any, by: Any) -> None:
    here, _ = two
    guardian = here.child.guardians[0]
    db.session.scalars(select(Guardian).where(Guardian.guardian_id == guardian.id)).one().blocked = True
    actor = by(factories.user("parent", person=guardian))
    assert seen(actor, "placement.view", Placement) == set()
    assert seen(actor, "person.view", Person) == {guardian.id}


def test_own_is_the_user_also_for_staff_who_are_nobodys_guardian(two: Any, by: Any) -> None:
    users = [factories.user("head"), factories.user("parent", person=factories.person())]
    for user in users:
        assert seen(by(user), "user.own", User) == {user.id}


def test_own_child_of_staff_without_a_person_is_nothing(two: Any, by: Any) -> None:
    assert seen(by(factories.user("parent")), "placement.view", Placement) == set()
    assert seen(by(factories.user("parent")), "person.view", Person) == set()


def test_the_reaches_of_several_grants_are_ored(two: Any, by: Any) -> None:
    here, there = two
    user = factories.user("both", here.unit, person=there.child.guardians[0])
    assert seen(by(user), "placement.view", Placement) == {here.id, there.id}


def test_two_units_of_one_role_are_both_seen(two: Any, by: Any) -> None:
    here, there = two
    user = factories.user("head", here.unit)
    factories.save(Grant(user=user, role="head", unit_id=there.unit_id, start=date(2026, 1, 1), end=None))
    assert seen(by(user), "placement.view", Placement) == {here.id, there.id}


def test_a_model_that_says_nothing_of_units_is_closed_to_unit_roles(two: Any, by: Any, monkeypatch: Any) -> None:
    here, _ = two
    actor = by(factories.user("both", here.unit, person=here.child.guardians[0]))
    assert db.session.scalars(select(Area.id)).all()
    assert seen(actor, "placement.view", Area) == set()


# -- grants in time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "holds"),
    [
        (date(2026, 1, 1), None, True),
        (date(2026, 6, 1), date(2026, 6, 1), True),  # both ends are included
        (date(2026, 1, 1), date(2026, 5, 31), False),
        (date(2026, 6, 2), None, False),
    ],
)
def test_a_grant_holds_from_its_first_day_to_its_last(
    two: Any, by: Any, start: date, end: date | None, holds: bool
) -> None:
    user = factories.user("chief")
    [grant] = user.grants
    grant.start, grant.end = start, end
    db.session.flush()
    actor = by(user, "2026-06-01")
    assert bool(seen(actor, "placement.view", Placement)) is holds
    assert may(actor, "placement.view") is holds


def test_a_user_who_was_closed_may_nothing_at_once(two: Any, by: Any) -> None:
    user = factories.user("chief", active=False)
    assert seen(by(user), "placement.view", Placement) == set()
    assert not may(by(user), "placement.view")


# -- the questions asked of it --------------------


def test_permitted_are_those_of_the_rows_that_are_within(two: Any, by: Any) -> None:
    here, there = two
    actor = by(factories.user("head", here.unit))
    assert permitted(actor, "placement.confirm", Placement, {here.id, there.id, 999_999}) == {here.id}
    assert permitted(actor, "placement.confirm", Placement, set()) == set()
    assert permitted(actor, "decision.send", Placement, {here.id}) == set()


def test_require_lets_through_or_denies_with_the_key(two: Any, by: Any) -> None:
    here, there = two
    actor = by(factories.user("head", here.unit))
    require(actor, "placement.confirm", here)
    with pytest.raises(Denied) as no:
        require(actor, "placement.confirm", there)
    assert (no.value.status, no.value.facts) == (403, {"action": "placement.confirm"})
    require_any(actor, "placement.confirm")
    with pytest.raises(Denied):
        require_any(actor, "decision.send")


def test_require_judges_a_new_row_by_where_it_was_put(two: Any, by: Any) -> None:
    here, there = two
    actor = by(factories.user("head", here.unit))
    for place, fits in ((here, True), (there, False)):
        row = Placement(
            child_id=place.child_id,
            unit_id=place.unit_id,
            care_type=place.care_type,
            start=date(2025, 1, 1),
            end=date(2025, 12, 31),
        )
        db.session.add(row)
        if fits:
            require(actor, "placement.create", row)
        else:
            with pytest.raises(Denied):
                require(actor, "placement.create", row)


def test_a_row_that_was_never_added_is_nobodys(two: Any, by: Any) -> None:
    here, _ = two
    row = Placement(child_id=here.child_id, unit_id=here.unit_id, care_type=here.care_type, start=date(2025, 1, 1))
    with pytest.raises(Denied):
        require(by(factories.user("chief")), "placement.create", row)


def test_the_nightly_jobs_may_everything(two: Any, by: Any) -> None:
    assert seen(by(None), "placement.view", Placement) == {row.id for row in two}
    assert may(by(None), "anything")
    require(by(None), "anything", two[0])


# -- the models' own reaches, with the city's own roles --------------------


def test_a_director_sees_the_children_of_the_unit_for_a_month_after_they_have_left(database: None, by: Any) -> None:
    unit = factories.unit()
    gone, leaving, coming = (factories.child() for _ in range(3))
    factories.placement(gone, date(2025, 1, 1), date(2026, 4, 30), unit=unit)  # 32 days before 1.6.
    factories.placement(leaving, date(2025, 1, 1), date(2026, 5, 1), unit=unit)  # 31 days before
    factories.placement(coming, date(2026, 8, 1), unit=unit)
    children = seen(by(factories.user("director", unit)), "person.view", Person) & {gone.id, leaving.id, coming.id}
    assert children == {leaving.id, coming.id}


def test_a_unit_and_a_guardian_see_decisions_but_a_unit_sees_no_money(database: None, by: Any) -> None:
    place, _ = places()
    guardian = place.child.guardians[0]
    papers = {
        (feature, person.id): factories.save(
            Document(
                person_id=person.id,
                feature=feature,
                name="p",
                language="fi",
                made_at=by().now,
                digest="0" * 64,
                content=b"%PDF",
            )
        )
        for feature, person in (("decision", place.child), ("fee", guardian), ("invoice", guardian))
    }
    director = by(factories.user("director", place.unit))
    mine = by(factories.user("guardian", person=guardian))
    stranger = by(factories.user("guardian", person=factories.person()))
    assert seen(director, "document.view", Document) == {papers["decision", place.child_id].id}
    assert seen(mine, "document.view", Document) == {paper.id for paper in papers.values()}
    assert seen(stranger, "document.view", Document) == set()


def test_a_guardian_sees_no_draft_of_a_decision(database: None, by: Any) -> None:
    from evaka.rules.decision import DecisionStatus

    draft = factories.decision(status=DecisionStatus.DRAFT)
    sent = factories.decision(draft.child)
    actor = by(factories.user("guardian", person=draft.child.guardians[0]))
    assert seen(actor, "decision.view", Decision) == {sent.id}


def test_staff_see_the_group_of_their_grant_alone(database: None, by: Any) -> None:
    here, there = places()
    group = here.groups[0].group
    actor = by(factories.user("staff", here.unit, group))
    assert seen(actor, "unit.view", Group) == {group.id}
    assert here.child_id in seen(actor, "person.view", Person)
    assert there.child_id not in seen(actor, "person.view", Person)
    assert there.unit_id not in seen(actor, "unit.view", Unit)


# -- strong identification ------------------------------------------------------------------------------


@pytest.fixture
def weak(database: None, by: Any) -> Any:
    """A guardian in a session by password, where the city asks for more; and a decision on the child."""
    decision = factories.decision()
    actor = by(factories.user("guardian", person=decision.child.guardians[0]))
    return replace(actor, weak=True), decision


def test_a_guardians_reach_ends_where_the_city_asks_for_strong_identification(weak: Any) -> None:
    actor, decision = weak
    assert seen(actor, "decision.view", Decision) == set()
    assert not may(actor, "decision.accept")
    assert permitted(actor, "decision.accept", Decision, {decision.id}) == set()
    assert seen(actor, "person.view", Person) >= {decision.child_id}  # which the city does not name
    assert seen(actor.identified, "decision.view", Decision) == {decision.id}


def test_what_is_kept_back_is_told_apart_from_what_is_not_ones_own(weak: Any) -> None:
    actor, decision = weak
    with pytest.raises(NeedsStrong):
        require(actor, "decision.accept", decision)
    with pytest.raises(NeedsStrong):
        require_any(actor, "decision.view")
    for key, row in (("decision.accept", factories.decision()), ("decision.annul", decision)):
        with pytest.raises(Denied) as no:
            require(actor, key, row)
        assert not isinstance(no.value, NeedsStrong)
    require(actor.identified, "decision.accept", decision)


def test_statements_of_a_weak_session_are_not_those_of_a_strong_one(weak: Any) -> None:
    actor, _ = weak
    assert Rights(actor) != Rights(actor.identified)
    assert Rights(actor) == Rights(replace(actor))


def test_who_works_for_the_city_keeps_that_reach(weak: Any) -> None:
    actor, decision = weak
    factories.save(Grant(user=actor.user, role="service_worker", start=date(2020, 1, 1), end=None))
    assert seen(replace(actor, weak=True), "decision.view", Decision) == {decision.id}
