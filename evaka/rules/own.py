"""Guardians' own affairs: what the own calendar may say elsewhere, and whom the unit is to call first.

A calendar that other programs read lies with strangers: it names nobody, and of a family whose address is protected
(Act 661/2009, 36 §) it does not say where the child is either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from evaka.kit.dates import DAY
from evaka.kit.errors import Refused
from evaka.rules.booking.span import LAST_MINUTE, Span
from evaka.rules.person import fold

LONGEST_LABEL = 20  # letters
MOST_PICKUPS = 10  # of a child
BEHIND, AHEAD = timedelta(days=14), timedelta(days=200)  # how far the own calendar reaches
_ENTRIES = UUID("0c4a3f0e-5f0b-5d0c-9b2f-6f4c1f2a7d11")


def words_of(names: Iterable[str | None]) -> set[str]:
    """The words of names, as they are compared: Anna-Maija is three of them, itself and its two halves.

    >>> sorted(words_of(["Anna-Maija", None, "Å"]))
    ['anna', 'anna-maija', 'maija']
    """
    whole = [word for name in names if name for word in fold(name).split()]
    return {word for one in whole for word in (one, *one.split("-")) if len(word) > 1}


def names_somebody(text: str, names: Collection[str | None]) -> bool:
    """Whether some word of a text is one of the names, also in another case: Ainon, Ainolle."""
    told = [word.strip("().,:;!?\"'”’") for word in fold(text).replace("/", " ").replace("-", " ").split()]
    known = {word for word in words_of(names) if "-" not in word}
    return any(word.startswith(name) and len(word) - len(name) <= 4 for word in told for name in known)


def check_label(label: str, names: Collection[str | None]) -> str:
    """What a guardian calls a child in the own calendar; refuses the child's name."""
    label = " ".join(label.split())
    if len(label) > LONGEST_LABEL:
        raise Refused("own.label_long", most=LONGEST_LABEL)
    if names_somebody(label, names):
        raise Refused("own.label_names", label=label)
    return label


def safe_title(title: str, instead: str, names: Collection[str | None], *, private: bool) -> str:
    """A title as it may leave the house: another word where it names a child, or is `private` for whatever reason."""
    return instead if private or names_somebody(title, names) else title


def times(day: date, span: Span) -> tuple[datetime, datetime]:
    """When a span begins and is over, by the wall clock; the last minute of a day is its end."""
    ends = datetime.combine(day + DAY, datetime.min.time()) if span.ends == LAST_MINUTE else datetime.combine(
        day, span.ends)
    return datetime.combine(day, span.begins), ends


def entry_key(*parts: object) -> str:
    """The key of an entry: the same each time, and it tells nobody of whom it is."""
    return str(uuid5(_ENTRIES, " ".join(map(str, parts))))


def sooner(order: Sequence[int], seen: Collection[int], who: int) -> int:
    """The place, counted from 1, that somebody has once called before the next one of those whom the reader sees."""
    if who not in seen or who not in order:
        raise Refused("own.not_in_order")
    before = [place for place, one in enumerate(order, start=1) if one in seen and place <= order.index(who)]
    if not before:
        raise Refused("own.first_already")
    return before[-1]


def check_last_day(last_day: date | None, today: date) -> None:
    if last_day is not None and last_day < today:
        raise Refused("person.pickup_over", last=last_day, today=today)
