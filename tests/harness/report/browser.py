# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real browser without a screen, driven over its own protocol, so that a page's own policy on scripts stays in force.

with browser(tmp_path) as opened:
    page = opened(tmp_path / "page.html", width=360, dark=True)
    page.evaluate("document.title")
    page.requests            # the addresses of all that it asked for
    page.problems            # what it logged, as that its policy has kept something out
    page.screenshot(tmp_path / "page.png")
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.harness.waiting import wait_until

_TIMEOUT = 90.0
_OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --disable-dev-shm-usage --disable-extensions --hide-scrollbars"
    " --remote-debugging-port=0"
)


class Page:
    """One page in a tab of its own, which has been loaded."""

    def __init__(self, connection: ClientConnection, url: str, width: int, height: int, dark: bool) -> None:
        self.requests: list[str] = []
        self.problems: list[str] = []
        self._connection = connection
        self._number = 0
        self._loaded = False
        for domain in ("Page", "Network", "Log", "Runtime"):
            self._call(f"{domain}.enable")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._call("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._call("Page.navigate", url=url)
        while not self._loaded:
            self._take()

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript, which the page itself may not run."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def texts(self, selector: str) -> list[str]:
        """What a person reads in each element."""
        found = self.evaluate(
            f"[...document.querySelectorAll({json.dumps(selector)})].map(one => one.textContent.trim())"
        )
        return list(found)

    def screenshot(self, path: Path) -> None:
        size = self._call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        taken = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(taken["data"]))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = self._take()
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])

    def _take(self) -> dict[str, Any]:
        message = dict(json.loads(self._connection.recv(_TIMEOUT)))
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Log.entryAdded":
            self.problems.append(parameters["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.problems.append(f"a dialog: {parameters['message']}")
        return message


@contextmanager
def browser(directory: Path) -> Iterator[Callable[..., Page]]:
    """
    :param directory: for its profile.
    """
    program = shutil.which("chromium")
    assert program, "chromium is not there: scripts/setup test installs it"
    profile = directory / "chromium"
    with (directory / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *_OPTIONS.split(), f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "HOME": str(directory)},
            start_new_session=True,
        )
    try:
        address = _address(process, profile, directory / "chromium.log")
        with ExitStack() as connections:
            yield _opener(address, connections)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _address(process: subprocess.Popen[bytes], profile: Path, log: Path) -> str:
    file = profile / "DevToolsActivePort"

    def is_there() -> bool:
        assert process.poll() is None, log.read_text(errors="replace")
        return file.exists() and len(file.read_text().splitlines()) == 2

    wait_until(is_there, _TIMEOUT, "for the browser to start")
    port, path = file.read_text().splitlines()
    return f"ws://127.0.0.1:{port}{path}"


def _opener(address: str, connections: ExitStack) -> Callable[..., Page]:
    def open_page(file: Path, *, width: int = 1000, height: int = 800, dark: bool = False) -> Page:
        with connect(address, proxy=None, max_size=None) as whole:
            whole.send(json.dumps({"id": 1, "method": "Target.createTarget", "params": {"url": "about:blank"}}))
            target = json.loads(whole.recv(_TIMEOUT))["result"]["targetId"]
        base = address.split("/devtools/")[0]
        connection = connections.enter_context(connect(f"{base}/devtools/page/{target}", proxy=None, max_size=None))
        return Page(connection, file.as_uri(), width, height, dark)

    return open_page
