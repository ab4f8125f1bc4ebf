"""Signing in and out by a plan: which rows come of it, and what is refused.

All moments are of Helsinki, in whole minutes.  Rows are entries (kind, arrived, left); left None is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from evaka.kit.errors import Refused
from evaka.rules.staff.kind import AWAY, PlanPolicy, StaffKind


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned shift."""

    start: datetime
    finish: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody's time of a kind."""

    kind: StaffKind
    arrived: datetime
    left: datetime | None = None


def plan_for(plans: Iterable[Plan], at: datetime, policy: PlanPolicy) -> Plan | None:
    """The plan that a moment belongs to: the one whose start or finish is nearest, some hours away at most."""
    reach = timedelta(hours=policy.plan_hours)
    near = [(min(abs(at - plan.start), abs(at - plan.finish)), plan) for plan in plans]
    near += [(timedelta(0), plan) for plan in plans if plan.start <= at <= plan.finish]
    found = [one for one in near if one[0] <= reach]
    return min(found, key=lambda one: (one[0], one[1].start))[1] if found else None


def arrival(
    at: datetime,
    kind: StaffKind | None,
    *,
    now: datetime,
    plans: Sequence[Plan],
    today: Sequence[Entry],
    policy: PlanPolicy,
) -> list[Entry]:
    """What is written when somebody of the staff arrives at a group; `kind` is what they choose, if anything.

    `today` are the person's rows of the day.  An answer's entry with `left` is what came before the arrival: whoever
    calls ends an open row of the same kind with it, or adds it.
    """
    if abs(at - now) > timedelta(minutes=policy.window_minutes):
        raise Refused("staff.far_from_now", at=at.time(), minutes=policy.window_minutes)
    _check_in_use(kind, policy)
    if any(one.left is None and one.kind.in_group for one in today):
        raise Refused("staff.already_here")
    if last := max((one.left for one in today if one.left is not None and one.left > at), default=None):
        raise Refused("staff.before_last", at=at.time(), left=last.time())
    plan = plan_for(plans, at, policy)
    if kind is StaffKind.JUSTIFIED_CHANGE:
        return [Entry(kind, at)]
    if plan is None:
        if kind is not None and not kind.in_group:
            raise Refused("staff.kind_needs_plan", kind=kind)
        return [Entry(kind or StaffKind.PRESENT, at)]
    if at < plan.start - policy.drift:
        if kind is not StaffKind.OVERTIME:
            raise Refused("staff.too_early", start=plan.start.time())
        return [Entry(kind, at)]
    if at <= plan.start + policy.drift:
        if kind not in (None, StaffKind.PRESENT):
            raise Refused("staff.on_time", start=plan.start.time())
        return [Entry(StaffKind.PRESENT, at)]
    if kind is StaffKind.OVERTIME:
        raise Refused("staff.no_overtime", start=plan.start.time())
    came = Entry(StaffKind.PRESENT, at)
    if kind is None or kind is StaffKind.PRESENT:
        return [came]
    open_same = next((one for one in today if one.left is None and one.kind is kind), None)
    if open_same is not None:
        return [replace(open_same, left=at), came]
    if any(one.left is not None for one in today):  # has been here today: what came between is not known
        return [came]
    return [Entry(kind, plan.start, at), came]


def departure(
    at: datetime,
    kind: StaffKind | None,
    *,
    now: datetime,
    here: Entry,
    plans: Sequence[Plan],
    policy: PlanPolicy,
) -> list[Entry]:
    """What becomes of the open row `here` (first), and what begins after it, when somebody leaves."""
    _check_in_use(kind, policy)
    if at > now:
        raise Refused("staff.in_future", at=at.time())
    if at <= here.arrived:
        raise Refused("staff.leaves_first", at=at.time(), arrived=here.arrived.time())
    ended = replace(here, left=at)
    if kind is None or kind is here.kind:
        return [ended]
    if kind is StaffKind.JUSTIFIED_CHANGE:
        return [replace(ended, kind=kind) if here.kind is StaffKind.PRESENT else ended]
    plan = plan_for(plans, at, policy)
    if plan is not None and kind in AWAY and at < plan.finish - policy.drift:
        return [ended, Entry(kind, at)]
    if plan is not None and kind is StaffKind.OVERTIME and at > plan.finish + policy.drift:
        return [replace(ended, kind=kind)]
    raise Refused("staff.kind_does_not_fit", kind=kind)


def after_leaving(entries: Sequence[Entry]) -> Entry | None:
    """What goes on after a departure: an open row that does not count among the children."""
    return next((one for one in entries if one.left is None), None)


def left_open(entry: Entry, plans: Iterable[Plan], now: datetime, policy: PlanPolicy) -> datetime | None:
    """When a row that nobody ended is ended: away from the children at the end of the plan, any after long hours."""
    if entry.kind in AWAY:
        finished = [one.finish for one in plans if one.start <= entry.arrived <= one.finish < now]
        if finished:
            return min(finished)
    longest = entry.arrived + policy.longest
    return longest if now >= longest else None


def _check_in_use(kind: StaffKind | None, policy: PlanPolicy) -> None:
    if kind is not None and kind is not StaffKind.PRESENT and kind not in policy.kinds:
        raise Refused("staff.kind_not_used", kind=kind)
