# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP services that no package has, over real sockets, and the ways in which any of them can fail.

class Clock(HttpService):
    def respond(self, handler: Handler) -> None:
        handler.answer(200, b"noon")

with running(Clock()) as clock:
    clock.url                                             # "http://127.0.0.1:40080"
    clock.requests                                        # path and headers of each
    clock.fault = status(500)                             # instead of the true answer, until it is None
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Optional, TypeVar

TEXT = "text/plain; charset=utf-8"
_LONG = 2048


class Handler(BaseHTTPRequestHandler):
    """One request. Long answers go out in chunks, as most servers send them."""

    protocol_version = "HTTP/1.1"
    server: HttpService

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers)))
        if self.server.fault is None:
            self.server.respond(self)
        else:
            self.close_connection = True
            self.server.fault(self)

    do_POST = do_PATCH = do_DELETE = do_GET

    def answer(self, code: int, body: bytes, content_type: str = TEXT, **headers: str) -> None:
        """
        :param headers: more of them, with an underscore for each hyphen.
        """
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if len(body) <= _LONG:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(body), _LONG):
            self._chunk(body[start : start + _LONG])
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def log_message(self, *args: Any) -> None:
        pass


Fault = Callable[[Handler], None]


class HttpService(ThreadingHTTPServer):
    """A service on a free port; what it answers is up to :meth:`respond`."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.fault: Optional[Fault] = None
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.stopping = threading.Event()

    def respond(self, handler: Handler) -> None:
        raise NotImplementedError

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away before its answer is what these tests are about."""


S = TypeVar("S", bound=HttpService)


@contextmanager
def running(server: S) -> Iterator[S]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def status(code: int, body: bytes = b"", content_type: str = TEXT, **headers: str) -> Fault:
    return lambda handler: handler.answer(code, body, content_type, **headers)


def raw(data: bytes) -> Fault:
    """These bytes and the end of the connection, whatever they are."""
    return lambda handler: _write(handler, data)


def silence(handler: Handler) -> None:
    handler.server.stopping.wait(30)


def dripping(data: bytes, every: float) -> Fault:
    """A byte at a time."""

    def drip(handler: Handler) -> None:
        for number in range(len(data)):
            _write(handler, data[number : number + 1])
            if handler.server.stopping.wait(every):
                return

    return drip


def endless(handler: Handler) -> None:
    """JSON that never ends."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.stopping.is_set():
        _write(handler, b'{"a":' * 65536)


def _write(handler: Handler, data: bytes) -> None:
    handler.wfile.write(data)
    handler.wfile.flush()
