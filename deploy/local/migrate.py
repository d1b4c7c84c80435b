"""python -m local.migrate orders=sqlite:///… entitlements=…: what `python -m <service> migrate` does for each,
in one process, because importing every service costs more than migrating it."""

import sys

from kit import db

for service, url in (argument.split("=", 1) for argument in sys.argv[1:]):
    db.connect(url)
    db.migrate(service)
