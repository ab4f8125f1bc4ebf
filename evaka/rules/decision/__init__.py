"""The decision on a place: its life, when the child may start, by when to answer it and to appeal.

Law: Act on Early Childhood Education and Care (540/2018), 62 § (claim for a revised decision); Basic
Education Act (628/1998), 42 §, for pre-primary education; Administrative Procedure Act (434/2003),
45 § (reasons), 49 c § (30 days), 59 § (a letter is received on the seventh day); Act on Electronic Services
in the Public Sector (13/2003), 19 § (an electronic notice is received on the third day); Act on Reckoning
Statutory Terms (150/1930), 2 § and 5 §.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.kit.workflow import Workflow
from evaka.rules.calendar import next_business_day
from evaka.rules.placement import CONNECTED_DAYCARE, PREPARATORY_TYPES, PRESCHOOL_TYPES, CareType


class DecisionStatus(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    ANNULLED = "annulled"


DECISION = Workflow[DecisionStatus](
    send=({DecisionStatus.DRAFT}, DecisionStatus.SENT),
    accept=({DecisionStatus.SENT}, DecisionStatus.ACCEPTED),
    reject=({DecisionStatus.SENT}, DecisionStatus.REJECTED),
    expire=({DecisionStatus.SENT}, DecisionStatus.EXPIRED),
    annul=({DecisionStatus.SENT, DecisionStatus.ACCEPTED, DecisionStatus.EXPIRED}, DecisionStatus.ANNULLED),
)


class DecisionKind(StrEnum):
    """What a decision is about; its letter, its reasons and its instruction for appeal follow from that."""

    DAYCARE = "daycare"
    DAYCARE_PART_TIME = "daycare_part_time"
    PRESCHOOL = "preschool"
    PRESCHOOL_DAYCARE = "preschool_daycare"  # the care around pre-primary or preparatory education
    PRESCHOOL_CLUB = "preschool_club"
    PREPARATORY = "preparatory"
    CLUB = "club"


_K, _C = DecisionKind, CareType
CARE_TYPES_OF = {
    _K.DAYCARE: (_C.DAYCARE, _C.DAYCARE_5YO, _C.TEMPORARY, _C.SCHOOL_SHIFT_CARE),
    _K.DAYCARE_PART_TIME: (_C.DAYCARE_PART_TIME, _C.DAYCARE_PART_TIME_5YO, _C.TEMPORARY_PART_DAY),
    _K.PRESCHOOL: (_C.PRESCHOOL,),
    _K.PRESCHOOL_DAYCARE: (
        _C.PRESCHOOL_DAYCARE,
        _C.PRESCHOOL_DAYCARE_ONLY,
        _C.PREPARATORY_DAYCARE,
        _C.PREPARATORY_DAYCARE_ONLY,
    ),
    _K.PRESCHOOL_CLUB: (_C.PRESCHOOL_CLUB,),
    _K.PREPARATORY: (_C.PREPARATORY,),
    _K.CLUB: (_C.CLUB,),
}
_KIND_OF = {care_type: kind for kind, several in CARE_TYPES_OF.items() for care_type in several}
PRIMARY = frozenset({_K.PRESCHOOL, _K.PREPARATORY})  # free education, which must be taken first
CONNECTED = frozenset({_K.PRESCHOOL_DAYCARE, _K.PRESCHOOL_CLUB})  # what is given around it


def kind_of(care_type: CareType) -> DecisionKind:
    """The kind of decision that gives this care."""
    return _KIND_OF[care_type]


class AnswerChannel(StrEnum):
    """How the answer came: in the service, or to the office on paper, by telephone or otherwise."""

    SERVICE = "service"
    OFFICE = "office"


class Informed(StrEnum):
    """Which other guardians get a copy of a decision."""

    ALL = "all"
    SAME_ADDRESS = "same_address"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """How long a guardian has: days to move the start, to answer, to appeal; who is told, and reminded when.

    A start in pre-primary education follows the term: a guardian may move it by
    `preschool_start_may_move_days`, the office by as many as other starts.  `suomi_fi` prepares messages for
    those who have an identity code and no log-in, instead of letters.  Reminders go `remind_after_days` after
    the decision and after each other, never more than `reminders`, and none `remind_until_days` after it was
    sent.  `any_guardian_answers`: also one who lives apart from whoever applied.
    """

    start_may_move_days: int
    answer_days: int
    appeal_days: int = 30
    preschool_appeal_days: int = 14
    preschool_start_may_move_days: int = 0
    other_guardians: Informed = Informed.ALL
    suomi_fi: bool = False
    remind_after_days: int = 7
    reminders: int = 2
    remind_until_days: int = 60
    claim_handling_days: int = 60
    any_guardian_answers: bool = False


def needed(care_type: CareType) -> tuple[CareType, ...]:
    """The decisions that a family must take for a place: pre-primary education first, then the care around it."""
    if care_type not in CONNECTED_DAYCARE:
        return (care_type,)
    free = CareType.PREPARATORY if care_type in PREPARATORY_TYPES else CareType.PRESCHOOL
    return (free, care_type)


@dataclass(frozen=True, slots=True)
class Draft:
    """A decision to be made: what it gives and when; one that is not `planned` waits unsent unless it is wanted."""

    care_type: CareType
    period: DateRange
    planned: bool = True


def drafts(
    care_type: CareType,
    period: DateRange,
    *,
    term: DateRange | None = None,
    connected: DateRange | None = None,
    has_primary: bool = False,
) -> tuple[Draft, ...]:
    """The drafts of the decisions on a place of a kind: of pre-primary and preparatory education always two.

    Education is given in the `term` it falls into, the care around it for `connected`, or for the whole place.  The
    first is not planned when the child has such a place in the same unit already (`has_primary`), the second only
    when the family has asked for care as well, which the kind of the place tells.
    """
    if care_type not in PRESCHOOL_TYPES | PREPARATORY_TYPES:
        return (Draft(care_type, period),)
    preparatory = care_type in PREPARATORY_TYPES
    primary = CareType.PREPARATORY if preparatory else CareType.PRESCHOOL
    wanted = care_type in CONNECTED_DAYCARE
    around = CareType.PREPARATORY_DAYCARE if preparatory else CareType.PRESCHOOL_DAYCARE
    taught = (period & term if term is not None else None) or period
    return (
        Draft(primary, taught, planned=not has_primary),
        Draft(care_type if wanted else around, connected or period, planned=wanted),
    )


def granted(care_type: CareType, period: DateRange, term: DateRange | None) -> list[tuple[CareType, DateRange]]:
    """The places that an accepted decision gives, in order of time.

    Care around pre-primary or preparatory education lasts as long as its term; what is granted after it is day care.
    A club ends with the term.
    """
    if kind_of(care_type) not in CONNECTED or term is None or term.end is None:
        return [(care_type, period)]
    taught = period & DateRange(date.min, term.end)
    rest = period & DateRange(term.end + DAY) if kind_of(care_type) is not _K.PRESCHOOL_CLUB else None
    return [*([(care_type, taught)] if taught else []), *([(CareType.DAYCARE, rest)] if rest else [])]


def check_order(care_type: CareType, others: Mapping[CareType, DecisionStatus]) -> None:
    """Pre-primary education is accepted before the care around it is answered."""
    primary = needed(care_type)[0]
    if (
        primary is not care_type
        and others.get(primary, DecisionStatus.ACCEPTED) is not DecisionStatus.ACCEPTED
    ):
        raise Refused("decision.primary_first", primary=primary, care_type=care_type)


def movable_days(care_type: CareType, policy: DecisionPolicy, *, guardian: bool) -> int:
    """By how many days the first day may be put off: in pre-primary education a guardian follows the term."""
    if guardian and kind_of(care_type) in PRIMARY:
        return policy.preschool_start_may_move_days
    return policy.start_may_move_days


def start_window(granted: DateRange, days_later: int) -> DateRange:
    """The days on which the guardian may let the child start."""
    return DateRange(granted.start, min(granted.start + timedelta(days=days_later), granted.last_day))


def check_start(granted: DateRange, start: date, days_later: int) -> None:
    window = start_window(granted, days_later)
    if start not in window:
        raise Refused("decision.start_outside_window", start=start, window=window)


class Channel(StrEnum):
    """How a decision reached the guardian."""

    PORTAL = "portal"
    MESSAGE = "message"
    POST = "post"
    HANDED = "handed"


DAYS_TO_RECEIVE = {Channel.PORTAL: 3, Channel.MESSAGE: 3, Channel.POST: 7, Channel.HANDED: 0}


def received(channel: Channel, sent: date) -> date:
    """The day on which the decision counts as received, unless something else is shown.

    A letter: the seventh day after posting (434/2003, 59 §); an electronic notice: the third day after it was
    sent (13/2003, 19 §); what is handed over: the same day.
    """
    return sent + timedelta(days=DAYS_TO_RECEIVE[channel])


def last_day_of(start: date, days: int) -> date:
    """The last day of a term: the day it starts from is not counted, and a holiday or weekend moves it on.

    Saturdays, Sundays, church holidays, Independence Day, the First of May, Christmas Eve and Midsummer Eve
    are followed by the first working day (150/1930, 2 § and 5 §).
    """
    return next_business_day(start + timedelta(days=days))


def answer_due(sent: date, days: int, channel: Channel = Channel.PORTAL) -> date:
    """The last day on which the guardian answers: `days` from the day the decision counts as received."""
    return last_day_of(received(channel, sent), days)


def appeal_days(care_type: CareType, policy: DecisionPolicy) -> int:
    """How long a revised decision may be claimed; pre-primary education has its own time."""
    return policy.preschool_appeal_days if kind_of(care_type) in PRIMARY else policy.appeal_days


def appeal_due(
    sent: date, care_type: CareType, policy: DecisionPolicy, channel: Channel = Channel.PORTAL
) -> date:
    """The last day on which a revised decision may be claimed."""
    return last_day_of(received(channel, sent), appeal_days(care_type, policy))


@dataclass(frozen=True, slots=True)
class Reason:
    """A ground for decisions: one for all children of a season, or one that is picked for a single child.

    `text` is by language.  A ground that is not `ready` may still be written on, and no decision leaves with
    it.  `name` is what the list shows of those that are picked, in the order of `order`.
    """

    key: str
    text: Mapping[str, str]
    care_types: frozenset[CareType]
    valid: DateRange
    for_everybody: bool = True
    ready: bool = True
    name: Mapping[str, str] = field(default_factory=dict)
    order: int = 0


def common_reason(reasons: Iterable[Reason], care_type: CareType, start: date, language: str) -> Reason:
    """The ground that all decisions of a care type share when care starts on a day: the newest that holds.

    Refuses when there is none, when it is still being written, or when it is not in the language of the
    decision.
    """
    found = [
        one for one in reasons if one.for_everybody and care_type in one.care_types and start in one.valid
    ]
    if not found:
        raise Refused("decision.no_reason", care_type=care_type, start=start)
    newest = max(found, key=lambda one: one.valid.start)
    if not newest.ready:
        raise Refused("decision.reason_not_ready", care_type=care_type, start=start)
    if not newest.text.get(language):
        raise Refused("decision.reason_not_translated", care_type=care_type, language=f"language.{language}")
    return newest


def stands_for(kind: DecisionKind) -> DecisionKind:
    """The kind of which a kind's instruction and words are, where it has none of its own: part time is day care."""
    return _K.DAYCARE if kind is _K.DAYCARE_PART_TIME else kind


def to_remind(sent: date, reminded_on: date | None, reminders: int, policy: DecisionPolicy, today: date) -> bool:
    """Whether a family that has not answered is reminded today."""
    since = (today - sent).days
    last = reminded_on or sent
    return (
        reminders < policy.reminders
        and since <= policy.remind_until_days
        and (today - last).days >= policy.remind_after_days
    )


def own_reasons(reasons: Iterable[Reason], care_type: CareType, day: date) -> list[Reason]:
    """The grounds that may be picked for one child."""
    return [
        one
        for one in reasons
        if not one.for_everybody and one.ready and care_type in one.care_types and day in one.valid
    ]


def picked(
    keys: Iterable[str], reasons: Mapping[str, Reason], care_type: CareType, day: date, language: str
) -> tuple[str, ...]:
    """The texts of the grounds that were picked for a child, as the letter prints them.

    Refuses one that the city has taken out of use since, or that is not of this care or language.
    """
    offered = {one.key for one in own_reasons(reasons.values(), care_type, day)}
    texts = []
    for key in keys:
        if key not in offered:
            raise Refused("decision.reason_not_offered", reason=key, care_type=care_type, start=day)
        if not (text := reasons[key].text.get(language)):
            raise Refused(
                "decision.reason_not_translated", care_type=care_type, language=f"language.{language}"
            )
        texts.append(text)
    return tuple(texts)
