"""Save the database of a service to a file, and bring it back: python -m backups save|restore FILE

SQLite is copied page by page, PostgreSQL by its own pg_dump and pg_restore. The service may go on while it is
saved and must be stopped while it is restored. DATABASE_URL, in the environment, is that of the
role that owns the tables.
"""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from local import postgres

TOLD = """restored. Before its processes are started again:
  empty the inboxes of its readers, what waits there may be undone (rabbitmqctl purge_queue <reader>.inbox)
After that, once for each of its readers:
  python -m <reader> rewind --source <service> --restored-at {at}"""


def save(url: str, file: Path) -> None:
    """One consistent moment of the database; OSError or sqlite3.Error when that cannot be had."""
    if url.startswith("sqlite:"):
        _copy(Path(urlsplit(url).path[1:]), file)
    else:
        _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")


def restore(url: str, file: Path) -> str:
    """All as it was when it was saved; returns the instant (RFC 3339, UTC) that its readers have to know.

    OSError or sqlite3.Error when it fails. PostgreSQL is then as it was.
    """
    if url.startswith("sqlite:"):
        _copy(file, Path(urlsplit(url).path[1:]))
    else:
        once = ("--clean", "--if-exists", "--single-transaction", "--no-owner", "--no-privileges")
        _run("pg_restore", url, *once, str(file))
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _copy(source: Path, target: Path) -> None:
    if not source.exists():
        raise FileNotFoundError(f"there is no {source}")
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def _run(program: str, url: str, *arguments: str) -> None:
    """The password goes by the environment: everybody on the machine sees a command."""
    address, here = urlsplit(url), postgres.binaries()
    user, at, place = address.netloc.rpartition("@")
    public = address._replace(netloc=user.partition(":")[0] + at + place).geturl()
    secret = {"PGPASSWORD": unquote(address.password)} if address.password else {}
    command = [str(here / program) if here else program, *arguments, f"--dbname={public}"]
    if code := subprocess.run(command, env={**os.environ, **secret}, check=False).returncode:
        raise OSError(f"{program} ended with exit code {code}")


def main() -> int:
    url = os.environ.get("DATABASE_URL", "")
    if len(sys.argv) != 3 or sys.argv[1] not in {"save", "restore"} or not url:
        print(__doc__, file=sys.stderr)
        return 2
    verb, file = sys.argv[1], Path(sys.argv[2])
    try:
        if verb == "save":
            save(url, file)
            print(f"saved to {file}")
        else:
            print(TOLD.format(at=restore(url, file)))
    except (OSError, sqlite3.Error) as error:
        print(f"{verb} failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
