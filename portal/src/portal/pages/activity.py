"""Activity: who did what, when and from which address."""

from collections.abc import Iterator

from flask import Blueprint, Response, render_template, request
from flask_babel import get_locale, gettext

from portal import sections, session
from portal.clients.http import Problem

blueprint = Blueprint("activity", __name__)

PAGE = 30
TRAIL = 20  # pages that lead back one by one; addresses have a limit


def event_types() -> dict[str, dict[str, str]]:
    """What can be filtered by: event types in groups, in the page's language."""
    return {
        gettext("Licenses"): {
            "license.assigned": gettext("License given"),
            "license.unassigned": gettext("License taken back"),
            "license.reminded": gettext("License e-mail sent again"),
            "license.activated": gettext("License activated"),
            "license.deactivated": gettext("Device released"),
            "license.issued": gettext("Licenses ready"),
            "seats.parked": gettext("Licenses removed"),
            "seats.unparked": gettext("Removal undone"),
            "seats.counted": gettext("Removals confirmed"),
        },
        gettext("Orders"): {
            "order.placed": gettext("Order placed"),
            "order.paid": gettext("Order paid"),
            "order.declined": gettext("Card declined"),
            "order.fulfilled": gettext("Order fulfilled"),
            "order.canceled": gettext("Order canceled"),
            "order.expired": gettext("Order expired"),
        },
        gettext("People"): {
            "member.added": gettext("User added"),
            "member.changed": gettext("User changed"),
            "member.removed": gettext("User removed"),
            "member.address-requested": gettext("New address asked for"),
            "member.address-canceled": gettext("New address withdrawn"),
            "domain.approved": gettext("Domain approved"),
        },
        gettext("Sign-ins"): {
            "session.started": gettext("Signed in"),
            "session.ended": gettext("Signed out"),
            "session.refused": gettext("Sign-in refused"),
            "permission.refused": gettext("Permission refused"),
        },
        gettext("Messages"): {
            "notice.sent": gettext("E-mail sent"),
            "notice.failed": gettext("E-mail failed"),
            "notice.requeued": gettext("E-mail sent again"),
        },
        gettext("Secure messages"): {
            "message.sent": gettext("Secure message sent"),
            "message.opened": gettext("Secure message opened"),
            "attachment.downloaded": gettext("Attachment saved"),
            "message.signed": gettext("Secure message signed"),
            "message.deleted": gettext("Secure message deleted"),
            "message.expired": gettext("Secure message expired"),
        },
    }


@blueprint.get("/activity")
@session.allow("activity:read")
def index() -> str:
    """`trail` holds the cursors of the newer pages, so that the way back is a link too."""
    notifier, language = session.suite().notifier, str(get_locale())[:2]
    chosen, cursor = _chosen_type(), request.args.get("cursor", "")
    trail = [step for step in request.args.get("trail", "").split("~") if step][-TRAIL:]
    page = sections.read(
        activity=lambda: notifier.activity(type=chosen, cursor=cursor, limit=PAGE, language=language)
    )
    newer = None
    if cursor:
        newer = {"type": chosen, "cursor": trail[-1] if trail else "", "trail": "~".join(trail[:-1])}
    older = None
    if page.activity.or_else({}).get("next"):
        older = {"type": chosen, "cursor": page.activity.value["next"], "trail": "~".join([*trail, cursor])}
    types = event_types()
    kind = next((group[chosen] for group in types.values() if chosen in group), chosen)
    shown = {"chosen": chosen, "kind": kind, "types": types, "newer": newer, "older": older}
    return render_template("activity/index.html", page=page, **shown)


def _chosen_type() -> str:
    return request.args.get("type", "")[:60]


@blueprint.get("/activity.csv")
@session.allow("activity:read")
@session.exports
def export() -> Response:
    """What the page shows, of all times, as CSV, piece by piece from the notifier to the browser."""
    pieces = session.suite().notifier.activity_csv(_chosen_type(), str(get_locale())[:2])
    next(pieces)  # a refusal becomes a page, not half a file

    def body() -> Iterator[bytes]:
        try:
            yield from pieces
        except Problem as problem:
            raise ConnectionError("the notifier went away in the middle") from problem

    answer = Response(body(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="activity.csv"'
    return answer
