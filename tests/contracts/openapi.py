"""The HTTP surface of every service, as the service itself serves it, in contracts/http/<service>.yaml."""

import importlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from kit import db
from local.keys import write as write_keys

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "contracts" / "http"
SERVICES = ("catalog", "orders", "entitlements", "notifier")


def described(service: str, keys: Path) -> dict[str, Any]:
    """What GET /openapi.json of the service answers; no other service and no database rows are needed."""
    elsewhere = {f"{name.upper()}_URL": "http://127.0.0.1:9" for name in SERVICES}
    with mock.patch.dict(os.environ, elsewhere):
        settings = importlib.import_module(f"{service}.settings").read()
    own = {"trust_dir": str(keys / "trust"), "signing_key_file": str(keys / f"{service}.json")}
    app = importlib.import_module(f"{service}.app").create_app(settings._replace(**own))
    db.connect("sqlite:///:memory:")
    answer: dict[str, Any] = app.test_client().get("/openapi.json").json
    return answer


def texts() -> dict[Path, str]:
    """The files as they should be."""
    issuers = json.loads((ROOT / "deploy" / "issuers.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        write_keys(issuers, Path(folder))
        return {
            CONTRACTS / f"{service}.yaml": yaml.safe_dump(
                described(service, Path(folder)), allow_unicode=True, width=112
            )
            for service in SERVICES
        }
