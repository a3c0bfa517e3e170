# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ten members that accept and never answer cost among fifty, of which the others are yet to be connected.

PYTHONPATH=.:.build/collections python -m tests.benchmarks.black_holes
"""

from __future__ import annotations

import socket
import time

from tests.harness.erlang.beam import beams, is_whole
from tests.harness.erlang.clusters import heal
from tests.harness.loopback import loopback_addresses

TIMEOUT = 5.0


def run(holes: int) -> float:
    """Seconds of one run that makes a mesh of 40 isolated nodes."""
    with beams(40) as nodes:
        listening = [socket.create_server((address, nodes[0].port)) for address in loopback_addresses(holes)]
        names = [f"app@{hole.getsockname()[0]}" for hole in listening]
        start = time.perf_counter()
        result = heal([*nodes, *names], driver_config={"timeout": TIMEOUT})
        seconds = time.perf_counter() - start
        for hole in listening:
            hole.close()
        assert is_whole(nodes)
        assert len(result["unreachable_nodes"]) == holes
        return seconds


def main() -> None:
    without, one, ten = (sorted(run(holes) for _time in range(3))[1] for holes in (0, 1, 10))
    print("40 isolated nodes become one mesh (medians of 3)")
    print(f"  no black hole         {without:6.2f} s")
    print(f"  one black hole        {one:6.2f} s   {(one - without) / TIMEOUT:5.2f} time-outs more")
    print(f"  ten black holes       {ten:6.2f} s   {(ten - without) / TIMEOUT:5.2f} time-outs more")


if __name__ == "__main__":
    main()
