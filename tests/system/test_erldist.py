# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distribution client against real nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist import epmd as client_epmd
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.decoder import MAX_BYTES
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import (
    BadRpc,
    CallTimeout,
    ConnectionLost,
    CookieRejected,
    EpmdUnreachable,
    GarbledAnswer,
    HandshakeRefused,
    NameInUse,
    NodeUnreachable,
    NotRegistered,
    WrongNode,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import (
    Atom,
    Bits,
    ExportFun,
    ImproperList,
    Pairs,
    Pid,
    Ref,
    charlist,
)

from tests.harness.erlang.beam import COOKIE, Beam, beam, beams, epmd
from tests.harness.loopback import free_port

OWN_NAME = "selfheal-test@127.0.0.1"


@pytest.fixture(scope="module")
def node() -> Iterator[Beam]:
    """On a fixed port, without epmd."""
    with beams(1) as (one,):
        yield one


@pytest.fixture(scope="module")
def epmd_port() -> Iterator[int]:
    with epmd() as port:
        yield port


@pytest.fixture(scope="module")
def registered(epmd_port: int) -> Iterator[Beam]:
    with beam("registered@127.0.0.1", "127.0.0.1", port=None, epmd_port=epmd_port) as one:
        yield one


def connect(node: Beam, **options: Any) -> Awaitable[NodeConnection]:
    return NodeConnection.open(node.name, **{"cookie": COOKIE, "port": node.port, "timeout": 20, **options})


def with_connection(node: Beam, work: Callable[[NodeConnection], Awaitable[Any]], **options: Any) -> Any:
    async def run() -> Any:
        connection = await connect(node, **options)
        try:
            return await work(connection)
        finally:
            connection.close()

    return asyncio.run(run())


def call(node: Beam, module: str, function: str, *args: Any, **options: Any) -> Any:
    return with_connection(node, lambda connection: connection.call(module, function, args, 20), **options)


async def until(condition: Callable[[], bool], timeout: float) -> None:
    deadline = asyncio.get_running_loop().time() + timeout
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


class TestReaching:
    def test_a_fixed_port_without_epmd(self, node: Beam) -> None:
        assert call(node, "erlang", "node") == node.name

    def test_through_epmd_on_a_port_of_its_own(self, registered: Beam, epmd_port: int) -> None:
        assert call(registered, "erlang", "node", epmd_port=epmd_port) == registered.name

    def test_a_short_name_whose_host_is_resolved(self, epmd_port: int) -> None:
        with beam("short@localhost", "127.0.0.1", port=None, epmd_port=epmd_port, short=True) as short:
            assert call(short, "erlang", "node", epmd_port=epmd_port) == "short@localhost"

    def test_an_address_that_is_not_in_the_name(self, epmd_port: int) -> None:
        with beam("far@name.invalid", "127.0.0.1", port=None, epmd_port=epmd_port) as far:
            name = call(far, "erlang", "node", address="127.0.0.1", epmd_port=epmd_port)
            assert name == "far@name.invalid"

    def test_ipv6(self) -> None:
        with beam("six@::1", "::1", port=free_port("::1")) as six:
            assert call(six, "erlang", "node") == "six@::1"
            with pytest.raises(CookieRejected, match=rf"six@::1 \(\[::1\]:{six.port}\)"):
                call(six, "erlang", "node", cookie="wrong")

    def test_the_names_that_epmd_knows(self, registered: Beam, epmd_port: int) -> None:
        found = dict(asyncio.run(client_epmd.names("localhost", epmd_port, 20)))
        assert call(registered, "erlang", "node", port=found["registered"]) == registered.name


class TestStayingUnseen:
    def test_we_are_hidden(self, node: Beam) -> None:
        async def work(connection: NodeConnection) -> tuple[Any, ...]:
            kinds = ["visible", "hidden", "connected"]
            return tuple([await connection.call("erlang", "nodes", [Atom(kind)], 20) for kind in kinds])

        async def run() -> None:
            connection = await connect(node)
            visible, hidden, connected = await work(connection)
            assert visible == []
            assert connection.own_name in hidden
            assert connection.own_name in connected
            assert connection.own_name.endswith("@127.0.0.1")
            connection.close()

        asyncio.run(run())
        assert node.ups() == []

    def test_opening_again_and_again_leaves_no_atom_behind(self, node: Beam) -> None:
        async def atoms() -> int:
            connection = await connect(node)
            try:
                return await connection.call("erlang", "system_info", [Atom("atom_count")], 20)
            finally:
                connection.close()
                await until_forgotten(connection.own_name)

        async def until_forgotten(name: str) -> None:
            await until(lambda: name not in node.names("nodes(hidden)"), 20)

        async def run() -> list[int]:
            await atoms()
            return [await atoms() for _time in range(50)]

        counts = asyncio.run(run())
        assert counts[-1] == counts[0]

    def test_a_name_of_our_own_and_who_has_it_already(self, node: Beam) -> None:
        async def run() -> None:
            first = await connect(node, own_name=OWN_NAME)
            assert first.own_name == OWN_NAME
            assert OWN_NAME in await first.call("erlang", "nodes", [Atom("hidden")], 20)
            with pytest.raises(NameInUse, match="driver_config.node_name"):
                await connect(node, own_name=OWN_NAME)
            assert await first.call("erlang", "node", [], 20) == node.name
            first.close()
            await until(lambda: OWN_NAME not in node.names("nodes(hidden)"), 20)
            again = await connect(node, own_name=OWN_NAME)
            assert await again.call("erlang", "node", [], 20) == node.name
            again.close()

        asyncio.run(run())


class TestCalling:
    def test_every_term_comes_back_as_it_went(self, node: Beam) -> None:
        app = Atom("app@x")
        terms = [
            *(
                Atom("ok"),
                Atom("ä€"),
                Atom("€" * 255),
                0,
                255,
                -1,
                2**31,
                -(2**63),
                2**70,
                1 << 4000,
                0.5,
                -1e300,
                b"",
                b"b",
            ),
            *((), (1,), (7,) * 300, [], [1, 2], charlist("h€"), list(range(256)) * 300, {Atom("k"): {1: []}}),
            *(ImproperList((1, 2), 3), Bits(b"\xa0", 3), Pairs((([1], 2), ([2], 3)))),
            *(ExportFun(Atom("a"), Atom("b"), 2), Pid(app, 1, 2, 3), Ref(app, 5, (1, 2, 3))),
        ]
        assert call(node, "lists", "reverse", list(reversed(terms))) == terms

    def test_a_fun_and_a_port_of_the_node_go_back_to_it(self, node: Beam) -> None:
        async def work(connection: NodeConnection) -> list[Any]:
            fun = await connection.call("erl_eval", "new_bindings", [], 20)
            assert fun == {} or fun == []
            (port, *_more) = await connection.call("erlang", "ports", [], 20)
            made = await connection.call("shell_default", "module_info", [], 20)
            assert made
            tokens = (await connection.call("erl_scan", "string", [charlist("fun(X) -> X + 1 end.")], 20))[1]
            parsed = (await connection.call("erl_parse", "parse_exprs", [tokens], 20))[1]
            _value, succ, _bindings = await connection.call("erl_eval", "exprs", [parsed, []], 20)
            return [
                await connection.call("lists", "map", [succ, [1, 2]], 20),
                await connection.call("erlang", "is_port", [port], 20),
            ]

        assert with_connection(node, work) == [[2, 3], "true"]

    def test_calls_composed_on_the_node_in_one_write(self, node: Beam) -> None:
        apply = ExportFun(Atom("erlang"), Atom("apply"), 3)
        composed = RemoteCall(
            "lists",
            "zipwith3",
            [apply, [Atom("erlang"), Atom("erlang")], [Atom("node"), Atom("is_alive")], [[], []]],
        )
        synced = RemoteCall("gen_server", "call", [Atom("global_name_server"), Atom("get_synced")])
        missing = RemoteCall("erlang", "nosuch", [])

        answers = with_connection(node, lambda connection: connection.call_all([composed, missing, synced], 20))
        assert answers[0] == [node.name, "true"]
        assert isinstance(answers[1], BadRpc)
        assert answers[2] == []

    def test_fifty_calls_at_once_each_get_their_own_answer(self, node: Beam) -> None:
        async def work(connection: NodeConnection) -> list[int]:
            return await asyncio.gather(*(connection.call("erlang", "abs", [-number], 20) for number in range(50)))

        assert with_connection(node, work) == list(range(50))

    def test_a_large_answer(self, node: Beam) -> None:
        assert call(node, "binary", "copy", b"x", 5_000_000) == b"x" * 5_000_000
        assert call(node, "lists", "seq", 1, 500_000) == list(range(1, 500_001))

    def test_an_answer_beyond_the_limits_ends_the_connection(self, node: Beam) -> None:
        with pytest.raises(GarbledAnswer, match=f"{MAX_BYTES} is the limit"):
            call(node, "binary", "copy", b"x", MAX_BYTES)
        with pytest.raises(GarbledAnswer, match="more terms"):
            call(node, "lists", "seq", 1, 1_000_001)

    @pytest.mark.parametrize(
        ("mfa", "text"),
        [
            (("erlang", "nosuch", b"secret"), r"erlang:nosuch/1 failed on .*: erlang:nosuch/1 is not exported"),
            (("nosuch", "nosuch"), r"nosuch:nosuch/0 is not exported"),
            (
                ("lists", "map", ExportFun(Atom("a"), Atom("b"), 1), [b"secret"]),
                r"lists:map/2 .*: a:b/1 is not exported",
            ),
            (("erlang", "atom_to_list", b"secret"), "badarg$"),
            (("gen_server", "call", Atom("nosuch"), b"secret"), "noproc$"),
            (("erlang", "error", (Atom("oops"), b"secret")), "oops$"),
        ],
    )
    def test_a_call_that_fails_says_how_and_shows_no_argument(
        self, node: Beam, mfa: tuple[Any, ...], text: str
    ) -> None:
        with pytest.raises(BadRpc, match=text) as caught:
            call(node, *mfa)
        assert node.name in str(caught.value)
        assert "secret" not in str(caught.value)

    def test_what_is_thrown_is_returned(self, node: Beam) -> None:
        assert call(node, "erlang", "throw", 1) == 1

    def test_a_call_that_is_given_up_disturbs_no_later_one(self, node: Beam) -> None:
        async def work(connection: NodeConnection) -> tuple[Any, Any]:
            with pytest.raises(CallTimeout, match="timer:sleep/1 within 0.05 s"):
                await connection.call("timer", "sleep", [500], 0.05)
            first = await connection.call("erlang", "node", [], 20)
            await connection.call("timer", "sleep", [1000], 20)  # the late answer comes while this one waits
            return first, await connection.call("erlang", "node", [], 20)

        assert with_connection(node, work) == (node.name, node.name)


class TestRefusals:
    def test_a_wrong_cookie(self, node: Beam) -> None:
        with pytest.raises(CookieRejected) as caught:
            call(node, "erlang", "node", cookie="a-wrong-cookie")
        where = f"{node.name} ({node.address}:{node.port})"
        assert caught.value.reason == f"cookie rejected by {where}: check driver_config.cookie"
        assert not caught.value.silent

    def test_not_registered(self, registered: Beam, epmd_port: int) -> None:
        with pytest.raises(NotRegistered, match=f"nobody@127.0.0.1: epmd on 127.0.0.1:{epmd_port} knows no such node"):
            asyncio.run(NodeConnection.open("nobody@127.0.0.1", cookie=COOKIE, epmd_port=epmd_port, timeout=20))

    def test_no_epmd(self) -> None:
        port = free_port("127.0.0.1")
        with pytest.raises(EpmdUnreachable, match=f"no epmd for a@127.0.0.1 on 127.0.0.1:{port}: Connection refused"):
            asyncio.run(NodeConnection.open("a@127.0.0.1", cookie=COOKIE, epmd_port=port, timeout=20))
        with pytest.raises(EpmdUnreachable, match="Connection refused"):
            asyncio.run(client_epmd.names("localhost", port, 20))

    def test_no_node_on_the_port(self) -> None:
        port = free_port("127.0.0.1")
        with pytest.raises(NodeUnreachable, match=rf"a@127.0.0.1 \(127.0.0.1:{port}\) takes no connection"):
            asyncio.run(NodeConnection.open("a@127.0.0.1", cookie=COOKIE, port=port, timeout=20))

    @pytest.mark.parametrize(("port", "kind"), [(None, EpmdUnreachable), (1, NodeUnreachable)])
    @pytest.mark.parametrize("host", ["x" * 64 + ".invalid", "a\0b", "1:2:3"])
    def test_a_host_that_is_none(self, host: str, port: int | None, kind: type[Exception]) -> None:
        with pytest.raises(kind, match="has no address"):
            asyncio.run(NodeConnection.open(f"a@{host}", cookie=COOKIE, port=port, timeout=20))

    @pytest.mark.parametrize("name", ["app", "@host", "app@", ""])
    def test_a_name_that_is_none(self, name: str) -> None:
        with pytest.raises(NodeUnreachable, match="is not a node name"):
            asyncio.run(NodeConnection.open(name, cookie=COOKIE, timeout=20))

    def test_another_node_than_the_one_sought(self, node: Beam) -> None:
        with pytest.raises(WrongNode, match=f"answers as '{node.name}'"):
            asyncio.run(NodeConnection.open("other@host", node.address, port=node.port, cookie=COOKIE, timeout=20))

    def test_a_node_that_allows_others_only(self) -> None:
        with beams(1) as (node,):
            node.eval("net_kernel:allow(['friend@127.0.0.1'])")
            with pytest.raises(HandshakeRefused, match="not_allowed"):
                call(node, "erlang", "node")
            assert call(node, "erlang", "node", own_name="friend@127.0.0.1") == node.name

    def test_the_node_dies_during_a_call(self) -> None:
        async def work(connection: NodeConnection) -> None:
            waiting = asyncio.ensure_future(connection.call("timer", "sleep", [60_000], 60))
            assert await connection.call("erlang", "node", [], 20) == node.name
            node.kill()
            with pytest.raises(ConnectionLost, match="closed the connection"):
                await waiting
            assert connection.closed
            with pytest.raises(ConnectionLost):
                await connection.call("erlang", "node", [], 20)

        with beams(1) as (node,):
            with_connection(node, work)

    def test_closing_ends_the_calls_under_way(self, node: Beam) -> None:
        async def work(connection: NodeConnection) -> None:
            waiting = asyncio.ensure_future(connection.call("timer", "sleep", [60_000], 60))
            await asyncio.sleep(0)
            connection.close()
            connection.close()
            with pytest.raises(ConnectionLost, match="closed on this side"):
                await waiting

        with_connection(node, work)


class TestTime:
    def test_a_frozen_node_takes_the_connection_and_is_silent(self) -> None:
        async def call_until_late(connection: NodeConnection) -> None:
            while True:
                await connection.call("erlang", "node", [], 2)

        async def work(connection: NodeConnection) -> None:
            node.freeze()
            with pytest.raises(CallTimeout):  # its threads stop one after the other
                await call_until_late(connection)
            with pytest.raises(CallTimeout, match="said nothing and did not answer erlang:node/0 within 2 s") as caught:
                await connection.call("erlang", "node", [], 2)
            assert caught.value.silent
            with pytest.raises(CallTimeout, match="said nothing and did not finish the handshake within 2 s") as caught:
                await connect(node, timeout=2)
            assert caught.value.silent
            node.thaw()
            assert await connection.call("erlang", "node", [], 20) == node.name

        with beams(1) as (node,):
            with_connection(node, work)

    def test_a_tick_is_answered_and_the_connection_stays(self) -> None:
        async def run() -> None:
            answering, mute = await connect(node), await connect(node)
            mute._tick = lambda: None
            await until(lambda: mute.closed, 30)
            assert not answering.closed
            assert await answering.call("erlang", "node", [], 20) == node.name
            answering.close()

        with beams(1, arguments=("-kernel", "net_ticktime", "2")) as (node,):
            asyncio.run(run())

    def test_a_resolver_that_hangs_costs_no_more_than_the_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import socket
        import threading

        release = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: release.wait(60) and [])
        try:
            with pytest.raises(EpmdUnreachable, match="a@some.host: host 'some.host': the resolver did not answer"):
                asyncio.run(NodeConnection.open("a@some.host", cookie=COOKIE, timeout=0.2))
        finally:
            release.set()
