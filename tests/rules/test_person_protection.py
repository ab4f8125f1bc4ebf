"""From whom it is kept where a child is, while an address is restricted."""

from __future__ import annotations

import pytest

from evaka.rules.person.protection import Close, hides, is_open

HIDDEN, KNOWN = ("Salakuja 7", "00900 Harjula"), ("Koivutie 1", "00901 Harjula")
CHILD = Close(1, HIDDEN, restricted=True)
MOTHER = Close(2, HIDDEN, restricted=True, head=True)
FATHER = Close(3, KNOWN)
FREE = {"child": Close(1, KNOWN), "mother": Close(2, KNOWN, head=True)}


@pytest.mark.parametrize(("reader", "child", "others", "kept"), [
    (FATHER, CHILD, [MOTHER, FATHER], True),
    (MOTHER, CHILD, [MOTHER, FATHER], False),
    (FATHER, FREE["child"], [FREE["mother"], FATHER], False),  # nobody's address is restricted
    (FATHER, Close(1, KNOWN), [MOTHER, FATHER], False),  # the mother alone is protected, and the child lives with him
    (FATHER, Close(1, HIDDEN), [MOTHER, FATHER], True),  # only the mother was marked, the child lives with her
    (FATHER, CHILD, [FATHER], True),  # only the child was
    (Close(3, KNOWN, head=True), CHILD, [MOTHER], True),  # she has fled, and he is the head on paper still
    (Close(3, KNOWN, restricted=True), CHILD, [MOTHER], True),  # protected as well, elsewhere
    (Close(3, (), restricted=True), CHILD, [MOTHER], True),
    (Close(2, (), restricted=True, head=True), Close(1, (), restricted=True), [FATHER], False),  # told no address
    (Close(2, ("Salakuja 8", "00900 Harjula"), restricted=True, head=True), CHILD, [FATHER], False),  # moved first
    (Close(2, (), head=True), CHILD, [FATHER], True),
    (Close(4, KNOWN, foster=True), CHILD, [MOTHER, FATHER], False),  # the child is placed in that home
    (MOTHER, FREE["child"], [MOTHER, FATHER], False),  # her own address hides nothing from herself
    (Close(3, ("Poste restante", "00900 Harjula")), Close(1, ("Poste restante", "00900 Harjula"), restricted=True), [],
     True),
])
def test_where_a_child_is_is_kept_from_whom_it_might_endanger(reader, child, others, kept):
    assert hides(reader, child, others) is kept


@pytest.mark.parametrize(("key", "opened"), [
    ("person.view", True), ("application.consent", True), ("decision.accept", True), ("document.view", True),
    ("placement.view", False), ("attendance.absent", False), ("booking.book", False), ("event.book", False),
    ("something.new", False),
])
def test_what_is_not_named_is_closed(key, opened):
    assert is_open(key) is opened
