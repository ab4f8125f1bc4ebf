"""What every page knows: who looks at it and when, in which language, and how days and money are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import current_app, g, has_request_context, request, session, url_for
from flask_login import current_user

from evaka import city
from evaka.access import Actor, needs_strong
from evaka.kit.dates import DateRange, age, finnish
from evaka.kit.errors import Refused
from evaka.kit.money import euros
from evaka.models.base import HELSINKI
from evaka.models.user import User
from evaka.rules.unit import Week
from evaka.rules.user import Strong
from evaka.texts import LANGUAGES, enum_key, explain, knows, say

F = TypeVar("F", bound=Callable[..., Any])
YEARS = range(1900, 2200)  # what is typed outside of these is a slip of the finger


def now() -> datetime:
    """The moment by the wall clock of Helsinki; the demo and the tests may set another in NOW."""
    told: Callable[[], datetime] | None = current_app.config.get("NOW")
    return told() if told else datetime.now(HELSINKI)


def reads_first(view: F) -> F:
    """A page whose form is looked through while others write; it calls `begin_to_write` where it goes on to change
    something.  Without it a request that may change something keeps a SQLite city to itself from its beginning."""
    view.reads_first = True  # type: ignore[attr-defined]
    return view


def person() -> User | None:
    """Who has logged in."""
    user = current_user._get_current_object() if has_request_context() else None
    return user if isinstance(user, User) else None


def actor() -> Actor:
    """Who acts in this request, and when.  Nobody who has not logged in ever acts."""
    if "actor" not in g:
        user = person()
        if user is None:
            raise RuntimeError("a page that acts must ask for a log-in first")
        strong = bool(g.get("session_strong"))
        g.actor = Actor(user, now(), strong=strong, weak=not strong and strong_asked())
    return g.actor  # type: ignore[no-any-return]


def strong_asked() -> bool:
    """Whether guardians' sessions by password are kept from what [strong] of security.toml names."""
    return city.value("security", "strong", Strong).asked(can_identify())


def identify_first(key: str) -> bool:
    """Whether the reader is asked to identify strongly before an action."""
    by = actor()
    return by.weak and needs_strong(key)


def can_identify() -> bool:
    """Whether the city has set a provider of strong identification up."""
    return bool(current_app.config.get("OIDC"))


def language() -> str:
    """The reader's: chosen on the page, then the user's own, then what the browser asks for."""
    try:
        asked = request.environ
    except RuntimeError:  # outside of a request
        return LANGUAGES[0]
    if "evaka.language" not in asked:  # a page says some hundred texts
        user = person()
        chosen = session.get("language") or (user.language if user else None)
        if chosen not in LANGUAGES:
            chosen = request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]
        asked["evaka.language"] = str(chosen)
    return asked["evaka.language"]  # type: ignore[no-any-return]


def choose_language() -> None:
    """Somebody else's language, or another: what this request has found is forgotten."""
    request.environ.pop("evaka.language", None)


def known_url(endpoint: str, **values: Any) -> str:
    """An address that is the same for everybody, such as a file's or a menu's: made once."""
    return _known_url(request.environ.get("SCRIPT_NAME", ""), endpoint, tuple(values.items()))


@cache
def _known_url(_root: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
    return url_for(endpoint, **dict(values))


def row_url(endpoint: str, id: int, /, verb: str = "", **more: Any) -> str:
    """The address of a row's page, which takes its number behind the question mark as all our pages do."""
    address = known_url(endpoint, verb=verb) if verb else known_url(endpoint)
    asked = {"id": id} | {name: value for name, value in more.items() if value is not None}
    return f"{address}?{urlencode(asked)}"


def told(key: str, /, **facts: Any) -> str:
    """A text in the reader's language."""
    return say(key, language(), **facts)


def told_refusal(no: Refused) -> str:
    return explain(no, language())


class Lazy:
    """A text that is said when it is shown: labels are made once, at start, for readers of all languages."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __str__(self) -> str:
        return told(self.key)

    def __html__(self) -> str:
        from markupsafe import escape

        return str(escape(str(self)))

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(self.key)

    def __getattr__(self, name: str) -> Any:
        return getattr(str(self), name)


def word_of(value: StrEnum) -> str:
    """A state or a kind in words."""
    return told(enum_key(value))


def clock(moment: datetime | time) -> str:
    """7.45"""
    local = moment.astimezone(HELSINKI) if isinstance(moment, datetime) else moment
    return f"{local.hour}.{local.minute:02}"


def moment(at: datetime) -> str:
    """12.3.2026 8.42"""
    local = at.astimezone(HELSINKI)
    return f"{finnish(local.date())} {clock(local)}"


def decimal(number: Decimal | float, places: int | None = None) -> str:
    """94,0 or 1,75: a comma, and never an exponent."""
    text = f"{number:.{places}f}" if places is not None else f"{Decimal(str(number)).normalize():f}"
    return text.replace(".", ",")


def aged(born: date, day: date | None = None) -> str:
    """2 v 11 kk"""
    years, months = age(born, day or now().date())
    return told("age", years=years, months=months)


def written(value: Any) -> str:
    """Any value as people write it."""
    match value:
        case None:
            return ""
        case bool():
            return told("yes" if value else "no")
        case StrEnum():
            return word_of(value)
        case datetime():
            return moment(value)
        case date():
            return finnish(value)
        case time():
            return clock(value)
        case Decimal():
            return decimal(value)
        case list() | tuple():
            return ", ".join(written(one) for one in value)
        case DateRange():
            return str(value)
        case Week():
            return hours_in_words(value)
    return str(value)


def hours_in_words(week: Week) -> str:
    """maanantai–perjantai 6.30–17.00, lauantai 8.00–14.00"""
    found = []
    for first, last, hours in week.runs():
        found.append(f"{days_in_words(first, last)} {clock(hours.start)}–{clock(hours.end)}")
    return ", ".join(found) or told("unit.closed")


def days_in_words(first: int, last: int) -> str:
    """maanantai, maanantai–perjantai"""
    return told(f"weekday.{first}") if first == last else f"{told(f'weekday.{first}')}–{told(f'weekday.{last}')}"


BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("SamsungBrowser", "Samsung Internet"),
            ("Chrom", "Chrome"), ("Safari/", "Safari"))
MACHINES = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"), ("Linux", "Linux"))


def browser_name(agent: str) -> str:
    """Chrome, Windows: out of what a browser tells of itself."""
    found = [next((name for sign, name in known if sign in agent), "") for known in (BROWSERS, MACHINES)]
    return ", ".join(filter(None, found)) or agent[:40]


def option_name(table: str, key: str) -> str:
    """What the city calls an option of one of its tables, for example of the service needs."""
    names = city.read(table).get(key, {}).get("name", {})
    role = f"role.{key}"  # the roles' table names actions, not itself
    return names.get(language()) or names.get(LANGUAGES[0]) or (told(role) if knows(role) else key)


FORMATS: dict[str, Callable[..., str]] = {
    "day": finnish, "moment": moment, "clock": clock, "euros": euros, "decimal": decimal, "age": aged,
    "written": written, "word_of": word_of, "option_name": option_name,
}


def address_args() -> dict[str, str]:
    """What stands in the page's address, for another address: without the words that Flask takes for its own."""
    return {name: value for name, value in request.args.items() if name != "endpoint" and not name.startswith("_")}
