"""Fee, voucher value and co-payment of each child of a family on a day, in whole numbers.

Act on Client Fees in Early Childhood Education (1503/2016), 5 § and 8 §.  A family is a dictionary that `families`
makes.  Shares are per cent, the rate is per mille, amounts are cents.
"""

from __future__ import annotations

from datetime import date

NO_SIBLING = ("club", "school_shift_care", "temporary", "temporary_part_day")


def nearest(amount, by=1):
    """The whole number that is nearest to a fraction, halves away from zero."""
    size = (2 * abs(amount) + by) // (2 * by)
    return size if amount >= 0 else -size


def euros(amount, by=1):
    """The nearest whole euro to a fraction of cents, in cents."""
    return 100 * nearest(amount, 100 * by)


def limits(table, size):
    lower, upper = table["lower"][min(size, 6)], table["upper"][min(size, 6)]
    if size > 6:
        lower, upper = lower + (size - 6) * table["more"], upper + (size - 6) * table["more"]
    return lower, upper


def base_of(table, size, incomes):
    """What the family's first child costs full time, thousandths of a cent; without knowing the income, the most."""
    lower, upper = limits(table, size)
    above = upper - lower
    if incomes and all(one is not None and one["effect"] == "income" for one in incomes):
        earned = sum(one["total"] for one in incomes)
        above = max(0, min(above, earned - lower))
    return above * table["rate"]


def altered(fee, alterations):
    """The effects of alterations one after another, and the fee that is left."""
    effects = []
    for one in alterations:
        size = 100 * one["amount"] if one["absolute"] else nearest(fee * one["amount"], 100)
        effect = size if one["kind"] == "increase" else -min(size, fee)
        effects.append(effect)
        fee += effect
    return effects, fee


def sibling_places(family):
    """The numbers of the children in care: the youngest is 1, of twins the one with the greater identity code."""
    counted = [child for child in family["children"] if child["care"] not in NO_SIBLING]
    counted.sort(key=lambda child: child["id"])
    for key in ("code", "born"):
        counted.sort(key=lambda child: child[key], reverse=True)
    return {child["id"]: number for number, child in enumerate(counted, start=1)}


def size_of(family):
    return len(family["adults"]) + len(family["children"]) + family["others"]


def price(family, child, place, own_counts, fixed):
    """Base fee, per cent off, fee before alterations: how a child's hours and place among siblings make it."""
    table, share = family["table"], child["share"]
    incomes = [adult["income"] for adult in family["adults"]]
    if own_counts(child["income"]):
        incomes.append(child["income"])
    off = 100 - table["siblings"][min(place, 3) - 1]
    if fixed and child["fixed"]:
        first, later, off_later = child["fixed"]
        base, off = first, off_later if place > 1 else 0
        fee = euros((later if place > 1 else first) * share, 100)
    elif table["rounding"] == "each_step":
        base = euros(base_of(table, size_of(family), incomes), 1000)
        fee = euros(euros(base * (100 - off), 100) * share, 100)
    else:
        exact = base_of(table, size_of(family), incomes)
        base, fee = nearest(exact, 1000), euros(exact * (100 - off) * share, 1000 * 100 * 100)
    return base, off, fee if fee >= table["smallest"] else 0


def fees(family):
    """By child who is charged for: base, per cent off, fee, effects, what is left."""
    found = {}
    for child_id, place in sibling_places(family).items():
        [child] = [one for one in family["children"] if one["id"] == child_id]
        if child["unit"] != "city" or child["share"] == 0:
            continue
        base, off, fee = price(
            family, child, place, lambda income: income is not None and income["effect"] == "income", True
        )
        alterations = list(child["alterations"])
        if family["agency"] and any(
            adult["income"] is not None and adult["income"]["agency"] for adult in family["adults"]
        ):
            alterations.append({"kind": "increase", "amount": family["agency"], "absolute": True})
        effects, final = altered(fee, alterations)
        found[child_id] = (base, off, fee, tuple(effects), final)
    return found


def age_counts_from(born, years):
    """The first of a month on the birthday or after it; who was born on 29.2. has the birthday on 28.2."""
    try:
        birthday = date(born.year + years, born.month, born.day)
    except ValueError:
        birthday = date(born.year + years, 2, 28)
    if birthday.day == 1:
        return birthday
    return date(birthday.year + birthday.month // 12, birthday.month % 12 + 1, 1)


def vouchers(family):
    """By child in a private unit: value, co-payment, what is left of it after alterations.

    None: the co-payment would be more than the voucher is worth.  A child whose hours are worth nothing has no voucher.
    """
    found = {}
    for child_id, place in sibling_places(family).items():
        [child] = [one for one in family["children"] if one["id"] == child_id]
        if child["unit"] != "voucher":
            continue
        values, day = family["values"], family["day"]
        if day >= age_counts_from(child["born"], 3):
            base = values["over_three"]
        elif day >= age_counts_from(child["born"], 1) or values["under_one"] is None:
            base = values["under_three"]
        else:
            base = values["under_one"]
        value = euros(base * child["voucher_share"] // 100 * child["support"], 100)
        if value == 0:
            continue
        _base, _off, fee = price(family, child, place, lambda income: income is not None, False)
        if fee > value:
            found[child_id] = None
            continue
        _effects, final = altered(fee, child["alterations"])
        found[child_id] = (value, fee, final)
    return found
