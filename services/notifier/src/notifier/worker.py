"""Wiring of the worker process."""

from kit import idempotency, limits
from kit.settings import Settings
from kit.worker import Job
from notifier import commands
from notifier.links import Links
from notifier.mail import Post
from notifier.settings import mailing

LOOK_EVERY = 0.02  # seconds; an empty look costs a fraction of a millisecond
SENDERS = 3  # connections to the mail server: while it thinks about one mail, others are on their way


def jobs(settings: Settings) -> dict[str, Job]:
    own = mailing()

    def sender() -> Job:
        post = Post(own.smtp_url, own.mail_from)
        links = Links(settings.source_urls["entitlements"], settings.signing_key_file)
        return Job(LOOK_EVERY, lambda: commands.send_next(post, links, own.portal_url))

    return {
        **{f"send mails {number}": sender() for number in range(1, SENDERS + 1)},
        "forget old notices": Job(3600, commands.forget_old),
        "forget old answers": Job(3600, idempotency.forget_old),
        "forget limit counts": Job(60, limits.forget_expired),
    }
