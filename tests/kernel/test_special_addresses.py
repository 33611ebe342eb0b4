"""IANA's registries of special addresses, written by hand: nobody is dialled here, only
what decides is asked, the client's rule and the audit hook's."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest

from kernel import dialling, http

# Of RFC 6890 and what came after it: those that are not for the whole world, those that
# were given back, and what carries or translates an address of version 4.
KEPT_FROM_THE_WORLD = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.9/32"),
    *("192.0.0.10/32", "192.0.0.170/31", "192.0.2.0/24", "192.88.99.0/24"),
    *("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32"),
    *("::/128", "::1/128", "::/96", "::ffff:0:0:0/96"),
    *("64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/32"),
    *("2001:2::/48", "2001:10::/28", "2001:db8::/32", "2002::/16", "3fff::/20"),
    *("5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
)
# Version 6 that IANA has not given to anybody, so nothing public is there.
NOBODY_S = ("200::/7", "400::/6", "1000::/4", "4000::/3", "6000::/3", "8000::/1")
PUBLIC = (
    *("1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"),
    *("191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0"),
    *("192.31.196.1", "192.52.193.1", "192.175.48.1", "198.20.0.0", "223.255.255.255"),
    *("2001:200::1", "2001:4860:4860::8888", "2003::1", "2606:4700:4700::1111"),
    *("2620:4f:8000::1", "3ffe:ffff::1", "3fff:1000::"),
)


def ends_and_middle(text: str) -> set[str]:
    network = ipaddress.ip_network(text)
    places = (0, network.num_addresses // 2, network.num_addresses - 1)
    return {str(network[place]) for place in places}


def hook_lets_out(address: str) -> bool:
    version = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(version) as through:  # never connected
        try:
            dialling.refuse_foreign(through, (address, 443))
        except dialling.NotOurs:
            return False
    return True


@pytest.fixture(autouse=True)
def no_service_is_there(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(dialling, "own_services", lambda: iter(()))
    settings.OUTGOING_ALLOW = []


@pytest.mark.parametrize("network", [*KEPT_FROM_THE_WORLD, *NOBODY_S])
def test_no_special_address_is_reached(network: str) -> None:
    for address in ends_and_middle(network):
        assert not http.may_reach("public.example", address), address
        assert not hook_lets_out(address), address


@pytest.mark.parametrize(
    "network", [network for network in KEPT_FROM_THE_WORLD if ":" not in network]
)
def test_none_is_reached_in_the_clothes_of_version_6(network: str) -> None:
    for address in ends_and_middle(network):
        assert not http.may_reach("public.example", f"::ffff:{address}"), address
        assert not hook_lets_out(f"::ffff:{address}"), address


@pytest.mark.parametrize("address", PUBLIC)
def test_their_neighbours_are(address: str) -> None:
    assert http.may_reach("public.example", address)
    assert hook_lets_out(address)


@pytest.mark.parametrize("network", ["192.88.99.0/24", "3fff::/20", "5f00::/16"])
def test_one_that_is_named_is(settings: Any, network: str) -> None:
    settings.OUTGOING_ALLOW = [network]
    for address in ends_and_middle(network):
        assert http.may_reach("public.example", address)
        assert hook_lets_out(address)
