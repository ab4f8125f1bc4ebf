"""By what each file of a city is read, and what is wrong with the chosen one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from evaka import cases, city, texts
from evaka.access import REACHES
from evaka.actions.decision import Instruction
from evaka.actions.document import PaperPolicy
from evaka.actions.fee.family import FeePolicy
from evaka.actions.fee.paper import FeeInstruction
from evaka.actions.income.statement import StatementPolicy
from evaka.actions.invoice.paper import Bank
from evaka.actions.ledger import code_mistakes as _wrong_codes
from evaka.actions.person.retention import mistakes as _wrong_retention
from evaka.actions.user import Rights, Security, rights, security
from evaka.jobs import JOBS
from evaka.jobs.schedule import Schedule
from evaka.kit.dates import DateRange, finnish
from evaka.kit.errors import ConfigMistake, Refused
from evaka.kit.references import check_iban
from evaka.rules.application import ApplicationPolicy, CaseClasses
from evaka.rules.application.question import Question
from evaka.rules.assistance import Option
from evaka.rules.attendance import AbsencePolicy
from evaka.rules.booking import BookingPolicy
from evaka.rules.calendar import Term
from evaka.rules.city import ChangePolicy
from evaka.rules.decision import DecisionKind, DecisionPolicy, Reason, stands_for
from evaka.rules.fee import FeeTable
from evaka.rules.forecast import ForecastPolicy
from evaka.rules.income import IncomeKind, IncomePolicy
from evaka.rules.invoice import FreeChoice, InvoicePolicy
from evaka.rules.ledger import FinvoicePolicy, Layout, PaymentPolicy
from evaka.rules.ledger import Product as LedgerProduct
from evaka.rules.message.notices import Notice
from evaka.rules.message.post import MessagePolicy
from evaka.rules.person.retention import Keep
from evaka.rules.placement import PlanPolicy, ServiceNeed, check_defaults, default_need
from evaka.rules.placement.plan import Bars, DeclineReason, ProposalPolicy
from evaka.rules.placement.termination import TerminationPolicy
from evaka.rules.presence import NotePolicy, PicturePolicy, TabletPolicy
from evaka.rules.push import PushPolicy
from evaka.rules.report import Meal
from evaka.rules.staff import PinPolicy, RatioPolicy, ShiftFile
from evaka.rules.staff import PlanPolicy as SignInPolicy
from evaka.rules.suggestion import Criteria, SuggestionPolicy
from evaka.rules.unit import UnitPolicy
from evaka.rules.user import Credentials, Identification, Strong
from evaka.rules.voucher import VoucherPolicy, VoucherTable
from evaka.views.city import permissions


def city_mistakes() -> list[ConfigMistake]:
    """Everything that is wrong with the chosen city: its tables, its worked examples, its texts and letters."""
    return city.check(FILES) + texts.mistakes()


def _nobody_has(where: str, key: str, known: Iterable[str]) -> ConfigMistake:
    near = get_close_matches(key, known, 3) or sorted(known)
    return ConfigMistake(where, f'nobody knows "{key}"', f"Near it is {', '.join(near)}.")


def _wrong_account() -> Iterator[ConfigMistake]:
    for language in city.value("city", "city", city.Office).languages:
        if language not in texts.LANGUAGES:
            yield _nobody_has(f"{city.source('city', 'city')}, [city], languages", language, texts.LANGUAGES)
    account = city.value("city", "bank", Bank)
    try:
        check_iban(account.iban)
    except Refused:
        yield ConfigMistake(
            f"{city.source('city', 'bank')}, [bank], iban", f"{account.iban} is not an account number",
            "Compare it with the bank's own paper: its check digits do not agree.",
        )


def _wrong_needs() -> Iterator[ConfigMistake]:
    needs = city.named("service_needs", ServiceNeed)
    try:
        check_defaults(list(needs.values()))
    except ValueError as mistake:
        yield ConfigMistake("service_needs.toml", *map(str, mistake.args))
    for need in needs.values():
        where = f"{city.source('service_needs', need.key)}, [{need.key}]"
        if default_need(needs.values(), need.care_type, need.valid.start) is None:
            yield ConfigMistake(
                where, f"on {finnish(need.valid.start)} no need is the default of {need.care_type}",
                "Write default = true in one: it counts while nobody has entered a need.",
            )
        for language in texts.LANGUAGES:
            if not need.name.get(language):
                yield ConfigMistake(f"{where}, name", f"it has no {language}", "Give the name in every language.")


def _wrong_support() -> Iterator[ConfigMistake]:
    for option in city.named("assistance", Option).values():
        for language in texts.LANGUAGES:
            if not option.name.get(language):
                where = f"{city.source('assistance', option.key)}, [{option.key}], name"
                yield ConfigMistake(where, f"it has no {language}", "Give the name in every language.")


def _wrong_reasons() -> Iterator[ConfigMistake]:
    languages = city.value("city", "city", city.Office).languages
    for reason in city.named("reasons", Reason).values():
        for language in languages:
            if reason.ready and not reason.text.get(language):
                where = f"{city.source('reasons', reason.key)}, [{reason.key}], text"
                yield ConfigMistake(
                    where, f"it is ready, but has no {language}", "Write it, or ready = false until then."
                )
            if not reason.for_everybody and not reason.name.get(language):
                where = f"{city.source('reasons', reason.key)}, [{reason.key}], name"
                yield ConfigMistake(where, f"it has no {language}", "Give the name by which it is picked.")
    for kind in DecisionKind:
        if stands_for(kind) not in city.read("decisions"):
            yield ConfigMistake(
                "decisions.toml", f"[{stands_for(kind)}] is missing", "Say what is printed on such decisions."
            )


def _wrong_prices() -> Iterator[ConfigMistake]:
    """A fixed price of a service need that nobody has."""
    for _, table in city.dated("fees", FeeTable).spans:
        yield from _unknown_needs("fees", table.valid, "fixed_prices", table.fixed_prices)


def _wrong_values() -> Iterator[ConfigMistake]:
    """A voucher value of a service need that nobody has."""
    for _, table in city.dated("vouchers", VoucherTable).spans:
        yield from _unknown_needs("vouchers", table.valid, "needs", table.needs)


def _unknown_needs(file: str, valid: DateRange, name: str, given: Iterable[str]) -> Iterator[ConfigMistake]:
    known = city.read("service_needs")
    for need in sorted(set(given) - known.keys()):
        yield _nobody_has(f"{city.source(file, 'table')}, table from {valid.start}, {name}", need, known)


def _wrong_kinds() -> Iterator[ConfigMistake]:
    kinds = city.read("incomes")["kind"]
    for key, row in kinds.items():
        whole = row.get("part_of")
        if whole is not None and whole not in kinds:
            yield _nobody_has(f"{city.source('incomes', 'kind')}, [kind.{key}], part_of", whole, kinds)


def _wrong_roles() -> Iterator[ConfigMistake]:
    """A pattern that opens nothing is a slip of the pen, and a reach that nobody knows too."""
    keys = permissions()
    for role, table in city.read("roles").items():
        where = f"{city.source('roles', role)}, [{role}]"
        for pattern, hows in table.items():
            if not any(fnmatchcase(key, pattern) for key in keys):
                yield _nobody_has(where, pattern, keys)
            for how in hows if isinstance(hows, list) else [hows]:
                if how not in REACHES:
                    yield ConfigMistake(
                        f'{where}, "{pattern}"', f"{how!r} is no reach", f"Use one of {', '.join(REACHES)}."
                    )


def _wrong_security() -> Iterator[ConfigMistake]:
    """A role that nobody has would ask a second factor of nobody."""
    roles, named = city.read("roles"), {"sessions": security().second_factor, "rights": {rights().local_role}}
    for table, some in named.items():
        for role in sorted(some - roles.keys()):
            yield _nobody_has(f"{city.source('security', table)}, [{table}]", role, roles)
    keys = permissions()
    for pattern in city.value("security", "strong", Strong).needs:
        if not any(fnmatchcase(key, pattern) for key in keys):
            yield _nobody_has(f"{city.source('security', 'strong')}, [strong], needs", pattern, keys)


def _wrong_jobs() -> Iterator[ConfigMistake]:
    table = city.read("jobs")
    for job in sorted(JOBS.keys() - table.keys()):
        yield ConfigMistake("jobs.toml", f'["{job}"] is missing', "Add it; config/base shows its form.")
    for job in sorted(table.keys() - JOBS.keys()):
        yield _nobody_has(f"{city.source('jobs', job)}, [{job}]", job, JOBS)


FILES: dict[str, city.Reads] = {
    "city": city.Reads(
        {"city": city.Office, "decision": DecisionPolicy, "fee_decision": FeeInstruction, "bank": Bank,
         "voucher_decision": FeeInstruction, "changes": ChangePolicy, "unit": UnitPolicy,
         "papers": PaperPolicy, "messages": MessagePolicy, "push": PushPolicy},
        also=_wrong_account,
    ),
    "fees": city.Reads({"policy": FeePolicy}, rows=FeeTable, also=_wrong_prices),
    "service_needs": city.Reads(rest=ServiceNeed, also=_wrong_needs),
    "incomes": city.Reads(
        {"rules": IncomePolicy, "kind": Mapping[str, IncomeKind], "statement": StatementPolicy}, also=_wrong_kinds),
    "notices": city.Reads(rest=Notice),
    "invoices": city.Reads({"rules": InvoicePolicy, "free_choice": tuple[FreeChoice, ...]}),
    "ledger": city.Reads(
        {"products": Mapping[str, LedgerProduct], "finvoice": FinvoicePolicy, "bank": PaymentPolicy}, rows=Layout,
        also=_wrong_codes,
    ),
    "bookings": city.Reads({"rules": BookingPolicy}),
    "absences": city.Reads({"who": AbsencePolicy}),
    "placements": city.Reads(
        {"application": ApplicationPolicy, "case": CaseClasses, "plan": PlanPolicy, "bars": Bars,
         "proposal": ProposalPolicy, "termination": TerminationPolicy}),
    "declines": city.Reads(rest=DeclineReason),
    "suggestion": city.Reads({"policy": SuggestionPolicy}, rows=Criteria),
    "assistance": city.Reads(rest=Option, also=_wrong_support),
    "vouchers": city.Reads({"policy": VoucherPolicy}, rows=VoucherTable, also=_wrong_values),
    "decisions": city.Reads(rest=Instruction),
    "reasons": city.Reads(rest=Reason, also=_wrong_reasons),
    "calendar": city.Reads(rows=Term),
    "forecast": city.Reads({"forecast": ForecastPolicy}),
    "club_terms": city.Reads(rows=Term),
    "questions": city.Reads(rest=Question),
    "report": city.Reads(rest=Meal),
    "retention": city.Reads(rest=Keep, also=_wrong_retention),
    "roles": city.Reads(rest=Mapping[str, Any], also=_wrong_roles),
    "security": city.Reads(
        {"sessions": Security, "rights": Rights, "strong": Strong, "identification": Identification,
         "credentials": Credentials},
        also=_wrong_security,
    ),
    "jobs": city.Reads(rest=Schedule, also=_wrong_jobs),
    "presence": city.Reads({"tablet": TabletPolicy, "notes": NotePolicy, "picture": PicturePolicy}),
    "staff": city.Reads(
        {"sign_in": SignInPolicy, "pin": PinPolicy, "ratio": RatioPolicy, "shift_file": ShiftFile}),
    "cases": city.Reads(cases.FORMS, also=cases.wrong),
}
