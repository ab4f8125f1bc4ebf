"""The building plan, kept by a test: see the grid and the floors in README.md."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FLOORS = [  # a module may import from floors below, and from its own folder
    {"kit"}, {"rules"}, {"values"}, {"city"}, {"cases", "texts"}, {"models", "letters"}, {"access"}, {"actions"},
    {"jobs", "views"}, {"demo", "files"}, {"cli", "serve", "__init__"},
]
ONLY_IN = {  # libraries, and the places that may know them
    "authlib": {"views"},
    "joserfc": {"views"},
    "requests": {"views"},
    "flask": {"jobs", "views", "cli", "serve", "demo", "__init__"},
    "flask_admin": {"views", "__init__"},
    "flask_babel": {"views", "__init__"},
    "flask_login": {"views", "models"},
    "flask_migrate": {"__init__", "cli"},
    "flask_sqlalchemy": {"models"},
    "flask_wtf": {"views", "__init__"},
    "wtforms": {"views"},
    "reportlab": {"letters"},
    "openpyxl": {"letters", "actions"},  # written there, read here
    "sepaxml": {"letters"},
    "alembic": {"models"},
    "argon2": {"actions", "views"},
    "pyotp": {"actions", "views"},
    "cryptography": {"actions"},
    "apscheduler": {"jobs"},
    "smtplib": {"jobs"},
    "sqlalchemy": {"models", "access", "actions", "jobs", "views", "cli", "demo"},
}
KERNEL = {
    "__init__", "base", "connection", "filters", "forms", "guard", "home", "job", "letter", "mailing", "page", "press",
    "schedule", "scheduler", "search", "shell", "styles", "tagging",
}
SOURCES = [
    path for path in sorted(Path("evaka").rglob("*.py")) if "migrations" not in path.parts
]
CLOCK = {"views", "jobs", "cli"}


def place(path: Path) -> str:
    return path.parts[1] if len(path.parts) > 2 else path.stem


def height(name: str) -> int:
    return next(n for n, floor in enumerate(FLOORS) if name in floor)


def features() -> set[str]:
    """The first column of the grid in README.md."""
    lines = Path("README.md").read_text(encoding="utf-8").splitlines()
    return {line.split("|")[1].strip() for line in lines if line.startswith("| ") and "●" in line}


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {
        f"{node.module}.{alias.name}" if node.module == "evaka" else str(node.module)
        for node in nodes if isinstance(node, ast.ImportFrom) and node.module for alias in node.names
    } | {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_nothing_imports_from_above_or_from_a_stranger(path):
    if path == Path("evaka/__init__.py"):  # the wiring knows every floor
        return
    for module in imported(path):
        library, *rest = module.split(".")
        if library == "evaka" and rest:
            assert rest[0] == place(path) or height(rest[0]) < height(place(path)), module
        else:
            assert place(path) in ONLY_IN.get(library, {place(path)}), module


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if len(p.parts) > 2 and p.parts[1] not in ("kit", "demo")], ids=str)
def test_a_feature_has_one_name_on_every_floor(path):
    assert path.parts[2].removesuffix(".py") in features() | KERNEL


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_only_the_edges_commit_and_only_they_look_at_the_clock(path):
    text = path.read_text(encoding="utf-8")
    assert "session.commit" not in text or path == Path("evaka/models/base.py")
    looks = "date.today(" in text or "datetime.now(" in text or "utcnow(" in text
    assert not looks or place(path) in CLOCK


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_no_line_of_the_program_names_a_city(path):
    """A city is data: its name stands in config/ alone; the demo and the default may name the invented one."""
    text = path.read_text(encoding="utf-8").lower()
    for name in ("espoo", "tampere", "oulu", "turku", "helsingin kaupunki", "vantaa", "lempäälä"):
        assert name not in text or place(path) in ("demo", "cli")
