"""An index day: what a new fee table changes is shown first, then drafted, looked through, approved and sent.

The work of a stage is done by jobs (jobs/index_day.py), some families at a time; each function here that takes
families answers by their id why something could not be done, and notes it with the family as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import bindparam, func, insert, literal, select, union, update

from evaka import city
from evaka.access import Actor, require_any
from evaka.actions import action, fee, line_of, record
from evaka.actions.city import content
from evaka.actions.fee.draft import preview
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.city import CityTable
from evaka.models.fee import FeeDecision
from evaka.models.index_day import IndexDay, IndexDayFamily
from evaka.models.journal import JobRun, add_lines
from evaka.models.person import HeadOfChild
from evaka.rules.city import TableStatus
from evaka.rules.fee import IN_FORCE, FeeStatus, FeeTable, differences
from evaka.rules.fee import FeeDecision as Decided
from evaka.rules.index_day import BEFORE_IT, FamilyState, IndexDayStatus, check_done

ROWS: Any = IndexDayFamily.__table__
RECKON, SEND = "index_day.reckon", "index_day.send"  # the jobs
Heads = Mapping[int, int]  # of families: their id by their head
OPEN = (TableStatus.DRAFT, TableStatus.PROPOSED)


# -- the tables that an index day can be of -----------------------------------------------------------


def choices(day: date) -> list[tuple[CityTable | None, FeeTable]]:
    """The fee tables that begin after a day, or did lately: those that hold, and those of versions still to come."""
    known = {table.valid.start for table in _tables()}
    found: list[tuple[CityTable | None, FeeTable]] = [(None, table) for table in _tables() if _near(table, day)]
    for version in db.session.scalars(
        select(CityTable)
        .where(
            CityTable.file == "fees", CityTable.table == "table",
            CityTable.status.in_(OPEN) | ((CityTable.status == TableStatus.PUBLISHED) & (CityTable.start > day)),
        )
        .order_by(CityTable.id)
    ):  # fmt: skip
        with _tables_of(version, day):
            found += [(version, one) for one in _tables() if one.valid.start not in known and _near(one, day)]
    return found


def _near(table: FeeTable, day: date) -> bool:
    return (day - table.valid.start).days < 366


def _tables() -> list[FeeTable]:
    return [table for _, table in city.dated("fees", FeeTable).spans]


@contextmanager
def _tables_of(version: CityTable | None, day: date) -> Iterator[None]:
    """Inside, the fee tables are those of a version, whether it holds on the day or not yet."""
    if version is None or holds(version, day):
        yield
        return
    with city.trying(version.file, version.table, content(version)):
        yield


def holds(version: CityTable | None, day: date) -> bool:
    """Whether the tables of a version hold on a day; those of the files do."""
    return version is None or (version.status is TableStatus.PUBLISHED and version.start <= day)


# -- what people do -------------------------------------------------------------------------------------


def begin(by: Actor, *, start: date, version: CityTable | None) -> IndexDay:
    """A new index day, with every family that has care or a decision from its day on; the preview begins."""
    require_any(by, "index_day.begin")
    other = db.session.scalar(select(IndexDay).where(IndexDay.status != IndexDayStatus.CLOSED).limit(1))
    if other is not None:
        raise Refused("index_day.another_open", start=other.start)
    day = IndexDay(
        start=start, city_table_id=version and version.id, status=IndexDayStatus.PREVIEW,
        made_at=by.now, user_id=by.user and by.user.id,
    )  # fmt: skip
    db.session.add(day)
    db.session.flush()
    heads = union(
        select(HeadOfChild.head_id.label("id")).where(HeadOfChild.meets(DateRange(start))),
        select(FeeDecision.head_id).where(FeeDecision.status.in_(IN_FORCE), FeeDecision.meets(DateRange(start))),
    ).subquery()
    values = select(literal(day.id), heads.c.id, literal(FamilyState.WAITING.value)).order_by(heads.c.id)
    db.session.execute(insert(ROWS).from_select(["index_day_id", "head_id", "state"], values))
    record("index_day.begin", day, by, {"families": counts(day.id)[FamilyState.WAITING]})
    wake(RECKON, by)
    return day


@action("index_day.draft")
def draft(day: IndexDay, by: Actor) -> None:
    """What the preview has shown is drafted, once the table holds."""
    check_done(IndexDayStatus.PREVIEW, left(day.id, IndexDayStatus.PREVIEW))
    if not holds(day.city_table, by.today):
        raise Refused("index_day.not_published", start=day.start)
    wake(RECKON, by)


@action("index_day.approve")
def approve(day: IndexDay, by: Actor) -> None:
    """The drafts are right: they are sent in the name of who approves, all but the exceptions."""
    require_any(by, "fee.send")
    check_done(IndexDayStatus.DRAFTING, left(day.id, IndexDayStatus.DRAFTING))
    day.approver_id, day.approved_at = by.user and by.user.id, by.now
    wake(SEND, by)


@action("index_day.retry")
def retry(day: IndexDay, by: Actor) -> None:
    """The exceptions are looked at once more: what stood in the way may have been mended."""
    again = FamilyState.WAITING if day.status is IndexDayStatus.PREVIEW else FamilyState.CHANGED
    db.session.execute(
        update(IndexDayFamily)
        .where(IndexDayFamily.index_day_id == day.id, IndexDayFamily.state == FamilyState.EXCEPTION)
        .values(state=again, trouble="", trouble_facts={})
    )
    wake(RECKON, by)


@action("index_day.close")
def close(day: IndexDay, by: Actor) -> None:
    """Nothing more is done for this index day; what was drafted or sent stays as it is."""


def wake(job: str, by: Actor) -> None:
    """Let a job begin as soon as the process that runs the jobs looks."""
    if db.session.scalar(select(JobRun.id).where(JobRun.job == job, JobRun.status == "queued").limit(1)) is None:
        db.session.add(JobRun(job=job, due=by.now, trigger="manual", status="queued", user_id=by.user and by.user.id))
        db.session.flush()


# -- how far it is --------------------------------------------------------------------------------------


def counts(day_id: int) -> dict[FamilyState, int]:
    """How many families are how far."""
    found = dict(
        db.session.execute(
            select(IndexDayFamily.state, func.count())
            .where(IndexDayFamily.index_day_id == day_id)
            .group_by(IndexDayFamily.state)
        ).tuples().all()
    )
    return {state: found.get(state, 0) for state in FamilyState}


def left(day_id: int, status: IndexDayStatus) -> int:
    """How many families the work of a stage has still before it."""
    found = counts(day_id)
    several = [BEFORE_IT[status]] if status in BEFORE_IT else []
    if status is IndexDayStatus.SENDING:
        several.append(FamilyState.CHANGED)  # exceptions that are tried again on the way
    return sum(found[state] for state in several)


# -- what the jobs do -----------------------------------------------------------------------------------


def reckon(families: Heads, day: IndexDay, by: Actor) -> dict[int, Refused]:
    """The preview of some families: what they pay and will pay, and why.  No decision is drafted."""
    with _tables_of(day.city_table, by.today):
        found, troubles = preview(families)
    rows = []
    for head, id in families.items():
        if head in troubles:
            continue
        fresh, decisions = found[head]
        rows.append({"id_": id} | _previewed(fresh, decisions, day.start))
    _note(rows, families, troubles)
    add_lines([line_of("index_day.reckon", None, by, {"index_day": day.id, "families": len(families)})])
    return {families[head]: no for head, no in troubles.items() if head in families}


def _previewed(fresh: list[Decided], decisions: list[Decided], start: date) -> dict[str, Any]:
    news = sorted((one for one in fresh if one.period.last_day >= start), key=lambda one: one.period.start)
    told = [one for one in decisions if one.status in IN_FORCE]
    days = (start, start - DAY)  # decisions may have been made up to the end of the table before
    last = next((one.fees for day in days for one in told if day in one.period), None)
    before = last.total if last else 0
    if not news:
        return {"state": FamilyState.UNCHANGED, "before": before, "after": before, "why": []}
    first = news[0]
    why = differences(last, first.fees) if last else first.differences
    return {"state": FamilyState.CHANGED, "before": before, "after": first.fees.total, "why": sorted(why)}


def draft_families(families: Heads, day: IndexDay, by: Actor) -> dict[int, Refused]:
    """The drafts of some families, as whatever else changes a fee would draft them.

    Who has a draft from before the day as well is an exception: somebody should look at that one first.
    """
    troubles = {head: no for head, no in fee.refresh(families, by).items() if head in families}
    starts: dict[int, list[date]] = {head: [] for head in families}
    for head, start in db.session.execute(
        select(FeeDecision.head_id, FeeDecision.start).where(
            FeeDecision.head_id.in_(families), FeeDecision.status == FeeStatus.DRAFT
        )
    ):
        starts[head].append(start)
    rows = []
    for head, id in families.items():
        if head in troubles:
            continue
        if starts[head] and min(starts[head]) < day.start:
            troubles[head] = Refused("index_day.earlier_draft", start=min(starts[head]))
        else:
            rows.append({"id_": id, "state": FamilyState.DRAFTED if starts[head] else FamilyState.UNCHANGED})
    _note(rows, families, troubles)
    return {families[head]: no for head, no in troubles.items()}


def note_sent(families: Heads, sent: Collection[int], troubles: Mapping[int, Refused]) -> None:
    """How sending went: `sent` are the heads whose decisions went; who had none any more is unchanged."""
    rows = [
        {"id_": id, "state": FamilyState.SENT if head in sent else FamilyState.UNCHANGED}
        for head, id in families.items()
        if head not in troubles
    ]
    _note(rows, families, troubles)


def _note(rows: list[dict[str, Any]], families: Heads, troubles: Mapping[int, Refused]) -> None:
    """Save how far the families are, and what is the matter with the others."""
    failed = [
        {"id_": families[head], "state": FamilyState.EXCEPTION, "trouble": no.key,
         "trouble_facts": kept_facts(no.facts)}
        for head, no in troubles.items()
        if head in families
    ]
    for several in (rows, failed):
        if several:
            names = several[0].keys() - {"id_"}
            change = update(ROWS).where(ROWS.c.id == bindparam("id_")).values({name: bindparam(name) for name in names})
            db.session.connection().execute(change, several)


def kept_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a refusal as JSON keeps them."""
    return {name: value.isoformat() if isinstance(value, date) else str(value) for name, value in facts.items()}


def told_facts(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Facts that were kept, with their days as days again."""
    found: dict[str, Any] = {}
    for name, value in kept.items():
        try:
            found[name] = date.fromisoformat(value)
        except (ValueError, TypeError):  # no day: other words, or several
            found[name] = value
    return found
