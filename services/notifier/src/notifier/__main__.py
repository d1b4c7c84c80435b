"""python -m notifier web | worker | migrate | check | streams | rewind"""

from kit import cli
from notifier import commands, settings
from notifier.app import create_app
from notifier.handlers import HANDLERS, of_products
from notifier.worker import jobs

handlers = {**HANDLERS, **of_products(settings.products())}
main = cli.service(
    settings.read,
    create_app,
    handlers,
    jobs,
    undo=commands.undo_activity,
    require=settings.require,
    probe=settings.probe,
)

if __name__ == "__main__":
    main()
