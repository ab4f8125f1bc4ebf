"""What a city asks of log-ins: security.toml."""

from __future__ import annotations

from dataclasses import dataclass

from evaka import city


@dataclass(frozen=True)
class Security:
    """How long a session lasts, how often one may guess, and what a password must be."""

    hours: int
    idle_minutes: int
    attempts: int
    attempts_of_address: int
    window_minutes: int
    password_length: int
    require_second_factor: bool

    def __post_init__(self) -> None:
        if self.password_length < 8:
            raise ValueError(f"password_length is {self.password_length}", "Ask for 8 letters at least.")
        if min(self.hours, self.idle_minutes, self.attempts, self.attempts_of_address, self.window_minutes) < 1:
            raise ValueError("a number is below 1", "Give a whole number from 1 up.")


def security() -> Security:
    return city.value("security", "sessions", Security)
