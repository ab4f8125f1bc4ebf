"""Drafting decisions: what the rules say is news becomes drafts, for one family as for ten thousand.

Fee decisions here, voucher decisions in `vouchers`, of the same facts: whoever changes a fact calls `refresh` once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select

from evaka.access import Actor
from evaka.actions.fee import vouchers
from evaka.actions.fee.family import facts_of, policy, together
from evaka.kit.dates import DAY, DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.fee import FeeDecision, fees_of, snapshot
from evaka.models.journal import add_lines
from evaka.rules.fee import Facts, FeeStatus, drafts
from evaka.rules.fee import FeeDecision as Decided

BATCH = 500  # families whose facts are held in memory at once


@dataclass(frozen=True)
class _Row:
    """A draft as it is in the database, or is to be."""

    period: DateRange
    facts: dict[str, Any]

    def columns(self, head: int) -> dict[str, Any]:
        return {
            "head_id": head,
            "partner_id": self.facts["partner"],
            "start": self.period.start,
            "end": self.period.end,
            "family_size": self.facts["family_size"],
            "total": sum(line["final"] for line in self.facts["lines"]),
            "facts": self.facts,
            "status": FeeStatus.DRAFT,
            "decided_by": "",
        }


def refresh(heads: Iterable[int], by: Actor) -> dict[int, Refused]:
    """Draft anew what these families should pay, and their children's vouchers; what was told is not drafted again.

    Called in the transaction that changed an income, a place, a relief or a family, and every night for
    what comes with the calendar.  Doing it twice changes nothing.  Answers by head why there are no drafts,
    or none from a day on; the other families get theirs.
    """
    db.session.flush()
    troubles: dict[int, Refused] = {}
    wanted = sorted(set(heads))
    for first in range(0, len(wanted), BATCH):
        troubles |= _refresh(together(wanted[first : first + BATCH]), by)
    return troubles


def _refresh(heads: Collection[int], by: Actor) -> dict[int, Refused]:
    if not heads:
        return {}
    found, fresh, (_, before), troubles = _reckoned(heads)
    made: list[tuple[int, _Row]] = []
    gone: dict[int, int] = {}
    for head in fresh:
        kept = set()
        for draft in fresh[head]:
            row = _Row(draft.period, snapshot(draft.fees, draft.differences))
            if draft.id is not None and before[head][int(draft.id)] == row:
                kept.add(draft.id)
            else:
                made.append((head, row))
        gone |= dict.fromkeys(before[head].keys() - kept, head)
    _write(made, gone, by)
    return vouchers.redraft(found, by) | troubles


def preview(heads: Collection[int]) -> tuple[dict[int, tuple[list[Decided], list[Decided]]], dict[int, Refused]]:
    """By head the drafts that there should be now and the decisions that there are; nothing is saved.

    The second answer holds, by head, why there are none, or none from a day on.
    """
    _, fresh, (decisions, _), troubles = _reckoned(heads)
    return {head: (fresh[head], decisions[head]) for head in fresh}, troubles


def _reckoned(
    heads: Collection[int],
) -> tuple[dict[int, Facts], dict[int, list[Decided]], tuple[Any, Any], dict[int, Refused]]:
    """The facts and the drafts that follow from them by head, what there is (`_decisions`), and the troubles."""
    found, troubles = facts_of(heads)
    there = _decisions(heads)
    first_day = policy().first_day
    fresh: dict[int, list[Decided]] = {}
    for head in sorted(found):
        try:
            fresh[head], trouble = _drafts(found[head], head, there[0][head], first_day)
        except Refused as no:
            trouble = no  # what is drafted already stays as it is
        if trouble is not None:
            troubles[head] = trouble
    return found, fresh, there, troubles


def _drafts(facts: Facts, head: int, decisions: list[Decided], first_day: date) -> tuple[list[Decided], Refused | None]:
    """The drafts of one family; where the fee table is missing from a day on, those of the days before it."""
    try:
        return drafts(facts, head, decisions, first_day=first_day), None
    except Refused as no:
        if no.key != "fee.no_table":
            raise
        last = no.facts["day"] - DAY
        known = replace(facts, care={child: _until(care, last) for child, care in facts.care.items()})
        told = [
            replace(one, period=DateRange(one.period.start, min(one.period.last_day, last)))
            for one in decisions
            if one.period.start <= last
        ]
        fresh = [one for one in drafts(known, head, told, first_day=first_day) if one.period.start <= last]
        return fresh, no


def _until(care: Timeline[Any], last: date) -> Timeline[Any]:
    cut = DateRange(date.min, last)
    return Timeline((common, value) for period, value in care.spans if (common := period & cut))


def _decisions(heads: Collection[int]) -> tuple[dict[int, list[Decided]], dict[int, dict[int, _Row]]]:
    """All decisions of the families as the rules read them, and their drafts as they are stored."""
    decisions: dict[int, list[Decided]] = defaultdict(list)
    stored: dict[int, dict[int, _Row]] = defaultdict(dict)
    for id, head, status, start, end, facts in db.session.execute(
        select(
            FeeDecision.id,
            FeeDecision.head_id,
            FeeDecision.status,
            FeeDecision.start,
            FeeDecision.end,
            FeeDecision.facts,
        )
        .where(FeeDecision.head_id.in_(heads), FeeDecision.status != FeeStatus.ANNULLED)
        .order_by(FeeDecision.id)
    ):
        period = DateRange(start, end)
        decisions[head].append(Decided(period, fees_of(facts), status, id))
        if status is FeeStatus.DRAFT:
            stored[head][id] = _Row(period, facts)
    return decisions, stored


def _write(made: list[tuple[int, _Row]], gone: dict[int, int], by: Actor) -> None:
    """Rows and their lines in the journal, each kind in one statement."""
    lines = []
    if gone:
        db.session.execute(delete(FeeDecision).where(FeeDecision.id.in_(gone)))
        lines += [_line("fee.drop", id, head, {}, by) for id, head in gone.items()]
    if made:
        db.session.execute(insert(FeeDecision), [row.columns(head) for head, row in made])
        ids = {
            (head, start): id
            for id, head, start in db.session.execute(
                select(FeeDecision.id, FeeDecision.head_id, FeeDecision.start).where(
                    FeeDecision.head_id.in_({head for head, _ in made}), FeeDecision.status == FeeStatus.DRAFT
                )
            )
        }
        lines += [_line("fee.draft", ids[head, row.period.start], head, _told(row), by) for head, row in made]
    if lines:
        add_lines(lines)


def _told(row: _Row) -> dict[str, Any]:
    return {"period": str(row.period), "total": sum(line["final"] for line in row.facts["lines"])}


def _line(key: str, id: int, head: int, facts: dict[str, Any], by: Actor) -> dict[str, Any]:
    return {
        "at": by.now,
        "user_id": by.user and by.user.id,
        "action": key,
        "subject": "fee",
        "subject_id": id,
        "person_id": head,
        "facts": facts,
    }
