# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error that the core raises on purpose. The plugins translate them once, at their edge, where each begins with
the name of the topology."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence


class ClusterError(Exception):
    """The base: its text is for the user, and never holds a secret."""


class OptionError(ClusterError):
    """An option of the topology is wrong; a retry will not help."""

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"{option}: {problem}")
        self.option = option
        self.problem = problem


class MissingLibraryError(ClusterError):
    """A strategy needs a library that this Python does not have."""

    def __init__(self, library: str, traceback: Optional[str] = None) -> None:
        super().__init__(f"the Python library {library} is missing")
        self.library = library
        self.traceback = traceback


class DiscoveryError(ClusterError):
    """The source could not be read. It becomes a failed discovery, so it never removes a member."""


class UnreachableError(ClusterError):
    """One member gave no answer. ``silent``: it accepted the connection and then sent nothing. ``answers_as``: the name
    of the node that answered in its place."""

    def __init__(self, reason: str, silent: bool = False, answers_as: Optional[str] = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.silent = silent
        self.answers_as = answers_as


class FailedWithResult(ClusterError):
    """It failed, and ``result`` is what the module returns all the same, with these warnings."""

    def __init__(self, problem: str, result: Mapping[str, Any], warnings: Sequence[str] = ()) -> None:
        super().__init__(problem)
        self.result = result
        self.warnings = warnings


class RoundAborted(ClusterError):
    """The current round cannot continue, and the text says why. It leaves the core as a :class:`RoundError`."""


class RoundError(FailedWithResult):
    """A round was aborted or interrupted."""
