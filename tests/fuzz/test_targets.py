# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every decoder takes what was recorded, and refuses whatever else comes in its own words and in bounded time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


def corpus_of(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def test_each_decoder_has_a_corpus_and_each_corpus_a_decoder() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_recorded_is_taken(name: str) -> None:
    found = {path.name: TARGETS[name](path.read_bytes()) for path in sorted((CORPUS / name).iterdir())}
    assert found
    assert all(found.values()), found


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_is_taken_or_refused(name: str) -> None:
    target = TARGETS[name]

    @settings(settings.get_profile("fuzz"))
    @given(mutated(corpus_of(name)) | st.binary(max_size=400))
    def take(data: bytes) -> None:
        target(data)

    take()
