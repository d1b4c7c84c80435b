"""python -m compose.mailbox: the mailbox of `make run` in a container, where there is no mail server yet."""

import signal
from pathlib import Path

from local.mailbox import Mailbox

EVERYWHERE = "0.0.0.0"  # of the container; compose.yaml says who reaches it


def main() -> None:
    told = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, told)
    mailbox = Mailbox(Path("/mail"), smtp_port=1025, page_port=8025, host=EVERYWHERE)
    mailbox.start()
    signal.sigwait(told)
    mailbox.stop()


if __name__ == "__main__":
    main()
