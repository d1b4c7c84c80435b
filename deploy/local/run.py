"""make run: the whole suite on this machine until Ctrl-C.

BROKER_URL=none or amqp://… in the environment replaces the private RabbitMQ; PORTAL_PORT=… and the like
choose other ports.
"""

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from local import ports, processes, running, suite

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked us to end."""


def main() -> int:
    options = parser().parse_args()
    began = time.monotonic()
    console = Console(highlight=False, markup=False, quiet=options.quiet)

    def say(text: str) -> None:
        console.print(f"{time.monotonic() - began:5.1f} s  {text}", soft_wrap=True)

    for number in SIGNALS:
        signal.signal(number, _stop)
    made: suite.Suite | None = None
    try:
        running.lock(options.directory).close()  # before its ports: they are busy because it runs
        made = suite.Suite(
            options.directory,
            broker=suite.broker_here(say),
            databases=options.database,
            port=ports.chosen() if options.ports == "fixed" else {},
            demo=not options.no_demo,
            units=(*suite.SERVICES, suite.PORTAL, *suite.PRODUCTS),
            say=say,
        )
        made.start()
        console.print(_welcome(made), soft_wrap=True)
        while True:
            signal.pause()
    except (ports.PortBusy, running.AlreadyRunning, processes.StartFailed) as problem:
        print(problem, file=sys.stderr)
        return 1
    except Stopped:
        say("ending everything")
    finally:
        if made:
            made.stop()
    say(f"ended; the data stays in {options.directory} until `make clean`")
    return 0


def _stop(*_: object) -> NoReturn:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # ending takes a moment and is not to be interrupted
    raise Stopped


def parser() -> argparse.ArgumentParser:
    known = argparse.ArgumentParser(prog="python -m local.run", description=__doc__)
    known.add_argument("--directory", type=Path, default=running.HOME, help="where everything is kept")
    known.add_argument("--ports", choices=["fixed", "free"], default="fixed")
    known.add_argument("--database", choices=[suite.SQLITE, suite.POSTGRESQL], default=suite.SQLITE)
    known.add_argument("--no-demo", action="store_true", help="without the demo account")
    known.add_argument("--quiet", action="store_true")
    return known


def _welcome(made: suite.Suite) -> str:
    urls = made.urls
    lines = [
        "",
        f"  {'Portal':<15}  {urls['portal']}",
        f"  {'Mailbox':<15}  {urls['mailbox']}   (every e-mail lands here)",
        *(f"  {name:<15}  {urls[name]}   (a product; the portal leads there)" for name in suite.PRODUCTS),
        *(f"  {name:<15}  {urls[name]}   (API: /openapi.json)" for name in suite.SERVICES),
        f"  {'broker':<15}  {made.broker_url.rpartition('@')[2]}   (its password: .run/suite.json)"
        if made.rabbitmq
        else f"  {'broker':<15}  {made.broker_url.rpartition('@')[2]}",
        "",
    ]
    if made.account:
        first = made.account["members"][0]["name"]
        lines += [
            f"  First: open the portal, sign in as {first} with one click, then",
            "  Options → Management of licenses and Purchases → choose a plan and a number → Add.",
            "  `make tour` in another terminal walks the same way through the APIs and tells each step.",
        ]
    return "\n".join([*lines, "  Ctrl-C here ends everything.", ""])


if __name__ == "__main__":
    sys.exit(main())
