"""Each service on its own: nobody else runs, not even the broker; it starts, is healthy and stops in order."""

import httpx
import pytest

from journeys.people import until
from local import ports
from local.suite import SERVICES, answers

pytestmark = pytest.mark.slow

NOBODY = f"amqp://nobody:nothing@{ports.HOST}:9"  # no broker ever listened there
LONGEST_STOP = 10  # seconds; 5 on a machine of our own


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_starts_is_healthy_and_stops_with_nobody_else_there(make_suite, service):
    alone = make_suite(units=[service], broker=NOBODY)
    assert answers(f"{alone.urls[service]}/livez")
    assert answers(f"{alone.urls[service]}/readyz")
    assert alone.run(service, "check") == "ok\n"
    children = [process.child for process in alone.processes.values()]
    worker = alone.processes[f"{service}-worker"]
    until("the worker to lead", lambda: "leading" in worker.log.read_text())
    metrics = f"http://{ports.HOST}:{alone.metrics[worker.name]}/metrics"
    assert "leases_taken_total 1.0" in httpx.get(metrics).text
    for process in (*alone.processes.values(), worker):  # whoever is told twice ends no worse
        process.terminate()

    assert [child.wait(LONGEST_STOP) for child in children] == [0, 0]
