"""Keeps fetches from private addresses: no page of the internet may make the bot read the network around it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import Any

from yarl import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddressError(OSError):
    """A host that is not to be asked; the message names it."""


def is_private(text: str) -> bool:
    """Whether an address is one of this machine or of a network that is not the internet."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            address = inner
    return not address.is_global or address.is_multicast


def check_url(url: URL, named: Collection[tuple[str, int]]) -> None:
    """Refuse a literal address that is private, unless the entry itself names this host and port.

    Raises:
        PrivateAddressError: it is refused. Names are looked at by `GuardedResolver`, where they are resolved.
    """
    host = url.host or ""
    if (host, url.port or 0) in named:
        return
    try:
        private = is_private(host)
    except ValueError:
        private = host == "localhost" or host.endswith(".localhost")
    if private:
        raise PrivateAddressError(f"{host} is a private address, which the entry does not name")


class GuardedResolver:
    """aiohttp's resolver, without the private addresses of hosts that the entry does not name."""

    def __init__(self, named: Collection[tuple[str, int]]) -> None:
        from aiohttp.resolver import ThreadedResolver

        self._inner = ThreadedResolver()
        self._named = named

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[Any]:
        """The addresses that may be connected to: what is checked here is what is connected to.

        Raises:
            PrivateAddressError: none is left.
        """
        found = await self._inner.resolve(host, port, family)
        if (host, port) in self._named:
            return list(found)
        public = [entry for entry in found if not is_private(str(entry["host"]))]
        if found and not public:
            raise PrivateAddressError(f"{host} leads to a private address, which the entry does not name")
        return public

    async def close(self) -> None:
        """Nothing is held."""
        await self._inner.close()
