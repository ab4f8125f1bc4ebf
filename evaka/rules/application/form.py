"""What an application tells, and everything that keeps it from being sent.

Law: Act 540/2018, 17 § (four months; proof of what cannot be foreseen); Decree 753/2018, 1 § (part-day care).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from evaka.kit import identity
from evaka.kit.contacts import check_email, check_phone
from evaka.kit.dates import DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.rules.application import (
    ApplicationKind,
    ApplicationPolicy,
    AttachmentKind,
    OtherView,
    check_hours,
    check_start,
    check_units,
)
from evaka.rules.application.question import Question, unanswered
from evaka.rules.calendar import Term, term_of
from evaka.rules.placement import (
    DAYCARE_TYPES,
    CareType,
    ServiceNeed,
    default_need,
)

CHILD_FIELDS = ("first_name", "last_name", "code")  # of each other child in the household
FIVE = frozenset({CareType.DAYCARE_5YO, CareType.DAYCARE_PART_TIME_5YO})


@dataclass(frozen=True, slots=True)
class Form:
    """What was filled in, each by the name of its column; an empty answer is None or an empty text."""

    kind: ApplicationKind
    units: Sequence[int] = ()  # wanted ones, in order
    start: date | None = None
    service_need: str = ""
    preparatory: bool = False
    connected_daycare: bool = False
    connected_start: date | None = None
    begins_at: time | None = None
    ends_at: time | None = None
    shift_care: bool = False
    urgent: bool = False
    had_daycare: bool = False
    had_club: bool = False
    max_fee_accepted: bool = False
    assistance_needed: bool = False
    assistance: str = ""
    allergies: str = ""
    diet: str = ""
    moves_on: date | None = None
    new_street: str = ""
    new_postal_code: str = ""
    new_post_office: str = ""
    guardian_moves: bool = False
    phone: str = ""
    email: str = ""
    no_email: bool = False
    other_guardian_view: OtherView = OtherView.UNKNOWN
    other_phone: str = ""
    other_email: str = ""
    other_may_see: bool = True
    partner_first_name: str = ""
    partner_last_name: str = ""
    partner_code: str = ""
    other_children: Sequence[Mapping[str, str]] = ()
    sibling_unit_id: int | None = None
    sibling_name: str = ""
    sibling_code: str = ""
    notes: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wish:
    """A unit that may be wanted: when it is open, and the first days for which it takes applications of this kind."""

    name: str
    open: DateRange
    starts: DateRange | None
    gives: bool  # care of this kind


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the form.

    `reachable` says that there is some way to reach whoever applies.  `sent_start` is the day the application was
    sent with.  `other_elsewhere`: there is another guardian, who lives elsewhere.  `terms` are the years of pre-
    primary education, or of clubs.
    """

    today: date
    guardian: bool = False  # the family itself fills it in
    reachable: bool = True
    sent_start: date | None = None
    other_elsewhere: bool = False
    need: ServiceNeed | None = None
    units: Mapping[int, Wish] = field(default_factory=dict)
    terms: Timeline[Term] = field(default_factory=lambda: Timeline(()))
    papers: frozenset[AttachmentKind] = frozenset()
    questions: Sequence[Question] = ()


@dataclass(frozen=True, slots=True)
class Lack:
    """What keeps an application from being sent: the question, and why."""

    field: str
    why: Refused


def missing(field: str, word: str) -> Lack:
    """An answer that is not there; several are told in one sentence."""
    return Lack(field, Refused("application.incomplete", missing=[f"application.missing.{word}"]))


def lacks(form: Form, known: Known, policy: ApplicationPolicy) -> list[Lack]:
    """Everything that must still be told or mended, in the order of the form."""
    return [
        *_of_start(form, known, policy), *_of_units(form, known, policy), *_of_care(form, known), *_of_child(form),
        *_of_family(form, known), *_of_papers(form, known, policy), *_of_questions(form, known),
    ]


def check_complete(form: Form, known: Known, policy: ApplicationPolicy) -> None:
    """Refuses an application that is not complete, with all that it lacks, or contradicts itself."""
    found = lacks(form, known, policy)
    if absent := [word for lack in found for word in lack.why.facts.get("missing", ())]:
        raise Refused("application.incomplete", missing=absent)
    if found:
        raise found[0].why


def _refusals(field: str, check: Callable[[], Any]) -> Iterator[Lack]:
    """What a check has against an answer."""
    try:
        check()
    except Refused as no:
        yield Lack(field, no)


def _of_start(form: Form, known: Known, policy: ApplicationPolicy) -> Iterator[Lack]:
    start = form.start
    if start is None:
        yield missing("start", "start")
        return
    yield from _refusals("start", lambda: check_start(
        start, today=known.today, policy=policy, sent_with=known.sent_start, guardian=known.guardian))
    if form.kind is ApplicationKind.DAYCARE:
        return
    term = term_of(known.terms, start)
    if term is None:
        coming = [one.valid for _, one in known.terms.spans if one.valid.last_day >= known.today]
        yield Lack("start", Refused("application.no_term", start=start, terms=coming))
        return
    if known.today < term.application_start:
        yield Lack("start", Refused("application.term_not_yet", start=start, opens=term.application_start))
    if form.connected_daycare and form.connected_start is not None:
        if form.connected_start < start:
            yield Lack("connected_start", Refused(
                "application.connected_first", connected=form.connected_start, start=start))
        elif form.connected_start not in term.valid:
            yield Lack("connected_start", Refused(
                "application.connected_outside_term", connected=form.connected_start, term=term.valid))


def _of_units(form: Form, known: Known, policy: ApplicationPolicy) -> Iterator[Lack]:
    if not form.units:
        yield missing("units", "unit")
        return
    yield from _refusals("units", lambda: check_units(form.units, policy))
    if not known.guardian or form.start is None:
        return
    for unit in form.units:
        wish = known.units.get(unit)
        if wish is None or not wish.gives:
            yield Lack("units", Refused("application.unit_gives_not", unit=wish.name if wish else ""))
        elif wish.starts is None:
            yield Lack("units", Refused("application.unit_takes_none", unit=wish.name))
        elif form.start not in wish.starts:
            yield Lack("units", Refused(
                "application.unit_takes_later", unit=wish.name, start=form.start, period=wish.starts))
        elif form.start not in wish.open:
            yield Lack("units", Refused(
                "application.unit_closed", unit=wish.name, start=form.start, period=wish.open))


def _of_care(form: Form, known: Known) -> Iterator[Lack]:
    need, from_day = known.need, form.start
    if form.connected_daycare and form.connected_start is not None:
        from_day = form.connected_start
    if need is None:
        if form.kind is ApplicationKind.DAYCARE or form.connected_daycare:
            yield missing("service_need", "service_need")
    elif need.care_type not in care_types(form):
        yield Lack("service_need", Refused("application.need_of_other_kind", need=need.name, kind=form.kind))
    elif from_day is not None and from_day not in need.valid:
        yield Lack("service_need", Refused(
            "application.need_not_valid", need=need.name, start=from_day, valid=need.valid))
    part_day = need is not None and need.part_day and form.kind is ApplicationKind.DAYCARE
    begins, ends = form.begins_at, form.ends_at
    if part_day and (begins is None or ends is None):
        yield missing("begins_at" if begins is None else "ends_at", "hours")
    if begins is not None and ends is not None:
        yield from _refusals("ends_at", lambda: check_hours(begins, ends, part_day=part_day))


def _of_child(form: Form) -> Iterator[Lack]:
    if form.assistance_needed and not form.assistance.strip():
        yield missing("assistance", "assistance")
    if form.moves_on is not None and not form.new_street.strip():
        yield missing("new_street", "new_street")
    if form.moves_on is None and form.new_street.strip():
        yield missing("moves_on", "moves_on")


def _of_family(form: Form, known: Known) -> Iterator[Lack]:
    if known.guardian and not form.phone.strip():
        yield missing("phone", "phone")
    elif not known.reachable and not form.phone.strip() and not form.email.strip():
        yield missing("phone", "contact")
    if known.guardian and not form.email.strip() and not form.no_email:
        yield missing("email", "email")
    for name, typed, check in (
        ("phone", form.phone, check_phone), ("email", form.email, check_email),
        ("other_phone", form.other_phone, check_phone), ("other_email", form.other_email, check_email),
    ):
        if typed.strip():
            yield from _refusals(name, lambda check=check, typed=typed: check(typed))  # type: ignore[misc]
    if known.guardian and known.other_elsewhere and form.other_guardian_view is OtherView.UNKNOWN:
        yield missing("other_guardian_view", "other_guardian_view")
    codes = [("partner_code", form.partner_code), ("sibling_code", form.sibling_code)]
    for name, code in [*codes, *(("other_children", one.get("code", "")) for one in form.other_children)]:
        if code.strip():
            yield from _refusals(name, lambda code=code: identity.check(code))  # type: ignore[misc]


def _of_papers(form: Form, known: Known, policy: ApplicationPolicy) -> Iterator[Lack]:
    if not (known.guardian and policy.proof_needed):
        return
    for kind, wanted in wanted_papers(form):
        if wanted and kind not in known.papers:
            yield missing("upload", f"paper_{kind.value}")


def _of_questions(form: Form, known: Known) -> Iterator[Lack]:
    if known.guardian:
        for one in unanswered(known.questions, form.answers):
            yield Lack(f"answer_{one.key}", Refused("application.unanswered", question=one.text))


def wanted_papers(form: Form) -> list[tuple[AttachmentKind, bool]]:
    """Which papers belong to what is asked for."""
    return [(AttachmentKind.URGENCY, form.urgent), (AttachmentKind.SHIFT_CARE, form.shift_care)]


# -- the care that is asked for --------------------------------------------------------------------------


def care_types(form: Form) -> frozenset[CareType]:
    """The kinds of place that an application can lead to."""
    match form.kind:
        case ApplicationKind.DAYCARE:
            return DAYCARE_TYPES
        case ApplicationKind.CLUB:
            return frozenset({CareType.CLUB})
    if form.preparatory:
        return frozenset({CareType.PREPARATORY_DAYCARE if form.connected_daycare else CareType.PREPARATORY})
    if form.connected_daycare:
        return frozenset({CareType.PRESCHOOL_DAYCARE, CareType.PRESCHOOL_CLUB})
    return frozenset({CareType.PRESCHOOL})


def offered_needs(options: Iterable[ServiceNeed], form: Form, born: date, day: date) -> list[ServiceNeed]:
    """The service needs that may be chosen for care from a day on.

    Five-year-olds, from the August of the year in which they turn five, have options of their own where the city
    offers such.
    """
    mine = [one for one in options if one.care_type in care_types(form) and day in one.valid]
    five = DateRange(date(born.year + 5, 8, 1), date(born.year + 6, 7, 31))
    of_five = [one for one in mine if one.care_type in FIVE]
    if day in five and of_five:
        return of_five
    return [one for one in mine if one.care_type not in FIVE]


def settled_need(options: Iterable[ServiceNeed], form: Form) -> str:
    """The service need of an application that leaves no choice: education alone, and clubs."""
    if form.kind is ApplicationKind.DAYCARE or form.connected_daycare or form.start is None:
        return form.service_need
    [care_type] = care_types(form)
    found = default_need(options, care_type, form.start)
    return found.key if found else ""


def late_for_term(form: Form, terms: Timeline[Term], received: date) -> bool:
    """Whether an application came when the time to apply for its term was over."""
    if form.kind is ApplicationKind.DAYCARE or form.start is None:
        return False
    term = term_of(terms, form.start)
    return term is not None and received > term.application_end
