"""A workflow is a table of states and verbs."""

from __future__ import annotations

from enum import StrEnum

import pytest

from evaka.kit.errors import ConfigMistake, Denied, Refused, Stale
from evaka.kit.workflow import Workflow


class Door(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    LOCKED = "locked"


DOOR = Workflow(
    close=({Door.OPEN}, Door.CLOSED),
    open=({Door.CLOSED}, Door.OPEN),
    lock=({Door.CLOSED, Door.OPEN}, Door.LOCKED),
)


@pytest.mark.parametrize(
    ("state", "verbs"),
    [(Door.OPEN, ["close", "lock"]), (Door.CLOSED, ["open", "lock"]), (Door.LOCKED, [])],
)
def test_a_state_allows_its_verbs(state, verbs):
    assert list(DOOR.verbs(state)) == verbs


def test_a_verb_leads_to_the_next_state():
    assert DOOR.after(Door.OPEN, "close") is Door.CLOSED
    assert DOOR.after(Door.OPEN, "lock") is Door.LOCKED


def test_a_verb_that_does_not_leave_the_state_is_refused_with_the_states_it_leaves():
    with pytest.raises(Refused) as refusal:
        DOOR.after(Door.LOCKED, "lock")
    assert refusal.value.key == "workflow.wrong_state"
    assert refusal.value.facts == {"verb": "lock", "state": "locked", "sources": ["closed", "open"]}


def test_ways_of_saying_no_have_their_http_status():
    assert (Refused("a.b").status, Denied("a.b").status, Stale("a.b").status) == (409, 403, 409)


def test_a_mistake_in_the_configuration_says_where_and_how_to_mend_it():
    mistake = ConfigMistake("fees.toml", "a row is missing", "Add it.")
    assert str(mistake) == "fees.toml: a row is missing. Add it."
