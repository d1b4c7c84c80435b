"""The activity log's lines, gathered from the contracts into the notifier, which is deployed alone."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "contracts" / "events"
GATHERED = ROOT / "services" / "notifier" / "src" / "notifier" / "summaries.json"


def texts() -> dict[Path, str]:
    """type → {en, fr}, of every contract that has a summary."""
    contracts = [json.loads(path.read_text()) for path in sorted(CONTRACTS.glob("*.json"))]
    summaries = {contract["type"]: contract["summary"] for contract in contracts if contract["summary"]}
    return {GATHERED: json.dumps(summaries, ensure_ascii=False, indent=2) + "\n"}
