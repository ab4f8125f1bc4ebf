"""The whole test suite: the pure floors with their coverage, the rest on SQLite, what asks the database twice.

EVAKA_REQUIRE=postgres,browser makes the absence of either a failure; otherwise their tests are left out, and said so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import psycopg

LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"
PURE = ["tests/kit", "tests/rules", "tests/letters", "tests/conformance", "tests/test_config.py", "tests/test_texts.py"]
BOTH = [
    "tests/models", "tests/actions", "tests/jobs", "tests/views", "tests/walks", "tests/test_access.py",
    "tests/test_migrations.py", "tests/test_robustness.py",
]

# of the above, what no database answers otherwise than the other: what each page shows to whom is walked once, as the
# rule behind it is tried on both by the models' own tests; a form without a token and a page's markup are ours alone
ONCE = [
    "--ignore=tests/walks/test_secrecy.py",
    "--deselect=tests/views/test_permissions.py::test_no_form_is_taken_without_the_token_of_this_site",
    "--deselect=tests/views/test_permissions.py::test_nobody_comes_in_without_a_log_in",
    "--deselect=tests/views/test_shell.py::test_no_page_has_script_or_style_of_its_own",
]


def postgres() -> str | None:
    """The address of a PostgreSQL that answers."""
    url = os.environ.get("EVAKA_TEST_DATABASE_URL", LOCAL)
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return None
    return url


def run(*arguments: str, **environment: str) -> int:
    """Without the database of the surroundings; and what Python has compiled is kept, else each worker of each run
    compiles every test anew."""
    without = ("EVAKA_TEST_DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
    environment = {k: v for k, v in os.environ.items() if k not in without} | environment
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


def main() -> int:
    needed = set(filter(None, os.environ.get("EVAKA_REQUIRE", "").split(",")))
    url = postgres()
    if "postgres" in needed and url is None:
        print("PostgreSQL does not answer and EVAKA_REQUIRE asks for it. Start it, or set EVAKA_TEST_DATABASE_URL.")
        return 1
    if "browser" in needed and shutil.which("chromium") is None:
        print("There is no chromium and EVAKA_REQUIRE asks for it. Install Debian's package chromium.")
        return 1
    # counting the lines of the pure floors takes as long as the tests do, so it is asked of their own tests alone
    failed = run(*PURE, "--cov", "--cov-report=term", "--cov-fail-under=100", *sys.argv[1:])
    failed |= run("tests", *(f"--ignore={one}" for one in PURE), *sys.argv[1:])
    if url is None:
        print("\nPostgreSQL does not answer: its tests were left out.")
    else:
        failed |= run(*BOTH, *ONCE, *sys.argv[1:], EVAKA_TEST_DATABASE_URL=url)
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
