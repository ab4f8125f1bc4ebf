"""Reckon random families twice: `FAMILIES=1000000 SEED=1 python -m tests.oracle`; exits with 1 if any two differ."""

from __future__ import annotations

import os
import sys
import time
from multiprocessing import Pool
from secrets import randbelow

from tests.oracle.judge import differences

BATCH = 2000
SHOWN = 20


def batch(asked: tuple[int, int, int]) -> list[str]:
    """The differences of the families from one number to another, each with what makes it again."""
    seed, first, last = asked
    found = []
    for number in range(first, last):
        try:
            found += [f"family {number} of seed {seed}: {one}" for one in differences(seed, number)]
        except Exception as fault:  # one family's trouble must not stop the others
            found.append(f"family {number} of seed {seed}: {type(fault).__name__}: {fault}")
    return found


def main(families: int, seed: int) -> int:
    began = time.monotonic()
    batches = [(seed, first, min(first + BATCH, families)) for first in range(0, families, BATCH)]
    found: list[str] = []
    with Pool() as pool:
        for lines in pool.imap_unordered(batch, batches):
            for line in lines[: SHOWN - len(found)]:
                print(line, flush=True)
            found += lines
    if len(found) > SHOWN:
        print(f"… and {len(found) - SHOWN} more")
    took = time.monotonic() - began
    print(f"seed {seed}: {families} families reckoned twice in {took:.0f} s, {len(found)} differences")
    return 1 if found or not families else 0


if __name__ == "__main__":
    seed = os.environ.get("SEED") or str(randbelow(10**6))
    sys.exit(main(int(os.environ.get("FAMILIES") or 1_000_000), int(seed)))
