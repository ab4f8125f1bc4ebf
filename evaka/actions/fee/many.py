"""Sending fee decisions by the hundred, in three steps: they are planned, set on paper, and saved.

Only the last step writes, in one short transaction, and first looks whether everything is as it was when it was
planned: the numbers, which stand on the papers already, and every decision that is concerned.  If not, nothing is
saved (`Moved`) and the families are planned anew.  So no number is lost or given twice, nothing is sent twice, and
nobody waits for the database while letters are set.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update

from evaka.access import Actor
from evaka.actions import last_number, take_numbers
from evaka.actions.document import letter_language
from evaka.actions.fee.paper import Known, known_of, letter_facts
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.letters.fee import fee_letter
from evaka.letters.letter import Letter
from evaka.models.base import db
from evaka.models.document import Document
from evaka.models.fee import FeeDecision
from evaka.models.journal import Email, add_lines
from evaka.rules.decision import Channel
from evaka.rules.fee import IN_FORCE, Fees, FeeStatus, Limits, confirm
from evaka.rules.fee import FeeDecision as Decided
from evaka.texts import say

FEES: Any = FeeDecision.__table__


class Moved(Exception):
    """Somebody else has taken a number or changed a decision since the plan was made."""


@dataclass(frozen=True)
class Going:
    """A decision that is to be sent, with its letter."""

    id: int
    number: int
    language: str
    letter: Letter

    @property
    def name(self) -> str:
        return say("fee.paper_name", self.language, number=self.number)


@dataclass(frozen=True)
class Ended:
    """An earlier decision that ends sooner, or is annulled."""

    id: int
    period: DateRange
    before: DateRange
    status: FeeStatus
    was: FeeStatus


@dataclass(frozen=True)
class Family:
    """What sending does to one family; `empty` are drafts that only end something and are not sent."""

    head: int
    going: tuple[Going, ...]
    ended: tuple[Ended, ...]
    empty: tuple[int, ...]


@dataclass
class Plan:
    """`after` is the last number that was given; `seen` the versions of all decisions that are concerned, by id."""

    after: int
    families: list[Family] = field(default_factory=list)
    troubles: dict[int, Refused] = field(default_factory=dict)  # by head
    adults: set[int] = field(default_factory=set)
    seen: dict[int, int] = field(default_factory=dict)

    @property
    def letters(self) -> list[Letter]:
        return [one.letter for family in self.families for one in family.going]

    @property
    def last(self) -> int:
        return self.after + len(self.letters)


def plan(heads: Collection[int], by: Actor, *, first: date, after: int | None = None) -> Plan:
    """How these families' drafts from the day `first` on are sent; `after`: the last number that others will take.

    Reads only.  A family whose drafts cannot be sent has its reason among the troubles.
    """
    made = Plan(last_number("fee") if after is None else after)
    drafts = _drafts(heads, first)
    made.adults = {id for one in drafts for id in (one.head_id, one.partner_id) if id is not None}
    standing = _standing(made)
    made.seen |= {one.id: one.version for one in drafts}
    known = known_of(drafts, by.today)
    for head, own in groupby(drafts, key=lambda one: one.head_id):
        rows = {one.id: one for one in own}
        concerned = {head} | {one.partner_id for one in rows.values() if one.partner_id is not None}
        others = {id: one for adult in concerned for id, one in standing[adult].items()}
        done = confirm([one.decided for one in rows.values()], others.values())
        if done.held:
            made.troubles[head] = Refused("fee.earlier_waits_for_post", head=str(known.people[head]))
            continue
        sent = {int(one.id or 0) for one in done.sent}
        numbers = enumerate(sorted(sent, key=lambda id: rows[id].start), start=made.last + 1)
        going = tuple(_going(rows[id], number, by, known) for number, id in numbers)
        ended = tuple(_ended(one, others[int(one.id or 0)]) for one in done.ended)
        made.families.append(Family(head, going, ended, tuple(rows.keys() - sent)))
        for one in (*done.ended, *done.sent):  # the next family may have to do with these
            standing[int(one.fees.head)][int(one.id or 0)] = one
    return made


def _drafts(heads: Collection[int], first: date) -> Sequence[FeeDecision]:
    return db.session.scalars(
        select(FeeDecision)
        .where(FeeDecision.head_id.in_(heads), FeeDecision.status == FeeStatus.DRAFT, FeeDecision.start >= first)
        .order_by(FeeDecision.head_id, FeeDecision.start)
    ).all()


def _standing(made: Plan) -> dict[int, dict[int, Decided]]:
    """The decisions in force of the adults concerned, by head; of what they say only whom they are addressed to."""
    found: dict[int, dict[int, Decided]] = defaultdict(dict)
    for id, version, head, partner, start, end, status in db.session.execute(
        select(
            FeeDecision.id, FeeDecision.version, FeeDecision.head_id, FeeDecision.partner_id, FeeDecision.start,
            FeeDecision.end, FeeDecision.status,
        )
        .where(FeeDecision.head_id.in_(made.adults), FeeDecision.status.in_(IN_FORCE))
        .order_by(FeeDecision.start)
    ):  # fmt: skip
        made.seen[id] = version
        addressed = Fees(head, partner, 0, None, None, Limits())
        found[head][id] = Decided(DateRange(start, end), addressed, status, id)
    return found


def _going(row: FeeDecision, number: int, by: Actor, known: Known) -> Going:
    language = letter_language(known.people[row.head_id])
    facts = letter_facts(row, by, Channel.PORTAL, language, known)
    return Going(row.id, number, language, fee_letter(replace(facts, number=number), language))


def _ended(now: Decided, before: Decided) -> Ended:
    return Ended(int(now.id or 0), now.period, before.period, now.status, before.status)


def save(made: Plan, papers: Sequence[bytes], by: Actor) -> None:
    """Send what was planned, with the letters set meanwhile, in the order of `letters`.  Raises Moved."""
    _check_unmoved(made)
    ended = {one.id: one for family in made.families for one in family.ended}
    _change(
        ["end_date", "status"],
        [{"id_": one.id, "end_date": one.period.end, "status": one.status} for one in ended.values()],
    )
    if empty := [id for family in made.families for id in family.empty]:
        db.session.execute(delete(FeeDecision).where(FeeDecision.id.in_(empty)))
    if take_numbers("fee", len(made.letters)) != made.after:
        raise Moved
    papers_of = dict(zip([one.id for family in made.families for one in family.going], papers, strict=True))
    documents = _kept(made, papers_of, by)
    sent = {"status": FeeStatus.SENT, "sent_at": by.now, "decided_by": by.name}
    _change(
        ["status", "sent_at", "decided_by", "number", "document_id"],
        [
            {"id_": one.id, "number": one.number, "document_id": documents[one.id], **sent}
            for family in made.families
            for one in family.going
        ],
    )
    heads = [family.head for family in made.families for _ in family.going]
    if heads:
        mail = {"text": "fee_sent", "made_at": by.now, "next_try": by.now}
        db.session.execute(insert(Email), [{"person_id": head, **mail} for head in heads])
    add_lines(line for family in made.families for line in _lines(family, documents, by))


def _check_unmoved(made: Plan) -> None:
    """Hold every decision concerned, in the order of the ids, and see that none has changed, come or gone."""
    now = db.session.execute(
        select(FEES.c.id, FEES.c.version)
        .where(
            or_(
                FEES.c.id.in_(made.seen),
                FEES.c.head_id.in_(made.adults) & FEES.c.status.in_(sorted(IN_FORCE)),
            )
        )
        .order_by(FEES.c.id)
        .with_for_update()
    )
    if dict(now.tuples().all()) != made.seen:
        raise Moved


def _change(columns: list[str], rows: list[dict[str, Any]]) -> None:
    """Change many decisions in one statement."""
    if rows:
        values = {name: bindparam(name) for name in columns} | {"version": FEES.c.version + 1}
        db.session.connection().execute(update(FEES).where(FEES.c.id == bindparam("id_")).values(values), rows)


def _kept(made: Plan, papers: Mapping[int, bytes], by: Actor) -> dict[int, int]:
    """Keep the papers as they are sent; the documents by decision."""
    going = [(family.head, one) for family in made.families for one in family.going]
    if not going:
        return {}
    rows = [
        {
            "person_id": head, "feature": "fee", "name": one.name, "language": one.language, "made_at": by.now,
            "content": papers[one.id], "digest": sha256(papers[one.id]).hexdigest(),
        }
        for head, one in going
    ]  # fmt: skip
    ids = db.session.scalars(insert(Document).returning(Document.id, sort_by_parameter_order=True), rows)
    return dict(zip([one.id for _, one in going], ids, strict=True))


def _lines(family: Family, documents: Mapping[int, int], by: Actor) -> list[dict[str, Any]]:
    """A line for each decision that was sent; what it ended stands with the first, or alone if nothing was sent."""
    changes: list[list[Any]] = []
    for one in family.ended:
        name = f"fee {one.id}"
        if one.period != one.before:
            changes.append([name, "end", str(one.before.end or ""), str(one.period.end or "")])
        if one.status != one.was:
            changes.append([name, "status", one.was.value, one.status.value])
    changes += [[f"fee {id}", "", "", None] for id in family.empty]
    lines = []
    for one in family.going:
        name = f"fee {one.id}"
        own = [[name, "status", "draft", "sent"], [name, "number", None, one.number],
               [name, "document_id", None, documents[one.id]]]  # fmt: skip
        lines.append(_line(family.head, one.id, own + changes, by))
        changes = []
    if changes:
        lines.append(_line(family.head, None, changes, by))
    return lines


def _line(head: int, id: int | None, changes: list[list[Any]], by: Actor) -> dict[str, Any]:
    return {
        "at": by.now, "user_id": by.user and by.user.id, "action": "fee.send", "subject": "fee", "subject_id": id,
        "person_id": head, "facts": {"changes": changes},
    }  # fmt: skip
