"""What this city has chosen: config/base, config/<city> over it, and over both what its own staff has published.

One rule for the layers: a top-level table of a later layer replaces the same table of an earlier one, whole; a layer
that writes `name = false` does without that table.  The third layer comes from the database: whoever opens a
transaction hands it over (`lay_over`), so this floor knows no model.  The tables become frozen values by the types of
their classes in `rules/`; a mistake says where it is and how to mend it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from evaka.kit.colours import ENOUGH, contrast
from evaka.kit.dates import DAY, Timeline
from evaka.kit.errors import ConfigMistake
from evaka.values import build, mistakes, table_of

__all__ = ["build"]
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
CONFIG = Path(__file__).parent.parent / "config"
_layers: list[Path] = [CONFIG / "base"]
Tables = Mapping[str, Mapping[str, Any]]  # by file, then by table


@dataclass(frozen=True)
class Layer:
    """Tables that lie over the files: `stamp` tells one state of them from another, `names` says where each is from."""

    stamp: Hashable = None
    tables: Tables = field(default_factory=dict)
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)


_published = Layer()
_trial: ContextVar[tuple[Layer, dict[Any, Any]] | None] = ContextVar("trial", default=None)


def choose(city: str) -> None:
    """From now on this is the city: the name of a folder beside config/base."""
    global _published
    folder = CONFIG / city
    if not folder.is_dir():
        known = ", ".join(sorted(path.name for path in CONFIG.iterdir() if path.is_dir()))
        raise ConfigMistake("EVAKA_CITY", f"there is no folder config/{city}", f"Choose one of: {known}.")
    _layers[:] = [CONFIG / "base"] if city == "base" else [CONFIG / "base", folder]
    _published = Layer()
    _forget()


def lay_over(layer: Layer) -> None:
    """From now on these tables hold over those of the files."""
    global _published
    _published = layer
    _forget()


def stamp() -> Hashable:
    """Which state of the published tables is known here; None: none yet."""
    return _published.stamp


@contextmanager
def trying(file: str, table: str, given: Any) -> Iterator[None]:
    """Inside, for this thread alone, one table is what it would be: to check it before it holds for everybody."""
    over = {**_published.tables, file: {**_published.tables.get(file, {}), table: given}}
    token = _trial.set((Layer("trial", over, {**_published.names, (file, table): f"{file}, draft"}), {}))
    try:
        yield
    finally:
        _trial.reset(token)


def _over() -> Layer:
    trial = _trial.get()
    return trial[0] if trial else _published


_cached: list[Any] = []  # what was made out of the tables, to be forgotten when they change


def _forget() -> None:
    for cached in _cached:
        cached.cache_clear()


def remember(made: F, most: int | None = None) -> F:
    """Cache what a function makes out of the city's tables until they change; a trial keeps a cache of its own.

    `most` is how many answers are kept, where they are of many kinds.
    """
    kept = lru_cache(most)(made)
    _cached.append(kept)

    @wraps(made)
    def remembered(*given: Any) -> Any:
        trial = _trial.get()
        if trial is None:
            return kept(*given)
        own, key = trial[1], (made, given)
        if key not in own:
            own[key] = made(*given)
        return own[key]

    return remembered  # type: ignore[return-value]


def chosen() -> str:
    """The name of the folder that was chosen."""
    return _layers[-1].name


def layers(pattern: str) -> list[Path]:
    """The files of all layers that match, the base first."""
    return [file for layer in _layers for file in sorted(layer.glob(pattern))]


@remember
def tables(file: Path) -> dict[str, Any]:
    """What one file holds."""
    try:
        return _of_toml(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as mistake:
        where, why, how = file.relative_to(CONFIG), f"this is not TOML ({mistake})", "Mend that line."
    except UnicodeDecodeError as mistake:
        where, why, how = file.relative_to(CONFIG), f"byte {mistake.start} is not UTF-8", "Save the file as UTF-8."
    raise ConfigMistake(str(where), why, how)


@lru_cache(maxsize=1_000)
def _of_toml(text: str) -> dict[str, Any]:
    """The same text says the same: when a table is published, two hundred files need not be taken apart anew."""
    return tomllib.loads(text)


@remember
def read(name: str) -> dict[str, Any]:
    """The tables of `name`.toml, and of what is published of it, that no layer has taken away with `table = false`."""
    merged: dict[str, Any] = {}
    for file in layers(f"{name}.toml"):
        merged |= tables(file)
    merged |= _over().tables.get(name, {})
    return {table: held for table, held in merged.items() if held is not False}


def source(name: str, table: str) -> str:
    """Where a table comes from: what is published, or the city's own file, or the base's."""
    if (published := _over().names.get((name, table))) is not None:
        return published
    file = file_of(name, table)
    return str(file.relative_to(CONFIG)) if file else f"{name}.toml"


def file_of(name: str, table: str) -> Path | None:
    """The file whose table would hold if nothing were published."""
    holding = [file for file in layers(f"{name}.toml") if table in tables(file)]
    return holding[-1] if holding else None


def written(name: str, table: str) -> str:
    """A table as it stands in its file, with the comments inside it."""
    file = file_of(name, table)
    if file is None:
        return ""
    begins = re.compile(rf"""(\[+\s*["']?{re.escape(table)}["']?\s*[\].])|(["']?{re.escape(table)}["']?\s*=)""")
    kept, inside, top = [], False, True  # `top`: no head of a table has come yet
    for line in file.read_text(encoding="utf-8").splitlines():
        top = top and not line.startswith("[")
        if top or line.startswith("["):
            found = begins.match(line)
            inside = bool(found and found[2 if top else 1])
        if inside:
            kept.append(line)
    return "\n".join(kept).rstrip() + "\n"


def parsed(text: str, table: str) -> Any:
    """The one table that a text holds, as TOML, or False; raises ConfigMistake for anything else."""
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError as mistake:
        raise ConfigMistake(table, f"this is not TOML ({mistake})", "Mend that line.") from None
    if set(held) != {table}:
        found = ", ".join(sorted(held)) or "nothing"
        raise ConfigMistake(table, f"the text holds {found}", f"Write the table [{table}] and nothing beside it.")
    return held[table]


@remember
def dated(name: str, kind: type[T]) -> Timeline[T]:
    """The [[table]] rows of `name`.toml, each for its time: `kind` has a field `valid`.

    A row that does not say when it ends holds until the next one starts.
    """
    file = source(name, "table")
    rows = read(name).get("table", [])
    if not isinstance(rows, list):
        raise ConfigMistake(file, "[table] is one table", "Write [[table]] above each, in double brackets.")
    for number, row in enumerate(rows, start=1):
        if type(row.get("start")) is not date:
            raise ConfigMistake(
                f"{file}, table {number}", "it does not say from which day it holds", "Add start = 2026-08-01."
            )
    rows = sorted(rows, key=lambda row: row["start"])
    made = []
    for row, following in zip(rows, [*rows[1:], None], strict=False):
        where = f"{file}, table from {row['start']}"
        if following is not None and following["start"] == row["start"]:
            raise ConfigMistake(where, "another one starts on the same day", "Keep one of the two.")
        if following is not None and row.get("end", date.min) >= following["start"]:
            raise ConfigMistake(where, f"the next one starts on {following['start']}", "Let this one end before that.")
        closed = {"end": following["start"] - DAY} if following is not None else {}
        made.append(build(kind, closed | row, where))
    return Timeline((made_row.valid, made_row) for made_row in made)  # type: ignore[attr-defined]


@remember
def named(name: str, kind: type[T]) -> dict[str, T]:
    """Every top-level table of `name`.toml by its name; a field `key` of `kind` receives the name."""
    has_key = any(field.name == "key" for field in fields(kind))  # type: ignore[arg-type]
    return {
        key: build(kind, table_of(row, f"{where}, [{key}]") | ({"key": key} if has_key else {}), f"{where}, [{key}]")
        for key, row in read(name).items() for where in [source(name, key)]
    }


@remember
def value(name: str, table: str, kind: type[T]) -> T:
    """One top-level table of `name`.toml as a frozen value."""
    found = read(name).get(table)
    if found is None:
        raise ConfigMistake(f"{name}.toml", f"there is no table [{table}]", "Add it; config/base shows its form.")
    return build(kind, found, f"{source(name, table)}, [{table}]")


# -- reading everything, so that a mistake is found before anybody meets it ---------------------------


@dataclass(frozen=True)
class Office:
    """[city] of city.toml: who the city is, in its letters and at the top of each page."""

    name: str
    department: Mapping[str, str]
    languages: tuple[str, ...]
    address: tuple[str, ...]
    phone: str
    email: str
    business_id: str
    accent: str

    def __post_init__(self) -> None:
        if missing := [language for language in self.languages if language not in self.department]:
            raise ValueError(f"department has no {missing[0]}", "Give it in every language of the city.")
        if not self.languages:
            raise ValueError("languages is empty", 'Give those that letters are written in: ["fi", "sv"].')
        if (found := contrast(self.accent)) < ENOUGH:
            raise ValueError(
                f"accent {self.accent} stands {found:.1f} : 1 apart from white, and {ENOUGH} : 1 is needed to read it",
                "Choose a darker colour.",
            )


@dataclass(frozen=True)
class Reads:
    """By what a file is read: tables `one` by one, the `rows` of [[table]] by day, and all the `rest` alike.

    `also` finds what no single table can know; it is asked when each of them is in order.
    """

    one: Mapping[str, Any] = field(default_factory=dict)
    rows: type | None = None
    rest: Any = None
    also: Callable[[], Iterable[ConfigMistake]] = tuple


def check(files: Mapping[str, Reads]) -> list[ConfigMistake]:
    """Everything that is wrong in the chosen city's tables; `files` tells by its name how each file is read."""
    found = [
        ConfigMistake(str(file.relative_to(CONFIG)), "nobody reads this file", f"The files are {', '.join(files)}.")
        for file in layers("*.toml") if file.stem not in files
    ]
    for name, reads in files.items():
        try:
            found += _mistakes_of_file(name, reads) or list(reads.also())
        except ConfigMistake as mistake:  # the file cannot be read at all
            found.append(mistake)
    return list({str(mistake): mistake for mistake in found}.values())  # a file may be met again from another


def _mistakes_of_file(name: str, reads: Reads) -> list[ConfigMistake]:
    held, found = read(name), []
    for table in reads.one.keys() - held.keys():
        found.append(ConfigMistake(f"{name}.toml", f"there is no table [{table}]", "config/base shows its form."))
    for table, given in held.items():
        file = source(name, table)
        if table in reads.one:
            several = isinstance(given, list)
            found += mistakes(reads.one[table], given, f"{file}, {table}" if several else f"{file}, [{table}]")
        elif table == "table" and reads.rows is not None:
            found += _mistakes_of_rows(reads.rows, given, file)
        elif reads.rest is not None:
            named_so = is_dataclass(reads.rest) and "key" in get_type_hints(reads.rest) and isinstance(given, dict)
            found += mistakes(reads.rest, given | {"key": table} if named_so else given, f"{file}, [{table}]")
        else:
            found.append(ConfigMistake(f"{file}, [{table}]", "nobody reads it", f"Read are {', '.join(reads.one)}."))
    if not found and reads.rows is not None:
        dated(name, reads.rows)
    return found


def _mistakes_of_rows(kind: type, given: Any, file: str) -> list[ConfigMistake]:
    """Of each row alone; whether they follow one another in order is told by `dated`."""
    if not isinstance(given, list):
        return []
    dated_rows = [row for row in given if type(row.get("start")) is date]
    return [one for row in dated_rows for one in mistakes(kind, row, f"{file}, table from {row['start']}")]
