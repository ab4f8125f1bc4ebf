"""Fee decisions as the office checks and sends them, each figure explained; reliefs; guardians' own fees."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from flask import url_for
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from evaka.access import may, within
from evaka.actions.fee.family import tables
from evaka.actions.fee.paper import need_name, table_of
from evaka.kit.dates import finnish
from evaka.kit.money import euros
from evaka.models.base import db
from evaka.models.document import Document
from evaka.models.fee import FeeAlteration, FeeDecision
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.models.voucher import VoucherDecision
from evaka.rules.fee import AlterationKind, Fees, FeeStatus, FeeTable, Step
from evaka.rules.fee.step import money
from evaka.rules.income import Income, family_total
from evaka.views.base import Button, Screen, link
from evaka.views.filters import DayFilter, StateFilter
from evaka.views.income import income_lines
from evaka.views.message import about_fees
from evaka.views.page import actor, aged, decimal, language, moment, told, word_of, written


def explained(steps: tuple[Step, ...]) -> list[dict[str, str]]:
    """The steps of a reckoning as a page shows them."""
    return [
        {
            "title": told(step.key, **step.facts),
            "math": step.arithmetic,
            "rule": step.law,
            "sum": euros(step.result),
        }
        for step in steps
    ]


def table_facts(table: FeeTable) -> list[tuple[str, str]]:
    """Which version of the fee table was used."""
    return [(told("fee.table_from"), finnish(table.valid.start)), (told("fee.table_law"), table.law),
            (told("fee.table_rounding"), told(f"rounding.{table.rounding}"))]


def table_block(fees: Fees, day: date) -> dict[str, Any]:
    """The version of the fee table behind a decision, and the figures that the decision quotes of it."""
    table, said = table_of(fees, day), fees.limits
    quoted = [
        (told("fee.limit_lower"), euros(said.lower)),
        (told("fee.limit_upper"), euros(said.upper)),
        (told("fee.rate"), f"{decimal(said.rate * 100)}\u00a0%"),
        (told("fee.smallest"), euros(said.smallest_fee)),
        (told("fee.highest"), euros(said.highest_fee)),
    ]
    return {
        "title": told("fee.table"),
        "note": told("fee.persons", count=fees.family_size),
        "aside": True,
        "text": "" if table else told("fee.table_changed"),
        "facts": [*(table_facts(table) if table else []), *quoted],
    }


def incomes_blocks(fees: Fees) -> list[dict[str, Any]]:
    """The lines of each income that a decision counts: as shown, the multiplier of the pay period, a month."""
    known = {id: one for id, one in incomes_of(fees).items() if one is not None and one.lines}
    people = {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_(known)))}
    return [income_lines(told("fee.income_of", person=people[id]), one.lines, one.total) for id, one in known.items()]


class FeeScreen(Screen):
    """Drafts come by themselves when something changes; here they are checked, sent, or left unsent."""

    column_list = ("head", "start", "end", "changed", "total", "status", "number")
    column_sortable_list = (("head", "head.sort_key"), "start", "end", "total", "status", "number")
    column_default_sort = ("id", True)
    column_filters = (
        StateFilter(FeeDecision.status, "fee.status", FeeStatus),
        DayFilter(FeeDecision.start, "fee.starts_from"),
    )
    opens_with: ClassVar = {"flt0_0": "draft"}
    search_people = ("head_id", "partner_id")
    search_columns = ("number",)
    money = ("total",)
    column_formatters: ClassVar = {"changed": lambda _view, _context, row, _name: written(row.changed)}
    bulk = ("send", "post", "ignore", "restore")
    reading = True
    details_template = "office/fee.html"

    @property
    def fact_line(self) -> str:
        """Says when the fee tables end: for later days nothing is drafted."""
        last = tables().spans[-1][0] if tables().spans else None
        return told("fee.tables_end", day=last.end) if last and last.end else ""

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(FeeDecision.head))

    def row_heading(self, row: Any) -> str:
        return told("fee.of", number=row.number) if row.number else told("fee.of_draft")

    def row_fact_line(self, row: Any) -> str:
        children = len(row.facts["lines"])
        return " · ".join((str(row.head), str(row.period), told("fee.children", count=children), word_of(row.status)))

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        found = []
        if row.status is FeeStatus.DRAFT and not row.facts["lines"]:
            found.append({"look": "warn", "title": told("fee.change"), "text": told("fee.ends_only")})
        for table in tables().at(row.start):
            if table.invented:
                found.append(
                    {
                        "look": "warn",
                        "title": told("difference.thresholds"),
                        "text": told("fee.tables_invented", start=table.valid.start),
                    }
                )
        if row.head.restricted_on(actor().today):
            found.append(
                {
                    "look": "bad",
                    "title": told("person.restricted_sign"),
                    "text": told("person.restricted_text"),
                }
            )
        return found

    def file(self, row: Any) -> dict[str, Any]:
        fees, before = row.fees, self.before(row)
        people = self.people(row, before)
        return super().file(row) | {
            "kpis": self.kpis(row, fees, before),
            "children": self.children(fees, people, row),
            "changes": self.changes(row, fees, before, people),
        }

    def before(self, row: Any) -> Any:
        """The decision that the family had before this one."""
        return decided_before(row, FeeDecision.head_id == row.head_id)

    def people(self, *rows: Any) -> dict[Any, Person]:
        ids: set[Any] = set()
        for row in rows:
            if row is not None:
                ids |= {row.head_id, row.partner_id} | {line["child"] for line in row.facts["lines"]}
        return {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_(ids - {None})))}

    def kpis(self, row: Any, fees: Fees, before: Any) -> list[dict[str, str]]:
        found = [
            {
                "label": told("fee.total"),
                "value": money(row.total),
                "note": told("fee.was", amount=money(before.total)) if before else told("fee.first_decision"),
            }
        ]
        if before:
            change = row.total - before.total
            found.append(
                {
                    "label": told("fee.change"),
                    "value": f"+{money(change)}" if change > 0 else money(change),
                    "note": told("fee.from", start=row.start),
                }
            )
        found.append({"label": told("fee.family_size"), "value": str(row.family_size), "note": ""})
        found.append({"label": told("fee.income"), "value": income_total(fees), "note": ""})
        return found

    def children(self, fees: Fees, people: dict[Any, Person], row: Any) -> list[dict[str, Any]]:
        units = {
            one.id: one
            for one in db.session.scalars(select(Unit).where(Unit.id.in_({line.care.unit for line in fees.lines})))
        }
        found = []
        for line in fees.lines:
            child = people[line.child]
            found.append(
                {
                    "title": told(
                        "fee.child_title",
                        child=f"{child.first_name} {child.last_name}",
                        age=aged(child.born, row.start),
                        fee=money(line.price.final),
                    ),
                    "note": told("fee.child_note", unit=units[line.care.unit], need=need_name(line, language())),
                    "steps": explained(line.price.steps[:-1]),
                    "total": (told("fee.child_total"), money(line.price.final)),
                }
            )
        return found

    def changes(self, row: Any, fees: Fees, before: Any, people: dict[Any, Person]) -> dict[str, Any] | None:
        """What was and what is to be, side by side."""
        if before is None:
            return None
        old = before.fees
        rows: list[tuple[str, Any, Any, bool]] = []
        was, now = incomes_of(old), incomes_of(fees)
        for id in dict.fromkeys([*was, *now]):
            pair = [income_shown(one[id]) if id in one else "" for one in (was, now)]
            rows.append((told("fee.income_of", person=people[id].first_name), *pair, pair[0] != pair[1]))
        sizes = (old.family_size, fees.family_size)
        rows.append((told("fee.family_size"), *sizes, sizes[0] != sizes[1]))
        paid, pays = ({line.child: line.price.final for line in one.lines} for one in (old, fees))
        for id in dict.fromkeys([*paid, *pays]):
            pair = [money(one[id]) if id in one else "" for one in (paid, pays)]
            rows.append((people[id].first_name, *pair, pair[0] != pair[1]))
        return {
            "note": told("fee.before", number=before.number),
            "rows": rows,
            "total": (told("fee.total"), money(before.total), money(row.total)),
            "reason": written(row.changed),
        }

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        facts = [
            (told("fee.status"), self.badge(row.status)),
            (told("fee.number"), row.number),
            (told("fee.head"), link(str(row.head), "person.details_view", row.head_id)),
            (told("fee.partner"), str(row.partner or "")),
            (told("fee.period"), str(row.period)),
            (told("fee.sent_at"), moment(row.sent_at) if row.sent_at else ""),
            (told("fee.decided_by"), row.decided_by),
        ]
        return [
            {
                "title": told("fee.of", number=row.number) if row.number else told("fee.of_draft"),
                "facts": facts,
                "aside": True,
            },
            *([table_block(row.fees, row.start)] if row.facts["lines"] else []),
            *incomes_blocks(row.fees),
            *about_fees(row.head, row.partner, title=self.row_heading(row) if row.number else ""),
        ]


def decided_before(row: Any, of_same: ColumnElement[bool]) -> Any:
    """The newest decision before this one among those of the same family or child; None: this is the first."""
    kind = type(row)
    earlier = kind.number < row.number if row.number else kind.status == FeeStatus.SENT
    return db.session.scalar(
        select(kind).where(of_same, kind.id != row.id, kind.number.is_not(None), kind.start <= row.start, earlier)
        .order_by(kind.start.desc(), kind.number.desc()).limit(1))


def incomes_of(fees: Fees) -> dict[Any, Income | None]:
    found = {fees.head: fees.head_income}
    if fees.partner is not None:
        found[fees.partner] = fees.partner_income
    return found | {line.child: line.income for line in fees.lines if line.income is not None}


def income_shown(income: Income | None) -> str:
    if income is None:
        return told("fee.not_shown")
    return euros(income.total) if income.effect == "income" else word_of(income.effect)


def income_total(fees: Fees) -> str:
    incomes = [fees.head_income] + ([fees.partner_income] if fees.partner is not None else [])
    total = family_total(incomes)
    return told("fee.not_shown") if total is None else euros(total)


class AlterationScreen(Screen):
    """Reliefs, discounts and increases of single children; new ones are added on the child's page."""

    feature = "fee"
    column_list = ("child", "kind", "amount", "start", "end")
    column_sortable_list = (("child", "child.sort_key"), "start", "end")
    column_default_sort = ("id", True)
    column_filters = (StateFilter(FeeAlteration.kind, "fee.kind", AlterationKind),)
    search_people = ("child_id",)
    reading = True
    column_formatters: ClassVar = {"amount": lambda view, _context, row, _name: view.size(row)}
    column_formatters_export = column_formatters
    column_details_list = ("child", "kind", "amount", "start", "end", "notes")

    def size(self, row: Any) -> str:
        return euros(row.amount) if row.absolute else f"{decimal(row.amount)}\u00a0%"

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(FeeAlteration.child))


class MyFees(Screen):
    """The guardian reads what the family pays, from when, and why."""

    can_export = False
    reading = True
    column_list = ("number", "period", "total", "status", "document")
    column_sortable_list = ()
    column_default_sort = ("number", True)
    money = ("total",)
    column_formatters: ClassVar = {
        "number": lambda view, _context, row, _name: view.row_heading(row),
        "period": lambda _view, _context, row, _name: str(row.period),
        "status": lambda view, _context, row, _name: "" if row.status is FeeStatus.SENT else view.badge(row.status),
        "document": lambda view, _context, row, _name: view.paper(row),
    }
    column_formatters_detail: ClassVar = {"document": lambda view, _context, row, _name: view.paper(row)}
    column_details_list = ("number", "status", "start", "end", "family_size", "total", "document")

    def head_buttons(self) -> list[Button]:
        """To the income statements, and to the vouchers for a family that has any."""
        found = []
        if may(actor(), "statement.view"):
            found.append(Button(told("menu.my_statement"), url_for("my_statement.index_view"), "secondary"))
        mine = select(VoucherDecision.id).where(within(actor(), "voucher.view", VoucherDecision)).limit(1)
        if db.session.scalar(mine) is not None:
            found.append(Button(told("menu.my_voucher"), url_for("my_voucher.index_view"), "secondary"))
        return found

    def row_heading(self, row: Any) -> str:
        return told("fee.of", number=row.number)

    def paper(self, row: Any) -> Any:
        """The PDF, to whom it was sent."""
        return my_paper(row)

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        fees = row.fees
        ids = {line.child for line in fees.lines}
        people = {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_(ids)))}
        return [
            {
                "title": told(
                    "fee.child_title",
                    child=people[line.child].first_name,
                    age=aged(people[line.child].born, row.start),
                    fee=money(line.price.final),
                ),
                "head": [
                    told("invoice.step_text"),
                    told("invoice.step_arithmetic"),
                    told("invoice.step_law"),
                    told("invoice.step_result"),
                ],
                "rows": [[one["title"], one["math"], one["rule"], one["sum"]] for one in explained(line.price.steps)],
                "figures": [3],
            }
            for line in fees.lines
        ]

    def file(self, row: Any) -> dict[str, Any]:
        """Who did what in the office is not the family's to read."""
        return super().file(row) | {"history": []}


def my_paper(row: Any) -> Any:
    """A link to the PDF of a decision or an invoice, for whoever may open it."""
    if row.document_id is None:
        return ""
    mine = db.session.scalar(
        select(Document.id).where(Document.id == row.document_id, within(actor(), "document.view", Document))
    )
    return link("PDF", "my_document.download", mine) if mine else ""
