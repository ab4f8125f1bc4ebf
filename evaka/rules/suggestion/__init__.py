"""Suggestions: which child is offered which place, by the city's own list of criteria."""

from evaka.rules.suggestion.states import SUGGESTED, SUGGESTION, SuggestedStatus, SuggestionStatus

__all__ = ["SUGGESTED", "SUGGESTION", "SuggestedStatus", "SuggestionStatus"]
