"""One process of takers: told {database_url, account_id, plan, member_ids} and then "go" on standard input,
it assigns the plan to all members at once and prints {outcome: how many}."""

import json
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from entitlements import commands
from kit import db
from kit.errors import Refusal
from kit.settings import name_service


def take(account_id: str, plan: str, member_id: str) -> str:
    with db.database.connection_context():
        try:
            commands.assign_license(account_id, member_id, plan)
        except Refusal as refusal:
            return refusal.code
    return "assigned"


def main() -> None:
    name_service("entitlements")
    told = json.loads(sys.stdin.readline())
    db.connect(told["database_url"])
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(10) as takers:
        taking = partial(take, told["account_id"], told["plan"])
        print(json.dumps(Counter(takers.map(taking, told["member_ids"]))))


if __name__ == "__main__":
    main()
