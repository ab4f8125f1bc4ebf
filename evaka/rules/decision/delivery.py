"""How decisions reach people: whom, by which channel, and how far a set of letters has come.

Law: Administrative Procedure Act (434/2003), 54 § (a decision is notified to those concerned), 59 § (by letter);
Act on Electronic Services in the Public Sector (13/2003), 19 § (by an electronic message).
"""

from __future__ import annotations

from enum import StrEnum

from evaka.kit.workflow import Workflow


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
