"""Run the published cases of a folder: `python -m tests.conformance [FOLDER]`; exits with 1 if any fails.

Every case is run through the rules; those whose facts have rows are run through the database as well, on each kind of
database that answers.  A case has passed when it came out right everywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from evaka.models.base import db
from tests.conformance import CASES, KINDS, STORED, Case, Unreadable, Unsupported, cases, load_kinds, run
from tests.conformance.database.engines import ENGINES, database
from tests.conformance.database.invoices import kept

Given = tuple[str, str, Case, Case]  # file, schema, case, fixtures


@dataclass
class Tally:
    """How the cases of one file came out in one place, with a line for all that differs."""

    passed: int = 0
    total: int = 0
    lines: list[str] = field(default_factory=list)


def main(folder: Path) -> int:
    load_kinds()
    try:
        given = list(cases(folder))
    except Unreadable as fault:
        print(fault)
        return 1
    failed: set[int] = set()
    through_rules(given, failed)
    for engine in ENGINES:
        with ExitStack() as stack:
            if any(map(has_rows, given)) and not stack.enter_context(database(engine)):
                print(f"{engine}: none answers, so no case was run on it")
            elif any(map(has_rows, given)):
                through_database(engine, given, failed)
    print(f"{len(given) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not given else 0


def through_rules(given: list[Given], failed: set[int]) -> None:
    numbered = [(number, one) for number, one in enumerate(given) if not _only_rows(one)]
    for file, tally in _tried(numbered, failed).items():
        _tell(file, tally)


def through_database(engine: str, given: list[Given], failed: set[int]) -> None:
    """Cases one after another; the rows of each are taken back."""
    numbered = [(number, one) for number, one in enumerate(given) if has_rows(one)]
    for file, tally in _tried(numbered, failed, engine).items():
        without = sum(1 for one in given if one[0] == file) - tally.total
        _tell(f"{file} on {engine}", tally, f", {without} without rows" if without else "")


def _only_rows(given: Given) -> bool:
    """Whether a case is about what people do to rows, so that no rule alone reckons it."""
    kind = given[1], given[2].get("kind")
    return kind in STORED and kind not in KINDS


def has_rows(given: Given) -> bool:
    """Whether the case's facts are kept in the database, so that it can be run through it."""
    _file, schema, case, _fixtures = given
    return (schema, case.get("kind")) in STORED and kept(case)


def _tried(numbered: Iterable[tuple[int, Given]], failed: set[int], engine: str = "") -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for number, (file, schema, case, fixtures) in numbered:
        tally = tallies.setdefault(file, Tally())
        tally.total += 1
        if lines := list(_differences(schema, case, fixtures, engine)):
            failed.add(number)
            tally.lines += [f"  {case.get('id')} {case.get('kind')} {line}" for line in lines]
        else:
            tally.passed += 1
    return tallies


def _differences(schema: str, case: Case, fixtures: Case, engine: str) -> Iterator[str]:
    try:
        if not engine:
            found = run(schema, case, fixtures)
        else:
            try:
                found = run(schema, case, fixtures, STORED)
            finally:
                db.session.rollback()
                db.session.expunge_all()
        yield from map(str, found)
    except Unsupported as missing:
        yield f"is no kind of case that is known here: {missing}"


def _tell(where: str, tally: Tally, besides: str = "") -> None:
    print(f"{where}: {tally.passed} of {tally.total}{besides}")
    for line in tally.lines:
        print(line)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else CASES))
