"""Users and rights of a broker, for `load_definitions`: written anew at every start, the same everywhere.

A service declares and writes its own exchange and inbox, reads its inbox, and binds it to the exchanges of the
sources it follows. Which service announces what is read from contracts/events.
"""

import base64
import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts" / "events"
VHOST = "/"
# They tell what people do with them, and follow entitlements through queues of their own, as `seatwise` does.
PRODUCTS = ("secure-messages",)
# Whose news each service reads: the keys of its HANDLERS. An exchange that is not there is no error.
FOLLOWED: dict[str, tuple[str, ...]] = {
    "catalog": (),
    "orders": ("catalog", "entitlements"),
    "entitlements": ("catalog", "orders"),
    "notifier": ("catalog", "orders", "entitlements", *PRODUCTS),
}


def definitions(passwords: Mapping[str, str], administrator: str | None = None) -> dict[str, Any]:
    """For the users in `passwords`: services, products, and the administrator, who may do everything."""
    families = announced()
    services = [user for user in passwords if user != administrator]
    rights = [_rights_of_product(one) if one in PRODUCTS else _rights(one) for one in services]
    if administrator:
        rights.append(_right(administrator, ".*", ".*", ".*"))
    return {
        "vhosts": [{"name": VHOST}],
        "users": [
            {
                "name": user,
                "password_hash": hashed(password),
                "tags": "administrator" if user == administrator else "",
            }
            for user, password in passwords.items()
        ],
        "permissions": rights,
        "topic_permissions": [_topics(service, families[service]) for service in services],
    }


def announced() -> dict[str, set[str]]:
    """The first words of the types that each service announces: orders → {order, subscription}."""
    families: dict[str, set[str]] = defaultdict(set)
    for path in CONTRACTS.glob("*.json"):
        contract = json.loads(path.read_text())
        families[contract["publisher"]].add(contract["type"].partition(".")[0])
    return families


def _rights(service: str) -> dict[str, str]:
    """To declare needs `configure` even where it changes nothing; to bind needs `write` on the queue and `read`
    on the exchange. Nobody may write to the default exchange, which reaches every queue by its name."""
    exchange, inbox = f"seatwise.{service}", f"{service}.inbox"
    followed = [f"seatwise.{source}" for source in FOLLOWED[service]]
    own = [exchange, inbox] if followed else [exchange]
    return _right(service, _only(own), _only(own), _only([inbox, *followed] if followed else []))


def _rights_of_product(product: str) -> dict[str, str]:
    """Its exchange, and queues with entitlements' news, one for each process, called <product>.<random>."""
    exchange, queues = rf"seatwise\.{product}", rf"{product}\.[0-9a-f]{{32}}"
    own = f"^({exchange}|{queues})$"
    return _right(product, own, own, rf"^({queues}|seatwise\.entitlements)$")


def _right(user: str, configure: str, write: str, read: str) -> dict[str, str]:
    return {"user": user, "vhost": VHOST, "configure": configure, "write": write, "read": read}


def _topics(service: str, families: set[str]) -> dict[str, str]:
    """A service says only what its contracts say, by the first word: most new types need no new right."""
    words = "|".join(sorted(families))
    return {
        "user": service,
        "vhost": VHOST,
        "exchange": f"seatwise.{service}",
        "write": rf"^({words})\.",
        "read": ".*",
    }


def _only(names: list[str]) -> str:
    return f"^({'|'.join(map(re.escape, names))})$" if names else "^$"


def hashed(password: str) -> str:
    """RabbitMQ's own: base64 of salt and SHA-256 of salt and password."""
    salt = os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
