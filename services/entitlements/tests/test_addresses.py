"""A new e-mail address takes effect when it is confirmed by the link that was mailed to it."""

import pytest

from entitlements.models import AddressChange, Member
from kit import clock, db
from service_fixtures import announced

DAY = 24 * 3600 * clock.SECOND


def refused(answer):
    return answer.status_code, answer.json["code"]


@pytest.fixture
def bob(office):
    return office.hires("bob")


@pytest.fixture
def link(office, client, bearer):
    """link(member): the token in the mail to the new address, as the notifier asks for it."""
    notifier = bearer("activation:link", issuer="notifier")

    def asked(member):
        answer = client.get(f"{office.url}/members/{member}/address-change/link", headers=notifier)
        return answer.json["token"] if answer.status_code == 200 else None

    return asked


@pytest.fixture
def confirms(client, bearer):
    portal = bearer("sign-in", issuer="portal")

    def confirm(token, act="confirmations"):
        return client.post(f"/v1/address-changes/{act}", json={"token": token}, headers=portal)

    return confirm


def asks(office, member, email="robert@acme.example", headers=None):
    return office.does("PATCH", f"/members/{member}", {"email": email}, headers)


def test_a_new_address_takes_effect_only_when_it_is_confirmed(office, bob, link, confirms):
    office.buys("eco", 1)
    held = office.assigns(bob, "eco").json
    asked = asks(office, bob).json

    assert (asked["email"], asked["pending_email"]) == ("bob@acme.example", "robert@acme.example")
    assert asked["pending_until"] is not None
    assert announced("member.changed") == []
    [event] = announced("member.address-requested")
    assert (event.data["email"], event.data["new_email"]) == ("bob@acme.example", "robert@acme.example")

    token = link(bob)
    assert confirms(token, "readings").json["email"] == "robert@acme.example"
    assert office.gets(f"/members/{bob}")["email"] == "bob@acme.example", (
        "a program that opens links changed it"
    )
    assert confirms(token).status_code == 200
    changed = office.gets(f"/members/{bob}")
    assert (changed["email"], changed["pending_email"]) == ("robert@acme.example", None)
    assert changed["license"]["id"] == held["license_id"]
    [event] = announced("member.changed")
    assert event.data["changed"] == {"email": ["bob@acme.example", "robert@acme.example"]}
    assert event.actor == f"member:{bob}"
    assert announced("license.unassigned") == []
    assert refused(confirms(token)) == (409, "link-used")


def test_links_mailed_to_the_old_address_sign_in_no_more(office, bearer, bob, link, confirms):
    client, portal = office.client, bearer("sign-in", issuer="portal")
    [found] = client.post("/v1/sign-ins", json={"email": "bob@acme.example"}, headers=portal).json["items"]
    asks(office, bob)
    confirms(link(bob))

    late = client.post(f"/v1/sign-ins/{bob}/uses", json={"counter": found["counter"]}, headers=portal)
    assert refused(late) == (409, "link-used")


def test_a_link_works_for_a_day(office, bob, link, confirms):
    asks(office, bob)
    token = link(bob)
    with db.atomic():
        AddressChange.update(expires_at=clock.now()).execute()

    assert refused(confirms(token)) == (410, "link-expired")
    assert refused(confirms(token, "readings")) == (410, "link-expired")
    assert link(bob) is None
    assert office.gets(f"/members/{bob}")["pending_email"] is None
    assert asks(office, bob).json["pending_email"] == "robert@acme.example"
    change = AddressChange.get(AddressChange.ended_at.is_null())
    assert change.expires_at - change.requested_at == DAY


@pytest.mark.parametrize("act", ["withdraw", "ask for another", "send again", "remove the member"])
def test_a_link_dies_when_its_request_ends(office, bob, link, confirms, act):
    asks(office, bob)
    token = link(bob)
    match act:
        case "withdraw":
            assert office.does("DELETE", f"/members/{bob}/address-change").status_code == 204
            assert announced("member.address-canceled")[-1].data["new_email"] == "robert@acme.example"
            assert office.gets(f"/members/{bob}")["pending_email"] is None
            assert office.does("DELETE", f"/members/{bob}/address-change").status_code == 404
        case "ask for another":
            asks(office, bob, "rob@acme.example")
        case "send again":
            assert office.does("POST", f"/members/{bob}/address-change").json["pending_email"]
            assert len(announced("member.address-requested")) == 2
        case _:
            office.does("DELETE", f"/members/{bob}")

    assert refused(confirms(token)) == (410, "link-expired")
    if act in ("ask for another", "send again"):
        assert confirms(link(bob)).status_code == 200


def test_the_same_request_again_sends_no_second_mail(office, bob):
    asks(office, bob)
    asks(office, bob)
    asks(office, bob, "bob@acme.example")

    assert len(announced("member.address-requested")) == 1


def test_domains_and_other_people_count_when_it_is_asked_for_and_when_it_is_confirmed(
    office, bob, link, confirms
):
    assert refused(asks(office, bob, "bob@elsewhere.example")) == (409, "domain-not-approved")
    assert refused(asks(office, bob, office.administrator["email"])) == (409, "email-taken")
    asks(office, bob)
    token = link(bob)
    robert = office.hires("robert")
    assert refused(confirms(token)) == (409, "email-taken")
    office.does("DELETE", f"/members/{robert}")
    office.does("DELETE", f"/domains/{office.domain}")
    assert refused(confirms(token)) == (409, "domain-not-approved")
    assert Member.get_by_id(bob).email == "bob@acme.example"


def test_a_token_signed_for_something_else_confirms_nothing(office, bob, link, confirms, keys):
    from kit import auth

    asks(office, bob)
    change = AddressChange.get()
    signer = auth.Signer(keys / "entitlements.json")
    others = [
        signer.token(change.id, aud="activation"),
        auth.Signer(keys / "portal.json").token(change.id, aud="address-change"),
        auth.Signer(keys / "notifier.json").token(change.id, aud="address-change"),
        link(bob)[:-3] + "AAA",
        "nonsense",
    ]

    assert [refused(confirms(token)) for token in others] == [(410, "link-expired")] * len(others)


def test_a_people_manager_touches_no_address_of_somebody_with_roles(office, bearer):
    carol = office.hires("carol", roles=["people-manager"])
    manager = bearer("people", "licenses", "account:read", account=office.id, who=carol)
    ada = office.administrator["id"]
    asks(office, ada, "ada.king@acme.example")

    assert refused(asks(office, carol, "carole@acme.example", manager)) == (403, "permission-missing")
    for method in ("POST", "DELETE"):
        answer = office.does(method, f"/members/{ada}/address-change", headers=manager)
        assert refused(answer) == (403, "permission-missing")


def test_no_event_and_no_row_holds_the_token(office, bob, link):
    asks(office, bob)
    token = link(bob)

    assert not any(token in str(event) for event in announced())
    rows = AddressChange.select().dicts()
    assert not any(token[-40:] in str(row) for row in rows)


def test_only_who_may_give_roles_turns_mails_about_new_devices_off(office, bearer):
    dan = office.hires("dan", roles=["purchaser"])
    purchaser = bearer("purchase", "billing", "account:read", account=office.id, who=dan)

    assert office.gets("")["new_device_mail"] is True
    refusal = office.does("PATCH", "", {"new_device_mail": False}, purchaser)
    assert refused(refusal) == (403, "permission-missing")
    assert office.does("PATCH", "", {"new_device_mail": False}).json["new_device_mail"] is False
    assert announced("account.changed")[-1].data["new_device_mail"] is False
    assert office.does("PATCH", "", {"new_device_mail": "no"}).status_code == 422
