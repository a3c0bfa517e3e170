# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table on the terminal: a row a topology, and one cause told once."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import reading
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.table import table
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.report.results import names, result

NAMES = names(4)


def lines(*readings, **options):
    return [line.text for line in table(readings, **options)]


def test_a_healthy_topology_is_one_row() -> None:
    assert lines(reading("chat", result([NAMES]))) == [
        "TOPOLOGY  VERDICT  NODES  ISLANDS  UNREACHABLE  REFUSED  DONE",
        "chat      whole      4/4        1            0        0  -",
    ]


def test_topologies_are_in_natural_order_and_columns_are_as_wide_as_their_longest() -> None:
    shown = lines(*(reading(name, result([NAMES])) for name in ("web10", "web9", "a-long-name")))
    assert [line.split()[0] for line in shown] == ["TOPOLOGY", "a-long-name", "web9", "web10"]
    assert {line.index("whole") for line in shown[1:]} == {shown[0].index("VERDICT")}


def test_what_was_done_is_named() -> None:
    done = result([NAMES], connected=[{"node": NAMES[1]}, {"node": NAMES[0]}], pruned=[{"node": "gone"}])
    row, *below = lines(reading("chat", done))[1:]
    assert row.endswith("connected 2, pruned 1")
    assert below == ["  chat: connected app@10.0.0.1, app@10.0.0.2", "  chat: pruned gone"]
    row, *below = lines(reading("chat", done), would=True)[1:]
    assert row.endswith("would connect 2, would prune 1")
    assert below[1] == "  chat: would prune gone"


def test_a_plan_says_what_would_be_done() -> None:
    plan = [{"action": "connect", "node": NAMES[3], "observer": NAMES[0], "reason": "island"}]
    assert lines(reading("chat", result([NAMES[:3], NAMES[3:]], plan=plan)))[1:] == [
        "chat      split      3/4        2            0        0  -",
        "  chat: would connect app@10.0.0.4",
    ]


def test_one_cause_is_told_once_with_its_nodes() -> None:
    everyone = names(40)
    silent = {name: f"no epmd on {name.partition('@')[2]}:4369: Connection refused" for name in everyone[1:]}
    refused = [{"action": "prune", "node": f"old{number}", "reason": "max_prune"} for number in (10, 9)]
    below = lines(reading("chat", result([everyone], unreachable=silent, refused=refused)))[2:]
    assert below == [
        "  chat: no answer from app@10.0.0.2, app@10.0.0.3, app@10.0.0.4, app@10.0.0.5, app@10.0.0.6 and 34 more: "
        "no epmd on …:4369: Connection refused",
        "  chat: refused to prune old9, old10: max_prune: too many would go at once, so none goes",
    ]


def test_what_is_not_known_is_no_number() -> None:
    failed = result(
        [], verdict="discovery_failed", status="failed", failed=True, msg="topology 'chat': 403", reasons=["403"]
    )
    assert lines(reading("chat", failed))[1:] == [
        "chat      discovery failed      -        -            -        -  -",
        "  chat: 403",
    ]


def test_a_failure_that_its_task_set_aside_is_one_here() -> None:
    set_aside = result([NAMES], msg="topology 'chat': interrupted", failed=False, failed_when_result=False)
    assert lines(reading("chat", set_aside))[2:] == ["  chat: interrupted"]
    worked = result([NAMES], failed=False, failed_when_result=False)
    assert len(lines(reading("chat", worked))) == 2


def test_reasons_are_bounded() -> None:
    partial = result(
        [NAMES], verdict="not_whole", status="partial", reasons=[f"pod {n} has no address" for n in range(9)]
    )
    below = lines(reading("chat", partial))[2:]
    assert below == [*(f"  chat: pod {n} has no address" for n in range(3)), "  chat: and 6 reasons more"]


def test_a_name_stays_whole_where_lines_are_wrapped() -> None:
    silent = dict.fromkeys(names(40), "a reason that is rather long, and that has to be wrapped on a small terminal")
    shown = lines(reading("chat", result([], desired=names(40), unreachable=silent)), width=60)[2:]
    assert max(map(len, shown)) <= 60
    assert all(name in " ".join(shown) for name in names(5))
    assert all(line.startswith("    ") for line in shown[1:])


@given(st.text(), st.text())
def test_no_text_from_outside_controls_the_terminal(name, reason) -> None:
    hostile = reading(f"a\x1b[2J{name}", result([NAMES], unreachable={f"x\r{name}": f"\x1b]0;{reason}"}))
    assert all(text.isprintable() for text in lines(hostile))
