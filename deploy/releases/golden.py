"""python -m releases.golden <directory> <unit>: what the source there announces, as it sends it.

Kept for every release in contracts/golden/<unit>/<version>/<type>.jsonl, an envelope a line, and never changed:
the logs are full of them, so whoever reads today has to manage each.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

FOLDER = Path("contracts", "golden")  # in the repository
ACCOUNT = "019ab000-0000-7000-8000-00000000acc0"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def announced(tree: Path, unit: str) -> dict[str, list[str]]:
    """Type → an envelope for each example of its contract, written by the outbox of the source there."""
    from kit import clock, context, db, outbox, settings

    settings.name_service(unit)
    db.connect("sqlite:///:memory:").connect()
    db.database.create_tables([outbox.Outbox, outbox.Stream])
    somebody = context.Context(f"member:{ACCOUNT}", clock.new_id(), traceparent=TRACE, address="192.0.2.1")
    with context.acting(somebody), db.atomic():
        for contract in _contracts(tree, unit):
            for data in contract["examples"]:
                subject = ACCOUNT if contract["subject"] == "account" else data["plan"]
                outbox.add(outbox.Event(contract["type"], subject, data, contract["must"]))
    written: dict[str, list[str]] = defaultdict(list)
    for row in outbox.Outbox.select().order_by(outbox.Outbox.id):
        written[row.type].append(row.envelope)
    return written


def _contracts(tree: Path, unit: str) -> list[dict[str, Any]]:
    read = (json.loads(path.read_text()) for path in sorted((tree / "contracts" / "events").glob("*.json")))
    return [contract for contract in read if contract["publisher"] == unit]


def keep(envelopes: dict[str, list[str]], repository: Path, unit: str, version: str) -> None:
    """Write the files of a release; FileExistsError when they are there, for they never change."""
    folder = repository / FOLDER / unit / version
    folder.mkdir(parents=True)
    for type_, lines in envelopes.items():
        (folder / f"{type_}.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    print(json.dumps(announced(Path(sys.argv[1]), sys.argv[2]), ensure_ascii=False))
