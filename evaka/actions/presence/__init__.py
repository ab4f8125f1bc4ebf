"""Children come and go: what is tapped on a unit's tablets, what the office corrects, what the night ends."""

from __future__ import annotations

from evaka.actions.presence.correct import add, correct, remove
from evaka.actions.presence.device import (
    add_device,
    device_for_taps,
    device_of,
    new_code,
    pair,
    revoke_device,
    see,
)
from evaka.actions.presence.missed import mark_missed, missed_parts
from evaka.actions.presence.night import close_open, expired_notes, forget_notes, old_taps, open_from_before
from evaka.actions.presence.note import (
    add_group_note,
    add_sticky,
    check_seen,
    clear_day_note,
    remove_group_note,
    remove_sticky,
    write_day_note,
)
from evaka.actions.presence.picture import remove_picture, set_picture
from evaka.actions.presence.policy import notes, pictures, tablet
from evaka.actions.presence.tap import Outcome, ShutOut, Touch, mark_absent, note_refused, tap, unmark_absent

__all__ = [
    "Outcome", "ShutOut", "Touch", "add", "add_device", "add_group_note", "add_sticky", "check_seen", "clear_day_note",
    "close_open", "correct", "device_for_taps", "device_of", "expired_notes", "forget_notes", "mark_absent",
    "mark_missed", "missed_parts", "new_code", "note_refused", "notes", "old_taps", "open_from_before", "pair",
    "pictures",
    "remove", "remove_group_note", "remove_picture", "remove_sticky", "revoke_device", "see", "set_picture",
    "tablet", "tap", "unmark_absent", "write_day_note",
]
