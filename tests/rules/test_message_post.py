"""The life of what is written, whom it may go to, and for how long it may be taken back."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.base import HELSINKI
from evaka.rules.application import ApplicationStatus
from evaka.rules.message import check_about_application, check_about_fees, each_guardian
from evaka.rules.message.audience import NOBODY, SHIFTS, Care, Chosen, care_types, check_audience, seen_since
from evaka.rules.message.notices import Notice, kind_of, page_of
from evaka.rules.message.post import (
    POST,
    BoxKind,
    MessagePolicy,
    PostKind,
    PostStatus,
    check_undo,
    check_withdraw,
    undone_until,
)
from evaka.rules.placement import CareType

NONE: frozenset[str] = frozenset()
POLICY = MessagePolicy(
    frozenset({"director"}), frozenset({"messaging"}), frozenset({"worker"}), frozenset({"money"}), NONE)
NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)
ONE = Chosen(children=(1,))


def refused(*given, **more) -> str:
    with pytest.raises(Refused) as no:
        check_audience(*given, **more)
    return no.value.key


@pytest.mark.parametrize(("state", "verbs"), [
    (PostStatus.DRAFT, ["submit"]), (PostStatus.WAITING, ["deliver", "undo"]), (PostStatus.SENT, ["undo", "withdraw"]),
    (PostStatus.WITHDRAWN, []),
])
def test_what_may_be_done_to_a_post(state, verbs):
    assert list(POST.verbs(state)) == verbs


def test_each_kind_of_box_has_its_roles_and_a_groups_has_none():
    assert [POLICY.roles(kind) for kind in BoxKind] == [
        NONE, {"director"}, {"messaging"}, {"worker"}, {"money"}]


def test_undoing_is_for_a_short_while():
    assert undone_until(NOON, POLICY) == NOON + timedelta(seconds=60)
    check_undo(NOON, NOON + timedelta(seconds=60), POLICY)
    with pytest.raises(Refused, match=r"message\.undo_late"):
        check_undo(NOON, NOON + timedelta(seconds=61), POLICY)


def test_words_are_withdrawn_until_the_seventh_day_and_the_citys_never():
    check_withdraw(BoxKind.GROUP, date(2026, 6, 1), date(2026, 6, 8), POLICY)
    check_withdraw(None, date(2026, 6, 1), date(2026, 6, 8), POLICY)
    with pytest.raises(Refused) as no:
        check_withdraw(BoxKind.GROUP, date(2026, 6, 1), date(2026, 6, 9), POLICY)
    assert (no.value.key, no.value.facts) == ("message.withdraw_late", {"until": date(2026, 6, 8)})
    with pytest.raises(Refused, match=r"message\.withdraw_municipal"):
        check_withdraw(BoxKind.MUNICIPAL, date(2026, 6, 1), date(2026, 6, 1), POLICY)


# -- to whom ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("box", "kind", "chosen"), [
    (BoxKind.GROUP, PostKind.MESSAGE, Chosen(groups=(1,))),
    (BoxKind.GROUP, PostKind.BULLETIN, Chosen(children=(1, 2))),
    (BoxKind.PERSONAL, PostKind.MESSAGE, Chosen(units=(1,), groups=(2,))),
    (BoxKind.MUNICIPAL, PostKind.BULLETIN, Chosen(everybody=True)),
    (BoxKind.MUNICIPAL, PostKind.BULLETIN, Chosen(areas=(1,), units=(2,), starting=True, present=False)),
    (BoxKind.FINANCE, PostKind.MESSAGE, Chosen(people=(1,))),
])
def test_what_each_box_may_write(box, kind, chosen):
    check_audience(box, kind, chosen)


def test_the_service_guidance_writes_about_an_application():
    check_audience(BoxKind.SERVICE, PostKind.MESSAGE, Chosen(people=(1, 2)), application=True)
    assert refused(BoxKind.SERVICE, PostKind.MESSAGE, Chosen(people=(1,))) == "message.application_missing"


@pytest.mark.parametrize(("box", "kind", "chosen", "why"), [
    (BoxKind.GROUP, PostKind.MESSAGE, NOBODY, "choose_somebody"),
    (BoxKind.GROUP, PostKind.MESSAGE, Chosen(groups=(1,), present=False), "choose_somebody"),
    (BoxKind.GROUP, PostKind.MESSAGE, Chosen(units=(1,)), "not_from_here"),
    (BoxKind.PERSONAL, PostKind.MESSAGE, Chosen(areas=(1,)), "not_from_here"),
    (BoxKind.MUNICIPAL, PostKind.BULLETIN, Chosen(children=(1,)), "not_from_here"),
    (BoxKind.MUNICIPAL, PostKind.MESSAGE, Chosen(everybody=True), "bulletins_only"),
    (BoxKind.FINANCE, PostKind.BULLETIN, Chosen(people=(1,)), "no_bulletin_to_one"),
    (BoxKind.FINANCE, PostKind.MESSAGE, Chosen(people=(1, 2)), "one_only"),
    (BoxKind.FINANCE, PostKind.MESSAGE, Chosen(groups=(1,)), "not_from_here"),
])
def test_what_none_of_them_may(box, kind, chosen, why):
    assert refused(box, kind, chosen) == f"message.{why}"


def test_sensitive_matters_go_to_one_childs_guardians_or_to_one_person_about_fees():
    check_audience(BoxKind.PERSONAL, PostKind.MESSAGE, ONE, sensitive=True)
    check_audience(BoxKind.FINANCE, PostKind.MESSAGE, Chosen(people=(1,)), sensitive=True)
    for box, kind, chosen in (
        (BoxKind.PERSONAL, PostKind.MESSAGE, Chosen(children=(1, 2))),
        (BoxKind.PERSONAL, PostKind.MESSAGE, Chosen(children=(1,), groups=(1,))),
        (BoxKind.PERSONAL, PostKind.BULLETIN, ONE),
        (BoxKind.GROUP, PostKind.MESSAGE, ONE),
        (BoxKind.MUNICIPAL, PostKind.BULLETIN, Chosen(everybody=True)),
    ):
        assert refused(box, kind, chosen, sensitive=True) == "message.sensitive_to_one"
    assert refused(BoxKind.SERVICE, PostKind.MESSAGE, Chosen(people=(1,)), sensitive=True, application=True) \
        == "message.sensitive_to_one"


def test_what_was_chosen_is_kept_and_read_again():
    chosen = Chosen(groups=(3, 4), starting=True, present=False, years=(2022,), care=("club",), shift_care=("full",))
    assert Chosen.of(chosen.kept()) == chosen
    assert NOBODY.kept() == {}
    assert Chosen.of({"thread": 5}) == NOBODY  # what belongs to something else is left
    assert chosen.unfiltered() == Chosen(groups=(3, 4), starting=True, present=False)


def test_every_kind_of_place_is_one_kind_of_care():
    assert sorted(one for care in Care for one in care_types(care)) == sorted(CareType)
    assert CareType.PREPARATORY in care_types(Care.PRESCHOOL)
    assert care_types(Care.CLUB) == {CareType.CLUB}


def test_in_a_bulletin_each_guardian_reads_of_the_own_children_alone():
    assert each_guardian([(1, 11), (1, 12), (2, 11), (1, 11)]) == [
        (frozenset({11}), (1, 2)), (frozenset({12}), (1,))]


# -- since when, and until when -----------------------------------------------------------------------


@pytest.mark.parametrize(("periods", "since"), [
    ([], None),
    ([DateRange(date(2026, 7, 1))], None),  # has not begun
    ([DateRange(date(2026, 5, 20))], datetime(2026, 5, 13, tzinfo=HELSINKI)),
    # a time that follows another without a gap goes on; an earlier one before a gap is over
    ([DateRange(date(2026, 5, 20)), DateRange(date(2026, 1, 1), date(2026, 5, 19))],
     datetime(2025, 12, 25, tzinfo=HELSINKI)),
    ([DateRange(date(2026, 5, 20)), DateRange(date(2026, 1, 1), date(2026, 5, 18))],
     datetime(2026, 5, 13, tzinfo=HELSINKI)),
])
def test_staff_read_what_was_written_from_a_week_before_they_began(periods, since):
    assert seen_since(periods, date(2026, 6, 1), HELSINKI) == since


def test_an_application_is_written_about_until_it_is_decided():
    check_about_application(ApplicationStatus.WAITING_PLACEMENT)
    with pytest.raises(Refused, match=r"message\.application_over"):
        check_about_application(ApplicationStatus.ACTIVE)


def test_fees_are_written_about_while_the_office_asks():
    day = date(2026, 6, 1)
    check_about_fees(True, None, day)
    check_about_fees(False, date(2026, 5, 1), day)
    with pytest.raises(Refused) as no:
        check_about_fees(False, date(2026, 4, 30), day)
    assert no.value.facts == {"until": date(2026, 5, 31)}
    with pytest.raises(Refused, match=r"message\.fees_over"):
        check_about_fees(False, None, day)


def test_a_mail_belongs_to_the_kind_that_names_it():
    kinds = {"messages": Notice(("message_waits",)), "decisions": Notice(("fee_sent", "decision_waits"))}
    assert [kind_of(text, kinds) for text in ("decision_waits", "message_waits", "user_closed")] == [
        "decisions", "messages", None]


def test_a_mail_leads_to_the_page_of_its_kind():
    kinds = {"messages": Notice(("message_waits",), "/my/message/"), "decisions": Notice(("fee_sent",))}
    assert [page_of(text, kinds) for text in ("message_waits", "fee_sent", "user_closed")] == ["/my/message/", "", ""]


def test_drafts_of_before_the_kinds_of_shift_care_were_told_apart_mean_both() -> None:
    assert Chosen.of({"shift_care": True}) == Chosen.of({"shift_care": list(SHIFTS)})
