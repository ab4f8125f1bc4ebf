"""The rows of a month's invoice, day by day, as the cities' published rules tell them.

A case is a dictionary that `families.month_of` makes: decisions with a part for each child, places, absences by day,
the city's choices.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from tests.oracle.reckon import altered, euros, nearest

EASTER = {
    2019: (4, 21), 2020: (4, 12), 2021: (4, 4), 2022: (4, 17), 2023: (4, 9), 2024: (3, 31), 2025: (4, 20),
    2026: (4, 5), 2027: (3, 28), 2028: (4, 16), 2029: (4, 1), 2030: (4, 21),
}
FIXED = {(1, 1), (1, 6), (5, 1), (12, 6), (12, 24), (12, 25), (12, 26)}
MONTHLY = (
    "daycare", "daycare_part_time", "daycare_5yo", "daycare_part_time_5yo", "preschool_daycare",
    "preschool_daycare_only", "preschool_club", "preparatory_daycare", "preparatory_daycare_only",
)
TEMPORARY = ("temporary", "temporary_part_day")
DAY = timedelta(days=1)


@cache
def is_holiday(day):
    """As the Church Act and the Acts on single holidays have them; the eves of Midsummer and Christmas count too."""
    easter = date(day.year, *EASTER[day.year])
    if (day.month, day.day) in FIXED or (day - easter).days in (-2, 0, 1, 39, 49):
        return True
    if day.month == 6 and day.isoweekday() == 5 and 19 <= day.day <= 25:
        return True
    if day.month == 6 and day.isoweekday() == 6 and 20 <= day.day <= 26:
        return True
    return day.isoweekday() == 6 and (day.month, day.day) in {(10, 31), *((11, number) for number in range(1, 7))}


@cache
def days_in(month):
    days = [month + number * DAY for number in range(31)]
    return [day for day in days if day.month == month.month]


def month_days(case):
    return days_in(case["month"])


def workdays(days):
    return [day for day in days if day.isoweekday() <= 5 and not is_holiday(day)]


@cache
def workdays_in(month):
    return workdays(days_in(month))


def inside(span, day):
    return span[0] <= day and (span[1] is None or day <= span[1])


def care_days(case, child):
    """The days of the month on which the child could be in care that is charged."""
    found, shift = [], case["shift"].get(child)
    mine = [one for one in case["places"] if one["child"] == child and one["invoiced"]]
    mine = [one for one in mine if one["care"] in MONTHLY + TEMPORARY]
    for day in month_days(case):
        for place in mine:
            if not inside(place["span"], day):
                continue
            unit = case["units"][place["unit"]]
            if shift == "intermittent":
                found.append(day)
            elif shift == "full" and unit["shift_days"]:
                if day.isoweekday() in unit["shift_days"] and (unit["on_holidays"] or not is_holiday(day)):
                    found.append(day)
            elif day.isoweekday() in unit["days"] and not is_holiday(day):
                found.append(day)
    return found


def five_a_week(days):
    weeks = {}
    for day in days:
        weeks.setdefault(day - (day.isoweekday() - 1) * DAY, []).append(day)
    return [day for week in weeks.values() for day in week[:5]]


def parts_of(case, child):
    """(first day, last day, part) of each stretch with a place and a decision; equal neighbours are one."""
    last_of_month = month_days(case)[-1]
    spans = []
    for decision in case["decisions"]:
        for part in decision["parts"]:
            for place in case["places"]:
                if part["child"] != child or place["child"] != child:
                    continue
                if not place["invoiced"] or place["care"] not in MONTHLY:
                    continue
                first = max(case["month"], decision["span"][0], place["span"][0])
                last = min(end for end in (last_of_month, decision["span"][1], place["span"][1]) if end is not None)
                if first <= last:
                    spans.append((first, last, part))
    spans.sort(key=lambda span: span[0])
    joined = []
    for first, last, part in spans:
        if joined and joined[-1][2] == part and joined[-1][1] + DAY == first:
            joined[-1] = (joined[-1][0], last, part)
        else:
            joined.append((first, last, part))
    return [span for span in joined if span[2]["final"]]


def child_rows(case, child):
    """Rows as (child, product, amount, unit price, first day, last day)."""
    city, absent = case["city"], case["absences"].get(child, {})
    decided = [part for decision in case["decisions"] for part in decision["parts"] if part["child"] == child]
    contract = decided[0]["contract_days"] if decided else None
    working, days = workdays_in(case["month"]), care_days(case, child)
    by_contract = bool(city["contract_divides"] and contract)
    divisor = contract if by_contract else len(working)
    whole = min(divisor, len(working))
    if by_contract:
        attended = [day for day in days if absent.get(day) != "planned"]
        mine = [one for one in case["places"] if one["child"] == child and one["invoiced"]]
        placed = [one["span"] for one in mine if one["care"] in MONTHLY + TEMPORARY]
        if all(any(inside(span, day) for span in placed) for day in working):
            for day in days:
                if absent.get(day) == "planned" and len(attended) < divisor:
                    attended.append(day)
        attended.sort()
    else:
        attended = five_a_week(days)
    sick = len([day for day in days if absent.get(day) == "sick"])
    if sick == len(days):
        reduction = "sick_full_month"
    elif sick >= 11:
        reduction = "sick_half"
    elif len([day for day in days if day in absent]) == len(days):
        reduction = "absence_half"
    else:
        reduction = None
    pieces = []
    for first, last, part in parts_of(case, child):
        here = [day for day in attended[:divisor] if first <= day <= last]
        fee_rows = []
        pieces.append((first, last, part, here, fee_rows))
        if here:
            priced = [("care:" + part["care"], part["fee"])]
            priced += [(one["kind"], effect) for one, effect in zip(part["alterations"], part["effects"], strict=True)]
            for product, amount in priced:
                if len(here) == whole:
                    fee_rows.append((child, product, 1, amount, first, last))
                else:
                    fee_rows.append((child, product, len(here), nearest(amount, divisor), first, last))
    rows, surplus_paid, unpaid = [], 0, sum(total(fee_rows) for _, _, _, _, fee_rows in pieces)
    for first, last, part, here, fee_rows in pieces:
        piece = list(fee_rows)
        unpaid -= total(fee_rows)  # the care of the days to come
        if contract and reduction not in ("sick_full_month", "absence_half"):
            came = [day for day in attended if day <= last and day not in absent]
            used = len(came)
            if city["absences_are_surplus"]:
                used += len([day for day in set(days) & set(absent) if day <= last
                             and absent[day] not in ("planned", "free")])
            extra = used - contract - surplus_paid
            if extra > 0:
                so_far, most = total(rows + piece) + unpaid, highest(case, child)
                each = nearest(part["final"], contract)
                beyond = city["highest_after"] is not None and used > city["highest_after"]
                amount = extra
                if so_far + extra * each > most or beyond:
                    amount, each = 1, most - so_far
                if each > 0:
                    piece.append((child, "surplus_days", amount, each, first, last))
                    surplus_paid += extra
        if fee_rows:
            two = second_birthday(case["born"][child])
            free = {"force_majeure", "free"} if city["free_refunds"] else {"force_majeure"}
            back = [day for day in days if first <= day <= last and (
                absent.get(day) in free or (absent.get(day) == "parent_leave" and day <= two))]
            charged = total(fee_rows)
            each = nearest(charged, divisor if len(here) == whole else len(here))
            if back and (len(back) >= whole or len(back) * each > charged):  # never more than was charged
                piece.append((child, "daily_refund", 1, -charged, first, last))
            elif back:
                piece.append((child, "daily_refund", len(back), -each, first, last))
            if reduction:
                amount = piece[0][2]
                off = total(piece) if reduction == "sick_full_month" else nearest(total(piece), 2)
                piece.append((child, reduction, amount, -nearest(off, amount), first, last))
        rows += piece
    finals = {part["final"] for part in decided}
    if rows and len(finals) == 1:
        lost = finals.pop() - total(rows)
        if 0 < abs(lost) < 20:
            ends = month_days(case)
            rows.append((child, rows[0][1], 1, lost, ends[0], ends[-1]))
    return rows


def total(rows):
    return sum(row[2] * row[3] for row in rows)


def second_birthday(born):
    try:
        return date(born.year + 2, born.month, born.day)
    except ValueError:
        return date(born.year + 2, 2, 28)


def highest(case, child):
    """What the month would have cost full time: days above the contract never lead above it."""
    each, working = [], workdays_in(case["month"])
    for decision in case["decisions"]:
        for part in decision["parts"]:
            mine = [day for day in month_days(case) if inside(decision["span"], day)]
            if part["child"] != child or not mine:
                continue
            full = euros(part["base"] * (100 - part["off"]), 100)
            full = altered(full, part["alterations"])[1]
            if part["care"] in ("preschool_daycare", "preparatory_daycare"):
                full = min(full, full * case["usual"][part["care"]] // 100)
            each.append((full, len(workdays(mine))))
    parts = [part for one in case["decisions"] for part in one["parts"] if part["child"] == child]
    contract = parts[0]["contract_days"]
    if case["city"]["contract_divides"] and contract:
        return max(full for full, _ in each)
    return sum(nearest(full * days * 100, len(working)) for full, days in each) // 100


def july_is_free(case, child):
    first = case["month"]
    if first.month != 7:
        return False
    begin = 9 if case["city"]["july_from_september"] else 8
    needed = [(first.year - 1, month) for month in range(begin, 13)] + [(first.year, month) for month in range(1, 7)]
    for year, month in needed:
        start = date(year, month, 1)
        stop = date(year + month // 12, month % 12 + 1, 1) - DAY
        if not any(
            place["child"] == child and place["care"] in MONTHLY and place["span"][0] <= stop
            and (place["span"][1] is None or place["span"][1] >= start)
            for place in case["places"]
        ):
            return False
    return True


def invoice(case):
    """The head's rows of the month, the youngest child first, and who answers for them besides."""
    rows = []
    inside_month = month_days(case)
    decisions = [one for one in case["decisions"] if any(inside(one["span"], day) for day in inside_month)]
    case = {**case, "decisions": decisions}
    named = dict.fromkeys([part["child"] for one in decisions for part in one["parts"]] + list(case["born"]))
    children = sorted(named, key=lambda child: case["born"][child], reverse=True)  # twins as the decision names them
    placed = [child for child in children if any(
        place["child"] == child and place["invoiced"] and place["care"] in MONTHLY + TEMPORARY
        and any(inside(place["span"], day) for day in inside_month) for place in case["places"])]
    for child in children:
        if not july_is_free(case, child):
            rows += child_rows(case, child)
        rows += temporary_rows(case, child, placed)
    rows = [row for row in rows if row[2] * row[3]]
    if total(rows) < case["city"]["smallest_invoice"]:
        rows = []
    partners = {decision["partner"] for decision in decisions}
    codebtor = partners.pop() if len(partners) == 1 else None
    if any(all((codebtor, part["child"]) not in case["guardians"] for part in one["parts"]) for one in decisions):
        codebtor = None
    return rows, codebtor if rows else None


def temporary_rows(case, child, placed):
    rows = []
    working = workdays_in(case["month"])
    counted = five_a_week(care_days(case, child))[: len(working)]
    absent, prices = case["absences"].get(child, {}), case["prices"]
    for place in sorted(case["places"], key=lambda one: one["span"][0]):
        if place["child"] != child or place["care"] not in TEMPORARY or not place["invoiced"]:
            continue
        part_day = place["care"] == "temporary_part_day"
        days = [day for day in counted if inside(place["span"], day)]
        if not part_day or case["city"]["part_day_refunds"]:
            days = [day for day in days if day not in absent]
        if days:
            each = prices[(placed.index(child) > 0, part_day)]
            here = [day for day in month_days(case) if inside(place["span"], day)]
            rows.append((child, "care:" + place["care"], len(days), each, here[0], here[-1]))
    return rows
