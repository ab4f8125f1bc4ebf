"""Income statements: a guardian begins one, keeps it as a draft, sends it with its papers; the office handles it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from sqlalchemy import Select, func, select

from evaka import city
from evaka.access import Actor
from evaka.actions import Among, Long, action, tell
from evaka.actions import income as incomes
from evaka.actions.document import Upload, kept_file
from evaka.actions.income import Amounts
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.income import Income
from evaka.models.income.statement import IncomeStatement, StatementPaper, answers_kept
from evaka.models.person import Guardian, Person
from evaka.models.placement import Placement
from evaka.rules.income import Effect
from evaka.rules.income.statement import (
    MAY_WITHDRAW,
    OPEN,
    Answers,
    Lack,
    PaperKind,
    StatementKind,
    StatementStatus,
    check_only_one,
    lacks,
)


@dataclass(frozen=True)
class StatementPolicy:
    """How large a paper may be, and how many a statement may have."""

    megabytes: int = 8
    papers: int = 30


def policy() -> StatementPolicy:
    return city.value("incomes", "statement", StatementPolicy)


def children_of(person: Person, by: Actor) -> Select[Any]:
    """Of whose income a guardian may tell: the own children who have a place, or will have; foster children are not."""
    own = select(Guardian.child_id).where(Guardian.guardian_id == person.id, ~Guardian.blocked)
    placed = select(Placement.child_id).where(Placement.meets(DateRange(by.today)))
    return select(Person).where(Person.id.in_(own), Person.id.in_(placed))


@action("income.begin_statement")
def begin(
    person: Person,
    by: Actor,
    *,
    kind: StatementKind = StatementKind.INCOME,
    start: date,
    child: Annotated[Person, Among(children_of)] | None = None,
) -> IncomeStatement:
    """A draft that only the guardian sees."""
    if (child is not None) != (kind is StatementKind.CHILD_INCOME):
        raise Refused("statement.child_missing" if child is None else "statement.child_too_much")
    db.session.scalars(select(Person.id).where(Person.id == person.id).with_for_update()).all()
    same = IncomeStatement.child_id == child.id if child else IncomeStatement.child_id.is_(None)
    starts = select(IncomeStatement.start).where(
        IncomeStatement.person_id == person.id, same, IncomeStatement.status.in_(OPEN)
    )
    check_only_one(db.session.scalars(starts).all(), start)
    statement = IncomeStatement(
        person_id=person.id, child_id=child and child.id, kind=kind, start=start, end=None,
        answers={"gross": True} if kind is StatementKind.INCOME else {},
    )
    db.session.add(statement)
    return statement


@action("statement.save")
def save(statement: IncomeStatement, by: Actor, *, end: date | None, answers: Answers) -> None:
    """What was answered so far; nothing needs to be complete."""
    _must_be(statement, {StatementStatus.DRAFT})
    statement.end, statement.answers = end, answers_kept(answers)
    tell()  # what people earn is not for the journal


@action("statement.attach")
def attach(statement: IncomeStatement, by: Actor, *, kind: PaperKind, upload: Upload) -> StatementPaper:
    """A paper is added, until the statement is handled; what kind of file it is, its first bytes tell."""
    own = _by_family(statement, by)
    if own:
        _must_be(statement, OPEN)
    limits = policy()
    columns = kept_file(upload, by, megabytes=limits.megabytes, called=kind.value)
    count = db.session.scalar(
        select(func.count()).select_from(StatementPaper).where(StatementPaper.statement_id == statement.id)
    )
    if count is not None and count >= limits.papers:
        raise Refused("statement.paper_many", most=limits.papers)
    paper = StatementPaper(statement_id=statement.id, kind=kind, by_office=not own, **columns)
    db.session.add(paper)
    _changed(statement, by, own=own)
    tell(kind=kind, size=paper.size)
    return paper


def papers_of(statement: IncomeStatement, by: Actor) -> Select[Any]:
    """Those that somebody may take away: a guardian's own are not the office's, nor the other way round."""
    own = _by_family(statement, by)
    return select(StatementPaper).where(
        StatementPaper.statement_id == statement.id, StatementPaper.by_office == (not own)
    )


@action("statement.detach")
def detach(
    statement: IncomeStatement, by: Actor, *, paper: Annotated[StatementPaper, Among(papers_of)]
) -> None:
    """A paper that was added by mistake is taken away again."""
    own = _by_family(statement, by)
    if own:
        _must_be(statement, OPEN)
    if paper.statement_id != statement.id or paper.by_office == own:
        raise Refused("statement.paper_not_yours")
    db.session.delete(paper)
    _changed(statement, by, own=own)
    tell(paper=paper.id, kind=paper.kind)


@action("statement.send")
def send(statement: IncomeStatement, by: Actor) -> None:
    """The office gets it; from now on papers and further words may be added, but nothing changed."""
    if found := lacks_of(statement):
        raise found[0].why
    statement.sent_at = by.now


@action("statement.add_info")
def add_info(statement: IncomeStatement, by: Actor, *, words: Long) -> None:
    """Further words for the office, after sending."""
    _must_be(statement, OPEN - {StatementStatus.DRAFT})
    before = statement.answers.get("other_info", "")
    statement.answers = statement.answers | {"other_info": f"{before}\n\n{words}".strip()}
    _changed(statement, by, own=True)
    tell()


@action("statement.withdraw")
def withdraw(statement: IncomeStatement, by: Actor) -> None:
    """The guardian takes the statement back, with its papers, before the office has begun with it."""
    _must_be(statement, MAY_WITHDRAW)
    db.session.delete(statement)


# -- the office --------------------------------------------------------------------------------------


@action("statement.take")
def take(statement: IncomeStatement, by: Actor) -> None:
    """Somebody begins with it: others see that, and the family cannot take it back."""


@action("statement.give_back")
def give_back(statement: IncomeStatement, by: Actor) -> None:
    """Back among those that nobody has begun with."""


@action("statement.enter")
def enter(
    statement: IncomeStatement,
    by: Actor,
    *,
    start: date,
    end: date | None = None,
    effect: Effect = Effect.INCOME,
    lines: Amounts = (),
    agency_staff: bool = False,
    notes: Long = "",
) -> Income:
    """An income of the person is made of it, and the family's fee is drafted at once."""
    _must_be(statement, OPEN - {StatementStatus.DRAFT})
    return incomes.add(
        statement.whose, by, start=start, end=end, effect=effect, lines=lines, agency_staff=agency_staff, notes=notes
    )


@action("statement.handle")
def handle(statement: IncomeStatement, by: Actor, *, note: Long = "") -> None:
    """It is done; the family sees that, not the note."""
    statement.handled_at, statement.handler_id = by.now, by.user and by.user.id
    statement.note = note


@action("statement.reopen")
def reopen(statement: IncomeStatement, by: Actor) -> None:
    """It was marked as handled too early."""
    statement.handled_at = statement.handler_id = None


# -- common ------------------------------------------------------------------------------------------


def lacks_of(statement: IncomeStatement) -> list[Lack]:
    """Everything that keeps it from being sent."""
    papers = set(
        db.session.scalars(select(StatementPaper.kind).where(StatementPaper.statement_id == statement.id))
    )
    return lacks(statement.kind, statement.start, statement.end, statement.told, papers)


def _by_family(statement: IncomeStatement, by: Actor) -> bool:
    """Whether it is the family's own doing; what the program does by itself is done in its name."""
    return by.user is None or by.user.person_id == statement.person_id


def _must_be(statement: IncomeStatement, states: frozenset[StatementStatus] | set[StatementStatus]) -> None:
    if statement.status not in states:
        raise Refused("statement.too_late", state=statement.status)


def _changed(statement: IncomeStatement, by: Actor, *, own: bool) -> None:
    """The office sees that a family has added something to what it has sent."""
    if own and statement.status is not StatementStatus.DRAFT:
        statement.changed_at = by.now
