"""Cases of occupancy: days, periods, an applicant thought of, and the ratio through a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from evaka.kit.dates import DAY, DateRange, add_months
from evaka.rules.attendance import AbsenceCategory
from evaka.rules.calendar import OpenDays
from evaka.rules.placement import CareType, ServiceNeed, ShiftCare, without
from evaka.rules.unit import (
    BackupCare,
    Commitment,
    Figures,
    Group,
    Key,
    Need,
    OccupancyKind,
    Options,
    Place,
    Presence,
    Rows,
    Scale,
    Stay,
    adults_present,
    merged,
    occupancy,
    peak,
    through_the_day,
    with_applicant,
)
from tests.conformance import Case, Difference, compare, kind
from tests.conformance.values import day, period

ALWAYS = DateRange(date.min)
KINDS_OF_OCCUPANCY = {
    "confirmed": OccupancyKind.CONFIRMED,
    "planned": OccupancyKind.PLANNED,
    "realized": OccupancyKind.REALISED,
}
WITHOUT_CONNECTED = {
    CareType.PRESCHOOL_DAYCARE: CareType.PRESCHOOL,
    CareType.PRESCHOOL_CLUB: CareType.PRESCHOOL,
    CareType.PREPARATORY_DAYCARE: CareType.PREPARATORY,
}


def options(fixtures: Case) -> dict[str, ServiceNeed]:
    return {
        key: ServiceNeed(
            key=key,
            name={"fi": key},
            care_type=CareType(one["placement_type"]),
            valid=ALWAYS,
            fee_coefficient=Decimal(one["fee_coefficient"]),
            over_3=Decimal(one["occupancy_over_3"]),
            under_3=Decimal(one["occupancy_under_3"]),
            realised_over_3=Decimal(one["realized_occupancy_over_3"]),
            realised_under_3=Decimal(one["realized_occupancy_under_3"]),
            hours_a_week=Decimal(one["hours_per_week"]),
            default=one["default"],
        )
        for key, one in fixtures["service_need_options"].items()
    }


def places(fixtures: Case) -> dict[str, Place]:
    return {
        key: Place(
            key,
            ALWAYS,
            tuple(
                Group(name, ALWAYS, ((ALWAYS, Decimal(str(adults))),))
                for name, adults in unit["groups"].items()
            ),
            OpenDays(
                frozenset(unit.get("operation_weekdays", range(1, 6))),
                frozenset(unit.get("shift_care_weekdays", ())),
                unit.get("shift_care_open_on_holidays", False),
            ),
            family_care=unit["family"],
        )
        for key, unit in fixtures["header"]["units"].items()
    }


def rows(case: Case, *, level: str) -> Rows:
    """What the case tells, by unit or by group."""
    born = {key: day(child["dob"]) for key, child in case["children"].items()}
    needs: dict[str, list[Need]] = defaultdict(list)
    for one in case.get("service_needs", ()):
        needs[one["placement"]].append(Need(period(one), one["option"], ShiftCare(one["shift_care"])))
    stays = [
        Stay(
            one["child"],
            born[one["child"]],
            one[level],
            period(one),
            CareType(one["type"]),
            tuple(needs[one["id"]]),
        )
        for one in case["placements"]
        if one[level] is not None
    ]
    if level == "unit":
        stays += [
            stay for one in case.get("plans", ()) if not one.get("deleted") for stay in planned(one, born)
        ]
    absences: dict[Key, dict[date, set[AbsenceCategory]]] = defaultdict(lambda: defaultdict(set))
    for one in case.get("absences", ()):
        days = [day(one["date"])] if "date" in one else [d for r in one["ranges"] for d in period(r).days()]
        for away in days:
            absences[one["child"]][away].add(AbsenceCategory(one["category"]))
    pauses = [period(pair) for pair in case.get("preschool_term_breaks", ())]
    return Rows(
        stays,
        factors(case),
        {CareType.PRESCHOOL: pauses, CareType.PREPARATORY: pauses},
        absences,
        [BackupCare(one["child"], one[level], period(one)) for one in case.get("backup_care", ())],
        adults_present(
            [presence(one) for one in case.get("staff", ())],
            {
                (one["group"], day(one["date"])): Decimal(str(one["count"]))
                for one in case.get("staff_counts", ())
            },
        ),
    )


def planned(plan: Case, born: dict[str, date]) -> list[Stay]:
    """The stays of a plan: a connected part takes its days from the pre-primary education."""
    care_type = CareType(plan["type"])
    parts = [(period(plan), care_type)]
    if plan.get("daycare_from"):
        connected = DateRange(day(plan["daycare_from"]), day(plan["daycare_to"]))
        main = without(period(plan), connected)
        parts = [(connected, care_type)] + [(part, WITHOUT_CONNECTED[care_type]) for part in main]
    child = plan["child"]
    return [
        Stay(child, born[child], plan["unit"], span, care, commitment=Commitment.PLANNED)
        for span, care in parts
    ]


def factors(case: Case) -> dict[Key, list[tuple[DateRange, Decimal]]]:
    found: dict[Key, list[tuple[DateRange, Decimal]]] = defaultdict(list)
    for one in case.get("assistance_factors", ()):
        span = period(one) if "from" in one else ALWAYS
        found[one["child"]].append((span, Decimal(one["factor"])))
    return found


def presence(one: Case) -> Presence:
    departed = one["departed"] and datetime.fromisoformat(one["departed"])
    arrived = datetime.fromisoformat(one["arrived"])
    group, who = one.get("group", ""), one.get("employee", one.get("child", f"{arrived}"))
    return Presence(who, group, arrived, departed, Decimal(one["coefficient"]), one.get("type", "present"))


def told(figures: Figures | None) -> dict[str, Any] | None:
    if figures is None:
        return None
    return {
        "sum_under_3": float(figures.under_3),
        "sum_over_3": float(figures.over_3),
        "sum": float(figures.sum),
        "headcount": figures.headcount,
        "caretakers": None if figures.adults is None else float(figures.adults),
        "percentage": None if figures.percentage is None else float(figures.percentage),
    }


def figures(case: Case, fixtures: Case, query: Case, span: DateRange) -> dict[date, Figures]:
    level, unit = query["level"], places(fixtures)[query["unit"]]
    found = [unit] if level == "unit" else [one for one in unit.by_group() if one.key == query["group"]]
    chosen = KINDS_OF_OCCUPANCY[query["type"]]
    return occupancy(found, rows(case, level=level), chosen, span, options(fixtures))[found[0].key]


@kind("occupancy/1", "daily")
def daily(case: Case, fixtures: Case) -> list[Difference]:
    found: list[Difference] = []
    for number, query in enumerate(case["queries"]):
        asked = day(query["date"])
        answer = told(figures(case, fixtures, query, DateRange(asked, asked)).get(asked))
        shown = {"absent": answer is None} | (answer or {"sum": 0.0})
        found += compare(query["expect"], shown, f"queries[{number}]")
    return found


@kind("occupancy/1", "periods")
def periods(case: Case, fixtures: Case) -> list[Difference]:
    query = case["query"]
    found = [
        {"from": span.start.isoformat(), "to": span.last_day.isoformat()} | (told(figure) or {})
        for span, figure in merged(figures(case, fixtures, query, period(query)))
    ]
    return compare(case["expect"], found)


@kind("occupancy/1", "speculation")
def speculation(case: Case, fixtures: Case) -> list[Difference]:
    start = day(case["period_from"])
    adults = case["caretakers"]
    groups = () if adults is None else (Group("g", ALWAYS, ((ALWAYS, Decimal(str(adults))),)),)
    unit = Place("u", ALWAYS, groups)
    now = Rows(stays(case, case["placements"]))
    then = with_applicant(now, stays(case, case["speculated"], Commitment.PLANNED))
    found = {}
    for months in (3, 6):
        span = DateRange(start, add_months(start, months) - DAY)
        for name, read in ((f"max_{months}_months", now), (f"max_{months}_months_with", then)):
            days = occupancy([unit], read, OccupancyKind.PLANNED, span, options(fixtures))["u"]
            found[name] = told(peak(days, span))
    return compare(case["expect"], found)


def stays(case: Case, given: Sequence[Case], commitment: Commitment = Commitment.PLACED) -> list[Stay]:
    born = {key: day(child["dob"]) for key, child in case["children"].items()}
    return [
        Stay(one["child"], born[one["child"]], "u", period(one), CareType(one["type"]), commitment=commitment)
        for one in given
    ]


@kind("occupancy/1", "realtime_series")
def realtime_series(case: Case, fixtures: Case) -> list[Difference]:
    known: Options = options(fixtures)
    scale = Scale(Rows(factors=factors(case)), OccupancyKind.REALISED, known)
    needs = {one["child"]: Need(ALWAYS, one["option"]) for one in case.get("service_needs", ())}
    placed = {one["child"]: CareType(one["type"]) for one in case["placements"]}

    def weight(child: str, on: date) -> Decimal:
        if child not in placed:
            return Decimal(1)
        need = (needs[child],) if child in needs else ()
        stay = Stay(child, day(case["children"][child]["dob"]), "u", ALWAYS, placed[child], need)
        return scale.weigh(stay, on, family_care=False).value

    children = [
        presence(one | {"coefficient": weight(one["child"], datetime.fromisoformat(one["arrived"]).date())})
        for one in case["child_attendances"]
    ]
    moments = through_the_day(children, [presence(one) for one in case["staff"]])
    found = compare(case["point_count"], len(moments), "point_count")
    at = {moment.at: moment for moment in moments}
    for expected in case["expect"]:
        moment = at.get(datetime.fromisoformat(expected["time"]))
        if moment is None:
            found.append(Difference(expected["time"], "a change", None))
            continue
        shown = {
            "time": expected["time"],
            "child_capacity": float(moment.children),
            "staff_capacity": float(moment.adults),
            "ratio": None if moment.ratio is None else round(float(moment.ratio), 10),
        }
        found += compare(expected, shown, expected["time"])
    return found
