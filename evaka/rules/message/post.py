"""What somebody writes: drafted, waiting for its moment, sent, and for a week taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from evaka.kit.errors import Refused
from evaka.kit.workflow import Workflow


class BoxKind(StrEnum):
    """Whose box it is, and in whose name is written from it."""

    GROUP = "group"
    PERSONAL = "personal"
    MUNICIPAL = "municipal"
    SERVICE = "service"
    FINANCE = "finance"


class PostKind(StrEnum):
    """A message may be answered, a bulletin may not; a reply goes on in a conversation."""

    MESSAGE = "message"
    BULLETIN = "bulletin"
    REPLY = "reply"


class PostStatus(StrEnum):
    DRAFT = "draft"
    WAITING = "waiting"  # for the time in which it may be undone, or for its day
    SENT = "sent"
    WITHDRAWN = "withdrawn"


POST: Workflow[PostStatus] = Workflow(
    submit=({PostStatus.DRAFT}, PostStatus.WAITING),
    deliver=({PostStatus.WAITING}, PostStatus.SENT),
    undo=({PostStatus.WAITING, PostStatus.SENT}, PostStatus.DRAFT),
    withdraw=({PostStatus.SENT}, PostStatus.WITHDRAWN),
)


@dataclass(frozen=True, slots=True)
class MessagePolicy:
    """[messages] of city.toml.  The roles are those of roles.toml; who has a box may still do only what they allow."""

    personal_roles: frozenset[str]  # have a box of their own
    municipal_roles: frozenset[str]  # write bulletins in the city's name
    service_roles: frozenset[str]  # read and write in the name of the service guidance
    finance_roles: frozenset[str]  # in the name of those who invoice
    written_to_roles: frozenset[str]  # may be chosen by guardians as whom to write to
    withdrawal_roles: frozenset[str] = frozenset()  # are told when words are withdrawn, besides the units' directors
    undo_seconds: int = 60
    withdraw_days: int = 7
    subject_in_mail: bool = False
    at_once: int = 500  # recipients; more are served by the job
    megabytes: int = 8
    files: int = 10

    def roles(self, kind: BoxKind) -> frozenset[str]:
        """The roles that use a kind of box; groups' boxes are used by whoever reaches the group."""
        return {
            BoxKind.PERSONAL: self.personal_roles, BoxKind.MUNICIPAL: self.municipal_roles,
            BoxKind.SERVICE: self.service_roles, BoxKind.FINANCE: self.finance_roles,
        }.get(kind, frozenset())


def undone_until(sent: datetime, policy: MessagePolicy) -> datetime:
    """Until when what was sent may be undone as if it never was; its notices leave after that."""
    return sent + timedelta(seconds=policy.undo_seconds)


def check_undo(sent: datetime, now: datetime, policy: MessagePolicy) -> None:
    """Raise Refused when the short while is over."""
    if now > undone_until(sent, policy):
        raise Refused("message.undo_late", seconds=policy.undo_seconds)


def withdrawn_until(sent: date, policy: MessagePolicy) -> date:
    """The last day on which what was sent on a day may be withdrawn."""
    return sent + timedelta(days=policy.withdraw_days)


def check_withdraw(kind: BoxKind | None, sent: date, day: date, policy: MessagePolicy) -> None:
    """Raise Refused after the seventh day, and for what the whole city was told.

    `kind` is that of the writer's box, None for a guardian.
    """
    if kind is BoxKind.MUNICIPAL:
        raise Refused("message.withdraw_municipal")
    if day > (until := withdrawn_until(sent, policy)):
        raise Refused("message.withdraw_late", until=until)
