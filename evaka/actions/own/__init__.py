"""What guardians do about themselves and their children by themselves: contacts, who may fetch, the own calendar."""

from __future__ import annotations

from evaka.actions.own.contacts import (
    add_pickup,
    call_sooner,
    calls_seen,
    edit_pickup,
    end_pickup,
    hides_phones,
    me_of,
    own_kids,
    tell_contacts,
    told_kids,
    told_of,
)
from evaka.actions.own.feed import end_feed, feed_of, feed_with, label_children, labels_of, make_feed

__all__ = [
    "add_pickup",
    "call_sooner",
    "calls_seen",
    "edit_pickup",
    "end_feed",
    "end_pickup",
    "feed_of",
    "feed_with",
    "hides_phones",
    "label_children",
    "labels_of",
    "make_feed",
    "me_of",
    "own_kids",
    "tell_contacts",
    "told_kids",
    "told_of",
]
