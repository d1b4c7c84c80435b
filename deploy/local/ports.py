"""Loopback ports: free ones, and who holds a busy one."""

import os
import random
import socket
import sys
from pathlib import Path

HOST = "127.0.0.1"
LOWEST, HIGHEST = 20_000, 32_000  # below the ports that the system gives to outgoing connections

# What a person opens or calls has a fixed port; NAME_PORT in the environment chooses another.
KNOWN = {
    "portal": 8000,
    "catalog": 8001,
    "orders": 8002,
    "entitlements": 8003,
    "notifier": 8004,
    "mailbox": 8025,
    "secure-messages": 8030,
}


class PortBusy(Exception):
    """Somebody else listens there; the text says who and what to do."""


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free(count: int) -> list[int]:
    """As many different free ports, which no other suite gets while this process lives."""
    found: list[int] = []
    for port in random.sample(range(LOWEST, HIGHEST), HIGHEST - LOWEST):
        if len(found) == count:
            return found
        if is_free(port) and _claim(port):
            found.append(port)
    raise PortBusy(f"No {count} free ports between {LOWEST} and {HIGHEST}.")


def _claim(port: int) -> bool:
    """Suites that start at once choose seconds before they listen. An abstract name leaves no file behind."""
    if sys.platform != "linux":
        return True
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0seatwise-port-{port}")
    except OSError:
        claim.close()
        return False
    claim.detach()  # it stays bound until this process ends
    return True


def _variable(name: str) -> str:
    """As the settings of units spell it; but the mailbox's image, which has this file, has no kit."""
    return f"{name.upper().replace('-', '_')}_PORT"


def chosen() -> dict[str, int]:
    """The fixed ports or those of the environment; PortBusy names all that are taken, and what to do."""
    ports = {name: int(os.environ.get(_variable(name)) or default) for name, default in KNOWN.items()}
    taken = {name: port for name, port in ports.items() if not is_free(port)}
    if taken:
        others = {name: port for name, port in ports.items() if _variable(name) in os.environ}
        others |= zip(taken, free(len(taken)), strict=True)
        said = ", ".join(f"port {port} ({name}) is taken{_by(port)}" for name, port in taken.items())
        command = " ".join(["make run", *(f"{_variable(name)}={port}" for name, port in others.items())])
        raise PortBusy(f"{said[0].upper()}{said[1:]}. Stop that, or choose others, at each start: {command}")
    return ports


def _by(port: int) -> str:
    """' by process 4321 (python3)', as far as the system lets us see."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for link in Path("/proc").glob("[0-9]*/fd/*") if sockets else ():
        try:
            if str(link.readlink()) in sockets:
                process = link.parent.parent
                return f" by process {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:  # ended meanwhile, or not ours to look at
            continue
    return ""


def _listening(port: int) -> list[str]:
    """Inodes of the sockets that listen on the port (state 0A in the kernel's table)."""
    found = []
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for row in table.read_text().splitlines()[1:] if table.exists() else ():
            columns = row.split()
            if columns[3] == "0A" and int(columns[1].rsplit(":", 1)[1], 16) == port:
                found.append(columns[9])
    return found
