"""python saying.py <service> <subject> <type> <data>: say one event in the name of the service, which a faulty
release of it might have said; prints its id. DATABASE_URL is the service's."""

import json
import os
import sys

from kit import db, outbox, settings

service, subject, type_, data = sys.argv[1:]
settings.name_service(service)
db.connect(os.environ["DATABASE_URL"])
with db.database.connection_context(), db.atomic():
    outbox.add(outbox.Event(type_, subject, json.loads(data)))
    said = outbox.Outbox.select().where(outbox.Outbox.subject == subject)
    print(said.order_by(outbox.Outbox.sequence.desc()).first().event_id)
