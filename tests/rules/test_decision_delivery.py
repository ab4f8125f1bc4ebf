"""Whom a decision reaches, and how; claims and their days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from evaka.kit.errors import Refused
from evaka.rules.decision import Channel, DecisionPolicy, Informed
from evaka.rules.decision.claim import CLAIM, ClaimStatus, check_days
from evaka.rules.decision.delivery import DISPATCH, SENDING, Reader, best_channel, check_any, receivers

POLICY = DecisionPolicy(start_may_move_days=14, answer_days=14)
HOME, AWAY = ("Koivukatu 1", "00901 Harjula"), ("Mäntykatu 2", "00901 Harjula")
FIRST = Reader(1, logs_in=True, has_code=True, home=HOME)
SAME = Reader(2, logs_in=False, has_code=True, home=HOME)
OTHER = Reader(3, logs_in=True, has_code=True, home=AWAY)


@pytest.mark.parametrize(
    ("reader", "suomi_fi", "channel"),
    [
        (FIRST, False, Channel.PORTAL),
        (SAME, False, Channel.POST),
        (SAME, True, Channel.MESSAGE),
        (replace(SAME, has_code=False), True, Channel.POST),
    ],
)
def test_the_best_way_to_somebody(reader, suomi_fi, channel):
    assert best_channel(reader, replace(POLICY, suomi_fi=suomi_fi)) is channel


def reached(first=FIRST, others=(SAME, OTHER), child_protected=False, **policy):
    found = receivers(first, others, Channel.PORTAL, replace(POLICY, **policy), child_protected=child_protected)
    return [(one.id, one.channel, one.is_copy) for one in found]


def test_other_guardians_get_a_copy_as_it_reaches_them_best():
    assert reached() == [(1, Channel.PORTAL, False), (2, Channel.POST, True), (3, Channel.PORTAL, True)]


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ({"other_guardians": Informed.NONE}, [1]),
        ({"other_guardians": Informed.SAME_ADDRESS}, [1, 2]),
        # a decision tells where the child is: who lives elsewhere does not learn it while an address is protected
        ({"child_protected": True}, [1, 2]),
        ({"first": replace(FIRST, protected=True, home=())}, [1]),
    ],
)
def test_who_is_left_out(given, ids):
    assert [id for id, _, _ in reached(**given)] == ids


def test_a_set_without_anything_to_send_is_none():
    check_any(1)
    with pytest.raises(Refused, match="sending.nothing_ready"):
        check_any(0)


def test_the_lives_of_sets_and_claims():
    def ends(workflow):
        return {verb: str(state) for verb, (_, state) in workflow.moves.items()}

    assert ends(DISPATCH) == {"mail": "sent", "withdraw": "withdrawn"}
    assert ends(SENDING) == {"approve": "sending", "close": "closed"}
    assert list(CLAIM.verbs(ClaimStatus.RECEIVED)) == ["forward", "decide", "withdraw"]
    assert list(CLAIM.verbs(ClaimStatus.DECIDED)) == []


@pytest.mark.parametrize(("day", "fits"), [(1, True), (9, True), (10, False), (31, False)])
def test_what_is_noted_of_a_claim_has_happened(day, fits):
    sent, today = date(2026, 6, 1), date(2026, 6, 9)
    noted = date(2026, 5, 31) if day == 31 else date(2026, 6, day)
    if fits:
        check_days(noted, sent=sent, today=today)
    else:
        with pytest.raises(Refused, match="claim.day_outside"):
            check_days(noted, sent=sent, today=today)
