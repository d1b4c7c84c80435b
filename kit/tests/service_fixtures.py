"""Fixtures for the tests of a service: its database, its client, tokens, and what others tell it.

A service's conftest.py gives the fixtures `package` (its name) and `app`; the root conftest gives `keys`, a
directory with the key of every issuer, and `database_url`, the address of a migrated, empty database.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest
from flask.testing import FlaskClient

from kit import auth, clock, cursors, db, envelopes, outbox
from kit.settings import name_service


@pytest.fixture
def database(package: str, database_url: str) -> Iterator[peewee.Database]:
    """The service's tables bound to its database, connected in the test's thread."""
    name_service(package)
    opened: Any = db.connect(database_url)
    with opened.connection_context():
        yield opened
    opened.close_all()


@pytest.fixture(scope="module")
def bearer(keys: Path) -> Callable[..., dict[str, str]]:
    """Headers of a caller: bearer("people", account=a, who=member), bearer("events:read", issuer="shop").

    The token is for all units that the issuer may address, or for `aud`.
    """

    def headers(
        *grants: str,
        account: str | None = None,
        who: str | None = None,
        issuer: str | None = None,
        aud: str | list[str] | None = None,
    ) -> dict[str, str]:
        name = issuer or ("portal" if account else "operator")
        audiences = json.loads((keys / "trust" / f"{name}.json").read_text())["audiences"]
        signer = auth.Signer(keys / f"{name}.json")
        token = signer.token(who or clock.new_id(), set(grants), account=account, aud=aud or audiences)
        return {"Authorization": f"Bearer {token}"}

    return headers


@pytest.fixture
def client(app: Any) -> FlaskClient:
    """The service's HTTP client."""
    made: FlaskClient = app.test_client()
    return made


@pytest.fixture
def statements(database: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The statements that a call sends to the database."""

    def sent_by(call: Callable[[], Any]) -> list[str]:
        sent: list[str] = []
        execute = db.database.obj.execute_sql

        def noted(sql: str, *given: Any) -> Any:
            sent.append(sql)
            return execute(sql, *given)

        with monkeypatch.context() as patch:
            patch.setattr(db.database.obj, "execute_sql", noted)
            call()
        return sent

    return sent_by


def announced(*types: str) -> list[cursors.Arrived]:
    """What the service said so far, oldest first; only these types, if any are given."""
    events = [envelopes.parse(row.envelope) for row in outbox.Outbox.select().order_by(outbox.Outbox.id)]
    return [event for event in events if not types or event.type in types]


class Source:
    """Tells events as another service would: Source("shop").tells("thing.made", subject, data)."""

    def __init__(self, name: str):
        self.name = name
        self.heads: dict[str, cursors.Arrived] = {}

    def tells(self, type: str, subject: str, data: dict[str, Any], **attributes: Any) -> cursors.Arrived:
        """The next event of that subject's stream."""
        before = self.heads.get(subject)
        event = cursors.Arrived(
            source=self.name,
            subject=subject,
            sequence=before.sequence + 1 if before else 1,
            id=clock.new_id(),
            type=type,
            time=attributes.pop("time", clock.now()),
            data=data,
            previous=before.id if before else None,
            **{"actor": f"service:{self.name}", "correlation": clock.new_id(), **attributes},
        )
        self.heads[subject] = event
        return event
