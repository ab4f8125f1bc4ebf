"""What somebody writes: drafted, waiting for its moment, sent, and for a week taken back."""

from __future__ import annotations

from enum import StrEnum

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
    undo=({PostStatus.WAITING}, PostStatus.DRAFT),
    deliver=({PostStatus.WAITING}, PostStatus.SENT),
    withdraw=({PostStatus.SENT}, PostStatus.WITHDRAWN),
)
