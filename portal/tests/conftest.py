"""Fixtures of the portal's tests: the portal in front of a stand-in for the services, signed in as anybody."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

sys.path.insert(0, str(Path(__file__).parent))

import fake_suite
from fake_suite import Suite

from kit import settings as kit_settings
from portal import settings as portal_settings
from portal import signin
from portal.app import create_app


class Browser:
    """Someone without JavaScript: opens pages, and sends the forms that are on them."""

    def __init__(self, client: FlaskClient):
        self.client = client
        self.page = ""

    def open(self, path: str) -> TestResponse:
        answer = self.client.get(path, follow_redirects=True)
        self.page = answer.text
        return answer

    def send(self, path: str, **fields: Any) -> TestResponse:
        """POST the form of the page just opened; follows to where it leads."""
        answer = self.post(path, **fields)
        assert answer.status_code == 303, answer.text
        return self.open(answer.headers["Location"])

    def post(self, path: str, **fields: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token(), **fields})

    def choose(self, language: str, next: str = "/sign-in") -> TestResponse:
        """Press the button of a language."""
        self.open("/sign-in")
        return self.send("/language", language=language, next=next)

    def token(self) -> str:
        if 'name="csrf_token"' not in self.page:
            self.open("/sign-in")
        return self.hidden("csrf_token")

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found, f"no field {name} on the page"
        return found[1]


@pytest.fixture
def suite() -> Suite:
    return Suite()


@pytest.fixture
def services(suite: Suite, keys: Path) -> Iterator[str]:
    server, url = fake_suite.serve(suite, keys / "trust")
    yield url
    server.shutdown()
    server.server_close()


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> list[signin.Letter]:
    """Every mail sent."""
    sent: list[signin.Letter] = []
    monkeypatch.setattr(signin, "send", lambda _settings, letter: sent.append(letter))
    return sent


@pytest.fixture
def app(services: str, keys: Path, letters: list[Any], monkeypatch: pytest.MonkeyPatch) -> Flask:
    for service in portal_settings.SERVICES:
        monkeypatch.setenv(f"{service.upper()}_URL", services)
    unit = kit_settings.read("portal", port=8000, sources=portal_settings.SERVICES)
    unit = unit._replace(trust_dir=str(keys / "trust"), signing_key_file=str(keys / "portal.json"))
    return create_app(
        portal_settings.Settings(
            unit, "secret", "smtp://127.0.0.1:1", "no-reply@seatwise.example", "http://localhost",
            fake_suite.ACCOUNT, sandbox=True, trusted_proxies=0,
        )
    )  # fmt: skip


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def signed_in(app: Flask, suite: Suite) -> Callable[[str], Browser]:
    """signed_in("Ada Lovelace"): a browser in which that person has signed in."""

    def sign_in(name: str, language: str = "en") -> Browser:
        browser = Browser(app.test_client())
        browser.choose(language)
        browser.send("/sign-in/demo", member_id=suite.member(name)["id"], next="/")
        return browser

    return sign_in
