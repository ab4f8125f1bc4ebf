"""The support of a child: given, changed, ended; a new row lets the earlier one of its kind end the day before.

What the voucher is multiplied by is decided for days that end, and a new coefficient cuts earlier ones instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import Choice, Long, action, tell
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.assistance import (
    AssistanceAction,
    AssistanceFactor,
    DaycareAssistance,
    OtherMeasure,
    PreschoolAssistance,
    VoucherCoefficient,
)
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.placement import Placement
from evaka.rules.assistance import (
    FACTOR_PLACES,
    VOUCHER_PLACES,
    MeasureKind,
    Option,
    Stay,
    Use,
    check_apart,
    check_coefficient,
    check_level,
    check_measures,
    left_unit,
    make_way,
    outlived,
    validity,
)
from evaka.rules.person import is_adult
from evaka.rules.placement import make_room

DaycareLevel = Annotated[str, Choice("assistance", "use", frozenset({Use.DAYCARE_LEVEL}))]
PreschoolLevel = Annotated[str, Choice("assistance", "use", frozenset({Use.PRESCHOOL_LEVEL}))]
Measures = Annotated[
    tuple[str, ...], Choice("assistance", "use", frozenset({Use.DAYCARE_ACTION, Use.PRESCHOOL_ACTION}))]


def options() -> Mapping[str, Option]:
    """The levels and measures of the city."""
    return city.named("assistance", Option)


# -- the factor of occupancy ------------------------------------------------------------------------


@action("assistance.add_factor")
def add_factor(
    child: Person, by: Actor, *, coefficient: Decimal, start: date, end: date | None = None
) -> AssistanceFactor:
    """How many children the child counts for in its unit's occupancy."""
    check_coefficient(coefficient, FACTOR_PLACES)
    return _added(child, by, AssistanceFactor(child_id=child.id, coefficient=coefficient, start=start, end=end))


@action("assistance.change_factor")
def change_factor(
    factor: AssistanceFactor, by: Actor, *, coefficient: Decimal, start: date, end: date | None = None
) -> None:
    check_coefficient(coefficient, FACTOR_PLACES)
    _move(factor, start, end)
    factor.coefficient = coefficient


@action("assistance.end_factor")
def end_factor(factor: AssistanceFactor, by: Actor, *, last: date) -> None:
    _move(factor, factor.start, last)


@action("assistance.remove_factor")
def remove_factor(factor: AssistanceFactor, by: Actor) -> None:
    """It was entered by mistake."""
    db.session.delete(factor)


# -- levels -----------------------------------------------------------------------------------------


@action("assistance.add_daycare")
def add_daycare(
    child: Person, by: Actor, *, level: DaycareLevel, start: date, end: date | None = None
) -> DaycareAssistance:
    """The level of the child's support in early childhood education."""
    check_level(options(), level, Use.DAYCARE_LEVEL, validity(start, end))
    return _added(child, by, DaycareAssistance(child_id=child.id, level=level, start=start, end=end))


@action("assistance.change_daycare")
def change_daycare(
    row: DaycareAssistance, by: Actor, *, level: DaycareLevel, start: date, end: date | None = None
) -> None:
    check_level(options(), level, Use.DAYCARE_LEVEL, validity(start, end))
    _move(row, start, end)
    row.level = level


@action("assistance.end_daycare")
def end_daycare(row: DaycareAssistance, by: Actor, *, last: date) -> None:
    check_level(options(), row.level, Use.DAYCARE_LEVEL, validity(row.start, last))
    _move(row, row.start, last)


@action("assistance.remove_daycare")
def remove_daycare(row: DaycareAssistance, by: Actor) -> None:
    db.session.delete(row)


@action("assistance.add_preschool")
def add_preschool(
    child: Person, by: Actor, *, level: PreschoolLevel, start: date, end: date | None = None
) -> PreschoolAssistance:
    """The level of the child's support in pre-primary education; each level has its window in the law."""
    check_level(options(), level, Use.PRESCHOOL_LEVEL, validity(start, end))
    return _added(child, by, PreschoolAssistance(child_id=child.id, level=level, start=start, end=end))


@action("assistance.change_preschool")
def change_preschool(
    row: PreschoolAssistance, by: Actor, *, level: PreschoolLevel, start: date, end: date | None = None
) -> None:
    check_level(options(), level, Use.PRESCHOOL_LEVEL, validity(start, end))
    _move(row, start, end)
    row.level = level


@action("assistance.end_preschool")
def end_preschool(row: PreschoolAssistance, by: Actor, *, last: date) -> None:
    check_level(options(), row.level, Use.PRESCHOOL_LEVEL, validity(row.start, last))
    _move(row, row.start, last)


@action("assistance.remove_preschool")
def remove_preschool(row: PreschoolAssistance, by: Actor) -> None:
    db.session.delete(row)


# -- measures ---------------------------------------------------------------------------------------


@action("assistance.add_action")
def add_action(
    child: Person, by: Actor, *, start: date, end: date | None = None, options: Measures = (), other: Long = ""
) -> AssistanceAction:
    """What is done to support the child: some of the city's measures, something else in words, or both."""
    check_measures(_known(), options, other, validity(start, end))
    tell(start=start, end=end, options=list(options))
    return _added(child, by, AssistanceAction(
        child_id=child.id, options=list(options), other=other, start=start, end=end))


@action("assistance.change_action")
def change_action(
    row: AssistanceAction, by: Actor, *, start: date, end: date | None = None, options: Measures = (),
    other: Long = "",
) -> None:
    check_measures(_known(), options, other, validity(start, end))
    tell(start=start, end=end, options=list(options))
    _move(row, start, end)
    row.options, row.other = list(options), other


@action("assistance.end_action")
def end_action(row: AssistanceAction, by: Actor, *, last: date) -> None:
    _move(row, row.start, last)


@action("assistance.remove_action")
def remove_action(row: AssistanceAction, by: Actor) -> None:
    db.session.delete(row)


@action("assistance.add_measure")
def add_measure(
    child: Person, by: Actor, *, kind: MeasureKind, start: date, end: date | None = None
) -> OtherMeasure:
    """Free transport, an earlier start of school, a discussion; a child may have several kinds at once."""
    return _added(child, by, OtherMeasure(child_id=child.id, kind=kind, start=start, end=end))


@action("assistance.change_measure")
def change_measure(
    row: OtherMeasure, by: Actor, *, kind: MeasureKind, start: date, end: date | None = None
) -> None:
    with db.session.no_autoflush:
        row.kind = kind
        _move(row, start, end)


@action("assistance.end_measure")
def end_measure(row: OtherMeasure, by: Actor, *, last: date) -> None:
    _move(row, row.start, last)


@action("assistance.remove_measure")
def remove_measure(row: OtherMeasure, by: Actor) -> None:
    db.session.delete(row)


# -- the coefficient of the voucher -----------------------------------------------------------------


@action("assistance.add_voucher")
def add_voucher(
    child: Person, by: Actor, *, coefficient: Decimal, start: date, end: date
) -> VoucherCoefficient:
    """What the value of the voucher is multiplied by; earlier coefficients keep the days that are left to them."""
    check_coefficient(coefficient, VOUCHER_PLACES)
    _check_child(child, by)
    period = validity(start, end)
    earlier = {row.id: row for row in db.session.scalars(
        select(VoucherCoefficient).where(VoucherCoefficient.child_id == child.id))}
    for cut in make_room(period, [(id, row.period) for id, row in earlier.items()]):
        row = earlier[cut.id]
        if not cut.keeps:
            db.session.delete(row)
            continue
        first, *rest = cut.keeps
        row.start, row.end = first.start, first.last_day
        db.session.flush()  # it is out of the way before the next one comes
        for part in rest:
            db.session.add(VoucherCoefficient(
                child_id=child.id, coefficient=row.coefficient, start=part.start, end=part.last_day))
    db.session.flush()
    given = VoucherCoefficient(child_id=child.id, coefficient=coefficient, start=start, end=end)
    db.session.add(given)
    return given


@action("assistance.change_voucher")
def change_voucher(
    row: VoucherCoefficient, by: Actor, *, coefficient: Decimal, start: date, end: date
) -> None:
    check_coefficient(coefficient, VOUCHER_PLACES)
    _move(row, start, end)
    row.coefficient = coefficient


@action("assistance.end_voucher")
def end_voucher(row: VoucherCoefficient, by: Actor, *, last: date) -> None:
    _move(row, row.start, last)


@action("assistance.remove_voucher")
def remove_voucher(row: VoucherCoefficient, by: Actor) -> None:
    db.session.delete(row)


# -- by night ---------------------------------------------------------------------------------------


def end_outlived_factors(ids: list[int], by: Actor) -> None:
    """Factors of children whose places are over end with the last place."""
    for factor, stays in _with_stays(AssistanceFactor, ids):
        if (last := outlived(factor.period, stays, by.today)) is not None:
            end_factor(factor, by, last=last)


def end_outlived_coefficients(ids: list[int], by: Actor) -> None:
    """Coefficients of vouchers end with the place in the unit for which they were decided."""
    for row, stays in _with_stays(VoucherCoefficient, ids):
        if (last := left_unit(row.period, stays, by.today)) is not None:
            end_voucher(row, by, last=last)


def _with_stays(model: Any, ids: list[int]) -> list[tuple[Any, list[Stay]]]:
    rows = db.session.scalars(select(model).where(model.id.in_(ids)).order_by(model.id)).all()
    stays: dict[int, list[Stay]] = {row.child_id: [] for row in rows}
    for child_id, unit_id, start, end in db.session.execute(
        select(Placement.child_id, Placement.unit_id, Placement.start, Placement.end)
        .where(Placement.child_id.in_(stays))
    ):
        stays[child_id].append(Stay(unit_id, DateRange(start, end)))
    return [(row, stays[row.child_id]) for row in rows]


# -- what all kinds share ---------------------------------------------------------------------------


def _known() -> Mapping[str, Option]:
    """The city's table, where an input is called `options`."""
    return options()


def _check_child(child: Person, by: Actor) -> None:
    if is_adult(child.born, by.today):
        raise Refused("assistance.not_a_child", person=str(child))


def _added(child: Person, by: Actor, row: Any) -> Any:
    """The new row, and the earlier one of its kind ends the day before."""
    _check_child(child, by)
    earlier = _same_kind(row)
    left = make_way({id: one.period for id, one in earlier.items()}, validity(row.start, row.end))
    for id, period in left.items():
        earlier[id].end = period.end
    db.session.flush()  # the earlier one is out of the way before the new one comes
    db.session.add(row)
    return row


def _move(row: Any, start: date, end: date | None) -> None:
    """Other days for a row; those of others are not touched."""
    period = validity(start, end)
    check_apart((one.period for one in _same_kind(row).values()), period)
    row.start, row.end = start, end


def _same_kind(row: Any) -> dict[int, Any]:
    """The child's other rows that may not share a day with this one."""
    model = type(row)
    query = select(model).where(model.child_id == row.child_id)
    if row.id is not None:
        query = query.where(model.id != row.id)
    if isinstance(row, OtherMeasure):
        query = query.where(OtherMeasure.kind == row.kind)
    return {one.id: one for one in db.session.scalars(query)}
