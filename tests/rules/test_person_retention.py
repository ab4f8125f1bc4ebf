"""How long something is kept."""

from __future__ import annotations

from datetime import date

import pytest

from evaka.rules.person.retention import Keep

RULE = {"key": "x", "name": {"fi": "x"}, "table": "absence", "anchor": "care_ended", "of": "child_id",
        "source": "L 1 §"}


@pytest.mark.parametrize(("rule", "day", "before"), [
    ({"years": 10}, date(2036, 8, 1), date(2026, 8, 1)),
    ({"months": 6}, date(2026, 8, 31), date(2026, 2, 28)),
    ({"years": 1, "months": 1}, date(2026, 8, 1), date(2025, 7, 1)),
    ({"years": 6, "full_years": True, "table": "invoice", "anchor": "sent_at"}, date(2026, 12, 31), date(2020, 1, 1)),
    ({"years": 6, "full_years": True, "table": "invoice", "anchor": "sent_at"}, date(2027, 1, 1), date(2021, 1, 1)),
])
def test_what_lies_before_a_day_may_go(rule, day, before):
    assert Keep(**(RULE | rule)).before(day) == before


@pytest.mark.parametrize(("rule", "what"), [
    ({}, "how long"), ({"years": -1, "months": 24}, "how long"), ({"years": 1, "source": ""}, "source"),
    ({"years": 1, "of": ""}, "whose"), ({"years": 1, "clear": ("a",), "together": ("b",)}, "exclude"),
    ({"years": 99, "table": "audit_event"}, "never"), ({"years": 5, "table": "invoice", "full_years": True}, "5 years"),
    ({"years": 7, "table": "invoice"}, "end of the year"),
])
def test_a_rule_that_cannot_be_is_refused(rule, what):
    with pytest.raises(ValueError, match=what) as no:
        Keep(**(RULE | rule))
    assert len(no.value.args) == 2
