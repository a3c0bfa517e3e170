# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's command in Ansible's own process, where that makes no difference except in time.

Packing a module, starting a Python and compiling the module there takes more than a second; the command itself takes a
tenth of that. The process of an action plugin exists already, forked for this one task.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from typing import Any

from ansible import constants as C
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.kubeconfig import remove_files
from ansible_collections.selfheal.cluster.plugins.module_utils._module import Command, Request, execute
from ansible_collections.selfheal.cluster.plugins.plugin_utils._parent import ending_with_parent
from ansible_collections.selfheal.cluster.plugins.plugin_utils._variables import OWN, problem_of

_ROLE = "selfheal.cluster.converge"


class InProcess(ActionBase):
    """``command`` is the command of ``module``."""

    _supports_async = True
    module: str
    command: Command

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        problem = self._is_unusable(variables) or self._misspelt(variables)
        if not problem and "strategy" not in self._task.args:
            self._task.args = {**self._of_the_topology(variables), **self._task.args}
        return {"failed": True, "msg": problem} if problem else self.run_module({}, variables)

    def run_module(self, added: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """
        :param added: arguments on top of the task's.
        :returns: the module's result.
        """
        arguments = {**self._task.args, **added}
        with ending_with_parent():
            request = self._request(arguments) if self._is_the_same_here(task_vars) else None
            if request:
                with _isolated(), chdir(self._loader.get_basedir()):
                    return result_of(self.command, request)
            return self._execute_module(
                self.module, arguments, task_vars=task_vars, wrap_async=bool(self._task.async_val)
            )

    @property
    def is_local(self) -> bool:
        """Whether the module would run as a child of this process, as the same user."""
        return self._connection.transport == "local" and self._connection.become is None and not self._task.async_val

    def _of_the_topology(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that the host's own variables give, as those of a host that stands for a topology do. An
        argument of the task replaces the variable whole."""
        if "topology_strategy" not in task_vars:
            return {}
        names = {key: f"topology_{key}" for key in self.command.spec if key not in self._task.args}
        given = {key: self._templar.template(task_vars[name]) for key, name in names.items() if name in task_vars}
        return {"topology": task_vars.get("topology_name") or task_vars["inventory_hostname"], **given}

    def _is_unusable(self, task_vars: Mapping[str, Any]) -> str | None:
        """Why the topology of this host cannot be used, if the inventory found that out. A task with a strategy of its
        own is not about it."""
        given = self._task.args.get("strategy")
        return None if given else task_vars.get("topology_problem")

    def _misspelt(self, task_vars: Mapping[str, Any]) -> str | None:
        """The problem with misspelt variables, if there is one. It is checked here, where the names of all variables
        are at hand: a task for it would take time for each of a hundred topologies."""
        role = self._task._role
        is_topology = "topologies" in task_vars.get("group_names", ()) or (role and role.get_name() == _ROLE)
        if not is_topology:
            return None
        subject = f"topology {self._task.args.get('topology') or task_vars['inventory_hostname']!r}"
        return problem_of(subject, task_vars, partial(self._templar.template, task_vars.get(OWN)))

    def _is_the_same_here(self, task_vars: Mapping[str, Any]) -> bool:
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        # Ansible ends a task after ``timeout`` with an exception, from which a module in its own process is safe. And
        # macOS kills a forked process that asks it for a proxy.
        if not self.is_local or environment or self._task.timeout or sys.platform == "darwin":
            return False
        target = self._task.delegate_to
        variables = task_vars["ansible_delegated_vars"][target] if target else task_vars
        interpreter = C.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        return bool(self._templar.template(interpreter) == sys.executable)

    def _request(self, arguments: Mapping[str, Any]) -> Request | None:
        """
        :returns: None where the arguments are wrong, which the module then reports.
        """
        try:
            # As a module gets them: without Ansible's marks for templates.
            plain = json.loads(json.dumps(arguments))
        except (TypeError, ValueError):
            return None
        validated = ArgumentSpecValidator(self.command.spec).validate(plain)
        if validated.error_messages:
            return None
        return Request(validated.validated_parameters, self._task.check_mode, validated._no_log_values)


def result_of(command: Command, request: Request) -> dict[str, Any]:
    """Run the command.

    :returns: what the module would have returned.
    """
    done = execute(command, request)
    values, warnings = done.returned
    # Masking must not touch booleans and None, even if a secret is "True".
    plain = {key: value for key, value in values.items() if value is None or isinstance(value, bool)}
    result = {**request.masked(values), **plain}
    if warnings:
        result["warnings"] = [str(request.masked(warning)) for warning in warnings]
    if done.problem is not None:
        result.update(failed=True, msg=request.failure(done.problem))
    return result


@contextmanager
def _isolated() -> Iterator[None]:
    """Isolate the command as a process of its own would: own signal handlers, output discarded, clean-up at the end."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        with open(os.devnull, "w", encoding="utf-8") as null, redirect_stdout(null), redirect_stderr(null):
            yield
    finally:
        remove_files()
        for number, handler in kept.items():
            signal.signal(number, handler)
