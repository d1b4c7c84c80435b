"""Writes the HTTP surface of every service, as the service itself serves it, into contracts/http/.

python tests/contracts/openapi.py           writes contracts/http/<service>.yaml
python tests/contracts/openapi.py --check   exits 1 when a file differs from what its service says
"""

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from kit import db

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "deploy"))  # a script finds only what stands beside it
from local.keys import write as write_keys  # noqa: E402

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


def main(arguments: list[str]) -> int:
    wanted = texts()
    if arguments != ["--check"]:
        CONTRACTS.mkdir(parents=True, exist_ok=True)
        for path, text in wanted.items():
            path.write_text(text)
        return 0
    differing = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in differing:
        print(f"{path.relative_to(ROOT)} differs: run python tests/contracts/openapi.py")
    if not differing:
        print("ok")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
