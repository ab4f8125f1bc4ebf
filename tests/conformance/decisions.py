"""Cases of fee decisions: cutting time, drafting, sending."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from evaka.kit.dates import DAY, DateRange, Timeline, pieces
from evaka.rules.fee import (
    Care,
    Child,
    ChildFee,
    Facts,
    FeeDecision,
    Fees,
    FeeStatus,
    FeeTable,
    Limits,
    Line,
    Need,
    child_fee,
    confirm,
    drafts,
    merged,
    spans_of_care,
)
from evaka.rules.placement import CareType
from tests.conformance import Case, Difference, Unsupported, compare, compare_as_sets, kind
from tests.conformance.fees import alteration, income, option_price, thresholds
from tests.conformance.values import day, period, written

STATUS = {status.value: status for status in FeeStatus} | {"waiting_manual": FeeStatus.WAITING}


@kind("decisions/1", "date_split")
def date_split(case: Case, fixtures: Case) -> list[Difference]:
    """Change dates cut time; in mode `open` what begins on the last of them has no end, otherwise it is left out."""
    days = [DateRange(day(given)) for given in case["dates"]]
    found = [written(piece) for piece in pieces(days)]
    return compare(case["expect"], found if case.get("mode", "open") == "open" else found[:-1])


@kind("decisions/1", "change_dates")
def change_dates(case: Case, fixtures: Case) -> list[Difference]:
    found = [piece.start.isoformat() for piece in pieces([DateRange(day) for day in _changes(case)])]
    return compare_as_sets(case["expect"], found, "change dates")


def _changes(case: Case) -> Iterator[date]:
    for given in map(period, case["ranges"]):
        yield given.start
        if given.end:
            yield given.end + DAY


@kind("decisions/1", "merge")
def merge(case: Case, fixtures: Case) -> list[Difference]:
    spans = [
        (period(given), _content("a1", None if case["identical_content"] else f"a{number}", []))
        for number, given in enumerate(case["ranges"], start=2)
    ]
    return compare(case["expect"], [written(span) for span, _ in merged(spans)])


@kind("decisions/1", "confirm")
def confirmation(case: Case, fixtures: Case) -> list[Difference]:
    given = {one["id"]: given_confirmation(one) for one in case["existing"] + case["confirm"]}
    asked = [given[one["id"]] for one in case["confirm"]]
    done = confirm(asked, [one for one in given.values() if one not in asked])
    return confirmed(case, given | {one.id: one for one in (*done.sent, *done.ended)})


def confirmed(case: Case, now: Mapping[Any, FeeDecision]) -> list[Difference]:
    """What differs from the decisions as a `confirm` case expects them afterwards."""
    expected = {one["id"]: one | {"status": STATUS[one["status"]].value} for one in case["expect"]}
    found = {
        id: {
            "id": id,
            "status": one.status.value,
            "from": one.period.start.isoformat(),
            "to": one.period.last_day.isoformat(),
        }
        for id, one in now.items()
    }
    # A decision that is on its way to the family reads "sent" in these cases.
    for row in expected.values():
        if row["status"] == "sent" and found[row["id"]]["status"] == "waiting":
            found[row["id"]]["status"] = "sent"
    return compare(expected, found)


def fee_step(step: Case, facts: Facts, stored: list[FeeDecision], first_day: date) -> list[FeeDecision]:
    """The fee decisions that are stored after a step of a `generate` case."""
    match step["action"]:
        case "generate":
            return _redrafted(facts, stored, first_day)
        case "generate_retroactive":
            return _redrafted(facts, stored, min(first_day, day(step["from_date"])), [step["adult"]])
        case "send_drafts":
            asked = [one for one in stored if one.status is FeeStatus.DRAFT and selected(step, shown_fee(one))]
            others = [one for one in stored if one not in asked]
            done = confirm(asked, others)
            changed = {one.id: one for one in done.ended}
            return [changed.get(one.id, one) for one in others] + [*done.sent, *done.held]
        case "mark_drafts_sent":
            return [_marked(one, FeeStatus.SENT) for one in stored]
        case "ignore_drafts":
            return [_marked(one, FeeStatus.IGNORED) for one in stored]
        case "unignore_drafts":
            stored = [one for one in stored if one.status is not FeeStatus.IGNORED]
            return _redrafted(facts, stored, first_day)
        case "forget_income_ids":
            return [replace(one, fees=forgetful(one.fees)) for one in stored]
        case action:
            raise Unsupported(f"the action {action}")


def selected(step: Case, decision: Case) -> bool:
    """Whether a step means a decision: all of them, unless it selects some by what they say."""
    wanted = step.get("select")
    several = wanted if isinstance(wanted, list) else [wanted or {}]
    return any(not compare(one, decision) for one in several)


def _redrafted(
    facts: Facts, stored: list[FeeDecision], first_day: date, heads: Iterable[Any] = ()
) -> list[FeeDecision]:
    """Drafts made anew: everybody's, or those of some heads."""
    adults = dict.fromkeys(heads or [*facts.adults(), *(one.fees.head for one in stored)])
    fresh = [draft for adult in adults for draft in drafts(facts, adult, stored, first_day=first_day)]
    kept = [one for one in stored if one.status is not FeeStatus.DRAFT or one.fees.head not in adults]
    again = {draft.id for draft in fresh}
    numbered = [
        replace(draft, id=draft.id or f"n{number}")
        for number, draft in enumerate(fresh, start=1 + _greatest(stored) + len(again))
    ]
    return kept + numbered


def _greatest(decisions: list[FeeDecision]) -> int:
    return max((int(digits) for one in decisions if (digits := str(one.id)[1:]).isdigit()), default=0) + 100


def _marked(decision: FeeDecision, status: FeeStatus) -> FeeDecision:
    return replace(decision, status=status) if decision.status is FeeStatus.DRAFT else decision


def forgetful(fees: Fees) -> Fees:
    head, partner = fees.head_income, fees.partner_income
    return replace(
        fees,
        head_income=replace(head, record=None) if head else None,
        partner_income=replace(partner, record=None) if partner else None,
    )


def need(fixtures: Case, option: str, *, words: str = "fee_text", missing: bool = False) -> Need:
    given = fixtures["service_need_options"][option]
    return Need(
        option,
        Decimal(given["fee_coefficient"]),
        given["contract_days_per_month"],
        given[words],
        missing,
    )


def usual(fixtures: Case, care_type: str, *, words: str = "fee_text") -> Need:
    """The need that is taken when none was agreed; kinds of care without one cost nothing then."""
    for key, option in fixtures["service_need_options"].items():
        if option["placement_type"] == care_type and option["default"]:
            return need(fixtures, key, words=words, missing=True)
    return Need("none", Decimal(0), missing=True)


def cares(
    known: Case, fixtures: Case, *, vouchers_only: bool = False, words: str = "fee_text"
) -> dict[int | str, Timeline[Care]]:
    """The places of each child, cut by the needs agreed for them."""
    care: dict[int | str, list[Any]] = {}
    for place in known["placements"]:
        unit = fixtures["units"][place["unit"]]
        voucher = unit["provider"] == "private_service_voucher"
        if vouchers_only and not voucher:
            continue
        agreed = Timeline(
            (period(one), need(fixtures, one["option"], words=words))
            for one in known["service_needs"]
            if one["placement"] == place["id"]
        )
        charged = unit["invoiced"] and not voucher
        cared = Care(
            place["unit"], CareType(place["type"]), usual(fixtures, place["type"], words=words), charged
        )
        care.setdefault(place["child"], []).extend(spans_of_care(period(place), cared, agreed))
    return {child: Timeline(spans) for child, spans in care.items()}


def fee_facts(known: Case, fixtures: Case, settings: Case) -> Facts:
    care = cares(known, fixtures)
    return Facts(
        children={
            id: Child(id, day(one["dob"]), one.get("ssn", "")) for id, one in known["children"].items()
        },
        heads=Timeline((period(one), (one["adult"], one["child"])) for one in known["heads"]),
        partners=Timeline((period(one), (one["a"], one["b"])) for one in known["partnerships"]),
        tables=Timeline(tables(known, fixtures)),
        care=care,
        incomes=by(known["incomes"], "person", income),
        alterations=by(known["alterations"], "child", alteration),
        agency_increase=settings["echa_increase_euros"],
    )


def tables(known: Case, fixtures: Case) -> list[tuple[DateRange, FeeTable]]:
    """The fee tables of a case, each with the fixed prices of its time: cut where one of these begins or ends."""
    prices = by(known.get("option_fees", []), "option", option_price)
    found = []
    for one in known["thresholds"]:
        whole = period(one)
        spans = [span for timeline in prices.values() for span in timeline.periods() if span & whole]
        for piece in pieces([whole, *spans]):
            if piece & whole == piece:
                fixed = {option: price for option, timeline in prices.items() for price in timeline.at(piece.start)}
                found.append((piece, replace(thresholds(fixtures, one["set"]), valid=piece, fixed_prices=fixed)))
    return found


def by(rows: list[Case], key: str, value: Any) -> dict[Any, Timeline[Any]]:
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(row[key], []).append((period(row), value(row)))
    return {name: Timeline(spans) for name, spans in found.items()}


def _content(head: str, partner: str | None, lines: list[Line], **more: Any) -> Fees:
    settled = {"family_size": 2, "head_income": None, "limits": Limits()} | more
    return Fees(head=head, partner=partner, partner_income=None, lines=tuple(lines), **settled)


def given_confirmation(one: Case) -> FeeDecision:
    """A decision of a `confirm` case, which tells only whose it is."""
    fees = _content(one["head"], one["partner"], [_any_line(child) for child in one["children"]], family_size=2)
    return FeeDecision(period(one), fees, STATUS[one["status"]], one["id"])


def _any_line(child: str) -> Line:
    price = ChildFee(0, 0, 0, (), 0)
    return Line(child, Care("A", CareType.DAYCARE, Need("", Decimal(1))), None, (), price)


def given_fee_decision(one: Case, fixtures: Case) -> FeeDecision:
    """A decision that a `generate` case starts with."""
    limits = thresholds(fixtures, one["thresholds"])
    lower, upper = limits.limits(one["thresholds_family_size"])
    lines = []
    for row in one["children"]:
        agreed = need(fixtures, row["service_need_option"], missing=row["service_need_missing"])
        # The family's size does not matter to what is compared: the sibling share, and what follows is given.
        price = replace(
            child_fee(limits, 2, []),
            base=row["base_fee"],
            sibling_percent=row["sibling_discount_percent"],
            fee=row["fee"],
            final=row["final_fee"],
        )
        care = Care(row["unit"], CareType(row["placement_type"]), agreed)
        lines.append(Line(row["child"], care, None, (), price))
    fees = _content(
        one["head"],
        one["partner"],
        lines,
        family_size=one["family_size"],
        head_income=income(one["head_income"]),
        limits=Limits(lower, upper, limits.rate, limits.smallest_fee, limits.highest_fee),
    )
    return FeeDecision(period(one), fees, STATUS[one["status"]], one["id"])


def shown_fee(decision: FeeDecision) -> Case:
    """A fee decision in the words of the cases."""
    fees = decision.fees
    children = [
        {
            "child": line.child,
            "unit": line.care.unit,
            "placement_type": line.care.care_type.value,
            "service_need_option": line.care.need.option,
            "base_fee": line.price.base,
            "sibling_discount_percent": line.price.sibling_percent,
            "fee": line.price.fee,
            "final_fee": line.price.final,
            "alteration_effects": list(line.price.effects),
        }
        for line in fees.lines
    ]
    return {
        "kind": "fee",
        "status": decision.status.value,
        "from": decision.period.start.isoformat(),
        "to": decision.period.last_day.isoformat(),
        "head": fees.head,
        "partner": fees.partner,
        "family_size": fees.family_size,
        "difference": sorted(one.value for one in decision.differences),
        "total_fee": fees.total,
        "max_fee": fees.limits.highest_fee,
        "min_income": fees.limits.lower,
        "child_count": len(children),
        "children": children,
    }
