"""Opening a link: one button, because programs open links too; then the message, its files, a name."""

from collections.abc import Iterator
from itertools import chain
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response, redirect, render_template, request, session
from werkzeug.wrappers import Response as Redirect

from kit import auth
from kit.errors import not_found, refuse
from secure_messages import commands, domain, queries
from secure_messages.models import Recipient
from secure_messages.pages import frame
from secure_messages.pages.frame import blueprint, check_form

OPENED = "opened"  # in the session: the ids of recipients whose button was pressed in this browser
MOST_OPENED = 20


@blueprint.get("/m/<link>")
@auth.public
def door(link: str) -> str:
    return render_template("door.html", recipient=queries.recipient(link), link=link)


@blueprint.post("/m/<link>")
@auth.public
def open_(link: str) -> Redirect:
    check_form()
    commands.open_message(link)
    opened = [*session.get(OPENED, []), str(queries.recipient(link).id)]
    session[OPENED] = opened[-MOST_OPENED:]
    return redirect(f"/m/{link}/message", 303)


@blueprint.get("/m/<link>/message")
@auth.public
def read(link: str) -> str | Redirect:
    recipient = queries.recipient(link)
    if not _opened(recipient):
        return redirect(f"/m/{link}", 303)
    content = queries.content(recipient, link, frame.vault())
    return render_template("opened.html", recipient=recipient, content=content, link=link)


@blueprint.get("/m/<link>/files/<uuid:file_id>")
@auth.public
def download(link: str, file_id: UUID) -> Response | Redirect:
    """Told when it begins; the rest of the answer needs no database."""
    recipient = queries.recipient(link)
    if not _opened(recipient):
        return redirect(f"/m/{link}", 303)
    content = queries.content(recipient, link, frame.vault())
    file = next((file for file in content["files"] if file["id"] == str(file_id)), None)
    if file is None:
        not_found("attachment")
    key = queries.message_key(recipient, link, frame.vault())
    answer = _attachment(file, frame.folder().read(file["id"], key))
    if request.method != "HEAD":
        commands.note_download(link, str(file_id))
    return answer


@blueprint.post("/m/<link>/signature")
@auth.public
def sign(link: str) -> Redirect:
    check_form()
    if not _opened(queries.recipient(link)):
        return redirect(f"/m/{link}", 303)
    name = " ".join(request.form.get("name", "").split())
    if not 0 < len(name) <= domain.LONGEST_NAME or not name.isprintable():
        refuse("name-missing", status=422)
    commands.sign_message(link, name, frame.vault())
    return redirect(f"/m/{link}/message", 303)


def _opened(recipient: Recipient) -> bool:
    return str(recipient.id) in session.get(OPENED, [])


def _attachment(file: dict[str, Any], content: Iterator[bytes]) -> Response:
    """Saved, never shown: it is somebody else's content on our address.

    Its first piece is read at once: what fails in the view is no download, and logs no link as gunicorn would.
    """
    answer = Response(chain([next(content)], content), content_type="application/octet-stream")
    answer.headers.set("Content-Disposition", "attachment", **_called(file["name"]))
    answer.headers["Content-Length"] = str(file["bytes"])
    return answer


def _called(name: str) -> dict[str, str]:
    """The parameters of RFC 6266: headers are ASCII; any other name is encoded, beside one that is like it."""
    plain = "".join(letter if letter.isascii() else "_" for letter in name)
    encoded = {} if name.isascii() else {"filename*": f"UTF-8''{quote(name, safe='')}"}
    return {"filename": plain, **encoded}
