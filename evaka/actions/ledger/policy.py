"""What the city has decided about handing over: ledger.toml."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from evaka import city
from evaka.kit.errors import ConfigMistake, Refused
from evaka.kit.references import check_iban
from evaka.rules.invoice import Product as Charged
from evaka.rules.invoice import care_product
from evaka.rules.ledger import Channel, FinvoicePolicy, Layout, PaymentPolicy, Product
from evaka.rules.placement import CareType


def layout_on(day: date) -> Layout:
    """The layout of the ledger's file on a day.  Refused when the city has given none."""
    found = city.dated("ledger", Layout).at(day)
    if not found:
        raise Refused("ledger.no_layout", day=day)
    return found[0]


@city.remember
def products() -> dict[str, Product]:
    """By product what the ledger calls it."""
    where = f"{city.source('ledger', 'products')}, [products]"
    held = city.read("ledger").get("products", {})
    return {key: city.build(Product, row, f"{where}, {key}") for key, row in held.items()}


def finvoice_policy() -> FinvoicePolicy:
    return city.value("ledger", "finvoice", FinvoicePolicy)


def payment_policy() -> PaymentPolicy:
    return city.value("ledger", "bank", PaymentPolicy)


def channels() -> list[Channel]:
    """Those that the city uses."""
    return [one for one in Channel if one is not Channel.FINVOICE or finvoice_policy().batches]


def code_mistakes() -> Iterator[ConfigMistake]:
    """Products that no invoice has, and an account for payments that is none."""
    known = [*map(care_product, CareType), *Charged]
    where = city.source("ledger", "products")
    for key in products():
        if key not in known:
            yield ConfigMistake(
                f"{where}, [products]", f'no row has the product "{key}"', f"The products are {', '.join(known)}."
            )
    try:
        check_iban(payment_policy().iban)
    except Refused:
        yield ConfigMistake(
            f"{city.source('ledger', 'bank')}, [bank], iban", f"{payment_policy().iban} is not an account number",
            "Compare it with the bank's own paper: its check digits do not agree.",
        )
