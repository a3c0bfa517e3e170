# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two controllers at once, and one that is killed."""

from __future__ import annotations

import pytest

from tests.faults.controller import Controller
from tests.faults.scene import Row, Scene
from tests.faults.test_members import members, want
from tests.harness.erlang.beam import is_whole, wait_whole

TIMES = 5


def test_two_controllers_on_one_topology(rows: list[Row]) -> None:
    with members(rows, 5, 1) as six:
        six.group = "controllers"
        *staying, one, other = six.nodes
        with six.fault(
            f"two controllers at once prune one and connect one, {TIMES} times", broken=[one, other], rounds=0
        ):
            for number in range(TIMES):
                stray, newcomer = (one, other) if number % 2 == 0 else (other, one)
                want(six, [node.name for node in [*staying, newcomer]])
                both(six)
                wait_whole([*staying, newcomer])
                assert not stray.peers()
                assert six.run()["changed"] is False


def both(scene: Scene) -> None:
    controllers = [Controller(scene.topology) for _number in range(2)]
    try:
        for controller in controllers:
            controller.go()
        for controller in controllers:
            result = controller.result()
            assert result
            scene.results.append(result)
        assert max(controller.began for controller in controllers) < min(controller.ended for controller in controllers)
    finally:
        for controller in controllers:
            controller.stop()


PHASES = ["discover", "observe", "confirm", "settle", "prune", "connect"]


@pytest.mark.parametrize("phase", PHASES)
def test_a_run_is_killed_and_made_again(rows: list[Row], phase: str) -> None:
    with members(rows, 5, 1) as six:
        six.group = "controllers"
        *staying, stray, newcomer = six.nodes
        everyone = [node.name for node in six.nodes]
        ends = []
        with six.fault(f"SIGKILL of the run while: {phase}", broken=[stray, newcomer], rounds=0):
            for after in (0.0, 0.01, 0.05, 0.5):
                want(six, [node.name for node in [*staying, newcomer]])
                killed = Controller(six.topology, (phase, after))
                try:
                    killed.go()
                    ends.append(killed.result())
                finally:
                    killed.stop()
                assert six.run()["converged"]
                assert is_whole([*staying, newcomer])
                # The other way round is the next try's start.
                want(six, everyone)
                assert six.run()["converged"]
                want(six, [node.name for node in [*staying, stray]])
                assert six.run()["converged"]
        # One that is killed late may have ended by itself.
        assert ends[0] is None, ends
