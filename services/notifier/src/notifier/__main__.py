"""python -m notifier web | worker | migrate | check | streams"""

from kit import cli
from notifier import settings
from notifier.app import create_app
from notifier.handlers import HANDLERS
from notifier.worker import jobs

main = cli.service(settings.read, create_app, HANDLERS, jobs)

if __name__ == "__main__":
    main()
