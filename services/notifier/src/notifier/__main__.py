"""python -m notifier web | worker | migrate | check | streams"""

from kit import cli
from notifier import settings, worker
from notifier.app import create_app
from notifier.handlers import HANDLERS

SETTINGS = settings.read()
main = cli.service(SETTINGS, lambda: create_app(SETTINGS), HANDLERS, worker.jobs(SETTINGS, settings.mailing()))

if __name__ == "__main__":
    main()
