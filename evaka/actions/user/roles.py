"""Roles: who gives which to whom, where and how long; the staff of a unit and its substitutes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Annotated

from sqlalchemy import select

from evaka import city
from evaka.access import Actor, permitted, reaches
from evaka.actions import Choice, action
from evaka.actions.user.door import login_name
from evaka.actions.user.password import first_password
from evaka.actions.user.security import rights
from evaka.kit.contacts import check_email
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.unit import Group, Unit
from evaka.models.user import Grant, User
from evaka.rules.unit import Provider

IDLE = "user.closed_idle"  # the reason of a user who was closed by the nightly job
MUNICIPAL = (Provider.MUNICIPAL, Provider.MUNICIPAL_SCHOOL)


# -- giving and ending ----------------------------------------------------------------------------------


@action("user.give_role")
def give_role(
    user: User, by: Actor, *, role: Annotated[str, Choice("roles")], unit: Unit | None = None,
    groups: tuple[Group, ...] = (), start: date, end: date | None = None,
) -> list[Grant]:
    """A role for a time: everywhere, in a unit, or in groups of it, as far as the role reaches."""
    check_not_own(user, by)
    check_giver(by, "user.give_role", role, unit)
    if unit is not None:
        check_municipal(by, "user.give_role", unit)
    return given(user, by, role, unit, groups, start, end)


@action("user.change_groups")
def change_groups(grant: Grant, by: Actor, *, groups: tuple[Group, ...], start: date) -> None:
    """From a day on somebody works in these groups of the unit, and in no others."""
    user, role = grant.user, grant.role
    check_not_own(user, by)
    check_giver(by, "user.change_groups", role, unit_of(grant))
    if grant.group is None:
        raise Refused("user.role_has_no_groups", role=f"role.{role}")
    if not groups:
        raise Refused("user.grant_needs_group", role=f"role.{role}")
    if grant.end is not None and grant.end < start:  # other groups are no way to a longer time
        raise Refused("placement.ends_first", start=start, end=grant.end)
    if start < by.today:
        raise Refused("user.start_past", start=start, today=by.today)
    unit, end, substitute = grant.group.unit, grant.end, grant.substitute
    check_groups(unit, groups)
    left = {group.id: group for group in groups}
    for one in list(user.grants):
        if one.role != role or unit_of(one) is not unit or one.period.last_day < start:
            continue
        if one.group_id in left and one.start <= start:
            del left[one.group_id]
        elif one.start >= start:
            user.grants.remove(one)
        else:
            one.end = start - DAY
    db.session.flush()
    for one in given(user, by, role, unit, left.values(), start, end) if left else ():
        one.substitute = substitute
    user.rights_changed = by.today


@action("user.end_grant")
def end_grant(grant: Grant, by: Actor, *, end: date) -> None:
    """The last day of a role."""
    if end < grant.start:
        raise Refused("placement.ends_first", start=grant.start, end=end)
    check_not_own(grant.user, by)
    check_giver(by, "user.end_grant", grant.role, unit_of(grant))
    check_end(by, end)
    if grant.substitute:
        check_short(by, end)
    grant.end = end
    grant.user.rights_changed = by.today


@action("user.drop_grant")
def drop_grant(grant: Grant, by: Actor) -> None:
    """A role that has not begun is taken back; one that has begun is ended, since it may have been used."""
    check_not_own(grant.user, by)
    check_giver(by, "user.drop_grant", grant.role, unit_of(grant))
    if grant.start <= by.today:
        raise Refused("user.grant_begun", start=grant.start)
    grant.user.rights_changed = by.today
    grant.user.grants.remove(grant)


def given(
    user: User, by: Actor, role: str, unit: Unit | None, groups: Collection[Group], start: date, end: date | None
) -> list[Grant]:
    """The rows of a role: one, or one a group."""
    if not user.active:
        raise Refused("user.closed", name=user.name)
    if end is not None and end < start:
        raise Refused("placement.ends_first", start=start, end=end)
    if end is not None:
        check_end(by, end)
    check_place(role, unit, groups)
    period = DateRange(start, end)
    places: list[int | None] = [group.id for group in groups] if groups else [None]
    for earlier in user.grants:
        same_place = earlier.group_id in places if groups else earlier.unit_id == (unit and unit.id)
        if earlier.role == role and same_place and earlier.period & period:
            where = [one.name for one in (unit_of(earlier), earlier.group) if one is not None]
            raise Refused("user.role_overlaps", name=user.name, role=f"role.{role}", where=where, period=earlier.period)
    made = [
        Grant(user=user, role=role, unit_id=unit and unit.id, group_id=place, start=start, end=end) for place in places
    ]
    db.session.add_all(made)
    user.rights_changed = by.today
    return made


def unit_of(grant: Grant) -> Unit | None:
    """The unit in which a role holds, be it in a group of it."""
    return grant.group.unit if grant.group is not None else grant.unit


def reach_of(role: str) -> frozenset[str]:
    """How far a role's permissions reach, all of them together."""
    table = city.read("roles").get(role, {})
    return frozenset(how for hows in table.values() for how in ([hows] if isinstance(hows, str) else hows))


# -- what may refuse --------------------------------------------------------------------------------------


def check_place(role: str, unit: Unit | None, groups: Collection[Group]) -> None:
    """A role of the whole city has no unit; one of a unit has one, and one of groups has groups of it."""
    reach = reach_of(role)
    local = "all" not in reach and bool(reach & {"unit", "group"})
    if unit is None and local:
        raise Refused("user.grant_needs_unit", role=f"role.{role}")
    if (unit or groups) and not reach & {"unit", "group"}:
        raise Refused("user.grant_everywhere", role=f"role.{role}")
    if local and "unit" not in reach and not groups:
        raise Refused("user.grant_needs_group", role=f"role.{role}")
    if groups and "group" not in reach:
        raise Refused("user.role_has_no_groups", role=f"role.{role}")
    if unit is not None:
        check_groups(unit, groups)


def check_groups(unit: Unit, groups: Collection[Group]) -> None:
    if strange := [group.name for group in groups if group.unit_id != unit.id]:
        raise Refused("user.group_elsewhere", groups=strange, unit=unit.name)


def everywhere(by: Actor, key: str) -> bool:
    """Whether the actor may do `key` in the whole city, and not in a unit alone."""
    return by.user is None or any("all" in reaches(role, key) for role, _, _ in by.grants)


def check_giver(by: Actor, key: str, role: str, unit: Unit | None) -> None:
    """Whoever keeps the staff of a unit gives and ends one role, there; the others are the administrator's."""
    if everywhere(by, key):
        return
    if role != rights().local_role:
        raise Refused("user.role_not_yours", role=f"role.{role}", yours=f"role.{rights().local_role}")
    if unit is None or not permitted(by, key, Unit, {unit.id}):
        raise Refused("user.unit_not_yours", unit=unit.name if unit else "–")


def check_only_local(user: User, by: Actor, key: str) -> None:
    """Whoever keeps the staff of a unit has no say over those who have other rights too: they would become theirs."""
    if everywhere(by, key):
        return
    units = {unit.id: unit for grant in user.grants if grant.end is None or grant.end >= by.today
             if (unit := unit_of(grant)) is not None and grant.role == rights().local_role}
    others = [grant for grant in user.grants if (grant.end is None or grant.end >= by.today)
              and (grant.role != rights().local_role or unit_of(grant) is None)]
    if others or user.person_id is not None or permitted(by, key, Unit, set(units)) != set(units):
        raise Refused("user.not_only_yours", name=user.name)


def check_municipal(by: Actor, key: str, unit: Unit) -> None:
    """Lasting rights in somebody else's unit are the administrator's to give."""
    if not everywhere(by, key) and unit.provider not in MUNICIPAL:
        raise Refused("user.unit_not_municipal", unit=unit.name)


def check_not_own(user: User, by: Actor) -> None:
    if by.user is not None and by.user.id == user.id:
        raise Refused("user.not_own_role")


def check_end(by: Actor, end: date) -> None:
    if end < by.today:
        raise Refused("user.end_past", end=end, today=by.today)


def check_short(by: Actor, end: date) -> None:
    """A substitute comes for a short time, counted from today."""
    last = by.today + timedelta(days=rights().substitute_days)
    if end > last:
        raise Refused("user.substitute_long", end=end, last=last, days=rights().substitute_days)


# -- the staff of a unit ----------------------------------------------------------------------------------


@action("user.add_staff")
def add_staff(
    unit: Unit, by: Actor, *, name: str, email: str, groups: tuple[Group, ...], start: date, end: date | None = None
) -> tuple[User, str | None]:
    """Somebody begins in groups of the unit; a new user's one-time password is shown once."""
    check_municipal(by, "user.add_staff", unit)
    user, password = known_or_new(by, name, email)
    given(user, by, rights().local_role, unit, groups, start, end)
    return user, password


@action("user.add_substitute")
def add_substitute(
    unit: Unit, by: Actor, *, name: str, email: str, groups: tuple[Group, ...], start: date, end: date
) -> tuple[User, str | None]:
    """Somebody stands in for a short time, without the administrator; the last day is compulsory."""
    check_short(by, end)
    user, password = known_or_new(by, name, email)
    for one in given(user, by, rights().local_role, unit, groups, start, end):
        one.substitute = True
    return user, password


def known_or_new(by: Actor, name: str, email: str) -> tuple[User, str | None]:
    """The user of an address, or a new one with a one-time password.

    One who was closed because nobody used it comes back with a new password; one whom an administrator has closed
    does not, and a guardian's own log-in is not made the staff's.
    """
    email = login_name(email)
    check_email(email)
    user = db.session.scalar(select(User).where(User.email == email))
    if user is None:
        user = User(name=name.strip(), email=email)
        db.session.add(user)
        db.session.flush()
        return user, first_password(user, by)
    check_not_own(user, by)
    if user.person_id is not None:
        raise Refused("user.guardians_address", typed=email)
    if user.active:
        return user, None
    if user.closed_reason != IDLE:
        raise Refused("user.closed", name=user.name)
    user.active, user.closed_reason = True, ""
    return user, first_password(user, by)
