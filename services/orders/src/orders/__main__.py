"""python -m orders web | worker | migrate | check | verify | streams | rewind"""

from kit import cli
from orders import queries, settings
from orders.app import create_app
from orders.handlers import HANDLERS
from orders.worker import jobs

main = cli.service(settings.read, create_app, HANDLERS, jobs, differences=queries.differences)


if __name__ == "__main__":
    main()
