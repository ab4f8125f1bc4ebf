"""What a city asks of log-ins, and when it takes rights back: security.toml."""

from __future__ import annotations

from dataclasses import dataclass

from evaka import city
from evaka.rules.user import Credentials, Identification


@dataclass(frozen=True)
class Security:
    """How long a session lasts, how often one may guess, what a password must be, and who needs a second factor."""

    hours: int
    idle_minutes: int
    attempts: int
    attempts_of_address: int
    window_minutes: int
    password_length: int
    second_factor: frozenset[str]  # roles

    def __post_init__(self) -> None:
        if self.password_length < 8:
            raise ValueError(f"password_length is {self.password_length}", "Ask for 8 letters at least.")
        if min(self.hours, self.idle_minutes, self.attempts, self.attempts_of_address, self.window_minutes) < 1:
            raise ValueError("a number is below 1", "Give a whole number from 1 up.")


@dataclass(frozen=True)
class Rights:
    """How rights come and go: which roles a unit gives by itself, for how long, and when they are taken back."""

    idle_weeks: int  # without a log-in, then a user of the staff is closed
    warn_weeks: int  # before that it stands on the list of those who will be
    substitute_days: int  # the longest time for which a unit lets in a substitute
    local_role: str  # what whoever keeps the staff of a unit gives and ends there, to substitutes too

    def __post_init__(self) -> None:
        if min(self.idle_weeks, self.warn_weeks, self.substitute_days) < 1:
            raise ValueError("a number is below 1", "Give a whole number from 1 up.")
        if self.warn_weeks >= self.idle_weeks:
            raise ValueError(
                f"warn_weeks is {self.warn_weeks}, as long as idle_weeks",
                "Warn for less time than people may be away.",
            )


def security() -> Security:
    return city.value("security", "sessions", Security)


def rights() -> Rights:
    return city.value("security", "rights", Rights)


def identification() -> Identification:
    return city.value("security", "identification", Identification)


def credentials() -> Credentials:
    return city.value("security", "credentials", Credentials)
