"""Presence: the tablets' own pages, and what the office sees and puts right of it."""

from evaka.views.presence import card, sheet  # noqa: F401  their pages belong to the tablet
from evaka.views.presence.office import DeviceScreen, PresenceScreen
from evaka.views.presence.tablet import enter, install

__all__ = ["DeviceScreen", "PresenceScreen", "enter", "install"]
