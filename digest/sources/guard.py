"""Which addresses may be asked: the guard against server-side request forgery.

A feed's address, or a redirect that it answers with, must not lead into the operator's own
network. The name is resolved here and the connection is made to the very address that was
checked, so that a name which resolves differently a moment later gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from digest.errors import SourceError

# RFC 6052: an IPv4 address in its last 32 bits, as networks without IPv4 write it.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Guard:
    """Refuses private, loopback, link-local and reserved addresses.

    `allow_hosts` are exceptions: "host" for every port of it, or "host:port".
    """

    def __init__(self, allow_hosts: Iterable[str] = ()) -> None:
        self._allowed = frozenset(entry.strip().lower() for entry in allow_hosts)

    def allows(self, host: str, port: int) -> bool:
        """Say whether the operator has named this host as an exception."""
        host = host.strip("[]").lower()
        names = {host, f"[{host}]"} if ":" in host else {host}
        return any(name in self._allowed or f"{name}:{port}" in self._allowed for name in names)

    def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of `host` that may be connected to.

        Raise `OSError` when the name does not resolve, `SourceError` when no address is public.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:  # a name that IDNA cannot write
            raise OSError(str(error)) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if self.allows(host, port):
            return addresses
        public = [address for address in addresses if is_public(address)]
        if not public:
            raise SourceError(
                f"{host} is a private address, which no source may lead to: if you trust it, "
                f'add "{host}:{port}" to allow_hosts in [http].'
            )
        return public


def is_public(address: str) -> bool:
    """Say whether an IP address belongs to the public internet, also behind a transition prefix."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            hidden = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if hidden is not None:
            return is_public(str(hidden))
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)
