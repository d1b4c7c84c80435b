"""What the command line says of whoever uses it."""

import os

import click
import peewee
import pytest
from click.testing import CliRunner

from kit import cli, context, db


@click.command()
def who() -> None:
    cli.as_operator()
    click.echo(context.current().actor)


@pytest.fixture
def whoever(monkeypatch):
    """Says under whose name a command acts, for a user whom this machine does not know."""
    monkeypatch.setattr(os, "getuid", lambda: 10001)
    monkeypatch.setattr(db, "database", peewee.SqliteDatabase(":memory:"))
    names = dict.fromkeys(("LOGNAME", "USER", "LNAME", "USERNAME"))
    return lambda **told: CliRunner(env={**names, **told}).invoke(who).output.strip()


def test_an_operator_whom_a_container_does_not_know_acts_as_a_number_or_as_it_is_told(whoever):
    assert whoever() == "operator:10001"
    assert whoever(USER="ada") == "operator:ada"
