"""dramatiq benchmarks.peers.with_dramatiq"""

import os
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from benchmarks.peers import QUEUE, effect


class Broker(RabbitmqBroker):
    """On quorum queues, like all others here."""

    def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
        return {**super()._build_queue_arguments(queue_name), "x-queue-type": "quorum"}


dramatiq.set_broker(Broker(url=os.environ["BROKER_URL"]))


@dramatiq.actor(queue_name=QUEUE)
def happened(body: str) -> None:
    effect.happened(body)
