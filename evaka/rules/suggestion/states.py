"""The life of a suggestion and of each place in it."""

from __future__ import annotations

from enum import StrEnum

from evaka.kit.workflow import Workflow


class SuggestionStatus(StrEnum):
    WAITING = "waiting"  # to be reckoned
    READY = "ready"
    FAILED = "failed"
    APPROVED = "approved"
    DISCARDED = "discarded"


SUGGESTION = Workflow[SuggestionStatus](
    approve=({SuggestionStatus.READY}, SuggestionStatus.APPROVED),
    retry=({SuggestionStatus.FAILED}, SuggestionStatus.WAITING),
    discard=(
        {SuggestionStatus.WAITING, SuggestionStatus.READY, SuggestionStatus.FAILED},
        SuggestionStatus.DISCARDED,
    ),
)


class SuggestedStatus(StrEnum):
    SUGGESTED = "suggested"
    APPROVED = "approved"  # drafted on the desk
    LEFT_OUT = "left_out"  # by hand, or because something has changed since


SUGGESTED = Workflow[SuggestedStatus](
    accept=({SuggestedStatus.SUGGESTED}, SuggestedStatus.APPROVED),
    move=({SuggestedStatus.SUGGESTED, SuggestedStatus.LEFT_OUT}, SuggestedStatus.SUGGESTED),
    leave_out=({SuggestedStatus.SUGGESTED}, SuggestedStatus.LEFT_OUT),
    take_back=({SuggestedStatus.LEFT_OUT}, SuggestedStatus.SUGGESTED),
)
