"""python -m orders web | worker | migrate | check | streams"""

from kit import cli
from orders import settings
from orders.app import create_app
from orders.handlers import HANDLERS
from orders.worker import JOBS

SETTINGS = settings.read()
main = cli.service(SETTINGS, lambda: create_app(SETTINGS), HANDLERS, JOBS)


if __name__ == "__main__":
    main()
