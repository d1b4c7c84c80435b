"""python saying.py <service> <subject> <type> <data> [<times> | held]: say an event in the name of the service,
which a faulty release of it might have said; prints its id. `held`: commit after a line on standard input.
DATABASE_URL is the service's."""

import json
import os
import sys

from kit import db, outbox, settings

AT_ONCE = 500  # events of one transaction

service, subject, type_, data, *how = sys.argv[1:]
times = int(how[0]) if how and how[0].isdigit() else 1
settings.name_service(service)
db.connect(os.environ["DATABASE_URL"])
event = outbox.Event(type_, subject, json.loads(data))
with db.database.connection_context():
    while times:
        with db.atomic():
            outbox.add(*[event] * min(times, AT_ONCE))
            said = outbox.Outbox.select().where(outbox.Outbox.subject == subject)
            last = said.order_by(outbox.Outbox.sequence.desc()).first().event_id
            if how == ["held"]:
                print(last, flush=True)
                sys.stdin.readline()
        times -= min(times, AT_ONCE)
if how != ["held"]:
    print(last)
