"""Broken: a consumer that acknowledges before the effect is committed."""

from kit import consumer, envelopes


def take(channel, reader, batch) -> None:
    channel.basic_ack(batch[-1][0].delivery_tag, multiple=True)
    channel.connection.process_data_events(0.1)
    reader.take([envelopes.parse(body) for _, body in batch], fresh=True)


consumer._take = take
