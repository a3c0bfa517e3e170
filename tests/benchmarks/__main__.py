# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection costs beside what else there is, in one run.

    python -m tests.benchmarks [--quick] [WORK...]

Each piece of work is measured in a process of its own, which leaves its findings in .build/benchmarks; ``python -m
tests.benchmarks.page`` makes the page of the docs out of them. It fails where a goal is not reached.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys

from tests.benchmarks.findings import FOUND, ROWS, text, write


def measure(row: str, quick: bool) -> bool:
    """:returns: whether all goals were reached."""
    found = []
    for finding in importlib.import_module(f"tests.benchmarks.rows.{row}").findings(quick):
        print(text(finding), flush=True)
        found.append(finding)
    if not quick:
        write(FOUND / f"{row}.json", found)
    return all(one.reached(rival) is not False for one in found for rival in (None, *one.rivals))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="WORK", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="once and small, to see that it works")
    given = parser.parse_args()
    if unknown := set(given.rows) - set(ROWS):
        parser.error(f"no such work: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    if len(given.rows) == 1:
        return 0 if measure(given.rows[0], given.quick) or given.quick else 1
    options = ["--quick"] if given.quick else []
    codes = [
        subprocess.run([sys.executable, "-m", "tests.benchmarks", *options, row], check=False).returncode
        for row in given.rows or ROWS
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
