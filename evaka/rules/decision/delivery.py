"""How decisions reach people: whom, by which channel, and how far a set of letters has come.

Law: Administrative Procedure Act (434/2003), 54 § (a decision is notified to those concerned), 59 § (by letter);
Act on Electronic Services in the Public Sector (13/2003), 19 § (by an electronic message).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from evaka.kit.errors import Refused
from evaka.kit.workflow import Workflow
from evaka.rules.decision import Channel, DecisionPolicy, Informed
from evaka.rules.person import same_address


class DeliveryState(StrEnum):
    WAITING = "waiting"  # for the post, or for Suomi.fi
    SENT = "sent"


class DispatchStatus(StrEnum):
    MADE = "made"
    SENT = "sent"
    WITHDRAWN = "withdrawn"


DISPATCH = Workflow[DispatchStatus](
    mail=({DispatchStatus.MADE}, DispatchStatus.SENT),
    withdraw=({DispatchStatus.MADE}, DispatchStatus.WITHDRAWN),
)


class SendingStatus(StrEnum):
    PREVIEW = "preview"
    SENDING = "sending"
    CLOSED = "closed"


SENDING = Workflow[SendingStatus](
    approve=({SendingStatus.PREVIEW}, SendingStatus.SENDING),
    close=({SendingStatus.PREVIEW, SendingStatus.SENDING}, SendingStatus.CLOSED),
)


class ItemState(StrEnum):
    """How far an application is whose decisions go with many others.  An exception is for somebody to look at."""

    WAITING = "waiting"
    EXCEPTION = "exception"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Reader:
    """A guardian as far as it matters how a decision reaches them.

    `home` are the lines of the address, none when it is unknown or protected.  `has_code`: the identity code is
    known, by which Suomi.fi finds the person.
    """

    id: int
    logs_in: bool
    has_code: bool
    home: Sequence[str]
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets a decision, by which channel; a copy goes to everybody but whom it is addressed to."""

    id: int
    channel: Channel
    is_copy: bool = False


def best_channel(reader: Reader, policy: DecisionPolicy) -> Channel:
    """In the service for whoever logs in there; else a Suomi.fi message where the city sends them; else a letter."""
    if reader.logs_in:
        return Channel.PORTAL
    return Channel.MESSAGE if policy.suomi_fi and reader.has_code else Channel.POST


def receivers(
    first: Reader, others: Iterable[Reader], channel: Channel, policy: DecisionPolicy, *, child_protected: bool = False
) -> list[Receiver]:
    """Whom a decision reaches: whom it is addressed to by the channel that was chosen, then other guardians.

    A decision tells where the child is: while the address of the child or of the first is protected, nobody
    who lives elsewhere gets a copy.
    """
    found = [Receiver(first.id, channel)]
    for other in others:
        together = same_address(first.home, other.home)
        protected = child_protected or first.protected
        if policy.other_guardians is Informed.NONE:
            continue
        if not together and (protected or policy.other_guardians is Informed.SAME_ADDRESS):
            continue
        found.append(Receiver(other.id, best_channel(other, policy), is_copy=True))
    return found


def check_any(count: int) -> None:
    """A set of decisions holds at least one that can be sent."""
    if not count:
        raise Refused("sending.nothing_ready")
