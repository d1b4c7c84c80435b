"""python -m compose.demo: makes the demo account in the running suite of compose.yaml, and prints its id."""

import os

from compose.credentials import DIRECTORY
from local import demo, ports


def main() -> None:
    port = os.environ.get("ENTITLEMENTS_PORT", ports.KNOWN["entitlements"])
    made = demo.known(DIRECTORY) or demo.create(f"http://{ports.HOST}:{port}", DIRECTORY)
    print(made["account_id"])


if __name__ == "__main__":
    main()
