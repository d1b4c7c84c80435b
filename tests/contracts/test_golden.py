"""What every release has said, contracts/golden, is read by everybody today; it never changes."""

import importlib
import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

from kit import envelopes
from releases.records import SERVICES, Shelf
from seatwise import events
from seatwise.replica import Replica
from seatwise.store import Store

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "contracts" / "golden"
ENVELOPE = json.loads((ROOT / "contracts" / "envelope.json").read_text())
FILES = [
    pytest.param(path, id=f"{path.parent.parent.name}-{path.parent.name}-{path.stem}")
    for path in sorted(GOLDEN.glob("*/*/*.jsonl"))
]
SHELF = Shelf()
RELEASES = [(service, version) for service in SERVICES for version in SHELF.versions(service)]


@pytest.mark.parametrize(("service", "version"), RELEASES)
def test_a_release_has_an_envelope_of_every_type_that_it_announces(service, version):
    kept = {path.stem for path in (GOLDEN / service / version).glob("*.jsonl")}

    assert kept == SHELF.release(service, version).announces.keys()


def test_nothing_is_kept_of_what_was_never_released():
    assert {(path.parent.name, path.name) for path in GOLDEN.glob("*/*")} == set(RELEASES)


def test_what_is_kept_never_changed():
    changed = ["--format=", "--name-status", "--diff-filter=MDR", "--", str(GOLDEN)]
    for command in (["log", *changed], ["diff", "HEAD", *changed[1:]]):
        done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == ""


@pytest.mark.parametrize("path", FILES)
def test_every_service_reads_what_a_release_has_said(path):
    source, type_ = path.parent.parent.name, path.stem
    listening = [importlib.import_module(f"{name}.handlers").HANDLERS.get(source, {}) for name in SERVICES]
    handlers = [by_type.get(type_, by_type.get("*")) for by_type in listening]
    for line in path.read_text().splitlines():
        arrived = envelopes.parse(line)
        assert (arrived.source, arrived.type) == (source, type_)
        jsonschema.Draft202012Validator(ENVELOPE).validate(json.loads(line))
        for handler in handlers:
            if handler is not None and handler.view is not None:
                handler.view.load(arrived.data)


@pytest.mark.parametrize("version", SHELF.versions("entitlements"))
def test_the_client_library_follows_what_a_release_has_said(version):
    lines = [line for path in (GOLDEN / "entitlements" / version).glob("*.jsonl") for line in _lines(path)]
    told = sorted((events.parse(line) for line in lines), key=lambda event: event.sequence)
    replica, store = Replica(), Store(None)
    assigned = [event for event in told if event.type == "license.assigned"]

    replica.apply(store, [event for event in told if event.type != "license.unassigned"])
    assert {event.data["member_id"] for event in assigned} == replica.held.keys()
    for event in assigned:
        assert replica.held[event.data["member_id"]].answers.keys() == event.data["features"].keys()

    taken = [event for event in told if event.type == "license.unassigned"]
    replica.apply(store, taken)
    assert taken
    assert not {event.data["member_id"] for event in taken} & replica.held.keys()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()
