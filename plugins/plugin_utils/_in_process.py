# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of a module, done by Ansible's own process where that makes no difference but in time.

To pack a module, to start a Python and to have it compile what was packed costs more than a second, of which the work
itself is a tenth. The process of an action plugin is there already, forked for this one task.
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
from ansible_collections.selfheal.cluster.plugins.module_utils._module import Command, Request, end_of
from ansible_collections.selfheal.cluster.plugins.plugin_utils._parent import ending_with_parent
from ansible_collections.selfheal.cluster.plugins.plugin_utils._variables import OWN, problem_of

_ROLE = "selfheal.cluster.converge"


class InProcess(ActionBase):
    """``command`` is what ``module`` does."""

    _supports_async = True
    module: str
    command: Command

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        problem = self._misspelt(task_vars or {})
        return {"failed": True, "msg": problem} if problem else self.work({}, task_vars or {})

    def work(self, added: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """
        :param added: arguments on top of the task's.
        :returns: the module's result.
        """
        arguments = {**self._task.args, **added}
        with ending_with_parent():
            request = self._request(arguments) if self._is_the_same_here(task_vars) else None
            if request:
                with _undisturbed(), chdir(self._loader.get_basedir()):
                    return result_of(self.command, request)
            return self._execute_module(
                self.module, arguments, task_vars=task_vars, wrap_async=bool(self._task.async_val)
            )

    @property
    def is_local(self) -> bool:
        """The module would be a child of this process, as the same user."""
        return self._connection.transport == "local" and self._connection.become is None and not self._task.async_val

    def _misspelt(self, task_vars: Mapping[str, Any]) -> str | None:
        """Here and in no task of its own, since this has the names of all variables at hand, and a task more takes each
        of a hundred topologies its time."""
        role = self._task._role
        is_topology = "topologies" in task_vars.get("group_names", ()) or (role and role.get_name() == _ROLE)
        if not is_topology:
            return None
        subject = f"topology {self._task.args.get('topology') or task_vars['inventory_hostname']!r}"
        return problem_of(subject, task_vars, partial(self._templar.template, task_vars.get(OWN)))

    def _is_the_same_here(self, task_vars: Mapping[str, Any]) -> bool:
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        # A task that Ansible ends after ``timeout`` is ended by an exception, which a module is safe from. And where a
        # forked process asks macOS for a proxy, it is killed.
        if not self.is_local or environment or self._task.timeout or sys.platform == "darwin":
            return False
        target = self._task.delegate_to
        variables = task_vars["ansible_delegated_vars"][target] if target else task_vars
        interpreter = C.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        return bool(self._templar.template(interpreter) == sys.executable)

    def _request(self, arguments: Mapping[str, Any]) -> Request | None:
        """
        :returns: None where the module has to say what is wrong with the arguments.
        """
        try:
            # As a module gets them: without the marks of what may be a template.
            plain = json.loads(json.dumps(arguments))
        except (TypeError, ValueError):
            return None
        validated = ArgumentSpecValidator(self.command.spec).validate(plain)
        if validated.error_messages:
            return None
        return Request(validated.validated_parameters, self._task.check_mode, validated._no_log_values)


def result_of(command: Command, request: Request) -> dict[str, Any]:
    """Do the work.

    :returns: what the module would have returned.
    """
    ended = end_of(command, request)
    values, warnings = ended.returned
    # What is true, false or nothing is so also where a secret reads "True".
    plain = {key: value for key, value in values.items() if value is None or isinstance(value, bool)}
    result = {**request.masked(values), **plain}
    if warnings:
        result["warnings"] = [str(request.masked(warning)) for warning in warnings]
    if ended.problem is not None:
        result.update(failed=True, msg=request.failure(ended.problem))
    return result


@contextmanager
def _undisturbed() -> Iterator[None]:
    """The work hears signals itself, what a library prints, which nobody reads of a module, stays unread, and what one
    leaves to the end of Python is done."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        with open(os.devnull, "w", encoding="utf-8") as nobody, redirect_stdout(nobody), redirect_stderr(nobody):
            yield
    finally:
        remove_files()
        for number, handler in kept.items():
            signal.signal(number, handler)
