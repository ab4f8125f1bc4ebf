"""The city's files: layers, values by their types, and every kind of mistake told so that it can be mended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from evaka import city
from evaka.kit.dates import DateRange
from evaka.kit.errors import ConfigMistake

Write = Callable[..., None]


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Price:
    valid: DateRange
    cents: int
    rate: Decimal = Decimal(1)


@dataclass(frozen=True)
class Door:
    wide: int


@dataclass(frozen=True)
class House:
    key: str
    colour: Colour
    opens: time | None = None
    names: Mapping[int, str] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    doors: tuple[Door, ...] = ()
    built: date | None = None
    heated: bool = False
    rate: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        if self.heated and not self.doors:
            raise ValueError("a heated house has no door", "Give it one.")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a file of a layer, and choose the city of that folder."""
    monkeypatch.setattr(city, "CONFIG", tmp_path)
    (tmp_path / "base").mkdir()
    (tmp_path / "mill").mkdir()

    def put(text: str | bytes, file: str = "base/things.toml", chosen: str = "mill") -> None:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        city.choose(chosen)

    yield put
    monkeypatch.undo()
    city.choose("harjula")


def mistake(reading: Callable[[], Any]) -> str:
    with pytest.raises(ConfigMistake) as told:
        reading()
    return str(told.value)


# -- layers -------------------------------------------------------------------------------------------


def test_a_table_of_the_city_replaces_the_same_table_of_the_base_whole(write: Write) -> None:
    write("[a]\nx = 1\ny = 2\n[b]\nz = 3\n")
    write("[a]\nx = 9\n", "mill/things.toml")
    assert city.read("things") == {"a": {"x": 9}, "b": {"z": 3}}
    assert city.chosen() == "mill"


def test_another_city_is_read_anew(write: Write) -> None:
    write("[a]\nx = 1\n")
    write("[a]\nx = 9\n", "mill/things.toml")
    assert city.read("things")["a"] == {"x": 9}
    city.choose("base")
    assert city.read("things")["a"] == {"x": 1}


def test_a_file_that_is_not_there_is_empty(write: Write) -> None:
    write("")
    assert city.read("nothing") == {}
    assert city.named("nothing", House) == {}
    assert city.dated("nothing", Price).spans == []


def test_a_city_without_a_folder_is_told_with_the_folders_there_are(write: Write) -> None:
    write("")
    assert mistake(lambda: city.choose("atlantis")) == (
        "EVAKA_CITY: there is no folder config/atlantis. Choose one of: base, mill."
    )


# -- values -------------------------------------------------------------------------------------------


def test_named_tables_become_values_that_know_their_name(write: Write) -> None:
    write("""
[villa]
colour = "red"
opens = "07:45"
names = { 1 = "one", 2 = "two" }
tags = ["old"]
doors = [{ wide = 90 }, { wide = 120 }]
built = 1912-05-01
heated = true
rate = "0.107"
""")
    assert city.named("things", House) == {
        "villa": House(
            key="villa",
            colour=Colour.RED,
            opens=time(7, 45),
            names={1: "one", 2: "two"},
            tags=frozenset({"old"}),
            doors=(Door(90), Door(120)),
            built=date(1912, 5, 1),
            heated=True,
            rate=Decimal("0.107"),
        )
    }


def test_one_table_becomes_a_value(write: Write) -> None:
    write("[front]\nwide = 90\n")
    assert city.value("things", "front", Door) == Door(90)


def test_a_dated_row_holds_until_the_next_begins_whatever_their_order(write: Write) -> None:
    write("[[table]]\nstart = 2026-08-01\ncents = 2\n[[table]]\nstart = 2024-08-01\ncents = 1\n")
    assert [(str(period), row.cents) for period, row in city.dated("things", Price).spans] == [
        ("1.8.2024–31.7.2026", 1),
        ("1.8.2026–", 2),
    ]
    assert city.read("things")["table"][1] == {"start": date(2024, 8, 1), "cents": 1}  # the file is not touched


def test_a_gap_between_dated_rows_stays_a_gap(write: Write) -> None:
    write("[[table]]\nstart = 2024-08-01\nend = 2024-12-31\ncents = 1\n[[table]]\nstart = 2026-08-01\ncents = 2\n")
    assert city.dated("things", Price).at(date(2025, 1, 1)) == []


# -- mistakes -----------------------------------------------------------------------------------------

HOUSE = '[villa]\ncolour = "red"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[villa\n", "this is not TOML"),
        ("[villa]\ncolour = red\n", "this is not TOML"),
        (b"# p\xe4iv\xe4\n", "byte 3 is not UTF-8. Save the file as UTF-8."),
        ("villa = 1\n", "[villa]: 1 is not a table. Write its name in square brackets"),
        ("[villa]\n", "[villa]: colour is missing. Give it; config/base shows its form."),
        (HOUSE + "coluor = 1\n", "[villa]: nobody knows coluor. The names are built, colour, doors, heated, key,"),
        ('[villa]\ncolour = "green"\n', "[villa], colour: 'green' cannot be used. One of red, blue."),
        ("[villa]\ncolour = 3\n", "[villa], colour: 3 cannot be used. One of red, blue."),
        (HOUSE + 'opens = "7.45"\n', "[villa], opens: '7.45' cannot be used. config/base shows its form."),
        (HOUSE + "rate = 0.107\n", '[villa], rate: 0.107 is not exact. Write it in quotation marks: "0.107".'),
        (HOUSE + 'rate = "a tenth"\n', "[villa], rate: 'a tenth' cannot be used."),
        (HOUSE + 'rate = "NaN"\n', "[villa], rate: 'NaN' cannot be used."),
        (HOUSE + "rate = true\n", "[villa], rate: True is not exact."),
        (HOUSE + "heated = 1\n", "[villa], heated: 1 is not of type bool."),
        (HOUSE + 'tags = "old"\n', "[villa], tags: 'old' is not a list. Write it in square brackets."),
        (HOUSE + "tags = [1]\n", "[villa], tags: 1 is not of type str."),
        (HOUSE + 'names = "one"\n', "[villa], names: 'one' is not a table."),
        (HOUSE + 'names = { one = "one" }\n', "[villa], names: 'one' cannot be used."),
        (HOUSE + "doors = [3]\n", "[villa], doors: 3 is not a table."),
        (HOUSE + "doors = [{ wide = true }]\n", "[villa], doors, wide: True is not of type int."),
        (HOUSE + "built = 1912-05-01T12:00:00\n", "is not of type date"),
        (HOUSE + 'built = "1.5.1912"\n', "[villa], built: '1.5.1912' is not of type date."),
        (HOUSE + "heated = true\n", "[villa]: a heated house has no door. Give it one."),
    ],
)
def test_a_mistake_says_where_it_is_what_it_is_and_how_to_mend_it(write: Write, text: str, told: str) -> None:
    write("")
    write(text, "mill/things.toml")
    sentence = mistake(lambda: city.named("things", House))
    assert sentence.startswith("mill/things.toml")
    assert told in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[table]\nstart = 2026-08-01\ncents = 1\n", "[table] is one table. Write [[table]] above each"),
        ("[[table]]\ncents = 1\n", "table 1: it does not say from which day it holds. Add start = 2026-08-01."),
        ('[[table]]\nstart = "2026-08-01"\ncents = 1\n', "table 1: it does not say from which day it holds."),
        ("[[table]]\nstart = 2026-08-01\n", "table from 2026-08-01: cents is missing."),
        (
            "[[table]]\nstart = 2026-08-01\nend = 2026-07-31\ncents = 1\n",
            "table from 2026-08-01: it ends on 2026-07-31, before it starts on 2026-08-01.",
        ),
        (
            "[[table]]\nstart = 2026-08-01\nend = 2026-12-31\ncents = 1\n[[table]]\nstart = 2026-12-31\ncents = 2\n",
            "table from 2026-08-01: the next one starts on 2026-12-31. Let this one end before that.",
        ),
        (
            "[[table]]\nstart = 2026-08-01\ncents = 1\n[[table]]\nstart = 2026-08-01\ncents = 2\n",
            "table from 2026-08-01: another one starts on the same day. Keep one of the two.",
        ),
    ],
)
def test_a_mistake_in_a_dated_table_names_the_table(write: Write, text: str, told: str) -> None:
    write(text)
    sentence = mistake(lambda: city.dated("things", Price))
    assert sentence.startswith("base/things.toml")
    assert told in sentence


def test_a_value_that_is_not_there_is_told(write: Write) -> None:
    write("")
    assert mistake(lambda: city.value("things", "front", Door)) == (
        "things.toml: there is no table [front]. Add it; config/base shows its form."
    )
