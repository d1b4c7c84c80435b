"""celery -A benchmarks.peers.with_celery worker"""

import os

from celery import Celery
from kombu import Queue

from benchmarks.peers import QUEUE, effect

app = Celery("effects", broker=os.environ["BROKER_URL"])
app.conf.task_queues = [Queue(QUEUE, queue_arguments={"x-queue-type": "quorum"})]
app.conf.task_ignore_result = True
app.conf.task_acks_late = True
app.conf.worker_prefetch_multiplier = 300
app.conf.worker_enable_remote_control = False


@app.task(name="happened")
def happened(body: str) -> None:
    effect.happened(body)
