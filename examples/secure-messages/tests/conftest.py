"""Fixtures of the product's tests: a sender with a license, browsers, a mail server, and time that passes."""

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import peewee
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

sys.path.insert(0, str(Path(__file__).parent))

from postbox import Postbox

from kit import auth, clock, cursors
from seatwise.testing import Licenses
from secure_messages import commands, domain, licensing, settings
from secure_messages.app import create_app
from secure_messages.files import Folder
from secure_messages.mail import Post
from secure_messages.models import Message, Recipient
from secure_messages.sealing import Vault

PORTAL, OURS = "https://portal.example", "http://localhost"
DAY = 24 * 3600
FEATURES = {
    plan["code"]: plan["features"]
    for plan in json.loads(resources.files("catalog").joinpath("data/plans.json").read_text())
}
LINK = re.compile(rf"{OURS}(/m/[\w-]{{43}})")


class Browser:
    """Someone without JavaScript: opens pages, and sends the forms that are on them."""

    def __init__(self, client: FlaskClient):
        self.client = client
        self.page = ""

    def open(self, path: str, **options: Any) -> TestResponse:
        answer = self.client.get(path, follow_redirects=True, **options)
        self.page = answer.text
        return answer

    def post(self, path: str, _headers: Any = None, **fields: Any) -> TestResponse:
        filled = {"csrf_token": self.hidden("csrf_token"), **fields}
        return self.client.post(path, data=filled, headers=_headers)

    def send(self, path: str, **fields: Any) -> TestResponse:
        answer = self.post(path, **fields)
        assert answer.status_code == 303, answer.text
        return self.open(answer.headers["Location"])

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found, f"no field {name} on the page: {self.page}"
        return found[1]


class Sender:
    """A member whose browser came from the portal."""

    def __init__(self, browser: Browser, licenses: Licenses, member: str, account: str):
        self.browser, self.licenses, self.id, self.account = browser, licenses, member, account

    def holds(self, plan: str, **options: Any) -> "Sender":
        self.licenses.give(self.id, plan, FEATURES[plan], **options)
        return self

    def posts(self, *files: tuple[str, bytes], _headers: Any = None, **fields: Any) -> TestResponse:
        """The form of a new message, filled in."""
        self.browser.open("/messages/new")
        filled = {
            "key": self.browser.hidden("key"),
            "recipients": "grace@navy.example",
            "subject": "Plans for the compiler",
            "body": "It translates.\nItself.",
            "days": "30",
            "files": [(io.BytesIO(content), name) for name, content in files],
            **fields,
        }
        return self.browser.post("/messages", _headers, **filled)

    def sends(self, *files: tuple[str, bytes], **fields: Any) -> str:
        answer = self.posts(*files, **fields)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"].rpartition("/")[2]


@pytest.fixture
def package() -> str:
    return "secure-messages"


@pytest.fixture
def licenses() -> Licenses:
    return Licenses(stale=licensing.when_stale(DAY))


@pytest.fixture
def ours(tmp_path: Path) -> settings.Own:
    return settings.Own(OURS, PORTAL, "http://127.0.0.1:9", "secret", tmp_path, "smtp://x", "x@x", DAY)


@pytest.fixture
def app(database: peewee.Database, keys: Path, licenses: Licenses, ours: settings.Own) -> Flask:
    unit = settings.read()._replace(trust_dir=str(keys / "trust"))
    return create_app(unit, ours, licenses)


@pytest.fixture
def folder(app: Flask) -> Folder:
    found: Folder = app.extensions["folder"]
    return found


@pytest.fixture
def vault(app: Flask) -> Vault:
    found: Vault = app.extensions["vault"]
    return found


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def hand_over(keys: Path) -> Callable[..., str]:
    """A token as the portal signs it; claims may be changed."""

    def token(issuer: str = "portal", **changes: Any) -> str:
        said = {
            "account": clock.new_id(),
            "aud": "secure-messages",
            "jti": clock.new_id(),
            "name": "Ada Lovelace",
            "email": "ada@engines.example",
            "locale": "en",
            "lasts": 60,
            **changes,
        }
        return auth.Signer(keys / f"{issuer}.json").token(said.pop("who", clock.new_id()), **said)

    return token


@pytest.fixture
def make_sender(app: Flask, licenses: Licenses, hand_over: Callable[..., str]) -> Callable[..., Sender]:
    def make(account: str | None = None, **said: Any) -> Sender:
        browser, member = Browser(app.test_client()), said.pop("who", clock.new_id())
        account = account or clock.new_id()
        token = hand_over(who=member, account=account, **said)
        answer = browser.client.post("/enter", data={"token": token}, headers={"Origin": PORTAL})
        assert answer.status_code == 303, answer.text
        browser.open("/")
        return Sender(browser, licenses, member, account)

    return make


@pytest.fixture
def ada(make_sender: Callable[..., Sender]) -> Sender:
    return make_sender().holds("pro")


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    box = Postbox()
    yield box
    if box.open:
        box.close()


@pytest.fixture
def deliver(postbox: Postbox, vault: Vault) -> Callable[..., list[str]]:
    """The job, until it has nothing to do at once; `later` seconds, as if they had passed. All links so far."""

    def run(later: float = 0) -> list[str]:
        Recipient.update(due_at=Recipient.due_at - int(later * clock.SECOND)).execute()
        post = Post(postbox.url, "Secure messages <no-reply@seatwise.example>")
        while commands.send_next(post, vault, OURS):
            pass
        return [found[1] for mail in postbox.mails if (found := LINK.search(mail.get_content()))]

    return run


@pytest.fixture
def grace(app: Flask, deliver: Callable[..., list[str]]) -> Callable[[], tuple[Browser, str]]:
    """Somebody with the link of the last mail: (a browser in which the message is open, the link)."""

    def opens() -> tuple[Browser, str]:
        link = deliver()[-1]
        browser = Browser(app.test_client())
        browser.open(link)
        browser.send(link)
        return browser, link

    return opens


@pytest.fixture
def days_pass(folder: Folder) -> Callable[[float], None]:
    """As if that had happened so long ago; then the jobs run."""

    def wait(days: float) -> None:
        passed = int(days * domain.DAY)
        Message.update(expires_at=Message.expires_at - passed, gone_at=Message.gone_at - passed).execute()
        while commands.expire_next(folder):
            pass
        commands.forget_old(folder)

    return wait


@pytest.fixture
def told() -> Callable[..., list[cursors.Arrived]]:
    from service_fixtures import announced  # not before pytest has made it a plugin

    return announced
