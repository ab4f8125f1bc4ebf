"""What the city has decided of tablets, notes and pictures: presence.toml."""

from __future__ import annotations

from evaka import city
from evaka.rules.presence import NotePolicy, PicturePolicy, TabletPolicy


def tablet() -> TabletPolicy:
    return city.value("presence", "tablet", TabletPolicy)


def notes() -> NotePolicy:
    return city.value("presence", "notes", NotePolicy)


def pictures() -> PicturePolicy:
    return city.value("presence", "picture", PicturePolicy)
