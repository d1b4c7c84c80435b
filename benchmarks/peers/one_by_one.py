"""The floor: pika and psycopg2, a transaction and an acknowledgement for each event."""

import os

import pika

from benchmarks.peers import QUEUE, effect

channel = pika.BlockingConnection(pika.URLParameters(os.environ["BROKER_URL"])).channel()
channel.basic_qos(prefetch_count=300)
for method, _, body in channel.consume(QUEUE):
    effect.happened(body)
    channel.basic_ack(method.delivery_tag)
