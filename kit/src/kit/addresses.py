"""Network addresses as proxies write them, in one spelling."""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

LONGEST = 100  # characters that are worth a look; an address with zone and port has fewer
PORT = re.compile(r"(:[0-9]{1,5})?")
HOUSEHOLD = 64  # bits: each line of a provider has all addresses behind such a prefix


def parse(text: str | None) -> str | None:
    """Return the address without port, brackets, zone and IPv4 mapping; None when there is none.

    `203.0.113.8:4711`, `[2001:db8::1]:4711`, `fe80::1%eth0` and `::ffff:192.0.2.7` are addresses.
    """
    address = _address(text or "")
    return None if address is None else str(address)


def network(text: str | None) -> str:
    """Return what counts as one caller: an IPv4 address, or the /64 of an IPv6 one.

    All texts without an address are one caller, the empty one.
    """
    address = _address(text or "")
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), HOUSEHOLD), strict=False))
    return "" if address is None else str(address)


def forwarded(sent: str, connected: str | None, hops: int) -> str | None:
    """Return the address that X-Forwarded-For names `hops` entries before the connection's.

    Each hop is trusted with the entry it appended, and no further: where an entry is no address,
    the one after it counts, which is the address of the machine that wrote it.
    """
    address = parse(connected)
    entries = sent.rsplit(",", hops) if sent.strip() else []
    for entry in entries[: -hops - 1 : -1] if hops else []:
        named = parse(entry)
        if named is None:
            break
        address = named
    return address


def _address(text: str) -> IPv4Address | IPv6Address | None:
    if len(text) > LONGEST:
        return None
    text, port = text.strip(), ""
    if text.startswith("["):
        text, closed, port = text[1:].partition("]")
        if not closed:
            return None
    elif text.count(":") == 1:
        text, _, number = text.partition(":")
        port = f":{number}"
    if not PORT.fullmatch(port):
        return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
