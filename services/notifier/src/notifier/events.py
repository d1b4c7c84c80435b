"""What the notifier announces: how each notice ended."""

from kit.outbox import Event
from notifier.models import Notice


def notice_sent(notice: Notice, message_id: str) -> Event:
    return Event("notice.sent", str(notice.account), {**_which(notice), "message_id": message_id})


def notice_failed(notice: Notice, reason: str) -> Event:
    return Event("notice.failed", str(notice.account), {**_which(notice), "reason": reason})


def notice_requeued(notice: Notice) -> Event:
    return Event("notice.requeued", str(notice.account), _which(notice))


def _which(notice: Notice) -> dict[str, object]:
    return {"notice_id": notice.id, "kind": notice.kind, "member_id": notice.member}
