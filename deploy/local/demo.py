"""The demo account: opened as an operator would, filled as its administrator would, over HTTP."""

import csv
import json
import time
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import httpx

from local import running, tokens
from local.processes import StartFailed

SLOWEST_NEWS = 30  # seconds
DATA = running.REPOSITORY / "deploy" / "demo"
SAMPLES = resources.files("catalog").joinpath("data/plans.json")
PLANS = {plan["code"] for plan in json.loads(SAMPLES.read_text())}  # each start publishes them, unless retired


def known(directory: Path) -> dict[str, Any] | None:
    """{account_id, members: [{id, email, name, roles}]} once the account is complete."""
    kept = directory / "demo.json"
    return json.loads(kept.read_text()) if kept.exists() else None


def create(entitlements_url: str, directory: Path) -> dict[str, Any]:
    """Make it, or go on where a start was interrupted: every step has its Idempotency-Key."""
    described = json.loads((DATA / "account.json").read_text())
    first, *others = described["administrators"]
    with httpx.Client(base_url=entitlements_url, timeout=10) as client:
        operator = tokens.for_scopes(directory / "keys", "accounts:write")
        opening = {**described["account"], "first_administrator": first}
        account = _post(client, "/v1/accounts", opening, "demo-account", operator)
        members = [account["first_administrator"]]
        administrator = tokens.for_role(directory / "keys", account["id"], member=members[0]["id"])
        for person in [{**other, "roles": ["administrator"]} for other in others] + people():
            path, key = f"/v1/accounts/{account['id']}/members", f"demo-{person['email']}"
            members.append(_post(client, path, person, key, administrator))
    made = {
        "account_id": account["id"],
        "members": [{field: member[field] for field in ("id", "email", "name", "roles")} for member in members],
    }
    draft = directory / "demo.json.part"
    draft.write_text(json.dumps(made, ensure_ascii=False, indent=1))
    draft.rename(directory / "demo.json")
    return made


def await_known(urls: Mapping[str, str], directory: Path, account: str) -> None:
    """Until orders has heard of the account and of the plans, so that the first click finds them."""
    sold = PLANS & {plan["code"] for plan in httpx.get(f"{urls['catalog']}/v1/plans").json()["items"]}
    headers = {"Authorization": f"Bearer {tokens.for_role(directory / 'keys', account)}"}
    deadline = time.monotonic() + SLOWEST_NEWS
    while time.monotonic() < deadline:
        answer = httpx.get(f"{urls['orders']}/v1/accounts/{account}/offers", headers=headers)
        if answer.is_success and sold <= {offer["plan"] for offer in answer.json()["items"]}:
            return
        time.sleep(0.1)
    raise StartFailed(f"orders has not heard of the demo account and of all plans within {SLOWEST_NEWS} s")


def people() -> list[dict[str, Any]]:
    """The rows of people.csv as the API takes them; several roles are separated by spaces."""
    with (DATA / "people.csv").open(encoding="utf-8", newline="") as file:
        return [{**row, "roles": row["roles"].split()} for row in csv.DictReader(file)]


def _post(client: httpx.Client, path: str, body: dict[str, Any], key: str, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    answer = client.post(path, json=body, headers=headers)
    if answer.is_error:
        raise StartFailed(f"POST {path} for the demo account: {answer.status_code} {answer.text}")
    made: dict[str, Any] = answer.json()
    return made
