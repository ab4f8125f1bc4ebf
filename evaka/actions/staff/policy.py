"""What the city has decided of signing in, PINs and the ratio: staff.toml."""

from __future__ import annotations

from evaka import city
from evaka.rules.staff import PinPolicy, PlanPolicy, RatioPolicy, ShiftFile


def sign_in() -> PlanPolicy:
    return city.value("staff", "sign_in", PlanPolicy)


def pins() -> PinPolicy:
    return city.value("staff", "pin", PinPolicy)


def ratios() -> RatioPolicy:
    return city.value("staff", "ratio", RatioPolicy)


def shift_file() -> ShiftFile:
    return city.value("staff", "shift_file", ShiftFile)
