"""Which addresses a fetch may connect to.

A source's address comes from a person, but redirects, pictures and feed links come
from strangers. Without this list a stranger's feed could make Hunch read the router,
the store or a cloud's metadata service (server-side request forgery).

The rule is an allow-list: an address is fine when it is ordinary public unicast, or
when the operator named its network. `ipaddress.is_global` is not enough: on CPython
3.11 it says yes to multicast, 6to4, NAT64 and other wrappers of private addresses.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# SPEC: IANA IPv4 special-purpose registry, with the multicast and reserved blocks.
_CLOSED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        # WHY: public by registry, yet inside Azure it is the host's agent.
        "168.63.129.16/32",
    )
)

# SPEC: only 2000::/3 is assigned as global unicast; these parts of it are not hosts.
_OPEN_V6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)


def unmapped(address: Address) -> Address:
    """Return the IPv4 address inside `::ffff:a.b.c.d`, or `address` itself."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_public(address: Address) -> bool:
    """Tell whether `address` is ordinary public unicast."""
    address = unmapped(address)
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    return address in _OPEN_V6 and not any(address in n for n in _CLOSED_V6)


def is_allowed(address: Address, allow_networks: Iterable[Network]) -> bool:
    """Tell whether a fetch may connect to `address`.

    Args:
        address: The resolved address, as the kernel would be given it.
        allow_networks: Private networks the operator lets sources live in.
    """
    plain = unmapped(address)
    if is_public(plain):
        return True
    return any(plain.version == n.version and plain in n for n in allow_networks)


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read networks such as `127.0.0.0/8`.

    Raises:
        ValueError: If a text is not a network in CIDR form.
    """
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)
