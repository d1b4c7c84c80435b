"""A wrong setting is one plain line that names it and its rule, for every setting; no password is printed."""

import importlib
import inspect
from collections.abc import Iterator

import pytest

from kit import settings, smtp
from kit.setting_rules import COMMON

UNITS = ("catalog", "orders", "entitlements", "notifier", "portal", "secure_messages")
PASSWORD = "s3cret"
WRONG = {
    "CONNECTIONS": ["0", "many", "-1", ""],
    "DATABASE_URL": [f"mysql://u:{PASSWORD}@h/d", f"postgresql://u:{PASSWORD}/x@h/d", "own.db"],
    "BROKER_URL": [f"http://u:{PASSWORD}@h", f"amqp://u:{PASSWORD}/x@h/v", "nowhere", ""],
    "DEMO_ACCOUNT": ["acme"],
    "HOST": ["", "not a host", "127.0.0.1:8000"],
    "LICENSES_GOOD_FOR": ["0", "day", "nan", "inf"],
    "LOG_LEVEL": ["trace", "", "10"],
    "LOOK_EVERY": ["0", "-1", "often", "nan"],
    "METRICS_PORT": ["65536", "-1", "x"],
    "PORT": ["many", "0", "65536", "8000.5"],
    "REQUEST_TIMEOUT": ["0", "soon"],
    "SANDBOX": ["yes", ""],
    "SANDBOX_SETTLE_AFTER": ["-1", "later", "nan"],
    "SIGN_IN_PER_ADDRESS": ["0", "five", "5/minute"],
    "SIGN_IN_PER_CALLER": ["0", "many"],
    "SMTP_URL": [f"smtp+tls://u:{PASSWORD}@h", f"smtp://u:{PASSWORD}@h:p", "h", ""],
    "STOP_AFTER": ["0", "never"],
    "SUPPORT_EMAIL": ["us"],
    "THREADS": ["0", "4.5"],
    "TRUSTED_PROXIES": ["-1", "two"],
}  # fmt: skip
ADDRESSES = [f"http://u:{PASSWORD}/x@h", f"ftp://u:{PASSWORD}@h", f"http://u:{PASSWORD}@h:p", "h:80"]
# Files and folders that are missing are named by the system's error; these are texts of any kind.
ANY_TEXT = {
    "COOKIE_KEY_FILE", "DATA_DIR", "MAIL_FROM", "PRODUCTS", "RELEASE", "SECRET_KEY_FILE", "SIGNING_KEY_FILE",
    "TRUST_DIR",
}  # fmt: skip


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for source in ("CATALOG", "ORDERS", "ENTITLEMENTS", "NOTIFIER"):
        monkeypatch.setenv(f"{source}_URL", "http://127.0.0.1:9")
    for name in ("SECRET_KEY_FILE", "COOKIE_KEY_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    (tmp_path / "COOKIE_KEY_FILE").write_text("key")
    yield
    settings.name_service("unknown")


def start(unit: str) -> None:
    """Read and require what the unit does at its start."""
    module = importlib.import_module(f"{unit}.settings")
    read = module.read()
    for name, function in inspect.getmembers(module, inspect.isfunction):
        own = function.__module__ == module.__name__ and not name.startswith("_")
        if own and not inspect.signature(function).parameters:
            function()
    if hasattr(module, "require"):
        module.require(read)
    if url := getattr(read, "smtp_url", None):
        smtp.parse(url)


def names(unit: str) -> Iterator[str]:
    """Every setting that the unit reads."""
    settings.env._fields.clear()
    start(unit)
    yield from sorted({*settings.env._fields, *COMMON})


def refusal(unit: str) -> str:
    """What the start says; nothing when it starts."""
    try:
        start(unit)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("unit", UNITS)
def test_every_setting_refuses_what_it_cannot_be_in_one_line_without_its_value(unit, monkeypatch):
    said = {}
    for name in set(names(unit)) - ANY_TEXT:
        for value in WRONG.get(name) or ADDRESSES:
            with monkeypatch.context() as wrong:
                wrong.setenv(name, value)
                said[name, value] = refusal(unit)

    assert [wrong for wrong, line in said.items() if not line.startswith(wrong[0])] == []
    assert [wrong for wrong, line in said.items() if "\n" in line or PASSWORD in line] == []


@pytest.mark.parametrize("unit", UNITS)
def test_every_setting_has_a_rule_or_is_a_text_of_any_kind(unit):
    unknown = [
        name for name in names(unit) if name not in WRONG and name not in ANY_TEXT and not name.endswith("_URL")
    ]

    assert unknown == []
