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

CASES = Path(__file__).parent / "cases"
Case = dict[str, Any]
Run = Callable[[Case, Case], list["Difference"]]
KINDS: dict[tuple[str, str], Run] = {}


@dataclass(frozen=True)
class Difference:
    where: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected!r}, found {self.found!r}"


class Unsupported(Exception):
    """A case asks for something that the rules here do not reckon."""


def kind(schema: str, name: str) -> Callable[[Run], Run]:
    """Declares that a function runs this kind of case."""

    def declare(run: Run) -> Run:
        KINDS[schema, name] = run
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


def expectations(case: Case, found: Any) -> list[Difference]:
    """The differences from all that a case expects, asserted or derived."""
    return compare(case.get("expect", {}), found) + compare(case.get("expect_derived", {}), found)


def load_kinds() -> None:
    """Every module of this package declares its kinds when it is imported."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith(("_", "test_")):
            importlib.import_module(f"{__name__}.{module.name}")


def cases(folder: Path) -> Iterator[tuple[str, str, Case, Case]]:
    """File name, schema, case and fixtures of every case in a folder."""
    shared = folder / "fixtures.json"
    fixtures = json.loads(shared.read_text(encoding="utf-8")) if shared.exists() else {}
    for file in sorted(folder.glob("*.json")):
        if file == shared:
            continue
        content = json.loads(file.read_text(encoding="utf-8"))
        header = {key: value for key, value in content.items() if key != "cases"}
        for case in content["cases"]:
            yield file.name, content["schema"], case, fixtures | {"header": header}


def run(schema: str, case: Case, fixtures: Case) -> list[Difference]:
    """The differences of one case; a fault in the program is one too.  May raise Unsupported."""
    if (schema, case["kind"]) not in KINDS:
        raise Unsupported(case["kind"])
    try:
        return KINDS[schema, case["kind"]](case, fixtures)
    except Unsupported:
        raise
    except Exception as fault:  # one case's trouble must not stop the others
        return [Difference("the run", "no fault", repr(fault))]
