"""Which IP addresses are public, in every form."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
# What the registries of special addresses (IANA; RFC 6890) hold and some of Python's versions take for global.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)


def parse_address(text: str) -> IPAddress | None:
    """The address that `text` is, a zone left out; None if it is not one in its usual notation."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def address_behind(address: IPAddress) -> IPAddress:
    """The IPv4 address that one of IPv6 leads to (mapped, compatible, NAT64, 6to4), else `address` itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and (address in _NAT64 or (address in _COMPATIBLE and int(address) > 1)):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return inner
    return address


def is_public(address: IPAddress) -> bool:
    """Whether `address` is one of the public Internet, or the one it leads to."""
    real = address_behind(address)
    special = (
        real.is_private
        or real.is_loopback
        or real.is_link_local
        or real.is_multicast
        or real.is_reserved
        or real.is_unspecified
        or not real.is_global
    )
    return not special and not any(real.version == network.version and real in network for network in _NOT_PUBLIC)


def is_within(address: IPAddress, networks: Iterable[IPNetwork]) -> bool:
    """Whether `address`, or the one it leads to, is in one of `networks`."""
    forms = (address, address_behind(address))
    return any(form.version == network.version and form in network for network in networks for form in forms)
