"""Events of a unit and times for talks with families: who is asked, and until when a time may be given back."""

from __future__ import annotations

from enum import StrEnum


class EventKind(StrEnum):
    EVENT = "event"
    DISCUSSION = "discussion"
