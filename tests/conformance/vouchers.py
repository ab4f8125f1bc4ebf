"""Cases of service vouchers: values, decisions, the month's report to units, payments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from evaka.kit.dates import DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.rules.fee import Facts, FeeStatus
from evaka.rules.fee.family import Fees, Limits
from evaka.rules.voucher import (
    PAYMENT,
    AgeValues,
    FrozenMonth,
    Payee,
    ReportRow,
    RowKind,
    SentVoucher,
    Voucher,
    VoucherDecision,
    VoucherFacts,
    VoucherPolicy,
    VoucherTable,
    confirm,
    drafts,
    freeze,
    payments,
    report,
    send,
    value_from,
    voucher_value,
    without_pairs,
)
from tests.conformance import Case, Difference, Unsupported, compare, expectations, kind
from tests.conformance.decisions import by, cares, forgetful, selected
from tests.conformance.values import day, month, period


@kind("vouchers/1", "value")
def value(case: Case, fixtures: Case) -> list[Difference]:
    found = voucher_value(
        case["base_value"], Decimal(case["voucher_coefficient"]), Decimal(case["assistance_coefficient"])
    )
    return expectations(case, {"voucher_value": found.value})


@kind("vouchers/1", "age_limit")
def age_limit(case: Case, fixtures: Case) -> list[Difference]:
    return expectations(case, {"over_3_value_from": value_from(day(case["dob"]), 3).isoformat()})


def voucher_facts(known: Case, fixtures: Case, family: Facts, settings: Case) -> VoucherFacts:
    policy = VoucherPolicy(
        day(settings["decision_min_date"]),
        capacity_raises_value=settings["capacity_factor_as_voucher_coefficient"],
    )
    options = fixtures["service_need_options"].items()
    return VoucherFacts(
        family,
        care=cares(known, fixtures, vouchers_only=True, words="voucher_text"),
        tables=Timeline((one.valid, one) for one in map(_table, fixtures["voucher_base_values"])),
        coefficients={
            key: Decimal(one["voucher_coefficient"]) for key, one in options if one["voucher_coefficient"]
        },
        support=policy.support(
            by(known.get("voucher_coefficients", []), "child", _coefficient),
            by(known.get("capacity_factors", []), "child", _coefficient),
        ),
    )


def _table(given: Case) -> VoucherTable:
    valid = period([given["valid_from"], given["valid_to"]])
    return VoucherTable(valid, "", AgeValues(given["base_value"], given["base_value_under_3"]))


def _coefficient(given: Case) -> Decimal:
    return Decimal(given["coefficient"])


def voucher_step(
    step: Case, facts: VoucherFacts, stored: list[VoucherDecision], first_day: date
) -> list[VoucherDecision]:
    """The voucher decisions that are stored after a step of a `generate` case."""
    match step["action"]:
        case "generate":
            return _redrafted(facts, stored, first_day)
        case "generate_retroactive":
            return stored  # of fee decisions only
        case "send_drafts":
            drafted = [one for one in stored if one.status is FeeStatus.DRAFT]
            asked = [one for one in drafted if selected(step, shown_voucher(one))]
            others = [one for one in stored if one not in asked]
            done = confirm(asked, others)
            changed = {one.id: one for one in done.ended}
            return [changed.get(one.id, one) for one in others] + list(done.sent)
        case "mark_drafts_sent":
            return [_marked(one, FeeStatus.SENT) for one in stored]
        case "ignore_drafts":
            return [_marked(one, FeeStatus.IGNORED) for one in stored]
        case "unignore_drafts":
            return _redrafted(
                facts, [one for one in stored if one.status is not FeeStatus.IGNORED], first_day
            )
        case "forget_income_ids":
            return [
                replace(one, voucher=replace(one.voucher, family=forgetful(one.voucher.family)))
                for one in stored
            ]
        case action:
            raise Unsupported(f"the action {action}")


def _redrafted(
    facts: VoucherFacts, stored: list[VoucherDecision], first_day: date
) -> list[VoucherDecision]:
    kept = [one for one in stored if one.status is not FeeStatus.DRAFT]
    fresh = [
        draft for child in facts.family.children for draft in drafts(facts, child, stored, first_day=first_day)
    ]
    highest = max((int(one.id) for one in stored if one.id), default=0)
    return kept + [
        replace(draft, id=draft.id or number) for number, draft in enumerate(fresh, start=highest + 1)
    ]


def _marked(decision: VoucherDecision, status: FeeStatus) -> VoucherDecision:
    return replace(decision, status=status) if decision.status is FeeStatus.DRAFT else decision


def shown_voucher(decision: VoucherDecision) -> Case:
    """A voucher decision in the words of the cases."""
    voucher, line, value = decision.voucher, decision.voucher.line, decision.voucher.value
    return {
        "kind": "voucher",
        "status": decision.status.value,
        "from": decision.period.start.isoformat(),
        "to": decision.period.last_day.isoformat(),
        "child": voucher.child,
        "head": voucher.family.head,
        "partner": voucher.family.partner,
        "family_size": voucher.family.family_size,
        "difference": sorted(one.value for one in decision.differences),
        "empty": decision.empty,
        "unit": line.care.unit if line else None,
        "placement_type": line.care.care_type.value if line else None,
        "service_need_option": line.care.need.option if line else None,
        "base_co_payment": line.price.base if line else 0,
        "sibling_discount_percent": line.price.sibling_percent if line else 0,
        "co_payment": voucher.co_payment,
        "final_co_payment": voucher.final_co_payment,
        "base_value": value.base if value else 0,
        "assistance_coefficient": f"{value.support.normalize():f}" if value else "1",
        "voucher_value": voucher.worth,
    }


@kind("vouchers/1", "unit_report")
def unit_report(case: Case, fixtures: Case) -> list[Difference]:
    """The reports as they are after each event they are asked for."""
    wanted: dict[int, list[Case]] = {}
    for asked in case["reports"]:
        wanted.setdefault(asked.get("after_event", len(case["events"]) - 1), []).append(asked)
    stored: dict[str, SentVoucher] = {}
    frozen: list[FrozenMonth] = []
    found: list[Difference] = []
    for number, event in enumerate(case["events"]):
        at = datetime.fromisoformat(event["at"])
        match event["event"]:
            case "decision_sent":
                _send(case["child"], event, at, stored)
            case "freeze":
                frozen.append(freeze(month(event["month"]), at, stored.values(), frozen))
            case "end_date_changed":
                ended = DateRange(stored[event["id"]].period.start, day(event["to"]))
                stored[event["id"]] = replace(stored[event["id"]], period=ended, changed_at=at)
            case "annulled":
                stored[event["id"]] = replace(stored[event["id"]], annulled=True, changed_at=at)
        for asked in wanted.get(number, ()):
            rows = report(month(asked["month"]), stored.values(), frozen)
            found += compared(asked, rows, f"{asked['month']} {asked['unit']}")
    return found


def _send(child: str, event: Case, at: datetime, stored: dict[str, SentVoucher]) -> None:
    """A decision is sent; what the child had on the same days ends by the rule of confirming."""
    new = SentVoucher(
        event["id"],
        child,
        event["unit"],
        period(event),
        event["value"],
        event["co_payment"] + event["alteration_effect"],
        at,
        base=event.get("base_value", 0),
        coefficient=Decimal(event.get("voucher_coefficient", "1")),
        support=Decimal(event.get("assistance_coefficient", "1")),
    )
    nothing = Voucher(child, Fees("a1", None, 2, None, None, Limits()))
    others = [
        VoucherDecision(one.period, nothing, FeeStatus.SENT, one.id)
        for one in stored.values()
        if not one.annulled
    ]
    for ended in confirm([VoucherDecision(new.period, nothing)], others).ended:
        annulled = ended.status is FeeStatus.ANNULLED
        stored[str(ended.id)] = replace(
            stored[str(ended.id)], period=ended.period, annulled=annulled, changed_at=at
        )
    stored[event["id"]] = new


def compared(asked: Case, rows: list[ReportRow], where: str) -> list[Difference]:
    rows = [row for row in rows if row.decision.unit == asked["unit"]]
    if "only_rows_overlapping" in asked:
        rows = [row for row in rows if row.period & period(asked["only_rows_overlapping"])]
    found = compare(asked["row_count"], len(rows), f"{where} count")
    left = [
        {
            "type": row.kind.value,
            "from": row.period.start.isoformat(),
            "to": row.period.last_day.isoformat(),
            "value": row.decision.value,
            "final_co_payment": row.decision.final_co_payment,
            "amount": row.amount,
            "amount_before_assistance": row.before_support,
        }
        for row in rows
    ]
    for sought in asked["rows"]:
        match = next((one for one in left if not compare(sought, one)), None)
        if match is None:
            found.append(Difference(f"{where} row", sought, left))
        else:
            left.remove(match)
    return found


@kind("vouchers/1", "cancel_pairs")
def cancel_pairs(case: Case, fixtures: Case) -> list[Difference]:
    left = [_written(row) for row in without_pairs(map(_row, case["rows"]))]
    return compare(sorted(case["expect"], key=str), sorted(left, key=str))


def _row(given: Case) -> ReportRow:
    decision = _decision(given["child"], given["unit"], period(given["period"]))
    return ReportRow(decision, RowKind(given["type"]), decision.period, given["amount"])


def _written(row: ReportRow) -> Case:
    return {
        "child": row.decision.child,
        "unit": row.decision.unit,
        "period": [row.period.start.isoformat(), row.period.last_day.isoformat()],
        "type": row.kind.value,
        "amount": row.amount,
    }


def _decision(child: str, unit: str, days: DateRange) -> SentVoucher:
    """A decision of which only the child, unit and days matter."""
    return SentVoucher("d1", child, unit, days, 0, 0, datetime(2020, 1, 1))  # noqa: DTZ001


@kind("vouchers/1", "payment")
def payment(case: Case, fixtures: Case) -> list[Difference]:
    frozen = [_frozen(month(one), case["rows"]) for one in case["frozen_months"]]
    try:
        made = payments(frozen)
    except Refused:
        return compare(case["expect"], {"result": "bad_request"})
    match case["action"]:
        case "create_drafts":
            pass
        case "create_confirm_send":
            made = send(
                [replace(one, status=PAYMENT.after(one.status, "confirm")) for one in made],
                {unit: Payee(**known) for unit, known in case["units"].items()},
                first_number=case["number_series_start"],
                last_number=None,
                paid_on=day(case["payment_date"]),
                due=day(case["due_date"]),
            )
        case other:
            raise Unsupported(other)
    found = [
        {
            "unit": one.unit,
            "amount": one.amount,
            "status": one.status.value,
            "number": one.number,
            "payment_date": one.paid_on.isoformat() if one.paid_on else None,
            "due_date": one.due.isoformat() if one.due else None,
        }
        for one in made
    ]
    expected = sorted(case["expect"]["payments"], key=lambda one: one["unit"])
    return compare(expected, sorted(found, key=lambda one: str(one["unit"])))


def _frozen(closed: DateRange, rows: list[Case]) -> FrozenMonth:
    given = [
        ReportRow(_decision("c1", row["unit"], closed), RowKind.ORIGINAL, closed, row["amount"])
        for row in rows
    ]
    return FrozenMonth(closed, datetime(2020, 1, 25), tuple(given))  # noqa: DTZ001
