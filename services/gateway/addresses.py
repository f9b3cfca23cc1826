"""The address of the client behind a request: the peer, unless a trusted proxy says better (contract G7)."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from services.gateway.settings import Network

MAX_HOPS = 20


def client_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The last address of the chain that no trusted proxy stands for; what a client itself wrote never counts."""
    address = peer
    if not trusted or not forwarded_for:
        return address
    for hop in reversed(forwarded_for.split(",")[-MAX_HOPS:]):
        if not _is_among(address, tuple(trusted)):
            break
        claimed = _parsed(hop.strip())
        if claimed is None:
            break
        address = str(claimed)
    return address


@lru_cache(maxsize=4096)
def budget_of(address: str) -> str:
    """Whose budget an anonymous request is counted in: an IPv4 address, or the /64 that a household is given."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed or "unknown")


@lru_cache(maxsize=4096)
def _is_among(address: str, networks: tuple[Network, ...]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed.version == network.version and parsed in network for network in networks)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(text.strip("[]"))
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
