"""Fixtures of the notifier's tests: an account with people and plans, a mail server, entitlements' answer."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest
from flask import Flask

from kit import auth, clock
from notifier import commands, settings
from notifier.app import create_app
from notifier.links import Links
from notifier.mail import Post
from notifier.models import Birth, Notice

from .outside import PORTAL, AskedEntitlements, MailServer


@pytest.fixture
def package() -> str:
    return "notifier"


@pytest.fixture
def app(database: peewee.Database, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    for source in ("CATALOG", "ORDERS", "ENTITLEMENTS"):
        monkeypatch.setenv(f"{source}_URL", "http://127.0.0.1:9")
    return create_app(settings.read()._replace(trust_dir=str(keys / "trust")))


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def entitlements(keys: Path) -> Iterator[AskedEntitlements]:
    server = AskedEntitlements(auth.Verifier(keys / "trust", "entitlements"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def acme(database: peewee.Database) -> Any:
    from .account import Acme  # not before service_fixtures is set up

    Birth.insert(born_at=clock.now()).on_conflict(
        conflict_target=[Birth.id], preserve=[Birth.born_at]
    ).execute()
    account = Acme()
    account.opens()
    return account


@pytest.fixture
def make_post(mail_server: MailServer) -> Iterator[Callable[[], Post]]:
    made = []

    def make() -> Post:
        made.append(Post(mail_server.url, "Seatwise <no-reply@seatwise.example>"))
        return made[-1]

    yield make
    for post in made:
        post.close()


@pytest.fixture
def links(entitlements: AskedEntitlements, keys: Path) -> Iterator[Links]:
    asked = Links(entitlements.url, str(keys / "notifier.json"))
    yield asked
    asked.client.close()


@pytest.fixture
def send(make_post: Callable[[], Post], links: Links) -> Callable[..., None]:
    """The job, until it has nothing to do at once; `later` seconds, as if that time had passed."""
    post = make_post()

    def run(later: float = 0) -> None:
        if later:
            post._away_until = 0
            Notice.update(due_at=Notice.due_at - int(later * clock.SECOND)).execute()
        while commands.send_next(post, links, PORTAL):
            pass

    return run
