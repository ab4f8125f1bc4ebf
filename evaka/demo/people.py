"""The families of the invented city: children, guardians, and who lives with whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from evaka.demo import names
from evaka.demo.rows import Rows
from evaka.demo.units import House, home_of, postal_code
from evaka.kit import identity
from evaka.kit.dates import DAY, add_months
from evaka.models.person import Guardian, HeadOfChild, Partner, Person
from evaka.rules.person import fold_all, sort_key
from evaka.rules.person.duplicate import email_key, name_key, phone_key

Address = tuple[str, int]
LANDS = {"ru": "RU", "so": "SO", "ar": "IQ", "et": "EE", "vi": "VN", "uk": "UA", "fa": "IR", "sq": "XK", "zh": "CN",
         "th": "TH", "tr": "TR"}


@dataclass(slots=True)
class Adult:
    id: int
    first: str
    last: str
    email: str
    language: str


@dataclass(slots=True)
class Child:
    """A child, and its way through the units: `entry` is its first day in care, None for one that still waits."""

    id: int
    first: str
    born: date
    entry: date | None
    family: Family
    house: House | None = None
    notes: bool = False  # something in its health must be read
    left: bool = False  # has gone to school
    guardians: tuple[int, ...] = ()  # those who are told of the child


@dataclass(slots=True)
class Family:
    """A household: its head, the head's partner, and the children in it; `guardians` may live elsewhere."""

    head: Adult
    partner: Adult | None
    guardians: list[Adult]
    language: str
    area: int
    house: House | None = None
    children: list[Child] = field(default_factory=list)


class Register:
    """Writes people down, each with an identity code of its own that is nobody's (900–999)."""

    def __init__(self, rows: Rows, rng: Random, day: date) -> None:
        self.rows, self.rng, self.day = rows, rng, day
        self._codes: Counter[tuple[date, bool]] = Counter()
        self._mails: Counter[str] = Counter()

    def _code(self, born: date, woman: bool) -> tuple[str, date]:
        """A code and its day of birth: the next day when the fifty codes of a day have been given."""
        while self._codes[born, woman] == 50:
            born -= DAY
        self._codes[born, woman] += 1
        number = 900 + (self._codes[born, woman] * 14 + born.day * 2) % 100
        return identity.made(born, number + (0 if woman else 1)), born

    def email(self, first: str, last: str) -> str:
        plain = f"{fold_all(first)}.{fold_all(last)}".replace(" ", "")
        self._mails[plain] += 1
        return f"{plain}{self._mails[plain] if self._mails[plain] > 1 else ''}@example.fi"

    def person(self, first: str, last: str, born: date, *, woman: bool, language: str, address: Address,
               restricted: bool = False, email: str | None = None, phone: str | None = None,
               foreign: bool = False, **health: str | None) -> tuple[int, date]:
        code, born = self._code(born, woman)
        values: dict[str, Any] = {"allergies": None, "diet": None, "medication": None} | health
        known = None if foreign else code
        called = first.split()
        street, area = address
        id = self.rows.add(
            Person, first_name=first, last_name=last, identity_code=known, born=born, language=language,
            no_code_expected=foreign, home_languages=[language], nationalities=[LANDS.get(language, "FI")],
            preferred_name=called[-1] if len(called) > 1 and born.day % 4 == 0 else None,
            street=street, postal_code=postal_code(area), post_office="Harjula", restricted=restricted,
            **home_of(area, street),
            phone=phone, email=email,
            sort_key=sort_key(last, first), name_key=name_key(first, last), phone_key=phone_key(phone),
            email_key=email_key(email), **values,
        )
        self.rows.write_when_many("person")
        return id, born

    def adult(self, first: str, last: str, *, near: date, woman: bool, language: str, address: Address,
              restricted: bool = False) -> Adult:
        """Somebody who was about 31 when a child was born on the day `near`."""
        years = min(max(self.rng.gauss(31 if woman else 33, 5), 19), 47)
        email = self.email(first, last) if self.rng.random() < 0.96 else None
        id, _ = self.person(
            first, last, near - timedelta(days=int(years * 365.25)), woman=woman, language=language, address=address,
            restricted=restricted, email=email, phone=f"040 555 {self.rng.randint(0, 9999):04}",
        )
        return Adult(id, first, last, email or "", language)

    def address(self, area: int) -> Address:
        flat = f" {self.rng.choice('ABC')} {self.rng.randint(1, 60)}" if self.rng.random() < 0.6 else ""
        return f"{self.rng.choice(names.STREETS)} {self.rng.randint(1, 80)}{flat}", area


def drawn_language(rng: Random, swedish: bool) -> str:
    if swedish:
        return "sv"
    found = [language for language in names.TONGUES if language != "sv"]
    return rng.choices(found, [names.TONGUES[language].share for language in found])[0]


def household(register: Register, language: str, area: int, first_born: date) -> tuple[Family, Address, str, bool]:
    """The adults of a family whose eldest child was born on `first_born`; its address and the children's name."""
    rng, rows = register.rng, register.rows
    tongue = names.TONGUES[language]
    form = rng.choices(["couple", "women", "apart", "single"], [77, 1, 16, 6])[0]
    restricted = rng.random() < (0.04 if form == "single" else 0.008)
    address = register.address(area)
    mother_name, father_name = rng.choice(tongue.families), rng.choice(tongue.families)
    if rng.random() < 0.62:
        mother_name = father_name
    common = {"near": first_born, "language": language}
    mother = register.adult(rng.choice(tongue.women), mother_name, woman=True, address=address,
                            restricted=restricted, **common)
    children_name = mother_name if form == "single" or rng.random() < 0.25 else father_name
    if form == "single":
        return Family(mother, None, [mother], language, area), address, children_name, restricted
    together = form != "apart"
    away = address if together else register.address((area + rng.randint(0, 1)) % len(names.AREAS[:3]))
    woman = form == "women"
    other = register.adult(rng.choice(tongue.women if woman else tongue.men), father_name, woman=woman, address=away,
                           restricted=restricted and together, **common)
    head, second = (mother, other) if rng.random() < (0.6 if together else 0.75) else (other, mother)
    family = Family(head, second if together else None, [mother, other], language, area)
    if together:
        rows.add(Partner, first_id=head.id, second_id=second.id, start=first_born - timedelta(days=500), end=None)
        return family, address, children_name, restricted
    if head is other:
        address = away
    if rng.random() < 0.25:  # somebody new
        woman = head is not mother
        fresh = register.adult(rng.choice(tongue.women if woman else tongue.men), rng.choice(tongue.families),
                               woman=woman, address=address, **common)
        since = add_months(register.day, -rng.randint(5, 40))
        rows.add(Partner, first_id=head.id, second_id=fresh.id, start=since, end=None)
        family.partner = fresh
    else:  # they parted some time ago
        parted = add_months(register.day, -rng.randint(3, 60))
        parted = min(max(parted, first_born + timedelta(days=200)), register.day - timedelta(days=30))
        start = first_born - timedelta(days=500)
        rows.add(Partner, first_id=head.id, second_id=second.id, start=start, end=parted)
    return family, address, children_name, restricted


def child(register: Register, family: Family, born: date, *, last: str, address: Address, restricted: bool,
          entry: date | None, first: str = "", at_home: bool = False) -> Child:
    """A child of a household; `at_home` is one that is not, or not any more, the business of early education."""
    rng, rows = register.rng, register.rows
    tongue = names.TONGUES[family.language]
    girl = rng.random() < 0.49 if not first else first in tongue.girls
    first = first or rng.choice(tongue.girls if girl else tongue.boys)
    if rng.random() < 0.3:
        second = rng.choice(tongue.girls if girl else tongue.boys)
        first = first if second == first else f"{first} {second}"
    luck = rng.random()
    health: dict[str, str | None] = {
        "allergies": rng.choice(names.ALLERGIES) if luck < 0.07 and not at_home else None,
        "diet": rng.choice(names.DIETS) if 0.05 < luck < 0.14 and not at_home else None,
        "medication": rng.choice(names.MEDICATIONS) if luck < 0.018 and not at_home else None,
    }
    foreign = family.language not in ("fi", "sv") and rng.random() < 0.02
    id, born = register.person(first, last, born, woman=girl, language=family.language, address=address,
                               restricted=restricted, foreign=foreign, **health)
    told: tuple[int, ...] = ()
    for adult in family.guardians:
        blocked = adult is not family.head and adult is not family.partner and rng.random() < 0.01
        rows.add(Guardian, child_id=id, guardian_id=adult.id, blocked=blocked)
        told += () if blocked else (adult.id,)
    rows.add(HeadOfChild, child_id=id, head_id=family.head.id, start=born, end=None)
    made = Child(id, first, born, entry, family, notes=any(health.values()), guardians=told)
    if not at_home:
        family.children.append(made)
    return made
