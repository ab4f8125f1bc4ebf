"""Random families and months: plain dictionaries, the same for the same number of family and seed.

They are stranger than people are, with incomes at the limits, twins, places that change within a month, birthdays on
the last of February: what is rare in life is where reckonings differ.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

DAY = timedelta(days=1)
TABLES = (
    ((210200, 271300, 308000, 344700, 381300), (479900, 541000, 577700, 614400, 651000), 14200, 2700, (100, 50, 20)),
    ((213600, 275600, 312900, 350200, 387400), (482300, 544300, 581600, 618900, 656100), 14400, 2700, (100, 50, 20)),
    ((279800, 361000, 409900, 458800, 507500), (548500, 629700, 678600, 727500, 776200), 18900, 2700, (100, 40, 20)),
    ((291300, 375800, 426700, 477700, 528400), (566600, 651100, 702000, 753000, 803700), 19700, 2800, (100, 40, 20)),
    ((387400, 499800, 567500, 635300, 702800), (662640, 775040, 842740, 910540, 978040), 26200, 2800, (100, 40, 20)),
    ((406600, 524500, 595600, 666700, 737600), (697300, 815200, 886300, 957400, 1028300), 27500, 3000, (100, 40, 20)),
)
SHARES = (100, 100, 90, 85, 80, 75, 65, 60, 50, 48, 45, 40, 36, 35, 30, 0)
CARES = (
    "daycare", "daycare", "daycare", "daycare_part_time", "daycare_5yo", "preschool_daycare", "preschool_daycare_only",
    "preschool", "preparatory_daycare", "preschool_club", "club", "temporary",
)
VALUES = ((87000, 134850, None), (94900, 151900, None), (94900, 148000, 170000), (47450, 75950, None))
ABSENCES = ("sick", "planned", "other", "unknown", "force_majeure", "parent_leave", "free", "unauthorized")
ALL_WEEK = (1, 2, 3, 4, 5, 6, 7)


def family_of(random: Random) -> dict:
    """A family on a day, with a fee table, voucher values, and everything that its fees depend on."""
    lower, upper, more, smallest, siblings = random.choice(TABLES)
    day = date(2019, 1, 1) + random.randrange(3600) * DAY
    table = {
        "lower": dict(zip(range(2, 7), lower, strict=True)), "upper": dict(zip(range(2, 7), upper, strict=True)),
        "more": more, "rate": 107, "smallest": smallest, "siblings": siblings,
        "rounding": random.choice(("each_step", "each_step", "fee_only")),
    }
    over_three, under_three, under_one = random.choice(VALUES)
    adults = [{"income": _income(random, table)} for _ in range(random.choice((1, 2, 2)))]
    children = [_child(random, number, day) for number in range(random.choice((1, 1, 1, 2, 2, 2, 3, 5)))]
    return {
        "day": day, "table": table, "adults": adults, "children": children, "others": random.choice((0, 0, 0, 1, 3)),
        "agency": random.choice((0, 93)),
        "values": {"over_three": over_three, "under_three": under_three, "under_one": under_one},
    }


def _income(random: Random, table: dict) -> dict | None:
    effect = random.choice(("income",) * 12 + ("max_fee_accepted", "incomplete", None))
    if effect is None:
        return None
    near = random.choice((*table["lower"].values(), *table["upper"].values())) // random.choice((1, 2))
    total = random.choice(
        (random.randrange(1200000), near + random.randrange(-300, 300), random.randrange(-9000, 9000))
    )
    return {"effect": effect, "total": total if effect == "income" else 0, "agency": random.random() < 0.1}


def _child(random: Random, number: int, day: date) -> dict:
    born = day - random.choice((random.randrange(20, 2600), 365, 366, 1095, 1096)) * DAY
    if random.random() < 0.1:
        born = date(2016, 2, 29)
    care = random.choice(CARES)
    return {
        "id": number, "born": born, "code": random.choice(("", f"{random.randrange(1000)}")), "care": care,
        "unit": random.choice(("city", "city", "city", "voucher", "own")), "share": random.choice(SHARES),
        "voucher_share": random.choice((100, 80, 60, 50, 48, 0)),
        "support": random.choice((100, 100, 100, 150, 200, 125, 333)),
        "income": {"effect": random.choice(("income", "income", "incomplete")), "total": random.randrange(90000),
                   "agency": False} if random.random() < 0.1 else None,
        "alterations": [_alteration(random) for _ in range(random.choice((0, 0, 0, 1, 2, 3)))],
        "fixed": random.choice(((5000, 3000, 40), (12000, 7200, 40))) if care == "preschool_club" else None,
    }


def _alteration(random: Random) -> dict:
    absolute = random.random() < 0.5
    return {
        "kind": random.choice(("discount", "relief", "increase")), "absolute": absolute,
        "amount": random.randrange(1, 300) if absolute else random.randrange(1, 101),
    }


# -- a month -------------------------------------------------------------------------------------------


def month_of(random: Random, family: dict, fees: dict) -> dict:
    """A month of the family's invoice: decisions of what it owes, places, absences, and the city's choices."""
    month = date(random.randrange(2020, 2030), random.randrange(1, 13), 1)
    last = month + 31 * DAY
    last = last - last.day * DAY
    cut = random.choice((None, None, month + random.randrange(1, 27) * DAY))
    spans = [(date(2019, 1, 1), last + 40 * DAY)] if cut is None else [(date(2019, 1, 1), cut - DAY), (cut, last)]
    contract = {child["id"]: random.choice((None, None, 10, 13, 15)) for child in family["children"]}
    decisions = [
        {"span": span, "partner": "partner" if len(family["adults"]) > 1 and random.random() < 0.9 else None,
         "parts": [_part(child, fees[child["id"]], contract, random, number) for child in family["children"]
                   if child["id"] in fees]}
        for number, span in enumerate(spans)
    ]
    cared = [child for child in family["children"] if child["id"] in fees or child["care"] == "temporary"]
    children = [child["id"] for child in cared]
    places = [place for child in cared for place in _places(random, child, month, last)]
    return {
        "month": month, "decisions": [one for one in decisions if one["parts"]], "places": places,
        "born": {child["id"]: child["born"] for child in cared},
        "units": {
            "ordinary": {"days": (1, 2, 3, 4, 5), "shift_days": (), "on_holidays": False},
            "weekends": {"days": (1, 2, 3, 4, 5), "shift_days": ALL_WEEK, "on_holidays": random.random() < 0.5},
        },
        "shift": {child: random.choice(("full", "intermittent")) for child in children if random.random() < 0.1},
        "absences": {child: _absences(random, month, last) for child in children if random.random() < 0.6},
        "city": {
            "free_refunds": random.random() < 0.5, "absences_are_surplus": random.random() < 0.5,
            "highest_after": random.choice((None, None, 13)), "contract_divides": random.random() < 0.6,
            "part_day_refunds": random.random() < 0.5, "july_from_september": random.random() < 0.5,
            "smallest_invoice": random.choice((0, 0, 800)),
        },
        "usual": {"preschool_daycare": random.choice((80, 60)), "preparatory_daycare": random.choice((80, 60))},
        "guardians": {(adult, child) for adult in ("head", "partner") for child in children if random.random() < 0.7},
        "prices": {(False, False): 2900, (False, True): 1500, (True, False): 1500, (True, True): 800},
    }


def _part(child: dict, fee: tuple, contract: dict, random: Random, number: int) -> dict:
    base, off, before, effects, final = fee
    if number and random.random() < 0.3:  # from the second decision on without alterations
        effects, final, alterations = (), before, []
    else:
        alterations = child["alterations"]
        if len(effects) > len(alterations):
            alterations = [*alterations, {"kind": "increase", "amount": 93, "absolute": True}]
    return {
        "child": child["id"], "unit": "weekends" if number and random.random() < 0.3 else "ordinary",
        "care": child["care"], "base": base, "off": off, "fee": before, "alterations": alterations,
        "effects": effects, "final": final, "contract_days": contract[child["id"]],
    }


def _places(random: Random, child: dict, month: date, last: date) -> list[dict]:
    """One place or two after one another: the whole month, or a part of it."""
    first = random.choice((month - 700 * DAY, month - 330 * DAY, month, month + random.randrange(28) * DAY))
    end = random.choice((None, None, last, month + random.randrange(28) * DAY))
    if end is not None and end < first:
        end = None
    between = month + random.randrange(1, 27) * DAY
    spans = [(first, end)]
    if random.random() < 0.3 and first < between and (end is None or between < end):
        spans = [(first, between - DAY), (between + random.choice((0, 0, 3)) * DAY, end)]
        spans = [span for span in spans if span[1] is None or span[0] <= span[1]]
    care = random.choice(("temporary", "temporary_part_day")) if child["care"] == "temporary" else child["care"]
    return [
        {"child": child["id"], "unit": random.choice(("ordinary", "weekends")), "care": care, "span": span,
         "invoiced": random.random() < 0.97}
        for span in spans
    ]


def _absences(random: Random, month: date, last: date) -> dict[date, str]:
    """Some days away, or nearly all of them for one reason."""
    days = [month + number * DAY for number in range((last - month).days + 1)]
    if random.random() < 0.4:
        kind, left_out = random.choice(ABSENCES), set(random.sample(days, random.choice((0, 0, 1, 12))))
        return {day: kind for day in days if day not in left_out}
    return {day: random.choice(ABSENCES) for day in random.sample(days, random.randrange(15))}
