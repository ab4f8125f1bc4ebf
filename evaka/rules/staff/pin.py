"""The figures by which somebody proves on a shared tablet who they are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from evaka.kit.errors import Refused


@dataclass(frozen=True, slots=True)
class PinPolicy:
    """[pin] of staff.toml: how many figures, and after how many wrong tries a PIN is locked."""

    shortest: int
    longest: int
    tries: int


def check_pin(pin: str, policy: PinPolicy) -> None:
    """Only figures, enough of them, and none that whoever watches guesses first: 1111, 1234, 9876."""
    if not (pin.isascii() and pin.isdigit() and policy.shortest <= len(pin) <= policy.longest):
        raise Refused("staff.pin_form", shortest=policy.shortest, longest=policy.longest)
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        raise Refused("staff.pin_easy")
