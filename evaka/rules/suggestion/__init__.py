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
from evaka.rules.suggestion.season import Applicant, House, Months, Point, Season, metres, whole, whole_room
from evaka.rules.suggestion.states import SUGGESTED, SUGGESTION, SuggestedStatus, SuggestionStatus
from evaka.rules.suggestion.verify import Block, Filling, Plan, apart, blocking, overfull
from evaka.rules.suggestion.why import Here, NotThere, Reasons, Why, Worth, passed_over, worth

__all__ = [
    "SUGGESTED",
    "SUGGESTION",
    "Applicant",
    "Beyond",
    "Block",
    "Criteria",
    "Criterion",
    "CriterionKind",
    "Filling",
    "Here",
    "House",
    "Months",
    "NotThere",
    "Plan",
    "Point",
    "Reasons",
    "Season",
    "Step",
    "SuggestedStatus",
    "SuggestionPolicy",
    "SuggestionStatus",
    "Why",
    "Worth",
    "admit",
    "apart",
    "blocking",
    "lot",
    "metres",
    "overfull",
    "passed_over",
    "whole",
    "whole_room",
    "worth",
]
