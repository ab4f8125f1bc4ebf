"""Holiday periods and questionnaires: when families say beforehand who stays away."""

from __future__ import annotations

from enum import StrEnum


class QuestionnaireKind(StrEnum):
    """One of the given periods is chosen, or own days are told within one period."""

    FIXED = "fixed"
    OPEN = "open"
