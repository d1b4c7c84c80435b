"""Makes a folder for whoever is given a license, and removes it when the license is taken back."""

import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path

import seatwise

url, broker = os.environ["ENTITLEMENTS_URL"], os.environ.get("BROKER_URL")
licenses = seatwise.Client(url, seatwise.signed_by(os.environ["KEY_FILE"]), file="own.db", broker=broker)


@licenses.on("license.assigned", "license.unassigned")
def provision(event: seatwise.Event) -> None:
    folder = Path("folders", f"{event.data['member_id']}-{event.data['plan']}")
    if event.type == "license.assigned":
        folder.mkdir(parents=True, exist_ok=True)  # the same event may come again after a crash
    else:
        shutil.rmtree(folder, ignore_errors=True)


with licenses, suppress(KeyboardInterrupt):
    threading.Event().wait()
