"""Who may log in: the people of the demo, and everybody else of the city."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from evaka.actions.user import HASHER
from evaka.demo import names
from evaka.demo.people import Family, Register
from evaka.demo.rows import Rows
from evaka.demo.units import House
from evaka.models.base import HELSINKI
from evaka.models.user import Grant, User

PASSWORD = "kettu-harjulan-kuunvalossa"  # of everybody in the invented city
SALT = b"harjula-demo-salt"  # fixed, so that the same city is made of the same bytes
SINCE = date(2020, 1, 1)


@dataclass(frozen=True)
class Known:
    """Somebody who is told on the first page of the demo."""

    email: str
    title: str
    role: str
    name: str


ADMIN = Known("paakayttaja@harjula.example", "pääkäyttäjä", "admin", "Päivi Harjunen")
CASE_WORKER = Known("palveluohjaaja@harjula.example", "palveluohjaaja", "service_worker", "Pirkko Ohjanen")
FINANCE = Known("talous@harjula.example", "talous", "finance", "Tauno Laskunen")
DIRECTOR = Known("johtaja@harjula.example", "päiväkodin johtaja", "director", "Johanna Ilves")
SPECIAL = Known(
    "veo@harjula.example", "varhaiskasvatuksen erityisopettaja", "special_education_teacher", "Eeva Tukiainen")
SECRETARY = Known("sihteeri@harjula.example", "varhaiskasvatussihteeri", "secretary", "Sini Kirjanen")
STAFF = Known("hoitaja@harjula.example", "hoitaja", "staff", "Helena Hoivanen")
GUARDIAN = Known("huoltaja@harjula.example", "huoltaja", "guardian", "Maija Metsälä")
SUBSTITUTE = Known("sijainen@harjula.example", "tilapäinen sijainen", "staff", "Saku Tuuraaja")
EXTERNAL = Known("laskutus@harjula.example", "talouden työntekijä (ulkoinen)", "finance_staff", "Ulla Ulkonen")
ADMINISTRATION = Known("hallinto@harjula.example", "hallinto", "administration", "Hannele Johtonen")
REPORTS = Known("raportointi@harjula.example", "raportointi", "report_viewer", "Raimo Lukunen")
MESSAGING = Known("viestinta@harjula.example", "viestintä", "messaging", "Vieno Tiedonen")
OFFICE = (EXTERNAL, ADMINISTRATION, REPORTS, MESSAGING)  # roles of the whole city besides those who decide
KNOWN = (
    ADMIN, CASE_WORKER, FINANCE, *OFFICE, DIRECTOR, SECRETARY, SPECIAL, STAFF, SUBSTITUTE, GUARDIAN)
UNITS_OF_SPECIAL = 4  # a special education teacher goes round a few units


def people() -> list[str]:
    """A line for each of the people one can log in as, the same at every start."""
    widest = max(len(one.email) for one in KNOWN)
    return [f"{one.email:<{widest}}  {PASSWORD}  {one.title}" for one in KNOWN]


class Logins:
    """Users and their roles; `office` holds the names of those who decide, by role."""

    def __init__(self, rows: Rows, rng: Random, register: Register) -> None:
        self.rows, self.rng, self.register = rows, rng, register
        self.hash = HASHER.hash(PASSWORD, salt=SALT)
        self.office: dict[str, list[str]] = {"service_worker": [], "finance": []}
        self.staff: dict[int, int] = {}  # by group somebody who writes its letters
        self.ids: dict[str, int] = {}
        self.deciders: dict[str, list[int]] = {}  # the same by their numbers, but for the ones who are told
        self.workers: list[tuple[int, int, int]] = []  # user, unit, group of the staff

    def _user(self, name: str, email: str, role: str, *, language: str = "fi", unit: int | None = None,
              group: int | None = None, person: int | None = None, **terms: Any) -> int:
        """`terms` are those of the role: start, end, substitute."""
        known = language if language in ("fi", "sv", "en") else "fi"
        number = self.rows.counts["user"] + 1
        id = self.rows.add(User, name=name, email=email, language=known, person_id=person, password_hash=self.hash,
                           must_change_password=False, last_login=self._last_login(number, person is None))
        self._grant(id, role, unit, group, **terms)
        self.ids[email] = id
        if role == "staff" and unit is not None and group is not None:
            self.workers.append((id, unit, group))
        return id

    def _grant(self, user: int, role: str, unit: int | None = None, group: int | None = None, start: date = SINCE,
               end: date | None = None, substitute: bool = False) -> None:
        self.rows.add(Grant, user_id=user, role=role, unit_id=unit, group_id=group, start=start, end=end,
                      substitute=substitute)

    def _last_login(self, number: int, staff: bool) -> datetime | None:
        """Most have come lately; some of the staff have not for so long that they will soon be closed."""
        if not staff and number % 5 == 0:
            return None
        ago = 352 + number % 9 if staff and number % 41 == 40 else number * 7 % (12 if staff else 90) + 1
        day = self.register.day - timedelta(days=ago)
        return datetime(day.year, day.month, day.day, 7, number * 13 % 60, tzinfo=HELSINKI)

    def _employee(self, role: str, *, unit: int | None = None, group: int | None = None, language: str = "fi",
                  **terms: Any) -> str:
        tongue = names.TONGUES[language]
        first, last = self.rng.choice(tongue.women), self.rng.choice(tongue.families)
        email = self.register.email(first, last).replace("@example.fi", "@harjula.example")
        self._user(f"{first} {last}", email, role, unit=unit, group=group, language=language, **terms)
        return f"{first} {last}"

    def administration(self, houses: list[House], demo_group: int) -> None:
        """The office of the city, and the director and the staff of every unit."""
        first = houses[0]
        for one in (ADMIN, CASE_WORKER, FINANCE):
            self._user(one.name, one.email, one.role)
            if one.role in self.office:
                self.office[one.role].append(one.name)
        for role, found in self.office.items():
            for _ in range(1 + len(houses) // 12):
                found.append(self._employee(role))
                self.deciders.setdefault(role, []).append(self.rows.counts["user"])
        for house in houses:
            if house is first:
                self._user(DIRECTOR.name, DIRECTOR.email, DIRECTOR.role, unit=house.id)
            else:
                email = self.register.email(*house.director.split(" ", 1)).replace("@example.fi", "@harjula.example")
                self._user(house.director, email, "director", unit=house.id, language=house.kind.language)
            for group in house.groups:
                self.staff[group] = self.rows.counts["user"] + 1
                if group == demo_group:
                    self._user(STAFF.name, STAFF.email, STAFF.role, unit=house.id, group=group)
                else:
                    self._employee("staff", unit=house.id, group=group, language=house.kind.language)
                if not house.kind.family:
                    self._employee("staff", unit=house.id, group=group, language=house.kind.language)
        self._further_roles(houses, demo_group)

    def _further_roles(self, houses: list[House], demo_group: int) -> None:
        """The roles beside those who decide, direct and care: of the city, of several units, and for a short time."""
        for one in OFFICE:
            self._user(one.name, one.email, one.role)
        for one in (SECRETARY, SPECIAL):
            for first in range(0, len(houses), UNITS_OF_SPECIAL):
                some = houses[first : first + UNITS_OF_SPECIAL]
                if first == 0:
                    user = self._user(one.name, one.email, one.role, unit=some[0].id)
                else:
                    self._employee(one.role, unit=some[0].id)
                    user = self.rows.counts["user"]
                for house in some[1:]:
                    self._grant(user, one.role, house.id)
        today = self.register.day
        self._user(
            SUBSTITUTE.name, SUBSTITUTE.email, SUBSTITUTE.role, unit=houses[0].id, group=demo_group, substitute=True,
            start=today - timedelta(days=10), end=today + timedelta(days=60))
        for number, house in enumerate(houses[1::5]):
            start = today - timedelta(days=3 + number % 20)
            self._employee("staff", unit=house.id, group=house.groups[-1], language=house.kind.language,
                           substitute=True, start=start, end=start + timedelta(days=21 + number % 50))

    def guardian(self, family: Family) -> int:
        """The mother of the demo's own family."""
        return self._user(GUARDIAN.name, GUARDIAN.email, GUARDIAN.role, person=family.head.id)

    def guardians(self, families: list[Family]) -> None:
        """Most guardians with an e-mail address."""
        for family in families:
            for adult in family.guardians:
                if adult.email and self.rng.random() < 0.7:
                    self._user(f"{adult.first} {adult.last}", adult.email, "guardian", language=adult.language,
                               person=adult.id)
