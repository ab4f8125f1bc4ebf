"""Reminding families of income that ends, in steps, and asking new ones; at the end the income lapses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time

from sqlalchemy import Select, func, select, union

from evaka.access import Actor
from evaka.actions import notify
from evaka.actions.fee import heads_of, refresh
from evaka.actions.fee.family import facts_of, together
from evaka.actions.income import policy
from evaka.kit.dates import DAY, DateRange, add_months
from evaka.models.base import HELSINKI, db
from evaka.models.income import Income, IncomeNotice
from evaka.models.income.statement import IncomeStatement
from evaka.models.person import HeadOfChild, Partner, Person
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.rules.fee import Facts
from evaka.rules.income import Effect
from evaka.rules.income.notice import Notice, Renewal, Statement, asks_new_family, due_notice, recent
from evaka.rules.income.statement import StatementKind, StatementStatus
from evaka.rules.placement import IGNORED_IN_FEES
from evaka.rules.unit import Provider

OPEN = date.max  # the end of an income that has none


def candidates(by: Actor) -> Select[tuple[int]]:
    """Whose newest income ends about now, and the adults of children whose place begins about now."""
    rules = policy()
    first, last = by.today.toordinal() - rules.late_days, by.today.toordinal() + rules.first_reminder_days
    ends = func.max(func.coalesce(Income.end, OPEN))
    ending = select(Income.person_id.label("id")).group_by(Income.person_id).having(
        ends.between(date.fromordinal(first), date.fromordinal(last)))
    near = [date.fromordinal(by.today.toordinal() + days) for days in (-rules.new_family_days, rules.new_family_days)]
    begun = select(Placement.child_id).where(Placement.start.between(*near))
    heads = select(HeadOfChild.head_id).where(HeadOfChild.child_id.in_(begun), HeadOfChild.meets(DateRange(by.today)))
    partners = [
        select(other).where(own.in_(heads), Partner.meets(DateRange(by.today)))
        for own, other in ((Partner.first_id, Partner.second_id), (Partner.second_id, Partner.first_id))
    ]
    people = union(ending, heads, *partners).subquery()
    told_today = select(IncomeNotice.person_id).where(
        IncomeNotice.sent_at >= datetime.combine(by.today, time(), tzinfo=HELSINKI))
    return select(Person.id).where(
        Person.id.in_(select(people.c.id)), Person.id.not_in(told_today), Person.deceased.is_(None),
        Person.merged_into_id.is_(None)).order_by(Person.id)


def remind(ids: Collection[int], by: Actor) -> dict[int, Notice]:
    """Send each the notice that is due, if any, and keep that it went; what has ended is incomplete from then on.

    Answers what was sent to whom.  Asked again the same day, nobody is told twice.
    """
    rules, sent = policy(), {}
    known = renewals(ids, by)
    for id, renewal in known.items():
        notice = due_notice(renewal, rules, by.today)
        if notice is None and asks_new_family(renewal, rules, by.today):
            notice = Notice.NEW_FAMILY
        if notice is not None:
            sent[id] = notice
    addresses = dict(db.session.execute(select(Person.id, Person.email).where(Person.id.in_(sent))).tuples().all())
    for id, notice in sent.items():
        db.session.add(IncomeNotice(person_id=id, kind=notice, sent_at=by.now))
        if addresses[id]:
            notify(id, "income_waits", by)
    lapsed = {id for id, notice in sent.items() if notice is Notice.EXPIRED}
    for id in lapsed:
        after = max(period.last_day for period in known[id].incomes) + DAY
        db.session.add(Income(person_id=id, effect=Effect.INCOMPLETE, start=after, end=None, lines=[]))
    if lapsed:
        refresh(heads_of(lapsed), by)
    return sent


def renewals(ids: Collection[int], by: Actor) -> dict[int, Renewal]:
    """What is known of each adult, read in a few queries however many they are."""
    facts, _ = facts_of(together(ids))
    vouchers = set(db.session.scalars(select(Unit.id).where(Unit.provider == Provider.PRIVATE_SERVICE_VOUCHER)))
    incomes = _spans(select(Income.person_id, Income.start, Income.end).where(Income.person_id.in_(ids)))
    statements: dict[int, list[Statement]] = defaultdict(list)
    for person, start, end, status in db.session.execute(
        select(IncomeStatement.person_id, IncomeStatement.start, IncomeStatement.end, IncomeStatement.status).where(
            IncomeStatement.person_id.in_(ids), IncomeStatement.kind != StatementKind.CHILD_INCOME,
            IncomeStatement.sent_at >= datetime.combine(add_months(by.today, -12), time(), tzinfo=HELSINKI))
    ):
        statements[person].append(Statement(DateRange(start, end), status is StatementStatus.HANDLED))
    notices: dict[int, list[tuple[Notice, date]]] = defaultdict(list)
    for person, kind, at in db.session.execute(
        select(IncomeNotice.person_id, IncomeNotice.kind, IncomeNotice.sent_at).where(
            IncomeNotice.person_id.in_(ids),
            IncomeNotice.sent_at >= datetime.combine(add_months(by.today, -2), time(), tzinfo=HELSINKI))
    ):
        notices[person].append((kind, at.astimezone(HELSINKI).date()))
    return {
        id: Renewal(
            tuple(incomes.get(id, ())), tuple(charged_days(facts[id], id, vouchers)), tuple(statements[id]),
            recent(notices[id], policy(), by.today))
        for id in ids if id in facts
    }


def _spans(query: Select[tuple[int, date, date | None]]) -> Mapping[int, list[DateRange]]:
    found: dict[int, list[DateRange]] = defaultdict(list)
    for person, start, end in db.session.execute(query):
        found[person].append(DateRange(start, end))
    return found


def charged_days(facts: Facts, adult: int, vouchers: Collection[int]) -> Iterable[DateRange]:
    """The days on which a child of the adult's household, or of the partner's, has care with a fee or co-payment."""
    for period, (head, child) in facts.heads.spans:
        together_with = [period] if head == adult else [
            both for span, pair in facts.partners.spans if set(pair) == {adult, head} and (both := period & span)]
        for lived in together_with:
            for span, care in facts.care[child].spans if child in facts.care else ():
                pays = care.charged or care.unit in vouchers
                if pays and care.need.coefficient > 0 and care.care_type not in IGNORED_IN_FEES \
                        and (common := lived & span):
                    yield common
