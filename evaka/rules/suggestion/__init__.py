"""Suggestions: which child is offered which place, by the city's own list of criteria."""

from evaka.rules.suggestion.admission import admit
from evaka.rules.suggestion.criteria import (
    Beyond,
    Criteria,
    Criterion,
    CriterionKind,
    Step,
    SuggestionPolicy,
    lot,
)
from evaka.rules.suggestion.season import Applicant, House, Season, metres, whole, whole_room
from evaka.rules.suggestion.states import SUGGESTED, SUGGESTION, SuggestedStatus, SuggestionStatus
from evaka.rules.suggestion.verify import Block, Plan, apart, blocking, overfull

__all__ = [
    "SUGGESTED",
    "SUGGESTION",
    "Applicant",
    "Beyond",
    "Block",
    "Criteria",
    "Criterion",
    "CriterionKind",
    "House",
    "Plan",
    "Season",
    "Step",
    "SuggestedStatus",
    "SuggestionPolicy",
    "SuggestionStatus",
    "admit",
    "apart",
    "blocking",
    "lot",
    "metres",
    "overfull",
    "whole",
    "whole_room",
]
