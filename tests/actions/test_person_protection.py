"""Who has fled with a child may be the head of the other's household on paper still: no paper names the unit to him."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions import fee, voucher
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.person import HeadOfChild
from evaka.models.voucher import VoucherDecision
from tests import factories
from tests.letters.reading import pages

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize("fled", [False, True])
def test_no_decision_on_money_names_the_unit_to_whom_it_is_kept_from(by, fled):
    mother = factories.person(street="Salakuja 7", restricted=fled)
    child = factories.child(mother, street="Salakuja 7", restricted=fled)
    toddler = factories.child(mother, date(2024, 2, 2), street="Salakuja 7", restricted=fled)
    father = factories.guardian_of(child)
    factories.save(factories.Guardian(child_id=toddler.id, guardian_id=father.id))
    db.session.query(HeadOfChild).update({"head_id": father.id})
    factories.placement(child, date(2026, 5, 1), date(2026, 7, 31), unit=factories.unit("Piilopaikka"))
    private = factories.voucher_unit("Piilopaikka yksityinen")
    factories.placement(toddler, date(2026, 5, 1), date(2026, 7, 31), unit=private)
    fee.refresh({father.id}, by())
    owed, granted = (db.session.scalars(select(model)).one() for model in (FeeDecision, VoucherDecision))
    fee.send(owed, by())
    voucher.send(granted, by())
    for one in (owed, granted):
        text = " ".join(pages(one.document.content))
        assert ("Piilopaikka" in text) is not fled
        assert ("ei näytetä" in text) is fled
