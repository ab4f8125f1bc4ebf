"""Run the published cases of a folder: `python -m tests.conformance [FOLDER]`; exits with 1 if any fails."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests.conformance import CASES, Unsupported, cases, load_kinds, run


def main(folder: Path) -> int:
    load_kinds()
    passed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    unsupported: Counter[tuple[str, str]] = Counter()
    trouble: dict[str, list[str]] = {}
    for file, schema, case, fixtures in cases(folder):
        total[file] += 1
        try:
            found = run(schema, case, fixtures)
        except Unsupported as missing:
            unsupported[file, str(missing)] += 1
            continue
        if found:
            trouble.setdefault(file, []).extend(f"  {case['id']} {case['kind']} {one}" for one in found)
        else:
            passed[file] += 1
    for file, count in total.items():
        print(f"{file}: {passed[file]} of {count}")
        for line in trouble.get(file, ()):
            print(line)
        for (of, kind), left in unsupported.items():
            if of == file:
                print(f"  {kind}: not supported ({left})")
    failed = total.total() - passed.total()
    print(f"{passed.total()} passed, {failed} failed")
    return 1 if failed or not total else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else CASES))
