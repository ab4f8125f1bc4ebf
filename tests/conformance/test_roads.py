"""Random lives of two adults and their children come out the same through the rules as through the database."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from evaka.models.base import db
from tests.conformance import CASES, Case, cases
from tests.conformance.database import timelines as stored
from tests.conformance.database.engines import ENGINES, database
from tests.conformance.timelines import Shown, walk

DAY, FIRST = timedelta(days=1), date(2020, 1, 1)
LIVES = 6
STEPS = ("generate", "send_drafts", "generate", "send_drafts", "generate")


@pytest.mark.parametrize("engine", ENGINES)
def test_both_roads_lead_to_the_same_decisions(engine) -> None:
    fixtures: Case = next(iter(cases(CASES)))[3] | {"header": {"schema": "vouchers/1"}}
    decided = 0
    with database(engine) as answers:
        if not answers:
            pytest.skip("PostgreSQL does not answer")
        for seed in range(LIVES):
            case = _life(Random(seed), fixtures)
            for known, found in zip(walk(case, fixtures), stored.walk(case, fixtures), strict=True):
                assert _sorted(found) == _sorted(known), f"life {seed}"
                decided += len(known)
            db.session.rollback()
            db.session.expunge_all()
    assert decided > 20 * LIVES


def _sorted(shown: Shown) -> list[str]:
    return sorted(str(sorted((one | {"children": _by_child(one)}).items())) for _, one in shown)


def _by_child(decision: Case) -> list[Case]:
    return sorted(decision.get("children", []), key=lambda line: str(line["child"]))


def _life(random: Random, fixtures: Case) -> Case:
    """Facts, decisions on them that are sent, other facts, decisions on those."""
    before = _facts(random, fixtures)
    after = _facts(random, fixtures) | {"children": before["children"], "incomes": before["incomes"]}
    steps: list[Case] = [{"action": action} for action in STEPS]
    steps[2]["set_facts"] = after
    return {"id": "life", "kind": "generate", "facts": before, "steps": steps}


def _facts(random: Random, fixtures: Case) -> Case:
    children = ("c1", "c2", "c3")
    options = fixtures["service_need_options"]
    usual = sorted(one["placement_type"] for one in options.values() if one["default"] and one["voucher_coefficient"])
    placements: list[Case] = []
    needs: list[Case] = []
    for child in children:
        for span in _spans(random, random.choice((1, 2))):
            place = {"id": f"p{len(placements)}", "child": child, "unit": random.choice(("A", "A2", "NB", "V", "V2"))}
            placements.append(place | span | {"type": random.choice(usual)})
            own = [key for key, one in options.items() if one["placement_type"] == placements[-1]["type"]]
            worth = sorted(key for key in own if options[key]["voucher_coefficient"])
            if random.random() < 0.6:
                middle = min(span["to"], "2020-09-15")
                if middle >= span["from"]:
                    needs.append({"placement": place["id"], "option": random.choice(worth), **span, "to": middle})
    effects = ("income", "income", "incomplete", "max_fee_accepted")
    incomes = [
        {"id": f"{person}{number}", "person": person, "effect": random.choice(effects), "total": 0,
         "works_at_echa": random.random() < 0.1, **span}
        for person in ("a1", "a2") for number, span in enumerate(_spans(random, 2))
    ]
    for one in incomes:
        one["total"] = random.randrange(600000) if one["effect"] == "income" else 0
    born = {child: date(2014, 1, 1) + random.randrange(2200) * DAY for child in children}
    return {
        "children": {child: {"dob": day.isoformat()} for child, day in born.items()},
        "heads": [
            {"adult": random.choice(("a1", "a1", "a2")), "child": child, **span}
            for child in children for span in _spans(random, random.choice((1, 2)))
        ],
        "partnerships": [{"a": "a1", "b": "a2", **span} for span in _spans(random, random.choice((1, 2)))],
        "incomes": incomes,
        "placements": placements,
        "service_needs": needs,
        "alterations": [
            {"child": child, "type": random.choice(("discount", "relief", "increase")),
             "absolute": random.random() < 0.5, "amount": random.randrange(1, 100), **span}
            for child in children for span in _spans(random, 1)
        ],
        "voucher_coefficients": [
            {"child": "c1", "coefficient": random.choice(("1.5", "2")), **span} for span in _spans(random, 1)
        ],
        "option_fees": [],
        "thresholds": [{"set": "T2000", "from": "2000-01-01", "to": None}],
    }


def _spans(random: Random, number: int) -> list[dict[str, Any]]:
    """Times that do not meet, within two years."""
    cuts = sorted(random.sample(range(700), 2 * number))
    return [
        {"from": (FIRST + start * DAY).isoformat(), "to": (FIRST + end * DAY).isoformat()}
        for start, end in zip(cuts[::2], cuts[1::2], strict=True)
    ]
