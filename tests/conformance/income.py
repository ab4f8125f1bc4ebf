"""Cases of income: totals, validity of records, reminders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.rules.income import (
    Effect,
    IncomeLine,
    IncomePolicy,
    PayPeriod,
    check_apart,
    shown,
    validity,
    with_new,
)
from evaka.rules.income.notice import Notice, Renewal, Statement, due_notice
from tests.conformance import Case, Difference, compare, compare_as_sets, expectations, kind
from tests.conformance.values import day, period, written


def policy(fixtures: Case, multiplier_set: str = "A") -> IncomePolicy:
    multipliers = fixtures["income_multipliers"][multiplier_set]
    return IncomePolicy({PayPeriod(name): Decimal(value) for name, value in multipliers.items()})


@kind("income/1", "total")
def total(case: Case, fixtures: Case) -> list[Difference]:
    multipliers = policy(fixtures, case["multiplier_set"]).multipliers
    lines = [
        IncomeLine(
            row["type"],
            row["amount"],
            PayPeriod(row["coefficient"]),
            multipliers[PayPeriod(row["coefficient"])],
            expense=row["sign"] < 0,
        )
        for row in case["rows"]
    ]
    income = shown(Effect(case["effect"]), lines)
    found = {
        "monthly_amounts": [line.monthly for line in income.lines],
        "total_income": income.earned,
        "total_expenses": income.expenses,
        "total": income.total,
    }
    return expectations(case, found)


@kind("income/1", "validity")
def validity_of_records(case: Case, fixtures: Case) -> list[Difference]:
    existing: dict[int | str, DateRange] = {one["id"]: period(one) for one in case["existing"]}
    new = case["new"]
    try:
        asked = validity(day(new["from"]), day(new["to"]) if new["to"] else None)
        if case["action"] == "create":
            stored = with_new(existing, asked) | {new["id"]: asked}
        else:
            check_apart([span for id, span in existing.items() if id != new["id"]], asked)
            stored = existing | {new["id"]: asked}
    except Refused as refused:
        refusals = {"income.ends_before_start": "bad_request", "income.overlaps": "conflict"}
        stored = existing  # as it was
        result = refusals[refused.key]
    else:
        result = "ok"
    rows = [dict(zip(("id", "from", "to"), (id, *written(span)), strict=True)) for id, span in stored.items()]
    found = compare(case["expect"].get("result", result), result, "result")
    return found + compare_as_sets(case["expect"].get("stored"), rows, "stored")


@kind("income/1", "expiry_reminder")
def expiry_reminder(case: Case, fixtures: Case) -> list[Difference]:
    facts, rules = case["facts"], policy(fixtures)
    today = day(facts["today"])
    incomes = [(one["person"], period(one)) for one in facts["incomes"]]
    notices = {(one["person"], Notice(one["type"])) for one in facts["sent_notifications"]}
    found: list[Difference] = []
    for number, run in enumerate(case["runs"]):
        sent: list[dict[str, Any]] = []
        created: list[dict[str, Any]] = []
        for person in _adults(facts):
            own = [span for owner, span in incomes if owner == person]
            due = due_notice(
                Renewal(
                    incomes=tuple(own),
                    charged=tuple(_charged(facts)),
                    statements=tuple(
                        Statement(
                            DateRange(day(one["start"]), day(one["end"]) if one["end"] else None),
                            handled=one["status"] == "handled",
                        )
                        for one in facts["statements"]
                        if one["person"] == person
                    ),
                    notices=frozenset(notice for owner, notice in notices if owner == person),
                ),
                rules,
                today,
            )
            if due is None:
                continue
            notices.add((person, due))
            sent.append({"person": person, "type": due.value})
            if due is Notice.EXPIRED:
                start = max(span.last_day for span in own) + DAY
                incomes.append((person, DateRange(start)))
                created.append({"person": person, "from": start.isoformat(), "to": None})
        found += compare_as_sets(run.get("sent"), sent, f"runs[{number}].sent")
        found += compare_as_sets(run.get("created_incomes"), created, f"runs[{number}].created_incomes")
    return found


def _adults(facts: Case) -> list[str]:
    today, partner = day(facts["today"]), facts["partner"]
    adults = [facts["head"]]
    if partner and today in period(partner):
        adults.append(partner["id"])
    return adults


def _charged(facts: Case) -> list[DateRange]:
    today = day(facts["today"])
    at_home = {
        child["id"]
        for child in facts["children"]
        if not child.get("guardian_only")
        and today in period([child["head_from"], child["head_to"]])
    }
    return [
        period(place)
        for place in facts["placements"]
        if place["child"] in at_home
        and (place["unit_invoiced"] or place["unit_provider"] == "private_service_voucher")
        and Decimal(place["fee_coefficient"]) > 0
    ]
