"""What a telephone is told of something that waits, and where to it may be written at all.

The notice on a telephone says no more than the subject of the mail: that something waits, never what, from whom or
about whom (it lies on a table for others to read, and passes through a company's hands).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from evaka.kit.errors import Refused

MOST_BROWSERS = 10  # of a person
LONGEST = 2000  # characters of an address
LONGEST_LABEL = 63  # of a part of a host's name (RFC 1035, 2.3.4)


@dataclass(frozen=True)
class PushPolicy:
    """[push] of city.toml.  `services`: origins where browsers let themselves be written to; * stands for a part."""

    enabled: bool
    services: tuple[str, ...]
    keep_hours: int  # so long a service keeps a notice for a telephone that is off

    def __post_init__(self) -> None:
        if not 1 <= self.keep_hours <= 24 * 28:
            raise ValueError(f"keep_hours is {self.keep_hours}", "Give a whole number from 1 to 672.")

    @property
    def kept(self) -> timedelta:
        return timedelta(hours=self.keep_hours)


def origin(endpoint: str) -> str:
    """https://push.example of an address; refuses one that is none."""
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        raise Refused("push.not_an_address") from None
    labels = (parts.hostname or "").split(".")
    sound = endpoint.isascii() and endpoint.isprintable() and " " not in endpoint and len(endpoint) <= LONGEST
    named = all(0 < len(label) <= LONGEST_LABEL for label in labels)
    if parts.scheme not in ("https", "http") or parts.username or not sound or not named:
        raise Refused("push.not_an_address")
    return f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")


def check_endpoint(endpoint: str, policy: PushPolicy) -> None:
    """Refuses an address of nobody's push service: our server would write to whatever it names."""
    found = origin(endpoint)
    if not any(fnmatchcase(found, service) for service in policy.services):
        raise Refused("push.unknown_service", service=found)


def notice(title: str, text: str, path: str, mark: str) -> bytes:
    """What is sealed and sent: who writes, that something waits, the page, and by what a second one replaces it."""
    told = {"title": title, "text": text, "path": path if path.startswith("/my/") else "/my/", "mark": mark}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
