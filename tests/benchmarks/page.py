# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts what was measured into the docs: the table and the plot of the guide about performance.

python -m tests.benchmarks.page
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator

from tests.benchmarks.findings import FOUND, ROWS, Finding, exponent, read, shown, times
from tests.harness.paths import ROOT

GUIDE = ROOT / "docs" / "docsite" / "rst" / "performance.rst"
PLOT = ROOT / "docs" / "docsite" / "rst" / "images" / "performance.svg"
_BEGIN, _END = ".. Written by make bench: begin", ".. Written by make bench: end"
_COLUMNS = ("Work", "Size", "Ours", "Beside", "Takes", "Ours / it", "Goal")
_WIDTHS = (22, 8, 20, 22, 10, 10, 8)
_ACROSS = 3
_PANEL = (3.4, 2.9)


def works(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """By work, in the order in which they were measured; each by size."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.work, []).append(finding)
    return found


def table(findings: Sequence[Finding]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, _WIDTHS))}", ""]
    for cells in [_COLUMNS, *(cells for finding in findings for cells in rows(finding))]:
        lines += [f"   {'* -' if not position else '  -'} {cell}".rstrip() for position, cell in enumerate(cells)]
    return "\n".join(lines)


def rows(found: Finding) -> Iterator[tuple[str, ...]]:
    least, most = found.spread(found.ours)
    ours = f"{shown(found.median(found.ours), found.unit)} ({shown(least, found.unit)} to {shown(most, found.unit)})"
    head = (found.work, f"{found.size:,}", ours)
    if not found.rivals or found.at_most is not None:
        goal = "" if found.at_most is None else _goal(f"≤ {shown(found.at_most, found.unit)}", found.reached())
        yield (*head, "", "", "", goal)
    for rival in found.rivals:
        ratio, limit = found.ratio(rival), found.goals.get(rival)
        said = "" if limit is None else _goal(_limit(limit), found.reached(rival))
        yield (*head, rival, shown(found.median(rival), found.unit), times(ratio), said)
        head = ("", "", "")


def _limit(goal: float) -> str:
    return f"≤ {goal:g} ×" if goal >= 1 else f"≥ {1 / goal:g} × faster"


def _goal(said: str, reached: bool | None) -> str:
    return said if reached else f"{said}, **not reached**"


def growth(by_work: dict[str, list[Finding]]) -> str:
    """How each contestant's cost grows with the size."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 40 20 20 20", ""]
    lines += ["   * - Work", "     - Sizes", "     - Whose", "     - Grows with size to the power of"]
    for work, findings in by_work.items():
        for contestant in findings[0].values:
            power = exponent(findings, contestant)
            if power is not None:
                sizes = ", ".join(f"{found.size:,}" for found in findings)
                lines += [f"   * - {work}", f"     - {sizes}", f"     - {contestant}", f"     - {power:.2f}"]
    return "\n".join(lines)


def draw(by_work: dict[str, list[Finding]]) -> None:
    drawn = {work: findings for work, findings in by_work.items() if len(findings) > 1 and findings[0].unit == "s"}
    mpl.rcParams.update({"svg.hashsalt": "performance", "svg.fonttype": "none"})  # the same file for the same figures
    down = -(-len(drawn) // _ACROSS)
    figure, axes = plt.subplots(down, _ACROSS, figsize=(_PANEL[0] * _ACROSS, _PANEL[1] * down), squeeze=False)
    places = iter(axes.flat)
    for (work, findings), place in zip(drawn.items(), places):
        _panel(place, work, findings)
    for place in places:
        place.set_axis_off()
    figure.tight_layout()
    PLOT.parent.mkdir(exist_ok=True)
    figure.savefig(PLOT, metadata={"Date": None, "Creator": None})


def _panel(place: Axes, work: str, findings: Sequence[Finding]) -> None:
    sizes = [found.size for found in findings]
    for contestant in findings[0].values:
        medians = [found.median(contestant) for found in findings]
        spreads = [found.spread(contestant) for found in findings]
        below = [median - least for median, (least, _most) in zip(medians, spreads)]
        above = [most - median for median, (_least, most) in zip(medians, spreads)]
        width = 2.2 if contestant == findings[0].ours else 1
        place.errorbar(sizes, medians, yerr=(below, above), label=contestant, marker="o", markersize=3, linewidth=width)
    place.set(title=work, xscale="log", yscale="log", ylabel="seconds")
    place.set_xticks(sizes, [f"{size:,}" for size in sizes])
    place.minorticks_off()
    place.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    place.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _position: f"{seconds:g}"))
    place.title.set_fontsize(9)
    place.tick_params(labelsize=7)
    place.legend(fontsize=6)


def main() -> None:
    findings = [finding for row in ROWS for finding in read(FOUND / f"{row}.json")]
    by_work = works(findings)
    ordered = [finding for group in by_work.values() for finding in group]
    draw(by_work)
    written = GUIDE.read_text()
    before, _begin, rest = written.partition(_BEGIN)
    _old, _end, after = rest.partition(_END)
    parts = (_BEGIN, table(ordered), "How the cost grows:", growth(by_work), _END)
    GUIDE.write_text(before + "\n\n".join(parts) + after)


if __name__ == "__main__":
    main()
