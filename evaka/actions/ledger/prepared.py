"""What waits in a channel, ready to be handed over, and what has to be left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from evaka.kit.errors import Refused
from evaka.kit.money import Cents

WriteFile = Callable[[int], tuple[str, str, bytes]]  # a batch's number → name, media type, content


@dataclass(frozen=True)
class Trouble:
    """An invoice or a payment that cannot be handed over as it is: it goes on waiting."""

    id: int
    name: str
    why: Refused


@dataclass(frozen=True)
class Prepared:
    """`items` are (id, reversal), worth `total` together; `write` makes the file, `sample` its first lines as text.

    `later` are so many that wait for the next file, since one holds no more.
    """

    items: list[tuple[int, bool]]
    total: Cents
    write: WriteFile
    sample: Callable[[], str] = str
    troubles: list[Trouble] = field(default_factory=list)
    later: int = 0

    @property
    def mark(self) -> str:
        """Tells one state of what waits from another."""
        return sha256(repr((self.items, self.total)).encode()).hexdigest()[:16]
