"""Wiring of the worker process."""

from kit import limits
from kit.settings import Settings
from kit.worker import Job
from secure_messages import commands
from secure_messages.files import Folder
from secure_messages.mail import Post
from secure_messages.sealing import Vault
from secure_messages.settings import own


def jobs(_settings: Settings) -> dict[str, Job]:
    ours = own()
    post, vault = Post(ours.smtp_url, ours.mail_from), Vault(ours.secret)
    folder = Folder(ours.data / "attachments")
    return {
        "send mails": Job(0.1, lambda: commands.send_next(post, vault, ours.url)),
        "let messages expire": Job(10, lambda: commands.expire_next(folder)),
        "forget limit counts": Job(60, limits.forget_expired),
        "forget what is old": Job(3600, lambda: commands.forget_old(folder)),
    }
