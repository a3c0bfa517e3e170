# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page and the metrics as an action plugin writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.selfheal.cluster.plugins.module_utils._run.result import utc_now
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report import metrics, page
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.files import ReportFile
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import TopologyReading

FILES_SPEC = {
    "page": {"type": "path"},
    "metrics": {"type": "path"},
    "title": {"type": "str", "default": "Clusters"},
    "mode": {"type": "raw", "default": "0644"},
}


def write_files(readings: Sequence[TopologyReading], options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Write the files that the options name.

    :param options: those of ``FILES_SPEC``.
    :returns: ``changed``, ``files`` (their paths) and ``diff``.
    :raises AnsibleActionFail: a file cannot be written, or ``mode`` is none.
    """
    result: dict[str, Any] = {"changed": False, "files": [], "diff": []}
    for file in _files(readings, options):
        changed, diff = _written(file, check_mode)
        result["changed"] |= changed
        result["files"].append(str(file.path))
        result["diff"] += [diff] if diff else []
    return result


def path_of(path: str) -> Path:
    """The path; a relative one starts at the directory in which Ansible was started, not at the play's."""
    return Path(path).absolute()


def _files(readings: Sequence[TopologyReading], options: Mapping[str, Any]) -> Iterator[ReportFile]:
    mode = _mode(options["mode"])
    if options["page"]:
        text = page.page(readings, options["title"], utc_now())
        yield ReportFile(path_of(options["page"]), text, mode, page.timeless)
    if options["metrics"]:
        yield ReportFile(path_of(options["metrics"]), metrics.metrics(readings), mode, metrics.timeless)


def _written(file: ReportFile, check_mode: bool) -> tuple[bool, dict[str, Any]]:
    try:
        return file.write(check_mode)
    except OSError as error:
        problem = error.strerror
    raise AnsibleActionFail(f"{file.path} cannot be written: {problem}")


def _mode(mode: Any) -> int:
    """
    :raises AnsibleActionFail: it is not an octal number such as ``"0644"``.
    """
    try:
        number = mode if isinstance(mode, int) else int(mode, 8)
    except (TypeError, ValueError):
        number = -1
    if isinstance(mode, bool) or not 0 <= number <= 0o7777:
        raise AnsibleActionFail(f"mode: {mode!r} is no octal number such as '0644'")
    return number
