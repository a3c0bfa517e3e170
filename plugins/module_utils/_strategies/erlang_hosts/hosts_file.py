# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a ``.hosts.erlang`` is, as the kernel's ``net_adm`` has it, and what is in it, within limits."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from typing import Iterator, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.erlang_hosts.parse import NAME, parse

_MAX_BYTES = 1024 * 1024
_MAX_HOSTS = 4096
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)


def hosts_in(given: Optional[str]) -> list[str]:
    """The hosts, each once, in the order of the file.

    :param given: the file; None is the first ``.hosts.erlang`` in the places where Erlang looks.
    :raises DiscoveryError: there is no such file, it can't be read, it names no host, or it names something else.
    """
    places = [given] if given else [os.path.join(place, NAME) for place in _places()]
    for path in places:
        content = _content(path)
        if content is not None:
            return _parsed(path, content)
    raise DiscoveryError(f"there is no {' and no '.join(places)}: write it, or name another file in config.hosts_file")


def _places() -> Iterator[str]:
    yield os.getcwd()
    home = os.path.expanduser("~")
    if os.path.isabs(home):
        yield home
    root = _root_of_erlang()
    if root:
        yield root


def _root_of_erlang() -> Optional[str]:
    """The directory of ``code:root_dir/0``: ``erl`` on the path leads to its ``bin``, next to which is ``erts-…``."""
    erl = shutil.which("erl")
    if not erl:
        return None
    directory, name = os.path.split(os.path.dirname(os.path.realpath(erl)))
    try:
        is_root = name == "bin" and any(entry.startswith("erts-") for entry in os.listdir(directory))
    except OSError:
        return None
    return directory if is_root else None


def _content(path: str) -> Optional[bytes]:
    """None where there is no such file."""
    try:
        with open(path, "rb", opener=_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DiscoveryError(f"{path} is not a file")
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise DiscoveryError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a NUL character
        raise DiscoveryError(f"{path!r} is not the name of a file: {error}") from None
    if len(content) > _MAX_BYTES:
        raise DiscoveryError(f"{path} is larger than {_MAX_BYTES >> 20} MiB")
    return content


def _at_once(path: str, flags: int) -> int:
    """Open without blocking: a FIFO may have no writer."""
    return os.open(path, flags | os.O_NONBLOCK)


def _parsed(path: str, content: bytes) -> list[str]:
    try:
        # Whatever encoding the comments have, the names of hosts are ASCII.
        hosts = parse(content.decode("latin-1"))
    except DiscoveryError as error:
        raise DiscoveryError(f"{path}, {error}") from None
    if not hosts:
        raise DiscoveryError(f"{path} names no host")
    if len(hosts) > _MAX_HOSTS:
        raise DiscoveryError(f"{path} names {len(hosts)} hosts, and {_MAX_HOSTS} are the most")
    return hosts
