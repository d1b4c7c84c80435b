"""python -m entitlements web | worker | migrate | check | verify | streams"""

from entitlements import queries, settings
from entitlements.app import create_app
from entitlements.handlers import HANDLERS
from entitlements.worker import jobs
from kit import cli

main = cli.service(settings.read, create_app, HANDLERS, jobs, differences=queries.differences)


if __name__ == "__main__":
    main()
