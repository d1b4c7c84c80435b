"""Refusals of services in words that help: what was refused, why, and what can be done."""

from flask import current_app
from flask_babel import gettext, ngettext

from portal.clients import Json, Problem
from portal.language import words
from portal.words import plan_name, possible_at


def service_name(service: str) -> str:
    names = {
        "catalog": gettext("The catalog of plans"),
        "orders": gettext("Buying"),
        "entitlements": gettext("People and licenses"),
        "notifier": gettext("The activity log"),
    }
    return names[service]


def text(problem: Problem, **known: str) -> str:
    """One sentence or two about the refusal, in the page's language; `known`: facts it may not carry itself."""
    if problem.unreachable:
        return gettext(
            "%(service)s cannot be reached at the moment. Nothing was changed; try again in a little while.",
            service=service_name(problem.service),
        )
    said = _sentences({**known, **problem.facts}).get(problem.code)
    return said or gettext("This was refused: %(reason)s", reason=words(problem.detail))


def field_texts(problem: Problem, names: dict[str, str]) -> dict[str, str]:
    """The bad fields of a form: `names` says which input shows a field of the service."""
    found = {}
    for field in problem.fields:
        shown = names.get(field.split(".")[0])
        if shown:
            found[shown] = gettext("Check this field: it was not accepted.")
    return found


def _operator() -> str:
    """Whoever runs the portal, with the address to write to, if there is one."""
    address = current_app.extensions["settings"].support_email
    if address:
        return gettext("The operator of this portal (%(address)s)", address=address)
    return gettext("The operator of this portal")


def _sentences(facts: Json) -> dict[str, str]:
    plan = plan_name(str(facts["plan"])) if facts.get("plan") else gettext("this plan")
    domain = str(facts.get("domain", ""))
    return {
        "no-free-license": gettext(
            "The last free license of %(plan)s was taken meanwhile. Choose another plan or buy one more.",
            plan=plan,
        ),
        "already-licensed": gettext(
            "This person has a license already. Remove it first, then give the new one."
        ),
        "member-removed": gettext("This person was removed from the organization, so no license can be given."),
        "member-unknown": gettext("This person is not in your organization."),
        "plan-unknown": gettext("There is no such plan, or it is not sold any more."),
        "domain-not-approved": gettext(
            "The e-mail domain %(domain)s is not approved for your organization. "
            "People can be added only from approved domains. %(who)s can approve it.",
            domain=domain,
            who=_operator(),
        ),
        "email-taken": gettext("Somebody in your organization has this e-mail address already."),
        "last-administrator": gettext("At least one administrator must remain. Make somebody else one first."),
        "seats-assigned": gettext(
            "Not that many licenses are free. Take them back from those who hold them first: %(holders)s.",
            holders=", ".join(holder["name"] for holder in facts.get("holders") or []) or "–",
        ),
        "quote-stale": gettext(
            "The price changed since it was shown. The new amount stands beside the old one."
        ),
        "quote-used": gettext("This was ordered already; it was not ordered again."),
        "change-in-progress": gettext("Another order is waiting for its payment. Finish or cancel it first."),
        "cart-empty": gettext("Nothing is selected yet."),
        "plan-not-sold": gettext("A plan in the summary is not sold any more. Take it out, then go on."),
        "below-minimum-quantity": gettext(
            "A plan in the summary is sold only in a larger number. Raise the number."
        ),
        "price-missing": gettext(
            "A plan in the summary is not sold for this period. Switch between month and year."
        ),
        "subscription-not-active": gettext(
            "A subscription of your organization is suspended or in its days of grace. Until it is restored "
            "nothing can be bought and nobody new gets a license."
        ),
        "license-suspended": gettext(
            "This license is suspended. Its devices go on working when it is restored."
        ),
        "currency-locked": gettext("Your organization's subscription is in another currency."),
        "order-state": gettext("This order can no longer be paid or changed."),
        "payment-window-over": gettext("The time to pay this order is over. Nothing was charged; order again."),
        "no-confirmation-due": gettext("No payment of this order waits for a confirmation."),
        "card-unknown": gettext("This card is not known. Choose one of the list."),
        "account-unknown": gettext(
            "Your organization is not known to this service yet; try again in a moment."
        ),
        "currency-mismatch": gettext("Your organization buys in another currency."),
        "code-unknown": gettext("This activation code is not known, or no longer."),
        "too-many-devices": gettext("This license is activated on as many devices as its plan allows."),
        "device-released": gettext(
            "This device was released. Whoever holds the license lets it in again under My devices."
        ),
        "license-not-held": gettext("The person no longer holds a license of %(plan)s.", plan=plan),
        "too-many-guesses": ngettext(
            "Several codes that do not exist were tried from your network, so none is looked at for a moment. "
            "Nothing is lost: try again in %(num)s second.",
            "Several codes that do not exist were tried from your network, so none is looked at for a moment. "
            "Nothing is lost: try again in %(num)s seconds.",
            int(facts.get("retry_after", 60)),
        ),
        "too-many-requests": gettext(
            "This was asked for very often in a short time. Nothing is lost: try again at %(time)s.",
            time=possible_at(float(facts.get("retry_after", 60))),
        ),
        "permission-missing": gettext("You may not do this. An administrator of your organization can."),
        "invalid-fields": gettext("Some fields were not accepted. Nothing you typed is lost."),
        "link-expired": gettext("The link does not work any more. Ask an administrator for another one."),
        "not-found": gettext("It does not exist, or no longer."),
    }
