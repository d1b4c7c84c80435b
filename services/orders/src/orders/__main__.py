"""python -m orders web | worker | migrate | check | verify | streams"""

from kit import cli
from orders import queries, settings
from orders.app import create_app
from orders.handlers import HANDLERS
from orders.worker import JOBS

SETTINGS = settings.read()
main = cli.service(SETTINGS, lambda: create_app(SETTINGS), HANDLERS, JOBS, queries.differences)


if __name__ == "__main__":
    main()
