"""README.md says what is so: its grid equals the tree, its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

README = Path("README.md").read_text(encoding="utf-8")
FLOORS = ("rules", "models", "letters", "actions", "views", "jobs")


def grid() -> dict[str, dict[str, bool]]:
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in README.splitlines() if "●" in line]
    return {row[0]: {floor: cell == "●" for floor, cell in zip(FLOORS, row[1:], strict=False)} for row in rows}


def exists(floor: str, feature: str) -> bool:
    return Path(f"evaka/{floor}/{feature}.py").exists() or Path(f"evaka/{floor}/{feature}").is_dir()


def test_the_grid_equals_the_tree():
    told = grid()
    assert len(told) > 10
    found = {feature: {floor: exists(floor, feature) for floor in FLOORS} for feature in told}
    assert told == found


def test_the_commands_are_targets_of_the_makefile():
    commands = set(re.findall(r"^\s*(?:[A-Z_]+=\S+ )*make ([a-z-]+)", README, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", Path("Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"run", "test"} <= commands <= targets


def test_its_pictures_are_there():
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert len(pictures) >= 2
    assert all(Path(picture).exists() for picture in pictures)


def test_it_says_that_it_is_independent():
    assert "independent implementation" in README
