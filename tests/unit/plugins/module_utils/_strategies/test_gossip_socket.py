# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.gossip.listener import Channel, channel_of


def channel(**config: object) -> Channel:
    return channel_of(source_of({"topology": "chat", "strategy": "gossip", "config": config}).config)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({}, "multicast group 233.252.1.32, port 45892, the system's choice of interface"),
        ({"if_addr": "0.0.0.0", "multicast_if": "0.0.0.0", "multicast_ttl": 0}, "the system's choice of interface"),
        ({"multicast_addr": "239.1.1.1", "port": 4000}, "multicast group 239.1.1.1, port 4000"),
        ({"multicast_if": "10.0.0.1", "multicast_ttl": 255}, "interface 10.0.0.1"),
        ({"if_addr": "10.0.0.1"}, "interface 10.0.0.1"),
        ({"if_addr": "10.0.0.1", "multicast_if": "10.0.0.1"}, "interface 10.0.0.1"),
        (
            {"broadcast_only": True, "multicast_addr": "255.255.255.255"},
            "broadcast address 255.255.255.255, port 45892",
        ),
    ],
)
def test_where_it_listens(config: dict[str, object], text: str) -> None:
    assert text in str(channel(**config))


@pytest.mark.parametrize(
    ("config", "option", "text"),
    [
        ({"multicast_ttl": -1}, "config.multicast_ttl", "-1 is not between 0 and 255"),
        ({"multicast_ttl": 256}, "config.multicast_ttl", "256 is not between 0 and 255"),
        ({"multicast_addr": "10.0.0.1"}, "config.multicast_addr", "'10.0.0.1' is no multicast group (224.0.0.0 to"),
        ({"multicast_addr": "255.255.255.255"}, "config.multicast_addr", "for a broadcast address set"),
        ({"multicast_addr": "ff02::1"}, "config.multicast_addr", "'ff02::1' is no IPv4 address, and libcluster's"),
        ({"multicast_addr": "all-nodes.example"}, "config.multicast_addr", "'all-nodes.example' is no IPv4 address"),
        ({"multicast_if": "eth0"}, "config.multicast_if", "'eth0' is no IPv4 address"),
        ({"multicast_if": "fe80::1"}, "config.multicast_if", "'fe80::1' is no IPv4 address"),
        ({"if_addr": "::"}, "config.if_addr", "'::' is no IPv4 address"),
        ({"if_addr": "127.1"}, "config.if_addr", "'127.1' is no IPv4 address"),
        ({"if_addr": "10.0.0.1", "multicast_if": "10.0.0.2"}, "config.if_addr", "is not config.multicast_if: give one"),
        ({"broadcast_only": True}, "config.multicast_addr", "'233.252.1.32' is a multicast group, which nobody hears"),
        (
            {"broadcast_only": True, "multicast_addr": "10.0.0.255", "if_addr": "10.0.0.1"},
            "config.if_addr",
            "'10.0.0.1' says nothing with config.broadcast_only",
        ),
        ({"port": 0}, "config.port", "0 is not a port"),
        ({"listen": 0.0}, "config.listen", "is not more than 0"),
        ({"listen": float("inf")}, "config.listen", "is not more than 0"),
        ({"listen": float("nan")}, "config.listen", "is not more than 0"),
        ({"secret": ""}, "config.secret", "is empty"),
        ({"node_basename": "app"}, "config.node_basename", "is not an option of 'gossip'"),
    ],
)
def test_what_is_wrong_is_said(config: dict[str, object], option: str, text: str) -> None:
    with pytest.raises(OptionError) as error:
        channel(**config)
    assert error.value.option == option
    assert str(error.value).startswith(f"{option}: ")
    assert text in str(error.value)
