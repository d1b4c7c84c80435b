"""FastStream, in one process and one loop."""

import asyncio
import os

from faststream import FastStream
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitMessage, RabbitQueue

from benchmarks.peers import QUEUE, effect

broker = RabbitBroker(os.environ["BROKER_URL"], default_channel=Channel(prefetch_count=300), logger=None)
app = FastStream(broker)


@broker.subscriber(RabbitQueue(QUEUE, queue_type=QueueType.QUORUM, durable=True))
async def happened(message: RabbitMessage) -> None:
    effect.happened(message.body)  # waits for the database in the loop: quicker than a thread for each event


asyncio.run(app.run())
