"""python -m entitlements web | worker | migrate | check | verify | streams"""

from entitlements import queries, settings
from entitlements.app import create_app
from entitlements.handlers import HANDLERS
from entitlements.worker import JOBS
from kit import cli

SETTINGS = settings.read()
main = cli.service(SETTINGS, lambda: create_app(SETTINGS), HANDLERS, JOBS, queries.differences)


if __name__ == "__main__":
    main()
