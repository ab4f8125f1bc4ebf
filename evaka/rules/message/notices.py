"""The kinds of notices by e-mail that a guardian may do without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """A table of notices.toml: the texts of the mails that belong to it, each `email.<text>.…`, and where they lead."""

    texts: tuple[str, ...]
    page: str = ""


def kind_of(text: str, kinds: Mapping[str, Notice]) -> str | None:
    """The kind that a mail belongs to; None for those that are always sent."""
    return next((kind for kind, notice in kinds.items() if text in notice.texts), None)


def page_of(text: str, kinds: Mapping[str, Notice]) -> str:
    """The page that a mail leads to when it names none itself; "" is the first page."""
    kind = kind_of(text, kinds)
    return "" if kind is None else kinds[kind].page
