"""Cases of a family's decisions over time: drafts of fees and of vouchers, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from evaka.rules.fee import FeeStatus
from tests.conformance import Case, Difference, compare, kind
from tests.conformance.decisions import STATUS, fee_facts, fee_step, given_fee_decision, shown_fee
from tests.conformance.values import day
from tests.conformance.vouchers import shown_voucher, voucher_facts, voucher_step


@kind("decisions/1", "generate")
@kind("vouchers/1", "generate")
def generate(case: Case, fixtures: Case) -> list[Difference]:
    return judged_steps(case, walk(case, fixtures))


Shown = list[tuple[FeeStatus, Case]]  # decisions in the words of the cases, each with its status


def judged_steps(case: Case, walked: Iterable[Shown]) -> list[Difference]:
    """What differs from the expectations of the steps, which have been walked one after another."""
    found: list[Difference] = []
    for number, (step, stored) in enumerate(zip(case["steps"], walked, strict=True), start=1):
        if "expect" in step:
            found += judged(step["expect"], stored, f"step {number}")
    return found


def walk(case: Case, fixtures: Case) -> Iterator[Shown]:
    """All decisions that are stored after each step."""
    settings, known = settings_of(case, fixtures), dict(case["facts"])
    fees = [given_fee_decision(one, fixtures) for one in case.get("existing_decisions", ())]
    vouchers: list = []
    first_day = first_day_of(case, settings)
    for step in case["steps"]:
        known |= step.get("set_facts", {})
        facts = fee_facts(known, fixtures, settings)
        fees = fee_step(step, facts, fees, first_day)
        of_vouchers = voucher_facts(known, fixtures, facts, settings)
        vouchers = voucher_step(step, of_vouchers, vouchers, first_day)
        stored = [(one.status, shown_fee(one)) for one in fees]
        yield stored + [(one.status, shown_voucher(one)) for one in vouchers]


def settings_of(case: Case, fixtures: Case) -> Case:
    """What the case's city has decided: the usual settings, but for those that the case gives."""
    return fixtures["config_default"] | case.get("config", {})


def first_day_of(case: Case, settings: Case) -> date:
    return day(case.get("min_date", settings["decision_min_date"]))


def judged(expect: Case, stored: Shown, where: str) -> list[Difference]:
    """Each expected decision must match another of the stored ones, and no more of them may be there."""
    statuses = {STATUS[name] for name in expect.get("statuses", STATUS)}
    kinds = expect.get("kinds", ("fee", "voucher"))
    left = [_ordered(one) for status, one in stored if status in statuses and one["kind"] in kinds]
    found = compare(expect["count"], len(left), f"{where} count") if "count" in expect else []
    for wanted in expect.get("decisions", ()):
        sought = _ordered(wanted)
        match = next((one for one in left if not compare(sought, one)), None)
        if match is None:
            found.append(Difference(f"{where} decision", sought, left))
        else:
            left.remove(match)
    return found


def _ordered(decision: Case) -> Case:
    """Lists whose order does not matter in one order, and a status as it is called here."""
    ordered: dict[str, Any] = dict(decision)
    if "children" in ordered:
        ordered["children"] = sorted(ordered["children"], key=lambda line: str(line.get("child")))
    if "difference" in ordered:
        ordered["difference"] = sorted(ordered["difference"])
    if "status" in ordered:
        ordered["status"] = STATUS[ordered["status"]].value
    return ordered
