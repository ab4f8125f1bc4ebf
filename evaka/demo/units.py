"""The units of the invented city: areas, day-care centres, family day care, schools, and their groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from math import cos, sin
from random import Random
from zlib import crc32

from evaka.demo import names
from evaka.demo.rows import Rows
from evaka.models.calendar import Closure
from evaka.models.unit import Area, Group, Unit
from evaka.rules.placement import CareType
from evaka.rules.unit import Feature, Hours, Provider, Week

OPENED = date(2015, 8, 1)
DAY = Week.of(time(6, 30), time(17))
WEEKS = {  # by the ending of a unit's name, the others open as most do
    "perhepäivähoito": Week.of(time(7), time(16, 30)),
    "koulun esiopetus": Week.of(time(8), time(15)),
    "yksityinen päiväkoti": Week.of(time(7), time(17)),
    "daghem": Week.of(time(6, 45), time(17)),
}
NIGHTS = Week.of(time(0), time(23, 59), range(1, 8))
EVENINGS = Week(tuple(Hours(time(5), time(22)) if day < 6 else Hours(time(6), time(20)) for day in range(1, 8)))
MIDDLE = (61.20, 24.05)  # of the invented city: forest, in truth
NOT_YET = 9  # one unit in so many has not opened everything
FIRST_WITH_ALL = 3  # the demo's own units show everything
REASONS = ["Henkilöstön suunnittelupäivä", "Vesikatko", "Lattioiden kunnostus"]
CARE = [CareType.DAYCARE, CareType.DAYCARE_PART_TIME]
PRESCHOOL = [CareType.PRESCHOOL, CareType.PRESCHOOL_DAYCARE]


@dataclass(frozen=True)
class Kind:
    """A kind of unit: how many of a hundred there are, what it gives, how many children come to a group."""

    share: int
    ending: str
    provider: Provider = Provider.MUNICIPAL
    children: int = 17
    care: bool = True
    preschool: bool = True
    family: bool = False
    shift: bool = False
    language: str = "fi"


CENTRE = Kind(65, "päiväkoti")
KINDS = [
    CENTRE,
    Kind(6, "daghem", language="sv"),
    Kind(3, "vuoropäiväkoti", shift=True),
    Kind(8, "yksityinen päiväkoti", Provider.PRIVATE_SERVICE_VOUCHER, preschool=False),
    Kind(4, "ostopalvelupäiväkoti", Provider.PURCHASED),
    Kind(7, "perhepäivähoito", children=4, preschool=False, family=True),
    Kind(7, "koulun esiopetus", Provider.MUNICIPAL_SCHOOL, children=20, care=False),
]


@dataclass(slots=True)
class House:
    """A unit as it fills up with children."""

    id: int
    name: str
    area: int
    kind: Kind
    director: str
    groups: list[int]
    seats: float = 0  # how many of the city's children belong here
    taken: int = 0
    families: list[int] = field(default_factory=list)

    @property
    def room(self) -> float:
        return max(self.seats - self.taken, 0.01)

    def gives(self, care_type: CareType) -> bool:
        return self.kind.preschool if care_type in PRESCHOOL else self.kind.care


def build(rows: Rows, rng: Random, *, units: int, groups: int, children: int) -> list[House]:
    """Areas, `units` units with `groups` groups in all, and room for `children` children."""
    areas = names.AREAS[: max(3, min(len(names.AREAS), units // 4))]
    for number, name in enumerate(areas, start=1):
        rows.add(Area, name=name, short_name=f"H{number:02}", invoice_code=f"{2000 + number}",
                 cost_centre=f"31{number:02}000")
    kinds = _kinds(units)
    counts = _group_counts(rng, kinds, groups)
    given = _names(rng, kinds)
    houses = []
    for number, (kind, count, name) in enumerate(zip(kinds, counts, given, strict=True)):
        houses.append(_house(rows, rng, number % len(areas), kind, count, name))
    total = sum(house.kind.children * len(house.groups) for house in houses)
    for house in houses:
        house.seats = house.kind.children * len(house.groups) * (1 if house.kind.family else children / total)
    return houses


def _kinds(units: int) -> list[Kind]:
    """At least one of every kind but schools, the rest by their shares; the first two are ordinary centres."""
    counts = {kind.ending: max(int(kind.care), round(units * kind.share / 100)) for kind in KINDS}
    counts[CENTRE.ending] += units - sum(counts.values())
    found = [kind for kind in KINDS for _ in range(counts[kind.ending])]
    return found[:2] + sorted(found[2:], key=lambda kind: (len(kind.ending) * 7919) % 31)


def _group_counts(rng: Random, kinds: list[Kind], groups: int) -> list[int]:
    school = 2 if len(kinds) > 50 else 1
    fixed = [school if not kind.care else 3 if kind.family or kind.language == "sv" else 0 for kind in kinds]
    fixed[0] = 4
    counts = [count or rng.choice([3, 3, 4, 4, 5, 6]) for count in fixed]
    ordinary = [at for at, count in enumerate(fixed) if not count]
    while (lacking := groups - sum(counts)) != 0:
        at = rng.choice(ordinary)
        if (lacking > 0 and counts[at] < 8) or (lacking < 0 and counts[at] > 2):
            counts[at] += 1 if lacking > 0 else -1
    return counts


def _names(rng: Random, kinds: list[Kind]) -> list[str]:
    stems = [f"{first}{last}" for first in names.UNIT_FIRST for last in names.UNIT_LAST]
    rng.shuffle(stems)
    swedish = list(names.SWEDISH_UNITS)
    rng.shuffle(swedish)
    found = []
    for kind in kinds:
        stem = swedish.pop() if kind.language == "sv" else stems.pop()
        found.append(f"{stem} {kind.ending}")
    return found


def _house(rows: Rows, rng: Random, area: int, kind: Kind, count: int, name: str) -> House:
    tongue = names.TONGUES[kind.language]
    director = f"{rng.choice(tongue.women)} {rng.choice(tongue.families)}"
    voucher = kind.provider is Provider.PRIVATE_SERVICE_VOUCHER
    care_types = (CARE if kind.care else []) + (PRESCHOOL if kind.preschool else [])
    number = rows.counts["unit"] + 1
    opening = WEEKS.get(kind.ending, DAY)
    id = rows.add(
        Unit, name=name, area_id=area + 1, provider=kind.provider, family_day_care=kind.family,
        language=kind.language, care_types=[str(one) for one in care_types], opening=opening,
        shift_opening=(NIGHTS if number % 2 else EVENINGS) if kind.shift else None, open_on_holidays=kind.shift,
        preschool_start=time(9) if kind.preschool else None, preschool_end=time(13) if kind.preschool else None,
        features=features_of(number), capacity=count * (4 if kind.family else 21),
        daycare_apply_start=OPENED if kind.care and not kind.shift else None,
        preschool_apply_start=OPENED if kind.preschool else None,
        invoiced=not voucher, ask_unit=not voucher, director=director,
        director_phone=f"09 555 {2000 + number}", director_email=f"johtaja{number}@harjula.example",
        street=f"{rng.choice(names.STREETS)} {rng.randint(1, 60)}", postal_code=postal_code(area),
        post_office="Harjula", phone=f"09 555 {1000 + number}", email=f"yksikko{number}@harjula.example",
        cost_centre=f"31{area + 1:02}{number:03}", **point_of(area, number),
        note="Esiopetusryhmä on täynnä kevääseen asti; kysy ensin johtajalta." if number == 2 else "",
        start=OPENED, end=None,
    )
    words = names.SWEDISH_GROUPS if kind.language == "sv" else names.GROUPS
    chosen = rng.sample(words, count)
    if kind.family:
        chosen = [f"Perhepäivähoitaja {one}" for one in rng.sample(tongue.families, count)]
    elif kind.preschool and kind.language == "fi":
        chosen[0] = rng.choice(names.PRESCHOOL_GROUPS)
    groups = [rows.add(Group, unit_id=id, name=one, start=OPENED, end=None) for one in chosen]
    return House(id, name, area, kind, director, groups)


def features_of(number: int) -> list[str]:
    """Most units use everything; some have not begun with all of it."""
    if number % NOT_YET or number <= FIRST_WITH_ALL:
        return [str(one) for one in Feature]
    return [] if number % (2 * NOT_YET) == 0 else [str(Feature.MESSAGES)]


def point_of(area: int, number: int) -> dict[str, Decimal]:
    """Areas lie around the middle of the city, the units of an area around its own."""
    away, turn = 0.02 + 0.03 * (area % 3), 2.4 * area
    near, round_ = 0.004 * (1 + number % 5), 2.4 * number
    north = MIDDLE[0] + away * sin(turn) + near * sin(round_)
    east = MIDDLE[1] + 2 * (away * cos(turn) + near * cos(round_))  # a degree of longitude is half as long there
    return {"latitude": Decimal(f"{north:.5f}"), "longitude": Decimal(f"{east:.5f}")}


def home_of(area: int, street: str) -> dict[str, Decimal]:
    """Where an address lies: the same one always at the same point, around the middle of its area."""
    away, turn = 0.02 + 0.03 * (area % 3), 2.4 * area
    number = crc32(street.encode())
    near, round_ = 0.0001 * (number % 200), number % 629 / 100
    north = MIDDLE[0] + away * sin(turn) + near * sin(round_)
    east = MIDDLE[1] + 2 * (away * cos(turn) + near * cos(round_))
    return {"latitude": Decimal(f"{north:.5f}"), "longitude": Decimal(f"{east:.5f}")}


def close(rows: Rows, houses: list[House], day: date) -> None:
    """Days on which units are closed: all for a day in spring, schools between the years, a few for their own reasons.
    """
    year = day.year
    spring = date(year + 1, 4, 1)
    friday = spring + timedelta(days=(4 - spring.weekday()) % 7 + 7)
    rows.add(Closure, unit_id=None, start=friday, end=friday, reason="Varhaiskasvatuksen yhteinen koulutuspäivä")
    for house in houses:
        if not house.kind.care:
            rows.add(Closure, unit_id=house.id, start=date(year, 12, 23), end=date(year + 1, 1, 6), reason="Joululoma")
    for number, house in enumerate([house for house in houses if house.kind.care][::4]):
        start = day + timedelta(days=8 + 7 * (number % 6) - day.weekday())
        rows.add(Closure, unit_id=house.id, start=start, end=start + timedelta(days=number % 2),
                 reason=REASONS[number % len(REASONS)])


def postal_code(area: int) -> str:
    return f"009{10 + area * 10}"
