"""A busy port is named, with what to do."""

import os
import re
import socket

import pytest

from kit.settings import variable
from local import ports


@pytest.fixture
def busy():
    with socket.socket() as server:
        server.bind((ports.HOST, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_busy_port_is_named_with_its_holder_and_what_to_do(monkeypatch, busy):
    monkeypatch.setenv("PORTAL_PORT", str(busy))

    with pytest.raises(ports.PortBusy) as refused:
        ports.chosen()

    assert f"Port {busy} (portal) is taken by process {os.getpid()}" in str(refused.value)
    assert "make run PORTAL_PORT=" in str(refused.value)


def test_all_busy_ports_are_named_with_one_command_that_keeps_what_was_chosen(monkeypatch, busy):
    mine = ports.free(1)[0]
    monkeypatch.setenv("CATALOG_PORT", str(mine))
    monkeypatch.setattr(ports, "KNOWN", {"catalog": 1, "orders": busy, "portal": busy})

    with pytest.raises(ports.PortBusy) as refused:
        ports.chosen()

    said, _, command = str(refused.value).partition(" at each start: ")
    assert f"{busy} (orders)" in said
    assert f"{busy} (portal)" in said
    assert re.fullmatch(rf"make run CATALOG_PORT={mine} ORDERS_PORT=\d+ PORTAL_PORT=\d+", command)


def test_the_environment_chooses_other_ports(monkeypatch):
    wanted = dict(zip(ports.KNOWN, ports.free(len(ports.KNOWN)), strict=True))
    for name, port in wanted.items():
        monkeypatch.setenv(f"{variable(name)}_PORT", str(port))

    assert ports.chosen() == wanted


def test_free_ports_are_free_and_different():
    found = ports.free(20)

    assert len(set(found)) == 20
    assert all(ports.is_free(port) for port in found)


def test_nobody_else_is_given_a_port_before_its_owner_listens(monkeypatch):
    given = ports.free(1)
    monkeypatch.setattr(ports, "LOWEST", given[0])
    monkeypatch.setattr(ports, "HIGHEST", given[0] + 1)

    with pytest.raises(ports.PortBusy):
        ports.free(1)
