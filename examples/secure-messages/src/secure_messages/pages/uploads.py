"""Files that come with a form: sealed while they arrive, and only as many bytes as the plan allows."""

from typing import IO, Any, cast

import flask
from flask import g, request
from werkzeug.datastructures import FileStorage

from secure_messages import commands, domain
from secure_messages.files import Incoming
from secure_messages.pages.frame import folder, licenses
from secure_messages.sealing import new_key


class Request(flask.Request):
    """What its form uploads is sealed with the key of the message to be."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.message_key = new_key()
        self._incoming: list[Incoming] = []

    def _get_file_stream(self, *_args: Any, **_kwargs: Any) -> IO[bytes]:
        self._incoming.append(folder().incoming(self.message_key))
        return cast(IO[bytes], self._incoming[-1])

    def close(self) -> None:
        """Also what the form broke off in: it never came to be among its files."""
        for incoming in self._incoming:
            incoming.close()


def message_key() -> bytes:
    return cast(Request, request).message_key


def chosen() -> list[FileStorage]:
    """The files of the form; a field that was left empty comes as one without a name."""
    return [file for file in request.files.getlist("files") if file.filename]


def incoming(file: FileStorage) -> Incoming:
    return cast(Incoming, file.stream)


def attached(file: FileStorage) -> domain.Attached:
    name = "".join(letter for letter in file.filename or "" if letter.isprintable())
    name = name.replace("\\", "/").rpartition("/")[2][-200:] or "file"
    arrived = incoming(file)
    return domain.Attached(arrived.id, name, arrived.bytes, arrived.digest)


def take_no_more_than_the_plan_allows() -> None:
    """Before anything is read: a form larger than the plan's attachments is not worth reading."""
    megabytes, length = licenses().value(g.me.member, "attachments.max_mb", 0), request.content_length or 0
    request.max_content_length = megabytes * domain.MEGABYTE + domain.TEXTS
    if length > request.max_content_length:
        _let_it_pass_by(length)
        commands.check_plan(licenses(), g.me.member, domain.Wish(length - domain.TEXTS))


def _let_it_pass_by(length: int) -> None:
    """A browser reads no answer before it has sent everything; nothing of it is kept."""
    request.max_content_length = length
    for _ in range(0, min(length, domain.MOST_IGNORED), domain.MEGABYTE):
        request.stream.read(domain.MEGABYTE)
