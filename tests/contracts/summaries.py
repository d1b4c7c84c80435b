"""Gathers the activity log's lines from the contracts into the notifier, which is built and deployed alone.

python tests/contracts/summaries.py           writes services/notifier/src/notifier/summaries.json
python tests/contracts/summaries.py --check   exits 1 when that file differs from the contracts
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "contracts" / "events"
GATHERED = ROOT / "services" / "notifier" / "src" / "notifier" / "summaries.json"


def gathered() -> str:
    """type → {en, fr}, of every contract that has a summary, as the file's text."""
    contracts = [json.loads(path.read_text()) for path in sorted(CONTRACTS.glob("*.json"))]
    summaries = {contract["type"]: contract["summary"] for contract in contracts if contract["summary"]}
    return json.dumps(summaries, ensure_ascii=False, indent=2) + "\n"


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        same = GATHERED.exists() and GATHERED.read_text() == gathered()
        print("ok" if same else f"{GATHERED} differs: run python tests/contracts/summaries.py")
        return int(not same)
    GATHERED.write_text(gathered())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
