# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One live member of many is pruned, while the others record each link that they lose."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.benchmarks.findings import Finding
from tests.harness.erlang.beam import beams, join, wait_whole
from tests.harness.erlang.clusters import forget, heal, lost

_OURS = "membership"


def findings(quick: bool) -> Iterator[Finding]:
    for count in [5] if quick else [10, 20, 50]:
        seconds, downs = [], []
        with beams(count) as nodes:
            join(nodes, 240)
            *staying, leaving = nodes
            for _run in range(1 if quick else 10):
                forget(nodes)
                start = time.perf_counter()
                result = heal(staying)
                seconds.append(time.perf_counter() - start)
                assert [one["node"] for one in result["pruned"]] == [leaving.name], result
                wait_whole(staying)
                downs.append(float(sum(map(len, lost(staying, but=[leaving]).values()))))
                leaving.connect(staying[0])
                wait_whole(nodes)
        yield Finding("Prune one live member", count, {_OURS: seconds})
        yield Finding(
            "Prune one live member: links that the others lost", count, {_OURS: downs}, unit="links", at_most=0
        )
