"""The cities that are shipped are right, and every kind of mistake in a city's files is told as a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from evaka import cases, city, create_app
from evaka.files import FILES, city_mistakes
from evaka.kit.errors import ConfigMistake
from evaka.models.base import db
from evaka.models.user import User
from evaka.rules.placement import CareType
from evaka.views.city import permissions

CONFIG = city.CONFIG
CITIES = sorted(path.name for path in CONFIG.iterdir() if path.is_dir())
Write = Callable[..., None]


@pytest.fixture(autouse=True)
def _harjula() -> Iterator[None]:
    yield
    city.choose("harjula")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a file of the city of Mylly, which lies over the base that is shipped, and choose it."""
    (tmp_path / "mylly").mkdir()
    (tmp_path / "base").symlink_to(CONFIG / "base")
    monkeypatch.setattr(city, "CONFIG", tmp_path)

    def put(file: str, text: str) -> None:
        path = tmp_path / "mylly" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        city.choose("mylly")

    city.choose("mylly")
    yield put
    monkeypatch.undo()


def told() -> list[str]:
    """The sentences, with plain spaces."""
    return [str(mistake).replace("\u00a0", " ") for mistake in city_mistakes()]


def base(file: str) -> str:
    return (CONFIG / "base" / file).read_text(encoding="utf-8")


def table(file: str, name: str) -> str:
    """One table of the base as it is written."""
    found = re.search(rf"^\[{re.escape(name)}\][^\n]*\n.*?(?=^\[|\Z)", base(file), re.MULTILINE | re.DOTALL)
    assert found
    return found.group()


# -- what is shipped ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CITIES)
def test_a_city_that_comes_with_the_program_is_right(name: str) -> None:
    city.choose(name)
    assert told() == []


@pytest.mark.parametrize("name", CITIES)
def test_a_city_has_worked_examples_of_fees_and_of_invoices(name: str) -> None:
    city.choose(name)
    held = city.read("cases")
    assert len(held["case"]) >= 6
    assert len(held["invoice"]) >= 5
    assert cases.count() == sum(len(rows) for rows in held.values())


def test_the_cities_differ_in_what_they_ask_for_the_same_care() -> None:
    """The examples are worth having only while their tables lead to different figures."""
    shares, rules = set(), set()
    for name in CITIES:
        city.choose(name)
        tables = cases.chosen_tables()
        needs = [need for need in tables.needs.values() if need.care_type is CareType.DAYCARE]
        shares.add(frozenset((need.key, need.fee_coefficient) for need in needs))
        rules.add(repr(tables.invoices))
    assert len(shares) == len(CITIES)
    assert len(rules) >= 4


READ = re.compile(r'city\.(value|named|dated)\("(\w+)",\s*(?:"(\w+)",\s*)?(\w+)\)')


def test_every_table_that_the_program_reads_is_checked_by_the_class_that_reads_it() -> None:
    found = set()
    for path in Path("evaka").rglob("*.py"):
        if path.name not in ("files.py", "cases.py"):
            found |= set(READ.findall(path.read_text(encoding="utf-8")))
    assert len(found) > 10
    for how, file, name, kind in found:
        reads = FILES[file]
        checked = {"value": reads.one.get(name), "named": reads.rest, "dated": reads.rows}[how]
        assert checked.__name__ == kind, (file, name)


ASKED = re.compile(r'\b(?:may|require|require_any|within|permitted)\([^"\n]*"([a-z_]+\.[a-z_]+)"')


def test_everything_that_a_page_asks_leave_for_is_known_to_the_check_of_roles() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path("evaka").rglob("*.py")]
    asked = {key for text in sources for key in ASKED.findall(text)}
    assert len(asked) > 15
    assert asked - permissions() == set()


# -- mistakes -----------------------------------------------------------------------------------------

NEED = table("service_needs.toml", "full_day")
PLACE = table("city.toml", "city")
BANK = table("city.toml", "bank")
RULES = table("invoices.toml", "rules")


@pytest.mark.parametrize(
    ("file", "text", "where", "what"),
    [
        ("fee.toml", "[table]\n", "mylly/fee.toml", "nobody reads this file. The files are city, fees,"),
        ("city.toml", "[city\n", "mylly/city.toml", "this is not TOML"),
        (
            "city.toml",
            "[banks]\n",
            "mylly/city.toml, [banks]",
            "nobody reads it. Read are city, decision, fee_decision,",
        ),
        ("city.toml", BANK.replace("000015", "000016"), "mylly/city.toml, [bank], iban", "is not an account number."),
        ("city.toml", "bank = false\n", "city.toml", "there is no table [bank]. config/base shows its form."),
        (
            "city.toml",
            PLACE.replace("#2a6ebb", "#ffcc00"),
            "mylly/city.toml, [city]",
            "accent #ffcc00 stands 1.5 : 1 apart from white, and 4.5 : 1 is needed to read it. Choose a darker colour.",
        ),
        ("city.toml", PLACE.replace("#2a6ebb", "blue"), "mylly/city.toml, [city]", "'blue' is not a colour."),
        ("city.toml", PLACE.replace('"sv", "en"]', '"se"]'), "mylly/city.toml, [city]", "department has no se."),
        (
            "city.toml",
            PLACE.replace('"sv", "en"]', '"se"]').replace("sv =", "se ="),
            "mylly/city.toml, [city], languages",
            'nobody knows "se". Near it is',
        ),
        ("city.toml", PLACE.replace('["fi", "sv", "en"]', "[]"), "mylly/city.toml, [city]", "languages is empty."),
        ("city.toml", PLACE.replace("phone", "fone"), "mylly/city.toml, [city]", "nobody knows fone. The names are"),
        ("fees.toml", "[policy]\nfirst_day = 1\n", "mylly/fees.toml, [policy], first_day", "1 is not of type date."),
        (
            "fees.toml",
            base("fees.toml").replace("highest_fee = 311_00", "highest_fee = 310_00"),
            "mylly/fees.toml, table from 2024-08-01",
            "highest_fee is 310,00 €, but the limits of a family of 2",
        ),
        (
            "fees.toml",
            base("fees.toml").replace("start = 2024-08-01", "start = 2023-03-01"),
            "mylly/fees.toml, table from 2023-03-01",
            "another one starts on the same day. Keep one of the two.",
        ),
        (
            "assistance.toml",
            table("assistance.toml", "child_support").replace("sv =", "se ="),
            "mylly/assistance.toml, [child_support], name",
            "it has no sv. Give the name in every language.",
        ),
        (
            "assistance.toml",
            table("assistance.toml", "child_support").replace('"preschool_level"', '"level"'),
            "mylly/assistance.toml, [child_support], use",
            "'level' cannot be used. One of daycare_level, preschool_level, daycare_action, preschool_action.",
        ),
        ("service_needs.toml", "full_day = 1\n", "mylly/service_needs.toml, [full_day]", "1 is not a table."),
        (
            "service_needs.toml",
            NEED.replace('fee_coefficient = "1"', "fee_coefficient = 1.0"),
            "mylly/service_needs.toml, [full_day], fee_coefficient",
            '1.0 is not exact. Write it in quotation marks: "0.107".',
        ),
        (
            "service_needs.toml",
            NEED.replace("[full_day]", "[all_day]"),
            "service_needs.toml",
            "full_day and all_day are both the default of daycare.",
        ),
        (
            "service_needs.toml",
            NEED.replace("default = true", ""),
            "base/service_needs.toml, [at_most_25_hours]",
            "on 1.8.2020 no need is the default of daycare. Write default = true in one",
        ),
        (
            "service_needs.toml",
            NEED.replace(', en = "Full day, at least 35 h a week"', ""),
            "mylly/service_needs.toml, [full_day], name",
            "it has no en. Give the name in every language.",
        ),
        ("incomes.toml", "[kind.wage]\npart_off = 1\n", "mylly/incomes.toml, [kind], wage", "nobody knows part_off."),
        (
            "incomes.toml",
            '[kind.wage]\n[kind.perks]\npart_of = "wages"\n',
            "mylly/incomes.toml, [kind.perks], part_of",
            'nobody knows "wages". Near it is wage.',
        ),
        (
            "invoices.toml",
            RULES.replace("free_july_from_month = 8", "free_july_from_month = 13"),
            "mylly/invoices.toml, [rules]",
            "free_july_from_month is 13. Give the number of a month: 8 is August.",
        ),
        (
            "absences.toml",
            '[who]\nguardian = ["ill"]\nstaff = []\noffice = []\n',
            "mylly/absences.toml, [who], guardian",
            "'ill' cannot be used. One of sick, planned,",
        ),
        ("placements.toml", "[plan]\nlast_day = 31\n", "mylly/placements.toml, [plan]", "last_month is missing."),
        ("decisions.toml", "[daycare]\nemail = 1\n", "mylly/decisions.toml, [daycare], email", "1 is not of type str."),
        (
            "reasons.toml",
            table("reasons.toml", "daycare_place").replace("text.en", "text.se"),
            "mylly/reasons.toml, [daycare_place], text",
            "it is ready, but has no en. Write it, or ready = false until then.",
        ),
        (
            "calendar.toml",
            "[[table]]\nstart = 2026-08-11\napplication_start = 2026-02-01\napplication_end = 2026-01-01\n",
            "mylly/calendar.toml, table from 2026-08-11",
            "application_end is before application_start.",
        ),
        ("calendar.toml", "[[table]]\nend = 2027-06-05\n", "mylly/calendar.toml, table 1", "from which day it holds."),
        ("calendar.toml", "[table]\nstart = 2026-08-11\n", "mylly/calendar.toml", "Write [[table]] above each"),
        ("roles.toml", 'staff = "all"\n', "mylly/roles.toml, [staff]", "'all' is not a table."),
        (
            "roles.toml",
            '[staff]\n"persn.view" = "unit"\n',
            "mylly/roles.toml, [staff]",
            'nobody knows "persn.view". Near it is person.view',
        ),
        (
            "roles.toml",
            '[staff]\n"person.view" = ["unit", "house"]\n',
            'mylly/roles.toml, [staff], "person.view"',
            "'house' is no reach. Use one of all, unit, group, own_child, own, unit_now, group_now.",
        ),
        ("roles.toml", '[staff]\n"person.view" = 1\n', 'mylly/roles.toml, [staff], "person.view"', "1 is no reach."),
        (
            "security.toml",
            '[strong]\nwhen = "when_set_up"\nneeds = ["decisn.*"]\n',
            "mylly/security.toml, [strong], needs",
            'nobody knows "decisn.*". Near it is ',
        ),
        (
            "security.toml",
            '[strong]\nwhen = "sometimes"\nneeds = ["decision.*"]\n',
            "mylly/security.toml, [strong], when",
            "",
        ),
        (
            "security.toml",
            table("security.toml", "credentials").replace("code_tries = 5", "code_tries = 500"),
            "mylly/security.toml, [credentials]",
            "code_tries is 500",
        ),
        (
            "security.toml",
            table("security.toml", "sessions").replace("password_length = 12", "password_length = 4"),
            "mylly/security.toml, [sessions]",
            "password_length is 4. Ask for 8 letters at least.",
        ),
        (
            "jobs.toml",
            '["fee.refresh_nigth"]\n',
            "mylly/jobs.toml, [fee.refresh_nigth]",
            "Near it is fee.refresh_night",
        ),
        ("jobs.toml", '"fee.refresh_night" = false\n', "jobs.toml", '["fee.refresh_night"] is missing.'),
        (
            "jobs.toml",
            '["fee.refresh_night"]\nhour = "3"\n',
            "mylly/jobs.toml, [fee.refresh_night]",
            "comes twice in October",
        ),
        (
            "texts/fi/home.toml",
            '"home.hallo" = "Hei"\n',
            "mylly/texts/fi/home.toml, home.hallo",
            "nobody says this. Near it is",
        ),
        ("texts/sv/ui.toml", '"yes" = 1\n', "mylly/texts/sv/ui.toml, yes", "this is not a text."),
        (
            "texts/fi/ui.toml",
            '"yes" = "kyllä {tuo}"\n',
            "mylly/texts/fi/ui.toml, yes",
            "nobody fills the gap tuo. The gaps are: none.",
        ),
        ("texts/fi/ui.toml", '"yes = "kyllä"\n', "mylly/texts/fi/ui.toml", "this is not TOML"),
        ("texts/se/ui.toml", '"yes" = "juo"\n', "mylly/texts/se", "nobody reads this language. Read are fi, sv, en."),
        ("letters/se.toml", "", "mylly/letters/se.toml", "nobody reads this language."),
        (
            "letters/fi.toml",
            '"letter.page.number" = "Sivu {sivu}"\n',
            "mylly/letters/fi.toml, letter.page.number",
            "nobody fills the gap sivu. The gaps are: page, pages.",
        ),
        ("cases.toml", "[case]\nday = 1\n", "mylly/cases.toml, [case]", "is not a list. Write it in square brackets."),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_mending(
    write: Write, file: str, text: str, where: str, what: str
) -> None:
    write(file, text)
    sentences = told()
    assert [one for one in sentences if one.startswith(f"{where}: ") and what in one], sentences
    assert all(one.endswith((".", '"')) for one in sentences)


def test_every_mistake_is_told_not_only_the_first(write: Write) -> None:
    write("security.toml", "[sessions]\nhours = true\nidle_minutes = 60\natempts = 5\n")
    write("absences.toml", '[who]\nguardian = ["ill"]\nstaff = ["away"]\noffice = []\n')
    starts = [one.partition(":")[0] for one in told()]
    assert starts.count("mylly/security.toml, [sessions]") == 1 + 5  # one unknown, five missing
    assert "mylly/security.toml, [sessions], hours" in starts
    assert {"mylly/absences.toml, [who], guardian", "mylly/absences.toml, [who], staff"} <= set(starts)


def test_a_mistake_that_is_met_twice_is_told_once(write: Write) -> None:
    """The worked examples need the fees too."""
    write("fees.toml", "[[table]]\nstart = 2024-08-01\n")
    sentences = told()
    assert len(sentences) == len(set(sentences)) > 5


def test_a_city_does_without_a_table_that_it_calls_false(write: Write) -> None:
    write("service_needs.toml", "from_25_to_35_hours = false\n")
    assert "from_25_to_35_hours" not in city.read("service_needs")
    assert "at_most_25_hours" in city.read("service_needs")
    [sentence] = told()
    assert sentence.startswith("base/cases.toml, share 1 (Ordinary care): no service need is called ")


# -- worked examples that come out wrong --------------------------------------------------------------

FAMILY = """
[[case]]
name = "Perhe"
day = 2026-03-02
family_size = 4
incomes = [4000_00, 3000_00]
children = [
    { born = 2023-04-01, need = "full_day", fee = 112_00 },
    { born = 2021-02-01, need = "at_most_25_hours", fee = 0 },
]
total = 112_00
"""
MONTH = '[[invoice]]\nname = "Kuu"\nmonth = 2026-03-01\nneed = "full_day"\nfee = 311_00\n'


VOUCHER = (
    '[[voucher]]\nname = "Seteli"\nday = 2026-03-02\nborn = 2025-06-06\nneed = "from_25_to_35_hours"\n'
    'support = "1.5"\nvalue = 1_00\n'
)
VALUES = "[[table]]\nstart = 2025-08-01\nlaw = '1 §'\nbase = { over_three = 900_00, under_three = 1301_23 }\n"


def test_a_voucher_that_is_worth_another_amount_tells_the_arithmetic(write: Write) -> None:
    write("vouchers.toml", VALUES)
    write("cases.toml", VOUCHER)
    [sentence] = told()
    assert (
        "voucher 1 (Seteli): it is to be worth 1,00 €, but the tables lead to 1 561,00 €: 1 301,23 €; "
        "1 301,23 € × 80 % = 1 040,984 € → 1 040,98 €; 1 040,98 € × 1,5 = 1 561,47 € → 1 561 €"
    ) in sentence
    write("cases.toml", VOUCHER.replace("value = 1_00", "value = 1561_00"))
    assert told() == []


def test_a_voucher_for_a_need_without_a_share_is_told(write: Write) -> None:
    write("vouchers.toml", VALUES)
    write("service_needs.toml", table("service_needs.toml", "full_day").replace('voucher_coefficient = "1"\n', ""))
    write("cases.toml", VOUCHER.replace("from_25_to_35_hours", "full_day"))
    assert "full_day has no share of the base value, so no voucher is decided." in told()[0]


def test_a_fixed_price_or_a_voucher_value_of_a_need_that_nobody_has_is_told(write: Write) -> None:
    price = "[table.fixed_prices.ful_day]\nbase_fee = 50_00\nsecond_child_fee = 30_00\nsecond_child_discount = '0.4'\n"
    price += "later_child_fee = 30_00\nlater_child_discount = '0.4'\n"
    write("fees.toml", base("fees.toml").rstrip() + "\n" + price)
    write("vouchers.toml", VALUES + "[table.needs.part_dai]\ncoefficient = '0.5'\n")
    of_fees, of_vouchers = told()
    assert of_fees.startswith(
        'mylly/fees.toml, table from 2024-08-01, fixed_prices: nobody knows "ful_day". Near it is full_day'
    )
    assert of_vouchers.startswith('mylly/vouchers.toml, table from 2025-08-01, needs: nobody knows "part_dai". Near ')


def test_the_examples_of_these_tests_are_right(write: Write) -> None:
    write("cases.toml", FAMILY + MONTH + "total = 311_00\n")
    assert told() == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            FAMILY.replace("fee = 112_00", "fee = 113_00"),
            "case 1 (Perhe): the child born on 1.4.2023 is to pay 113,00 €, but the tables lead to 112,00 €: "
            "4 000,00 € + 3 000,00 € = 7 000,00 €; (7 000,00 € − 5 956,00 €) × 10,7 % = 111,71 € → 112 €",
        ),
        (
            FAMILY.replace("fee = 0", "fee = 27_00"),
            "45,00 € × 60 % = 27 €; 27,00 € < 30,00 € → 0,00 €; 0,00 €. Mend the table that is wrong, or",
        ),
        (
            FAMILY.replace("total = 112_00", "total = 139_00"),
            "the family is to pay 139,00 €, but the tables lead to 112,00 €.",
        ),
        (
            FAMILY.replace("at_most_25_hours", "preschool").replace("fee = 0", "fee = 1_00"),
            "is to pay 1,00 €, but the tables lead to 0,00 €: this care costs nothing.",
        ),
        (
            FAMILY.replace("at_most_25_hours", "at_most_20"),
            'no service need is called "at_most_20" on 2.3.2026. There are',
        ),
        (FAMILY.replace("2026-03-02", "2026-08-01"), "the rules refuse it: fee.no_table (day 2026-08-01)."),
        (FAMILY.replace("family_size = 4", "family_size = 3"), "case 1: family_size is 3, but 4 people are told."),
        (FAMILY.replace("total =", "adults = 3\ntotal ="), "case 1: adults is 3. A family has one adult or two."),
        (
            FAMILY.replace("4000_00, 3000_00", "7000_00"),
            "incomes has 1 for 2 adults. Give one for each, or none at all.",
        ),
        (
            FAMILY.replace('need = "full_day", ', ""),
            "case 1, children: a child has neither need nor care_type, or both.",
        ),
        (
            FAMILY.replace('need = "full_day"', 'care_type = "club"'),
            "the tables lead to 0,00 €: this care costs nothing.",
        ),
        (
            MONTH + "absences = { sick = [2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16] }\ntotal = 311_00\n",
            "invoice 1 (Kuu): the month is to cost 311,00 €, but the tables lead to 155,50 €: care:daycare 311,00 € "
            "(311,00 €); sick_half −155,50 € (−155,50 €).",
        ),
        (
            MONTH + "until = 2026-02-28\nsince = 2026-02-01\ntotal = 1\n",
            "the tables lead to 0,00 €: no invoice is made.",
        ),
        (
            MONTH + "total = 311_00\ndue = 2026-04-15\n",
            "it is to be paid by 15.4.2026, but the tables lead to 30.4.2026.",
        ),
        (
            MONTH + "absences = { sick = [32] }\ntotal = 0\n",
            "invoice 1: the month has no day 32. Its days are 1 to 31.",
        ),
        (MONTH.replace("03-01", "03-02") + "total = 0\n", "month is 2026-03-02. Give the first day of the month."),
        (
            '[[due]]\nname = "Kiire"\nsent = 2026-01-15\nproof = 2026-01-20\ndue = 2026-01-29\n',
            "due 1 (Kiire): it is due on 29.1.2026, but the tables lead to 3.2.2026.",
        ),
        (
            '[[income]]\nname = "Loma"\namount = 3000_00\nperiod = "monthly_with_holiday_bonus"\nmonthly = 3125_10\n',
            "it is 3 125,10 € a month, but the tables lead to 3 000,00 € × 1.05 = 3 150,00 €.",
        ),
        (
            '[[share]]\nname = "Osuus"\nday = 2026-03-02\nshares = { full_day = "0.9" }\n',
            "share 1 (Osuus): full_day is to cost 0.9 of the full-time fee, but the tables say 1.",
        ),
        (VOUCHER, "voucher 1 (Seteli): the rules refuse it: voucher.no_table (day 2026-03-02)."),
    ],
)
def test_a_case_that_comes_out_wrong_tells_what_was_found_and_the_arithmetic(
    write: Write, text: str, what: str
) -> None:
    write("cases.toml", text)
    sentences = told()
    assert [one for one in sentences if one.startswith("mylly/cases.toml, ") and what in one], sentences


def test_a_kind_of_care_without_a_default_is_told_where_a_case_needs_it(write: Write) -> None:
    write("service_needs.toml", "club = false\n")
    write("cases.toml", FAMILY.replace('need = "full_day"', 'care_type = "club"'))
    assert "no need is the default of club on 2.3.2026. Name the child's need." in told()[0]


def test_the_tables_of_a_city_are_tried_by_the_cases_of_the_base_until_it_has_its_own(write: Write) -> None:
    write("invoices.toml", RULES.replace("half_from_sick_days = 11", "half_from_sick_days = 10"))
    [sentence] = told()
    assert sentence.startswith("base/cases.toml, invoice 4 (Ill on ten days: the whole fee): the month is to cost")


# -- who asks -----------------------------------------------------------------------------------------


def test_nobody_serves_a_city_whose_case_comes_out_wrong(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("cases.toml", FAMILY.replace("fee = 112_00", "fee = 113_00"))
    settings: dict[str, Any] = {"CITY": "mylly", "SECRET_KEY": "test", "SQLALCHEMY_DATABASE_URI": "sqlite://"}
    with pytest.raises(ConfigMistake, match=r"mylly/cases.toml, case 1 \(Perhe\)"):
        create_app(**settings, CHECK_CASES=True)
    write("cases.toml", FAMILY)
    create_app(**settings, CHECK_CASES=True)


def test_commands_work_while_a_case_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evaka import settings_from_environment

    monkeypatch.setenv("EVAKA_DATA", str(tmp_path))
    monkeypatch.delenv("FLASK_RUN_FROM_CLI", raising=False)
    assert settings_from_environment()["CHECK_CASES"]
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    assert not settings_from_environment()["CHECK_CASES"]


def test_the_demo_families_live_in_their_own_city_only(app: Flask, database: None) -> None:
    other = next(name for name in CITIES if name not in ("base", "harjula"))
    city.choose(other)
    told = app.test_cli_runner().invoke(args=["load-demo", "--day", "2026-11-24"])
    assert told.exit_code == 0
    assert told.output.startswith(f"{other} has no demo families.")
    assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_the_command_tells_a_line_for_each_city(app: Flask) -> None:
    told = app.test_cli_runner().invoke(args=["check-city", "--all"])
    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    assert [line.partition(":")[0] for line in lines] == CITIES
    assert all(re.fullmatch(rf"\w+: {len(FILES)} tables, \d+ cases, ok", line) for line in lines)


def test_the_command_tells_each_mistake_below_its_city_and_fails(app: Flask, write: Write) -> None:
    write(
        "cases.toml", FAMILY.replace("fee = 112_00", "fee = 113_00") + FAMILY.replace("total = 112_00", "total = 1_00")
    )
    told = app.test_cli_runner().invoke(args=["check-city"])
    assert told.exit_code == 1
    first, *mistakes = told.output.splitlines()
    assert re.fullmatch(r"mylly: \d+ tables, \d+ cases, 2 mistakes", first)
    assert [line[:28] for line in mistakes] == ["  mylly/cases.toml, case 1 (", "  mylly/cases.toml, case 2 ("]
    assert app.test_cli_runner().invoke(args=["check-city", "base", "mylly"]).exit_code == 1


def test_the_command_says_which_cities_there_are(app: Flask) -> None:
    told = app.test_cli_runner().invoke(args=["check-city", "atlantis"])
    assert told.exit_code == 1
    assert "there is no folder config/atlantis. Choose one of: base," in told.output
    assert city.chosen() == "harjula"
