"""The tables of a case as those of its city: published rows of the database, over the files of the example city."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import delete, insert

from evaka import city
from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.city import CityTable, lay_over
from evaka.rules.city import TableStatus
from evaka.rules.fee import FeeTable
from tests.conformance import Case
from tests.conformance.database.engines import CITY, NOON
from tests.conformance.decisions import tables as fee_tables
from tests.conformance.invoices import policy as invoice_policy

BEGIN = date(1990, 1, 1)
Key = tuple[str, str]  # file and table
_held: list[tuple[Any, dict[Key, str]]] = []  # by database, what was published last


def publish(tables: dict[Key, Any], *, lasting: bool) -> None:
    """From now on these are the city's tables: until others are published, or only as long as the case's rows."""
    content = {key: f"{json.dumps(key[1])} = {_toml(value)}\n" for key, value in tables.items()}
    if _held == [(db.engine.url, content)]:
        return
    db.session.execute(delete(CityTable))
    rows = [
        {"file": file, "table": table, "content": text, "start": BEGIN, "reason": "", "published_at": NOON,
         "status": TableStatus.PUBLISHED}
        for (file, table), text in content.items()
    ]
    db.session.execute(insert(CityTable), rows)
    city.choose(CITY)
    lay_over(NOON.date())
    _held[:] = []
    if lasting:
        db.session.commit()
        _held[:] = [(db.engine.url, content)]


def tables_of(known: Case, fixtures: Case, settings: Case, first: date, *, words: str) -> dict[Key, Any]:
    """What a case's city has decided.  `words` is the text by which its service needs go."""
    options = fixtures["service_need_options"].items()
    return _without_the_files_needs() | {
        ("fees", "policy"): {"first_day": first, "agency_increase_euros": settings["echa_increase_euros"]},
        ("fees", "table"): [_fees(period, table) for period, table in fee_tables(known, fixtures)],
        ("vouchers", "policy"): {
            "first_day": first,
            "capacity_raises_value": settings["capacity_factor_as_voucher_coefficient"],
        },
        ("vouchers", "table"): [_values(one) for one in fixtures["voucher_base_values"]],
        ("invoices", "rules"): _invoices(fixtures, settings),
        **{("service_needs", key): _need(option, words) for key, option in options},
    }


def _without_the_files_needs() -> dict[Key, Any]:
    files = city.layers("service_needs.toml")
    return {("service_needs", key): False for file in files for key in city.tables(file)}


def _fees(period: DateRange, table: FeeTable) -> Case:
    return _span(period) | {
        "law": table.law,
        "lower_limit": table.lower_limit,
        "upper_limit": table.upper_limit,
        "further_member": table.further_member,
        "rate": str(table.rate),
        "smallest_fee": table.smallest_fee,
        "highest_fee": table.highest_fee,
        "sibling_share": [str(share) for share in table.sibling_share],
        "temporary": {name: getattr(table.temporary, name) for name in table.temporary.__slots__},
        "fixed_prices": {
            option: {
                "base_fee": price.base_fee,
                "second_child_fee": price.second_child_fee,
                "second_child_discount": str(price.second_child_discount),
                "later_child_fee": price.later_child_fee,
                "later_child_discount": str(price.later_child_discount),
            }
            for option, price in table.fixed_prices.items()
        },
    }


def _values(given: Case) -> Case:
    end = given["valid_to"] and date.fromisoformat(given["valid_to"])
    values = {"over_three": given["base_value"], "under_three": given["base_value_under_3"]}
    return _span(DateRange(date.fromisoformat(given["valid_from"]), end)) | {"law": "", "base": values}


def _need(option: Case, words: str) -> Case:
    found = {
        "name": {"fi": option[words]},
        "care_type": option["placement_type"],
        "start": BEGIN,
        "default": option["default"],
        "fee_coefficient": option["fee_coefficient"],
        "over_3": option["occupancy_over_3"],
        "under_3": option["occupancy_under_3"],
        "realised_over_3": option["realized_occupancy_over_3"],
        "realised_under_3": option["realized_occupancy_under_3"],
        "hours_a_week": option["hours_per_week"],
        "contract_days": option["contract_days_per_month"],
        "voucher_coefficient": option["voucher_coefficient"],
    }
    return {key: value for key, value in found.items() if value is not None}


def _invoices(fixtures: Case, settings: Case) -> Case:
    rules = invoice_policy(fixtures, settings)
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name in rules.__slots__
        if (value := getattr(rules, name)) is not None
    }


def _span(period: DateRange) -> Case:
    return {"start": period.start} | ({"end": period.end} if period.end else {})


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case date():
            return value.isoformat()
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            return f"{{{', '.join(f'{json.dumps(str(key))} = {_toml(inner)}' for key, inner in value.items())}}}"
    raise TypeError(f"{value!r} has no form in TOML")
