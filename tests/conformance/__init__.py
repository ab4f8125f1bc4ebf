"""Published cases with expected figures, and what runs them against the rules.

A module beside this one declares the kinds of cases that it can run:

    @kind("fees/1", "monthly_fee")
    def monthly_fee(case, fixtures):
        return differences(case, found)

`case` is one entry of a file, `fixtures` the shared input figures with the file's own header under
"header".  A function returns the differences it finds, none when the case passes.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaka.kit.errors import Refused
from tests.conformance.vocabulary import unknown_keys

CASES = Path(__file__).parent / "cases"
Case = dict[str, Any]
Run = Callable[[Case, Case], list["Difference"]]
KINDS: dict[tuple[str, str], Run] = {}
STORED: dict[tuple[str, str], Run] = {}  # the same through the database of the app that is pushed


@dataclass(frozen=True)
class Difference:
    where: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected!r}, found {self.found!r}"


class Unsupported(Exception):
    """A case asks for something that nothing here reckons."""


class Unreadable(Exception):
    """A file of the folder is no file of cases; the text says which and why."""


def kind(schema: str, name: str) -> Callable[[Run], Run]:
    """Declares that a function runs this kind of case."""

    def declare(run: Run) -> Run:
        KINDS[schema, name] = run
        return run

    return declare


def stored(schema: str, name: str) -> Callable[[Run], Run]:
    """Declares that a function runs this kind of case through the database: rows in, actions, rows out."""

    def declare(run: Run) -> Run:
        STORED[schema, name] = run
        return run

    return declare


def compare(expected: Any, found: Any, where: str = "") -> list[Difference]:
    """What differs, looking only at the keys that are expected; lists must agree in length and order."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            difference
            for key, value in expected.items()
            for difference in compare(value, found.get(key), f"{where}.{key}".lstrip("."))
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [one for index, (a, b) in pairs for one in compare(a, b, f"{where}[{index}]")]
    return [] if expected == found else [Difference(where, expected, found)]


def compare_as_sets(expected: Any, found: Any, where: str) -> list[Difference]:
    """What differs between two lists whose order does not matter: each expected one must match another found one."""
    left, differences = list(found), []
    if expected is None:
        return []
    for sought in expected:
        match = next((one for one in left if not compare(sought, one)), None)
        if match is None:
            differences.append(Difference(where, sought, found))
        else:
            left.remove(match)
    return differences or ([Difference(where, "nothing else", left)] if left else [])


def expectations(case: Case, found: Any) -> list[Difference]:
    """The differences from all that a case expects, asserted or derived."""
    return compare(case.get("expect", {}), found) + compare(case.get("expect_derived", {}), found)


def load_kinds() -> None:
    """Every module of this package, and of `database` in it, declares its kinds when it is imported."""
    for module in pkgutil.walk_packages([str(Path(__file__).parent)], f"{__name__}."):
        if not module.name.rpartition(".")[2].startswith(("_", "test_")):
            importlib.import_module(module.name)


def cases(folder: Path) -> Iterator[tuple[str, str, Case, Case]]:
    """File name, schema, case and fixtures of every case in a folder; raises Unreadable for what is no file of cases.

    Shared input figures are in fixtures.json of the folder, or else those of the published cases.
    """
    shared = next(file for file in (folder / "fixtures.json", CASES / "fixtures.json") if file.exists())
    fixtures = _content(shared)
    for file in sorted(folder.glob("*.json")):
        if file.name == shared.name:
            continue
        content = _content(file)
        if not isinstance(content.get("schema"), str) or not isinstance(content.get("cases"), list):
            raise Unreadable(f'{file.name} is no file of cases: it has no "schema", or no list of "cases".')
        header = {key: value for key, value in content.items() if key != "cases"}
        for case in content["cases"]:
            if not isinstance(case, dict):
                raise Unreadable(f"{file.name}: {case!r} is no case.")
            yield file.name, content["schema"], case, fixtures | {"header": header}


def _content(file: Path) -> Case:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise Unreadable(f"{file.name} cannot be read: {fault}.") from None
    if not isinstance(content, dict):
        raise Unreadable(f"{file.name} is no file of cases: it holds no object.")
    return content


def run(schema: str, case: Case, fixtures: Case, kinds: dict[tuple[str, str], Run] = KINDS) -> list[Difference]:
    """The differences of one case; a fault in the program is one too.  May raise Unsupported."""
    if unknown := sorted(set(unknown_keys(case))):
        return [Difference("the case", "keys that the format knows", ", ".join(unknown))]
    if (schema, case.get("kind")) not in kinds:
        raise Unsupported(f"{case.get('kind')} of {schema}")
    try:
        return kinds[schema, case["kind"]](case, fixtures)
    except Unsupported as missing:
        return [Difference("the case", "something that is reckoned here", str(missing))]
    except KeyError as missing:
        return [Difference("the case", f"{missing} in it or in the fixtures", "nothing of that name")]
    except Refused as no:
        facts = ", ".join(f"{name} {fact}" for name, fact in no.facts.items())
        return [Difference("the run", "an answer", f"refused: {no.key} ({facts})")]
    except Exception as fault:  # one case's trouble must not stop the others
        return [Difference("the run", "no fault", f"{type(fault).__name__}: {fault}")]
