# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""H4: whether a source is watched."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._run.pace import pace_of
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import NAMES
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Source


def watches(strategy: str, watch: Any, duration: float = 0.0) -> bool:
    params = {"duration": duration, "interval": "30", "watch": watch}
    return pace_of(Source("chat", strategy, {}, True), params).watch


@pytest.mark.parametrize("strategy", NAMES)
def test_auto_watches_where_the_source_can_be_watched(strategy: str) -> None:
    assert watches(strategy, "auto") is (strategy == "kubernetes")
    assert watches(strategy, "no") is watches(strategy, False) is False


@pytest.mark.parametrize("watch", [True, "true", "True", "yes", "on", "1"])
def test_what_was_written_as_a_boolean_still_is_one(watch: Any) -> None:
    assert watches("kubernetes", watch) is True


@pytest.mark.parametrize("duration", [0.0, 60.0])
@pytest.mark.parametrize("strategy", ["dns", "static"])
def test_true_is_an_error_where_it_cannot_be_watched_loop_or_no_loop(strategy: str, duration: float) -> None:
    with pytest.raises(OptionError, match=f"watch: strategy '{strategy}' cannot be watched, only 'kubernetes' can"):
        watches(strategy, True, duration)


def test_any_other_word_is_an_error() -> None:
    with pytest.raises(OptionError, match="watch: 'maybe' is none of 'auto', true and false"):
        watches("kubernetes", "maybe")
