"""Cases of a family's decisions over time: drafts of fees and of vouchers, step by step."""

from __future__ import annotations

from tests.conformance import Case, Difference, compare, kind
from tests.conformance.decisions import STATUS, fee_facts, fee_step, given_fee_decision, shown_fee
from tests.conformance.values import day
from tests.conformance.vouchers import shown_voucher, voucher_facts, voucher_step


@kind("decisions/1", "generate")
@kind("vouchers/1", "generate")
def generate(case: Case, fixtures: Case) -> list[Difference]:
    settings = fixtures["config_default"] | case.get("config", {})
    known = dict(case["facts"])
    fees = [given_fee_decision(one, fixtures) for one in case.get("existing_decisions", ())]
    vouchers: list = []
    first_day = day(case.get("min_date", settings["decision_min_date"]))
    found: list[Difference] = []
    for number, step in enumerate(case["steps"]):
        known |= step.get("set_facts", {})
        facts = fee_facts(known, fixtures)
        fees = fee_step(step["action"], facts, fees, first_day)
        of_vouchers = voucher_facts(known, fixtures, facts, settings)
        vouchers = voucher_step(step["action"], of_vouchers, vouchers, first_day)
        if "expect" in step:
            stored = [(one.status, shown_fee(one)) for one in fees]
            stored += [(one.status, shown_voucher(one)) for one in vouchers]
            found += _judged(step["expect"], stored, f"step {number + 1}")
    return found


def _judged(expect: Case, stored: list, where: str) -> list[Difference]:
    """Each expected decision must match another of the stored ones, and no more of them may be there."""
    statuses = {STATUS[name] for name in expect.get("statuses", STATUS)}
    kinds = expect.get("kinds", ("fee", "voucher"))
    left = [_ordered(one) for status, one in stored if status in statuses and one["kind"] in kinds]
    found = compare(expect["count"], len(left), f"{where} count")
    for wanted in expect.get("decisions", ()):
        sought = _ordered(wanted)
        match = next((one for one in left if not compare(sought, one)), None)
        if match is None:
            found.append(Difference(f"{where} decision", sought, left))
        else:
            left.remove(match)
    return found


def _ordered(decision: Case) -> Case:
    ordered = dict(decision)
    if "children" in ordered:
        ordered["children"] = sorted(ordered["children"], key=lambda line: str(line["child"]))
    if "difference" in ordered:
        ordered["difference"] = sorted(ordered["difference"])
    return ordered
