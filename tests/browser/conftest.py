"""Fixtures of the browser tests: the whole suite with its demo account, and people in a real Chromium."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from kit.auth import Signer
from local.suite import PORTAL, PRODUCTS, SERVICES, Suite

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


LANGUAGES = {"en": "English", "fr": "Français"}


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """All units and products with the demo account, fed by their logs alone."""
    units = (*SERVICES, PORTAL, *PRODUCTS)
    started = Suite(tmp_path_factory.mktemp("suite"), broker="none", demo=True, units=units)
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def person(suite: Suite, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """person("Margaret Sinclair", theme="dark"): a window in which she is signed in; None: nobody is.

    What the browser complains about or asks of other hosts fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def window(
        name: str | None, theme: Any = "light", language: str = "en", width: int = 1280, script: bool = True
    ) -> Page:
        context = chromium.new_context(
            base_url=suite.urls["portal"],
            color_scheme=theme,
            locale=language,
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if _complains(message) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: complaints.append(asked.url) if _elsewhere(asked.url, suite) else None)
        page.goto("/sign-in")
        page.get_by_role("button", name=LANGUAGES[language], exact=True).click()
        if name:
            page.get_by_role("button", name=name).click()
            page.get_by_role("heading", level=1).wait_for()
        return page

    yield window
    for context in contexts:
        context.close()
    assert complaints == []


def _complains(message: ConsoleMessage) -> bool:
    """Errors, but for the status of pages that say that something does not exist."""
    return message.type == "error" and "responded with a status of 4" not in message.text


def _elsewhere(url: str, suite: Suite) -> bool:
    return urlsplit(url).netloc not in {urlsplit(suite.urls[one]).netloc for one in (PORTAL, *PRODUCTS)}


@pytest.fixture
def mails(suite: Suite) -> Callable[[], list[dict[str, Any]]]:
    """What the mailbox holds now."""

    def read() -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{suite.urls['mailbox']}/messages", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    return read


@pytest.fixture(scope="session")
def devices(suite: Suite) -> Callable[..., None]:
    """devices(member, "Laptop"): the person activates their Pro license on it, without the portal."""

    def activate(member: str, *names: str) -> None:
        assert suite.account
        account = suite.account["account_id"]
        signer = Signer(suite.keys / "portal.json")
        token = signer.token(member, {"account:read"}, account=account, aud="entitlements")
        path = f"{suite.urls['entitlements']}/v1/accounts/{account}/members/{member}/devices"
        for name in names:
            body = {"plan": "pro", "device": {"id": name, "name": name}}
            httpx.post(path, json=body, headers={"Authorization": f"Bearer {token}"}).raise_for_status()

    return activate
