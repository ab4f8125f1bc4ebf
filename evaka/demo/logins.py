"""Who may log in: the people of the demo, and everybody else of the city."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from evaka.actions.user import HASHER
from evaka.demo import names
from evaka.demo.people import Family, Register
from evaka.demo.rows import Rows
from evaka.demo.units import House
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
STAFF = Known("hoitaja@harjula.example", "hoitaja", "staff", "Helena Hoivanen")
GUARDIAN = Known("huoltaja@harjula.example", "huoltaja", "guardian", "Maija Metsälä")
KNOWN = (ADMIN, CASE_WORKER, FINANCE, DIRECTOR, STAFF, GUARDIAN)


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

    def _user(self, name: str, email: str, role: str, *, language: str = "fi", unit: int | None = None,
              group: int | None = None, person: int | None = None) -> int:
        known = language if language in ("fi", "sv", "en") else "fi"
        id = self.rows.add(User, name=name, email=email, language=known, person_id=person, password_hash=self.hash,
                           must_change_password=False)
        self.rows.add(Grant, user_id=id, role=role, unit_id=unit, group_id=group, start=SINCE, end=None)
        self.ids[email] = id
        return id

    def _employee(self, role: str, *, unit: int | None = None, group: int | None = None, language: str = "fi") -> str:
        tongue = names.TONGUES[language]
        first, last = self.rng.choice(tongue.women), self.rng.choice(tongue.families)
        email = self.register.email(first, last).replace("@example.fi", "@harjula.example")
        self._user(f"{first} {last}", email, role, unit=unit, group=group, language=language)
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
        for house in houses:
            if house is first:
                self._user(DIRECTOR.name, DIRECTOR.email, DIRECTOR.role, unit=house.id)
            else:
                email = self.register.email(*house.director.split(" ", 1)).replace("@example.fi", "@harjula.example")
                self._user(house.director, email, "director", unit=house.id, language=house.kind.language)
            for group in house.groups:
                self.staff[group] = self.rows.counts["user"] + 1
                if group == demo_group:
                    self._user(STAFF.name, STAFF.email, STAFF.role, group=group)
                else:
                    self._employee("staff", group=group, language=house.kind.language)
                if not house.kind.family:
                    self._employee("staff", group=group, language=house.kind.language)

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
