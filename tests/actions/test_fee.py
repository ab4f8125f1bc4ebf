"""Fee decisions: drafted when something changes, sent once, ended and annulled by later ones.

The figures of Harjula from 1.8.2024: a family of two has the limit 4 066 euros, and
(5 000 − 4 066) × 10,7 % = 99,94 → 100; a family of four has 5 956 euros.  From 1.8.2026 the limit of two is
4 300 euros: (5 000 − 4 300) × 10,7 % = 74,90 → 75.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import event, func, select

from evaka import city
from evaka.actions import fee as act
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.fee import FeeAlteration, FeeDecision
from evaka.models.journal import AuditEvent, Email
from evaka.models.person import HeadOfChild, Partner, Person
from evaka.rules.fee import AlterationKind, Difference, FeeStatus, fees_on
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
SUMMER = date(2026, 7, 31)  # the last day of a fee table, and of the places here


@pytest.fixture
def finance():
    return factories.user("finance")


def family(month: int = 5000_00, born: date = date(2022, 5, 1), **place: Any) -> tuple[Person, Person]:
    """A mother and her child, who has a full-day place in the first half of 2026."""
    mother = factories.person()
    child = factories.child(mother, born=born)
    factories.placement(child, date(2026, 1, 1), SUMMER, **place)
    if month:
        factories.income(mother, month)
    return mother, child


def decisions(head: Person, *states: FeeStatus) -> list[FeeDecision]:
    query = select(FeeDecision).where(FeeDecision.head_id == head.id).order_by(FeeDecision.start)
    return list(db.session.scalars(query.where(FeeDecision.status.in_(states)) if states else query))


def told(head: Person) -> list[tuple[str, int, str]]:
    return [(str(one.period), one.total, one.status.value) for one in decisions(head)]


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that is sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_family_gets_a_draft_of_what_it_should_pay(by):
    mother, child = family()
    assert act.refresh({mother.id}, by()) == {}
    assert told(mother) == [("1.1.2026–31.7.2026", 100_00, "draft")]
    [draft] = decisions(mother)
    [line] = draft.fees.lines
    assert (line.child, draft.family_size, line.price.steps[-1].result) == (child.id, 2, 100_00)


def test_time_is_cut_where_the_table_changes(by):
    mother = factories.person()
    factories.placement(factories.child(mother), date(2026, 1, 1), date(2027, 7, 31))
    factories.income(mother)
    act.refresh({mother.id}, by())
    assert told(mother) == [("1.1.2026–31.7.2026", 100_00, "draft"), ("1.8.2026–31.7.2027", 75_00, "draft")]
    assert decisions(mother)[1].changed == [Difference.THRESHOLDS]


def test_the_children_of_a_couple_stand_on_one_decision(by):
    mother, youngest = family(month=4000_00)
    father = factories.person()
    factories.partner(mother, father)
    older = factories.child(mother, born=date(2020, 2, 3))
    factories.placement(older, date(2026, 1, 1), SUMMER)
    factories.income(father, 3500_00)
    act.refresh({father.id}, by())  # from either adult
    # four persons: (7 500 − 5 956) × 10,7 % = 165,21 → 165, the older 40 % = 66
    assert told(mother) == [("1.1.2026–31.7.2026", 231_00, "draft")]
    assert decisions(mother)[0].partner_id == father.id
    assert decisions(father) == []
    assert [line.child for line in decisions(mother)[0].fees.lines] == [youngest.id, older.id]


def test_drafting_twice_is_drafting_once(by):
    mother, _ = family()
    act.refresh({mother.id}, by())
    before = [(one.id, one.version) for one in decisions(mother)]
    lines = db.session.scalar(select(func.count()).select_from(AuditEvent))
    act.refresh({mother.id}, by(day="2026-06-02"))
    assert [(one.id, one.version) for one in decisions(mother)] == before
    assert db.session.scalar(select(func.count()).select_from(AuditEvent)) == lines == 1


def test_a_draft_that_would_be_otherwise_is_replaced_and_the_journal_says_so(by):
    mother, child = family()
    act.refresh({mother.id}, by())
    db.session.add(
        FeeAlteration(child_id=child.id, kind=AlterationKind.RELIEF, amount=50, absolute=False, start=date(2026, 1, 1))
    )
    act.refresh({mother.id}, by())
    assert told(mother) == [("1.1.2026–31.7.2026", 50_00, "draft")]
    assert db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all() == [
        "fee.draft",
        "fee.drop",
        "fee.draft",
    ]


def test_the_snapshot_gives_back_what_was_reckoned(by):
    mother, child = family()
    factories.save(
        FeeAlteration(
            child_id=child.id, kind=AlterationKind.RELIEF, amount=10_00, absolute=True, start=date(2026, 1, 1)
        )
    )
    act.refresh({mother.id}, by())
    [draft] = decisions(mother)
    facts, _ = act.facts_of({mother.id})
    assert draft.fees == fees_on(facts[mother.id], mother.id, date(2026, 3, 1))
    assert draft.fees.lines[0].price == fees_on(facts[mother.id], mother.id, date(2026, 3, 1)).lines[0].price
    assert draft.total == 90_00


# -- sending ----------------------------------------------------------------------------------------


def test_sending_numbers_prints_and_tells_the_family(by, finance):
    mother, child = family()
    act.refresh({mother.id}, by())
    [draft] = decisions(mother)
    act.send(draft, by(finance))
    keep()
    assert (draft.number, draft.status, draft.decided_by) == (1, FeeStatus.SENT, finance.name)
    text = PdfReader(BytesIO(draft.document.content)).pages[0].extract_text()
    assert "100,00" in text.replace("\n", " ")
    assert child.first_name in text
    assert db.session.scalars(select(Email.text)).all() == ["fee_sent"]
    assert act.refresh({mother.id}, by()) == {}
    assert told(mother) == [("1.1.2026–31.7.2026", 100_00, "sent")]


def test_the_letter_is_in_the_language_of_the_head(by, finance):
    mother, _ = family()
    mother.language = "sv"
    act.refresh({mother.id}, by())
    act.send(decisions(mother)[0], by(finance))
    paper = decisions(mother)[0].document
    assert paper.language == "sv"
    assert "avgift" in PdfReader(BytesIO(paper.content)).pages[0].extract_text().casefold()


def test_a_later_decision_ends_the_earlier_one(by, finance):
    mother, child = family()
    act.refresh({mother.id}, by())
    act.send(decisions(mother)[0], by(finance))
    act.relief(child, by(finance), start=date(2026, 4, 1), percent=50)
    assert told(mother)[1] == ("1.4.2026–31.7.2026", 50_00, "draft")
    act.send(decisions(mother, FeeStatus.DRAFT)[0], by(finance))
    assert told(mother) == [("1.1.2026–31.3.2026", 100_00, "sent"), ("1.4.2026–31.7.2026", 50_00, "sent")]


@pytest.mark.parametrize("last", ["mother", "father"])
def test_when_two_families_become_one_the_order_of_sending_does_not_matter(by, finance, last):
    """Both had decisions of their own; now one pays for all, and the other's are ended by a draft on nothing."""
    (mother, _), (father, _) = family(born=date(2021, 3, 3)), family()
    act.refresh({mother.id, father.id}, by())
    for head in (mother, father):
        [first] = decisions(head, FeeStatus.DRAFT)
        act.send(first, by(finance))
    factories.save(Partner(first_id=mother.id, second_id=father.id, start=date(2026, 3, 1), end=None))
    act.refresh({mother.id, father.id}, by())
    heads = sorted((mother, father), key=lambda head: (head.id == mother.id) == (last == "mother"))
    for head in heads:
        for draft in decisions(head, FeeStatus.DRAFT):
            act.send(draft, by(finance))
    assert act.refresh({mother.id, father.id}, by()) == {}
    assert [one.status for head in heads for one in decisions(head, FeeStatus.DRAFT, FeeStatus.ANNULLED)] == []
    standing = [one for head in heads for one in decisions(head, FeeStatus.SENT) if one.on(date(2026, 5, 5))]
    assert [len(one.fees.lines) for one in standing] == [2]


def test_a_decision_on_the_same_days_annuls_the_earlier_one(by, finance):
    mother, child = family()
    act.refresh({mother.id}, by())
    act.send(decisions(mother)[0], by(finance))
    act.relief(child, by(finance), start=date(2026, 1, 1), amount=30_00)
    act.send(decisions(mother, FeeStatus.DRAFT)[0], by(finance))
    keep()
    assert sorted(told(mother)) == [
        ("1.1.2026–31.7.2026", 70_00, "sent"),
        ("1.1.2026–31.7.2026", 100_00, "annulled"),
    ]


def test_when_care_ends_sending_ends_the_earlier_decision_and_tells_nothing_new(by, finance):
    mother, child = family()
    act.refresh({mother.id}, by())
    act.send(decisions(mother)[0], by(finance))
    place = db.session.scalar(select(factories.Placement).where(factories.Placement.child_id == child.id))
    place.end = place.needs[0].end = date(2026, 3, 31)
    act.refresh({mother.id}, by())
    assert told(mother)[1] == ("1.4.2026–31.7.2026", 0, "draft")
    act.send(decisions(mother, FeeStatus.DRAFT)[0], by(finance))
    keep()
    assert told(mother) == [("1.1.2026–31.3.2026", 100_00, "sent")]
    assert act.refresh({mother.id}, by()) == {}
    assert len(told(mother)) == 1


def test_what_was_sent_is_not_sent_again(by, finance):
    mother, _ = family()
    act.refresh({mother.id}, by())
    [draft] = decisions(mother)
    act.send(draft, by(finance))
    with pytest.raises(Refused, match=r"workflow.wrong_state"):
        act.send(draft, by(finance))


def test_a_director_sends_no_fee_decisions(by):
    mother, child = family()
    act.refresh({mother.id}, by())
    place = db.session.scalar(select(factories.Placement).where(factories.Placement.child_id == child.id))
    with pytest.raises(Denied):
        act.send(decisions(mother)[0], by(factories.user("director", unit=place.unit)))


def test_what_waits_for_the_post_is_in_force_and_holds_back_the_next(by, finance):
    mother, child = family()
    act.refresh({mother.id}, by())
    [first] = decisions(mother)
    act.post(first, by(finance))
    assert (first.status, first.number, first.sent_at) == (FeeStatus.WAITING, 1, None)
    act.relief(child, by(finance), start=date(2026, 4, 1), percent=50)
    [second] = decisions(mother, FeeStatus.DRAFT)
    with pytest.raises(Refused, match=r"fee.earlier_waits_for_post"):
        act.send(second, by(finance))
    db.session.expire(second)
    second.status = FeeStatus.DRAFT
    act.send(first, by(finance))
    assert db.session.scalars(select(Email.text)).all() == []  # it is on paper
    act.send(second, by(finance))
    assert [one[2] for one in told(mother)] == ["sent", "sent"]


def test_what_the_office_ignores_is_not_drafted_again_until_it_is_restored(by, finance):
    mother, _ = family()
    act.refresh({mother.id}, by())
    [draft] = decisions(mother)
    act.ignore(draft, by(finance))
    act.refresh({mother.id}, by())
    assert told(mother) == [("1.1.2026–31.7.2026", 100_00, "ignored")]
    act.restore(draft, by(finance))
    assert told(mother) == [("1.1.2026–31.7.2026", 100_00, "draft")]


def test_an_annulled_decision_is_drafted_anew(by, finance):
    mother, _ = family()
    act.refresh({mother.id}, by())
    [first] = decisions(mother)
    act.send(first, by(finance))
    act.annul(first, by(finance))
    keep()
    assert sorted(one[2] for one in told(mother)) == ["annulled", "draft"]


def test_a_relief_is_one_amount_ends_and_goes(by, finance):
    mother, child = family()
    with pytest.raises(Refused, match=r"fee.relief_one_amount"):
        act.relief(child, by(finance), start=date(2026, 1, 1))
    with pytest.raises(Refused, match=r"fee.relief_amount"):
        act.relief(child, by(finance), start=date(2026, 1, 1), percent=0)
    relief = act.relief(child, by(finance), start=date(2026, 1, 1), percent=10, notes="selvitys")
    assert told(mother) == [("1.1.2026–31.7.2026", 90_00, "draft")]
    act.end_relief(relief, by(finance), end=date(2026, 2, 28))
    assert [one[:2] for one in told(mother)] == [
        ("1.1.2026–28.2.2026", 90_00),
        ("1.3.2026–31.7.2026", 100_00),
    ]
    act.drop_relief(relief, by(finance))
    assert [one[:2] for one in told(mother)] == [("1.1.2026–31.7.2026", 100_00)]


# -- troubles, and many families --------------------------------------------------------------------


def test_where_the_fee_table_ends_drafting_ends_and_says_why(by):
    city.choose("base")  # its last table ends on 31.7.2026
    mother = factories.person()
    factories.placement(factories.child(mother), date(2026, 1, 1), date(2027, 7, 31))
    factories.income(mother)
    troubles = act.refresh({mother.id}, by())
    assert (troubles[mother.id].key, troubles[mother.id].facts) == ("fee.no_table", {"day": date(2026, 8, 1)})
    assert told(mother) == [("1.1.2026–31.7.2026", 100_00, "draft")]
    act.refresh({mother.id}, by())
    assert len(decisions(mother)) == 1


def test_where_the_fee_table_ends_a_sent_decision_stands(by, finance):
    mother = factories.person()
    child = factories.child(mother)
    factories.placement(child, date(2026, 8, 1), date(2027, 7, 31))
    factories.income(mother)
    act.refresh({mother.id}, by())
    act.send(decisions(mother)[0], by(finance))
    city.choose("base")
    assert act.refresh({mother.id}, by())[mother.id].key == "fee.no_table"
    assert told(mother) == [("1.8.2026–31.7.2027", 75_00, "sent")]


def test_one_familys_trouble_does_not_stop_the_rest(by):
    mother, _ = family()
    other, _ = family(service_need="no_longer_known")
    troubles = act.refresh({mother.id, other.id}, by())
    assert {id: no.key for id, no in troubles.items()} == {other.id: "fee.unknown_need"}
    assert told(mother) == [("1.1.2026–31.7.2026", 100_00, "draft")]
    assert told(other) == []


def test_many_families_take_no_more_questions_than_a_few(by):
    few = [family()[0].id for _ in range(3)]
    many = [family()[0].id for _ in range(30)]
    counts = []
    for heads in (few, many):
        keep()
        with statements() as sent:
            act.refresh(heads, by())
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 18
    assert db.session.scalar(select(func.count()).select_from(FeeDecision)) == 33


def test_a_child_who_moves_to_the_other_parent_leaves_the_decision(by, finance):
    mother, child = family()
    act.refresh({mother.id}, by())
    act.send(decisions(mother)[0], by(finance))
    father = factories.person()
    lives = db.session.scalar(select(HeadOfChild).where(HeadOfChild.child_id == child.id))
    lives.end = date(2026, 3, 31)
    db.session.flush()
    factories.save(HeadOfChild(child_id=child.id, head_id=father.id, start=date(2026, 4, 1), end=None))
    act.refresh({mother.id, father.id}, by())
    assert told(mother)[1] == ("1.4.2026–31.7.2026", 0, "draft")
    assert told(father) == [("1.4.2026–31.7.2026", 311_00, "draft")]  # no income shown: the highest fee
