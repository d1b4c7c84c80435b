"""Writing, sending, looking after what was sent, taking it back."""

from typing import Any, NamedTuple
from uuid import UUID

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from kit import clock, limits
from kit.errors import Refusal, refuse
from secure_messages import commands, domain, queries
from secure_messages.files import Incoming
from secure_messages.pages import frame, uploads
from secure_messages.pages.frame import blueprint, check_form, for_senders, licenses

MESSAGES = limits.Limit("messages", "30/minute")  # by each sender


@blueprint.get("/")
@for_senders
def sent() -> str:
    return render_template("sent.html", messages=queries.sent_by(g.me.account, g.me.member))


@blueprint.get("/messages/new")
@for_senders
def write() -> str:
    return _form({})


@blueprint.post("/messages")
@for_senders
def send() -> Redirect | Response | tuple[str, int, dict[str, str]]:
    try:
        uploads.take_no_more_than_the_plan_allows()
        check_form()
        written = _read()
        MESSAGES.spend(f"{g.me.account}:{g.me.member}")  # after the form was read: its text comes back
        commands.send_message(written.draft, uploads.message_key(), written.files, frame.vault(), licenses())
    except Refusal as error:
        if frame.wants_problem():
            raise
        typed = request.form.to_dict() if "form" in request.__dict__ else {}  # unread when it was too large
        return _form(typed, frame.said(error)), error.status, error.headers
    return redirect(f"/messages/{written.draft.id}", 303)


@blueprint.get("/messages/<uuid:message_id>")
@for_senders
def show(message_id: UUID) -> str:
    message = queries.sent(str(message_id), g.me.member)
    may_delete = message.gone_at is None and bool(licenses().allows(g.me.member, "retrieval"))
    return render_template("message.html", message=message, may_delete=may_delete)


@blueprint.post("/messages/<uuid:message_id>/deletion")
@for_senders
def delete(message_id: UUID) -> Redirect:
    check_form()
    commands.delete_message(str(message_id), g.me.member, licenses(), frame.folder())
    return redirect(f"/messages/{message_id}", 303)


def _hindrance() -> str:
    """Why not even a message without more can be sent now."""
    try:
        commands.check_plan(licenses(), g.me.member, domain.Wish(0))
    except Refusal as error:
        return frame.said(error)
    return ""


def _form(typed: dict[str, str], problem: str = "") -> str:
    allowed = {
        feature: licenses().value(g.me.member, feature, 0)
        for feature in ("attachments.max_mb", "signatures.max_signers", "own_address")
    }
    key = typed.get("key", "")
    return render_template(
        "write.html",
        typed=typed,
        problem=problem,
        allowed=allowed,
        hindrance=_hindrance(),
        key=key if domain.is_id(key) else clock.new_id(),
        days=domain.USUAL_DAYS,
        most_days=domain.MOST_DAYS,
    )


class Written(NamedTuple):
    """What came with the form."""

    draft: domain.Draft
    files: list[Incoming]


def _read() -> Written:
    form = request.form
    recipients = domain.addresses(form.get("recipients", ""))
    wrong = [address for address in recipients if not domain.is_address(address)]
    days = domain.days(form.get("days", ""))
    _require("recipients-invalid", bool(recipients) and not wrong, wrong=", ".join(wrong))
    _require("too-many-recipients", len(recipients) <= domain.MOST_RECIPIENTS, most=domain.MOST_RECIPIENTS)
    _require("body-missing", bool(form.get("body", "").strip()))
    _require("text-too-long", _short_enough(form), most=domain.LONGEST_BODY)
    _require("days-invalid", 1 <= days <= domain.MOST_DAYS, most=domain.MOST_DAYS)
    _require("form-too-old", domain.is_id(form.get("key", "")))
    chosen = uploads.chosen()
    _require("too-many-files", len(chosen) <= domain.MOST_FILES, most=domain.MOST_FILES)
    draft = domain.Draft(
        id=form["key"],
        sender=g.me,
        recipients=recipients,
        subject=form.get("subject", "").strip(),
        body=form["body"],
        days=days,
        signing="signing" in form,
        own_address="own_address" in form,
        files=tuple(uploads.attached(file) for file in chosen),
    )
    return Written(draft, [uploads.incoming(file) for file in chosen])


def _require(code: str, holds: bool, **facts: Any) -> None:
    if not holds:
        refuse(code, status=422, **facts)


def _short_enough(form: Any) -> bool:
    return (
        len(form.get("body", "")) <= domain.LONGEST_BODY
        and len(form.get("subject", "")) <= domain.LONGEST_SUBJECT
    )
