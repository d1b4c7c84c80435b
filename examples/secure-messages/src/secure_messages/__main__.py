"""python -m secure_messages web | worker | migrate | check"""

from kit import cli
from secure_messages import settings
from secure_messages.app import start
from secure_messages.worker import jobs

main = cli.service(settings.read, start, {}, jobs, require=settings.require, probe=settings.probe)

if __name__ == "__main__":
    main()
