"""The reasons of a suggestion as sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from evaka.actions.index_day import told_facts
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.suggestion import SuggestedPlace, Suggestion
from evaka.models.unit import Unit
from evaka.rules.suggestion import NotThere
from evaka.texts import LANGUAGES, explain, knows
from evaka.views.page import language, told


def criterion_names(suggestion: Suggestion) -> dict[str, str]:
    """What the city called each criterion when the suggestion was reckoned, in order."""
    return {
        one["key"]: one["name"].get(language()) or one["name"].get(LANGUAGES[0]) or one["key"]
        for one in suggestion.criteria.get("list", ())
    }


def unit_names(ids: Iterable[int]) -> dict[int, str]:
    return dict(db.session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(set(ids)))).tuples().all())


def decimal_comma(number: str) -> str:
    return number.replace(".", ",")


def here(place: SuggestedPlace) -> str:
    """Why the child is offered this place, or none."""
    facts, names = place.why.get("here"), criterion_names(place.suggestion)
    if not facts or place.by_hand:
        return told("suggestion.here.by_hand") if place.by_hand else ""
    if place.unit_id is None:
        count = facts["looked_at"]
        return told("suggestion.here.nowhere", count=count) if count else told("suggestion.here.no_wish")
    first = told("suggestion.here.wish", place=facts["wish"]) if facts["wish"] else told("suggestion.here.beyond")
    if facts["with"]:
        first += " " + told("suggestion.here.together", numbers=numbers(facts["with"]))
    if facts["before"] is None:
        return first + " " + told("suggestion.here.room")
    criterion = names.get(facts["criterion"], facts["criterion"])
    return first + " " + told("suggestion.here.before", number=facts["before"], criterion=criterion)


def numbers(several: Iterable[int]) -> str:
    return ", ".join(map(str, several))


def not_there(why: Mapping[str, Any], suggestion: Suggestion) -> str:
    """Why a child is not in a unit that its family likes better."""
    reason = NotThere(why["reason"])
    if reason is NotThere.MISFIT:
        return " ".join(refusal(key, facts) for key, facts in why["misfits"])
    if reason not in (NotThere.NO_ROOM, NotThere.NO_SEAT):
        return told(f"suggestion.not_there.{reason}")
    room = told(f"suggestion.not_there.{reason}", month=why["month"], free=decimal_comma(why["free"]),
                takes=decimal_comma(why["takes"]))
    if why["last"] is None:
        return room + " " + told("suggestion.not_there.full_of_itself")
    criterion = criterion_names(suggestion).get(why["criterion"], why["criterion"])
    return room + " " + told("suggestion.not_there.last", number=why["last"], criterion=criterion)


def broken(place: SuggestedPlace) -> list[str]:
    """What of the criteria a change by hand breaks."""
    names, found = criterion_names(place.suggestion), []
    for key, facts in place.broken:
        if key == "despite":
            found.append(told("suggestion.broken.despite", reason=facts))
        elif key == "suggestion.broken.passed_over":
            found.append(told(key, number=facts["number"], criterion=names.get(facts["criterion"], facts["criterion"])))
        elif key == "suggestion.broken.no_room":
            found.append(told(key, month=facts["month"], free=decimal_comma(facts["free"]),
                              takes=decimal_comma(facts["takes"])))
        elif key == "suggestion.broken.apart":
            found.append(told(key, numbers=numbers(facts["numbers"])))
        else:
            found.append(refusal(key, facts))
    return found


def refusal(key: str, facts: Mapping[str, Any]) -> str:
    """A refusal that was kept, as a sentence."""
    return explain(Refused(key, **told_facts(facts)), language()) if knows(key) else key


def trouble(place: SuggestedPlace) -> str:
    """Why the place was left out."""
    return refusal(place.trouble, place.trouble_facts) if place.trouble else ""


def way(place: SuggestedPlace) -> str:
    """1,4 km"""
    if place.kilometres is None:
        return ""
    return f"{place.kilometres / 1000:.1f}".replace(".", ",") + "\u00a0km"


def wish(place: SuggestedPlace) -> str:
    if place.unit_id is None:
        return ""
    return told("suggestion.wish_is", place=place.wish) if place.wish else told("suggestion.not_wished")
