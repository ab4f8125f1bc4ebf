"""Cases of the monthly invoice: rows, due dates, corrections, replacements, a free summer month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from evaka.kit.dates import DateRange, Timeline
from evaka.rules.attendance import AbsenceKind
from evaka.rules.calendar import OpenDays
from evaka.rules.invoice import (
    INVOICE,
    Charge,
    Correction,
    Invoice,
    InvoicePolicy,
    InvoiceStatus,
    Month,
    Part,
    Place,
    SentInvoice,
    applied,
    due_date,
    free_by_choice,
    invoice_date,
    invoices,
    left_over,
    months_to_check,
    replacement,
)
from evaka.rules.placement import CareType, ShiftCare
from tests.conformance import Case, Difference, compare, compare_as_sets, kind
from tests.conformance.fees import alteration, thresholds
from tests.conformance.values import day, month, period


def policy(fixtures: Case, config: Case) -> InvoicePolicy:
    chosen = fixtures["config_default"] | config
    free = {"free"} if chosen["free_absence_gives_daily_refund"] else set()
    return InvoicePolicy(
        refunded=frozenset({"force_majeure"} | free),
        refunded_babies=frozenset({"parent_leave"}),
        sick=frozenset({"sick"}),
        planned=frozenset({"planned"}),
        never_surplus=frozenset({"planned", "free"}),
        absences_are_surplus=chosen["unplanned_absences_are_surplus_days"],
        highest_after_days=chosen["max_contract_day_surplus_threshold"],
        contract_days_divide=chosen["use_contract_days_as_daily_fee_divisor"],
        part_day_absence_refunded=chosen["temporary_part_day_absence_gives_daily_refund"],
        free_july_from_month=9 if chosen["free_july_start_on_september"] else 8,
        free_july_excused=frozenset({date(2020, 4, 1), date(2020, 5, 1)}),
        smallest_invoice=chosen["minimum_invoice_amount"],
    )


def _part(given: Case) -> Part:
    return Part(
        child=given["child"],
        unit=given["unit"],
        care_type=CareType(given["placement_type"]),
        base=given["base_fee"],
        sibling_percent=given["sibling_discount_percent"],
        fee=given["fee"],
        final=given["final_fee"],
        alterations=tuple((alteration(one), one["effect"]) for one in given["alterations"]),
        contract_days=given["contract_days"],
    )


def _open_days(unit: Case) -> OpenDays:
    return OpenDays(
        weekdays=frozenset(unit.get("operation_weekdays", range(1, 6))),
        shift_care=frozenset(unit.get("shift_care_weekdays", ())),
        open_on_holidays=unit.get("shift_care_open_on_holidays", False),
    )


def _correction(given: Case) -> Correction:
    spans = period(given) if "from" in given else DateRange(date(2020, 1, 1), date(2020, 1, 31))
    product = given.get("product", "care:daycare")
    return Correction(
        given["id"], given["head"], given["child"], "A", product, spans, given["amount"], given["unit_price"]
    )


def _places(rows: list[Case], fixtures: Case) -> tuple[Place, ...]:
    return tuple(
        Place(
            one["child"],
            one["unit"],
            CareType(one["type"]),
            period(one),
            fixtures["units"][one["unit"]]["invoiced"],
        )
        for one in rows
    )


def _usual(fixtures: Case) -> dict[CareType, Decimal]:
    options = fixtures["service_need_options"].values()
    return {
        CareType(one["placement_type"]): Decimal(one["fee_coefficient"]) for one in options if one["default"]
    }


def absent_days(rows: list[Case]) -> Iterator[tuple[str, date, str, str]]:
    """Child, day, category and type of each day away, in the order of the case."""
    for one in rows:
        spans = [period(span) for span in one.get("ranges", ())]
        spans += [DateRange(day(single), day(single)) for single in one.get("dates", ())]
        spans += [period(one)] if "from" in one else []
        for span in spans:
            for on in span.days():
                yield one.get("child", "c1"), on, one.get("category", "billable"), one["type"]


def _absences(rows: list[Case]) -> dict[Any, dict[date, AbsenceKind]]:
    """Those from care that is paid for, by child."""
    found: dict[Any, dict[date, AbsenceKind]] = {}
    for child, on, category, kind_of in absent_days(rows):
        if category == "billable":
            found.setdefault(child, {})[on] = AbsenceKind(kind_of)
    return found


@kind("invoices/1", "invoice")
def invoice(case: Case, fixtures: Case) -> list[Difference]:
    shift: dict[Any, list[Any]] = {}
    for need in case["service_needs"]:
        span = (period(need), ShiftCare(need.get("shift_care") or "none"))
        shift.setdefault(need["child"], []).append(span)
    facts = Month(
        period=month(case["month"]),
        born={child: day(one["dob"]) for child, one in case["children"].items()},
        table=thresholds(fixtures, "T2000"),
        charges=tuple(
            Charge(one["head"], period(one), tuple(map(_part, one["children"])), one["partner"])
            for one in case["fee_decisions"]
        ),
        places=_places(case["placements"], fixtures),
        open_days={key: _open_days(unit) for key, unit in fixtures["units"].items()},
        shift_care={child: Timeline(spans) for child, spans in shift.items()},
        absences=_absences(case["absences"]),
        heads=Timeline((period(one), (one["adult"], one["child"])) for one in case["heads"]),
        guardians=frozenset((one["adult"], one["child"]) for one in case.get("guardians", ())),
        free=frozenset(case.get("free_children", ())),
        usual_coefficients=_usual(fixtures),
        corrections=tuple(map(_correction, case.get("corrections", ()))),
    )
    made = invoices(facts, policy(fixtures, case["config"]))
    found = compare(case["expect"]["invoice_count"], len(made), "invoice_count")
    by_head = {one.head: _shown(one) for one in made}
    for wanted in case["expect"].get("invoices", ()):
        found += compare(wanted, by_head.get(wanted["head"]), f"invoice of {wanted['head']}")
    return found


def _shown(made: Invoice) -> Case:
    rows = [
        {
            "amount": row.amount,
            "unit_price": row.unit_price,
            "price": row.price,
            "product": str(row.product),
            "child": row.child,
            "unit": row.unit,
            "from": row.period.start.isoformat(),
            "to": row.period.last_day.isoformat(),
            "correction": row.correction,
        }
        for row in made.rows
    ]
    return {"head": made.head, "total": made.total, "codebtor": made.codebtor, "rows": rows}


@kind("invoices/1", "due_date")
def due(case: Case, fixtures: Case) -> list[Difference]:
    due = due_date(day(case["period_end"]))
    dated = invoice_date(due, policy(fixtures, {}))
    return compare(case["expect"], {"due_date": due.isoformat(), "invoice_date": dated.isoformat()})


@kind("invoices/1", "correction_series")
def correction_series(case: Case, fixtures: Case) -> list[Difference]:
    waiting = [_correction(one) for one in case["corrections"]]
    found: list[Difference] = []
    for step in case["months"]:
        known = {one.id: one for one in waiting}
        before = step["invoice_before"]
        taken = applied(waiting, before or 0)
        total = None if before is None and not taken else (before or 0) + sum(one.sum for one in taken)
        for part in taken:
            whole = known.pop(part.id)
            for number, (amount, unit_price) in enumerate(left_over(whole, part)):
                rest = f"{whole.id}+{number}"
                known[rest] = Correction(
                    rest, whole.head, whole.child, "A", whole.product, whole.period, amount, unit_price
                )
        waiting = list(known.values())
        rows = [{"amount": one.amount, "unit_price": one.unit_price, "correction": one.id} for one in taken]
        left = [{"amount": one.amount, "unit_price": one.unit_price} for one in waiting]
        shown = {"total": total, "correction_rows": rows}
        wanted = {key: value for key, value in step.items() if key in shown}
        found += compare(wanted, shown, step["month"])
        found += compare_as_sets(step.get("remaining"), left, f"{step['month']} remaining")
    return found


Sent = dict[tuple[str, date], SentInvoice]  # by head and month


@kind("invoices/1", "replacement")
def replacements(case: Case, fixtures: Case) -> list[Difference]:
    families = case.get("families", [{"head": "a1", "child": "c1"}])
    rules = policy(fixtures, case.get("config", {}))
    sent: Sent = {
        (family["head"], span.start): SentInvoice(_family_total(case, fixtures, rules, family, span, later=False) or 0)
        for family in families
        for span in map(month, case["sent_months"])
    }
    drafts = _replaced(case, fixtures, families, sent)
    found = _judged_replacements(case, drafts)
    if "drafts_on_next_run" in case["expect"]:
        sent |= {(one["head"], month(one["month"]).start): SentInvoice(one["total"], one["revision"]) for one in drafts}
        again = len(_replaced(case, fixtures, families, sent))
        found += compare(case["expect"]["drafts_on_next_run"], again, "drafts_on_next_run")
    return found


def _replaced(case: Case, fixtures: Case, families: list[Case], sent: Sent) -> list[Case]:
    """The drafts of a run that looks for months which turn out otherwise today."""
    rules = policy(fixtures, case.get("config", {}))
    others = [month(one) for one in case.get("other_family_sent_months", ())]
    months = [DateRange.month(first.year, first.month) for _, first in sent] + others
    dates = [invoice_date(due_date(one.last_day), rules) for one in months]
    drafts: list[Case] = []
    start = month(case["replacement_start"]).start
    for span in months_to_check(start, day(case["today"]), max(dates, default=None)):
        for family in families:
            if case.get("only_head", family["head"]) != family["head"]:
                continue
            before = sent.get((family["head"], span.start))
            made = replacement(before, _family_total(case, fixtures, rules, family, span, later=True))
            if made is not None:
                drafts.append(
                    {
                        "month": f"{span.start:%Y-%m}",
                        "head": family["head"],
                        "status": InvoiceStatus.REPLACEMENT_DRAFT.value,
                        "replaces": "original" if before else None,
                        "revision": made[0],
                        "total": made[1],
                    }
                )
    return drafts


def _judged_replacements(case: Case, drafts: list[Case]) -> list[Difference]:
    expect, found = dict(case["expect"]), []
    if "drafts" in expect:
        plain = [{key: value for key, value in one.items() if key != "total_less_than"} for one in expect["drafts"]]
        found += compare_as_sets(plain, drafts, "drafts")
        for wanted in expect["drafts"]:
            limit = wanted.get("total_less_than")
            if limit is not None and not any(one["total"] < limit for one in drafts):
                found.append(Difference("total", f"less than {limit}", [one["total"] for one in drafts]))
    if "draft_months" in expect:
        found += compare_as_sets(expect["draft_months"], [one["month"] for one in drafts], "draft_months")
        found += [one for draft in drafts for one in compare(expect.get("each", {}), draft, "each")]
    if "draft_heads" in expect:
        found += compare(sorted(expect["draft_heads"]), sorted(one["head"] for one in drafts), "draft_heads")
    if "after" in expect:
        [draft] = drafts
        status = INVOICE.after(InvoiceStatus(draft["status"]), "send").value
        old = INVOICE.after(InvoiceStatus.SENT, "replace").value if draft["replaces"] else None
        marked = {"status": status, "reason": case["reason"], "notes": "kept"}
        found += compare(expect["after"], {"original": old, "replacement": marked}, "after")
    return found


def _family_total(
    case: Case, fixtures: Case, rules: InvoicePolicy, family: Case, span: DateRange, *, later: bool
) -> int | None:
    given = case.get("later_placement", case["placement"]) if later else case["placement"]
    if given is None:  # the place was taken back
        return None
    placed = period(given)
    child, head, fee = family["child"], family["head"], case["fee"]
    part = Part(child, "A", CareType.DAYCARE, fee, 0, fee, fee)
    corrections = case.get("corrections", ()) if later else ()
    made = invoices(
        Month(
            period=span,
            born={child: date(2017, 6, 1)},
            table=thresholds(fixtures, "T2000"),
            charges=(Charge(head, placed, (part,)),),
            places=(Place(child, "A", CareType.DAYCARE, placed),),
            absences=_absences(case.get("later_absences", []) if later else []),
            corrections=tuple(map(_correction, corrections)),
        ),
        rules,
    )
    return made[0].total if made else None


@kind("invoices/1", "free_summer")
def free_summer(case: Case, fixtures: Case) -> list[Difference]:
    span, fee = month(case["month"]), case["fee"]
    options = [period(one) for one in case["questionnaire"]["options"]]
    children = {place["child"] for place in case["placements"]}
    free = {
        child
        for child in children
        if free_by_choice(
            options,
            free={on for who, on, _, kind_of in absent_days(case["absences"]) if (who, kind_of) == (child, "free")},
            days_of_care={
                on
                for place in case["placements"]
                if place["child"] == child
                for on in _open_days(fixtures["units"][place["unit"]]).days(period(place))
            },
        )
    }
    facts = Month(
        period=span,
        born=dict.fromkeys(children, date(2017, 6, 1)),
        table=thresholds(fixtures, "T2000"),
        charges=tuple(
            Charge("a1", days, (Part(one["child"], one["unit"], CareType(one["type"]), fee, 0, fee, fee),))
            for one in case["placements"]
            if (days := period(one) & span)
        ),
        places=_places(case["placements"], fixtures),
        absences=_absences(case["absences"]),
        free=frozenset(free),
    )
    made = invoices(facts, policy(fixtures, {"free_absence_gives_daily_refund": False}))
    return compare(case["expect"], {"invoice_count": len(made)})
