"""Routes of sessions: where people are signed in, and how they are signed out."""

from typing import Any

from entitlements import commands, models, queries, schemas
from entitlements.api.blueprint import make
from entitlements.commands import Browser
from kit import auth, idempotency, schema

blueprint = make("sessions", "Where people are signed in to the portal")


@blueprint.post("/sessions/<uuid:session_id>/readings")
@auth.allow("sign-in")
@blueprint.response(200, schemas.SessionReading)
def read_session(session_id: str) -> models.Session:
    """Return who is signed in and what they may do; 410 `session-ended` when they are no longer."""
    return commands.use_session(session_id)


@blueprint.delete("/sessions/<uuid:session_id>")
@auth.allow("sign-in")
@blueprint.response(204)
def sign_out(session_id: str) -> None:
    """Sign the person out who asks from this session."""
    commands.sign_out(session_id)


@blueprint.post("/accounts/<uuid:account_id>/members/<uuid:member_id>/sessions")
@auth.allow("sign-in")
@idempotency.once
@blueprint.arguments(schemas.FromBrowser)
@blueprint.response(201, schemas.SignedIn)
def start_demo_session(browser: dict[str, Any], account_id: str, member_id: str) -> dict[str, Any]:
    """Sign a member of a demo account in, without a link."""
    return signed_in(
        commands.start_demo_session(account_id, member_id, Browser(browser["browser"], browser["device"]))
    )


@blueprint.get("/accounts/<uuid:account_id>/members/<uuid:member_id>/sessions")
@auth.allow("people", own="member_id")
@blueprint.response(200, schema.page_of(schemas.Session))
def list_sessions(account_id: str, member_id: str) -> dict[str, Any]:
    """Where a member is signed in, the last used first."""
    return {"items": queries.sessions(account_id, member_id), "next": None}


@blueprint.delete("/accounts/<uuid:account_id>/members/<uuid:member_id>/sessions/<uuid:session_id>")
@auth.allow("people", own="member_id")
@blueprint.response(204)
def end_session(account_id: str, member_id: str, session_id: str) -> None:
    """End one session; of people with more than the `member` role this needs `roles`."""
    commands.end_session(account_id, member_id, session_id, _grants(member_id))


@blueprint.delete("/accounts/<uuid:account_id>/members/<uuid:member_id>/sessions")
@auth.allow("people", own="member_id")
@blueprint.response(204)
def end_sessions(account_id: str, member_id: str) -> None:
    """End all sessions of a member and unused sign-in links; permissions as for one."""
    commands.end_sessions(account_id, member_id, _grants(member_id))


def signed_in(session: models.Session) -> dict[str, Any]:
    """What the portal needs to know of a session that began."""
    member = queries.member(session.account_id, session.member_id)
    return {
        "account_id": session.account_id,
        "member": member,
        "session_id": session.id,
        "started_at": session.started_at,
        "expires_at": session.expires_at,
    }


def _grants(member_id: str) -> frozenset[str] | None:
    """The caller's, or None: people may end their own sessions."""
    caller = auth.caller()
    return None if caller.account and caller.id == member_id else caller.grants
