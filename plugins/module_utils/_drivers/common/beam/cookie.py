# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the cookie."""

from __future__ import annotations

import os
from typing import Any, Mapping, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError

_MAX_BYTES = 4096


def cookie_of(driver_config: Mapping[str, Any]) -> str:
    """``cookie``, or the content of ``cookie_file``, or of the file that Erlang itself reads for the user of this
    process (``~/.erlang.cookie``; since OTP 25 also ``$XDG_CONFIG_HOME/erlang/.erlang.cookie``).

    :raises OptionError: both options are given, or no cookie can be read.
    """
    given, path = driver_config["cookie"], driver_config["cookie_file"]
    if given and path:
        raise OptionError("driver_config.cookie_file", "give cookie or cookie_file, not both")
    if given:
        if any(character > "\xff" for character in given):
            raise OptionError("driver_config.cookie", "no cookie of Erlang's can have such characters")
        return str(given)
    if path:
        found = _read(os.path.expanduser(path))
        if found is None:
            raise OptionError("driver_config.cookie_file", f"there is no file {path!r}")
        return found
    for own in _own_files():
        found = _read(own)
        if found is not None:
            return found
    raise OptionError(
        "driver_config.cookie",
        f"no cookie: set cookie or cookie_file, or make {_own_files()[0]!r} readable for this user",
    )


def _own_files() -> list[str]:
    home = os.path.expanduser("~")
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    return [os.path.join(home, ".erlang.cookie"), os.path.join(config, "erlang", ".erlang.cookie")]


def _read(path: str) -> Optional[str]:
    option = "driver_config.cookie_file"
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OptionError(option, f"cannot read {path!r}: {error.strerror}") from None
    cookie = content.decode("latin-1").rstrip("\r\n")
    if not cookie or len(content) > _MAX_BYTES or "\n" in cookie:
        raise OptionError(option, f"{path!r} does not hold one line with a cookie")
    return cookie
