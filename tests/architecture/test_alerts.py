"""Alert rules are about metrics that processes serve, and name a runbook that is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from kit import metrics

ROOT = Path(__file__).parents[2]
FUNCTIONS = {"delta"}
FILE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "monitoring" / "alerts.yaml").read_text())
RULES = [rule for group in FILE["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_watches_a_metric_that_exists_and_names_its_runbook(rule):
    assert metrics.WORKER_STARTS
    served = {metric.name for metric in REGISTRY.collect()}
    named = set(re.findall(r"[a-z_]{4,}", rule["expr"])) - FUNCTIONS

    assert named
    assert named <= served
    assert (ROOT / rule["annotations"]["runbook"]).is_file()
    assert rule["labels"]["severity"] in ("page", "ticket")


def test_a_worker_that_is_silent_or_restarts_has_an_alert():
    assert {"WorkerSilent", "WorkerRestarts"} <= {rule["alert"] for rule in RULES}
