"""Nothing that a contract allows or forbids makes a service answer what its contract does not promise.

EXAMPLES is how many requests are made up for each operation, beside those for every constraint of its contract
(3); with more, PostgreSQL is tried too.
"""

import os

import pytest
from contracts.strict import in_process, trial
from schemathesis.transport.wsgi import WSGITransport

FEW = 3
EXAMPLES = int(os.environ.get("EXAMPLES", FEW))
MOSTLY = (
    0.6  # of the operations succeed at least once: some need an id that no answer gives, or the one right word
)
on_each = pytest.mark.parametrize(
    "database_url", ["sqlite", "postgresql"] if EXAMPLES > FEW else ["sqlite"], indirect=True
)


@on_each
def test_schemathesis_finds_nothing(app, world, monkeypatch):
    monkeypatch.setattr(WSGITransport, "send", in_process(WSGITransport.send))
    found = trial(app, world, EXAMPLES)

    assert found.broken == []
    assert found.failures == [], "\n".join(map(str, found.failures))
    assert len(found.refused_always()) <= (1 - MOSTLY) * len(found.answered), found.refused_always()
