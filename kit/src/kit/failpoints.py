"""Named places where a test can make the process die, fail, wait or freeze.

FAILPOINT=name:exit|raise|sleep|freeze[:nth] arms one; off unless set. `nth` counts passes from 1.
"""

import os
import signal
import time

_passes: dict[str, int] = {}


class FailpointHit(RuntimeError):
    """An armed failpoint of the kind `raise`."""


def failpoint(name: str) -> None:
    armed = os.environ.get("FAILPOINT")
    if armed and armed.startswith(name + ":"):
        _hit(name, *armed.split(":")[1:])


def _hit(name: str, kind: str, nth: str = "1") -> None:
    _passes[name] = _passes.get(name, 0) + 1
    if _passes[name] != int(nth):
        return
    match kind:
        case "exit":
            os._exit(86)
        case "raise":
            raise FailpointHit(name)
        case "sleep":
            time.sleep(2)
        case "freeze":
            os.kill(os.getpid(), signal.SIGSTOP)
