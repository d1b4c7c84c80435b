"""The help article, step by step, through real processes: with RabbitMQ and with the logs alone."""

import csv
import io

import pytest

from journeys.people import ASKS_THE_BANK, DECLINED, POOR, SETTLES_LATER, Office, Refused, code_in, until
from local.suite import NO_BROKER, RABBITMQ

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[RABBITMQ, NO_BROKER])
def office(request):
    """A business on the shared suite, and one on a suite without a broker."""
    if request.param == NO_BROKER:
        yield Office(request.getfixturevalue("make_suite")(broker=NO_BROKER))
    else:
        yield Office(request.getfixturevalue("suite"))


@pytest.fixture(scope="module")
def seats(office):
    """Plenty of licenses, for the tests about people."""
    office.awaits_licenses(office.buys("advanced", 10, "year"))


def test_who_buys_hands_over_and_activates_may_use_the_product(office):
    offers = office.sees_offers()
    assert [offer["plan"] for offer in offers] == ["eco", "advanced", "pro"]

    order = office.buys("pro", 2)
    assert office.awaits_licenses(order)["total"] == 2 * 1875
    zoe = office.hires("Zoe Park")
    assert office.may_use(zoe, "retrieval")["reason"] == "no-license"

    assignment = office.assigns(zoe, "pro")
    assert office.pool("pro") == {"capacity": 2, "assigned": 1, "free": 1, "parked": 0}
    [mail] = office.mails_to(zoe)
    assert mail["subject"] == "Your Pro license is ready"
    assert "How to install" in mail["text"]

    activated = office.activates(code_in(mail))
    assert (activated["license_id"], activated["member_id"]) == (assignment["license_id"], zoe["id"])
    verdict = office.may_use(zoe, "attachments.max_mb", 2_000)
    assert (verdict["allowed"], verdict["reason"]) == (True, "ok")


def test_the_buyer_gets_one_receipt(office):
    order = office.buys("eco", 3)
    office.awaits_licenses(order)
    title = f"Receipt for order {order['number']}"

    def receipts():
        return [mail for mail in office.mails_to(office.ada, 0) if mail["subject"] == title]

    until("the receipt", receipts)
    assert len(receipts()) == 1
    assert "$15.00" in receipts()[0]["text"]


def test_a_french_person_gets_a_french_mail(office, seats):
    chloe = office.hires("Chloé Tremblay", locale="fr")
    office.assigns(chloe, "advanced")
    [mail] = office.mails_to(chloe)

    assert mail["subject"] == "Votre licence Avancé est prête"
    assert mail["headers"]["Content-Language"] == "fr"
    assert "Comment installer" in mail["text"]
    assert "Bonjour Chloé Tremblay" in mail["text"]
    assert code_in(mail)


def test_who_has_activated_already_is_not_asked_to_activate_again(office, seats):
    bob = office.hires("Bob Stone")
    first = office.assigns(bob, "advanced")
    [asked] = office.mails_to(bob)
    office.activates(code_in(asked))
    office.unassigns(first)
    assert office.may_use(bob, "retrieval")["reason"] == "no-license"

    again = office.assigns(bob, "advanced")
    assert again["license_id"] == first["license_id"]
    mail = office.mails_to(bob, 2)[1]
    assert "already activated" in mail["text"]
    assert "/activate/" not in mail["text"] + mail["html"]
    assert office.may_use(bob, "retrieval")["allowed"]


def test_a_license_taken_from_one_person_goes_to_another(office, seats):
    before = office.pool("advanced")
    ann, eve = office.hires("Ann Lee"), office.hires("Eve Ng")
    office.unassigns(office.assigns(ann, "advanced"))
    office.assigns(eve, "advanced")

    assert office.pool("advanced") == {
        **before,
        "assigned": before["assigned"] + 1,
        "free": before["free"] - 1,
    }
    assert not office.may_use(ann, "retrieval")["allowed"]
    assert office.may_use(eve, "retrieval")["allowed"]


def test_after_a_declined_card_another_one_pays(office):
    order = office.orders("eco", 1)
    for card, reason in ((DECLINED, "card-declined"), (POOR, "insufficient-funds")):
        answer = office.pays(order, card)
        assert (answer["status"], answer["reason"]) == ("declined", reason)
    assert office.order(order)["status"] == "awaiting_payment"

    assert office.pays(order)["status"] == "paid"
    office.awaits_licenses(order)


def test_a_card_that_asks_the_bank_pays_once_the_buyer_is_confirmed(office):
    order = office.orders("eco", 1)
    assert office.pays(order, ASKS_THE_BANK)["status"] == "requires_action"
    confirmation = f"/v1/accounts/{{a}}/orders/{order['id']}/payment/confirmation"
    assert office.call("orders", "POST", confirmation, {"outcome": "accepted"})["status"] == "paid"
    office.awaits_licenses(order)


def test_a_payment_that_settles_later_brings_the_licenses_by_itself(office):
    order = office.orders("eco", 1)
    assert office.pays(order, SETTLES_LATER)["status"] == "processing"
    office.awaits_licenses(order)


def test_removed_seats_cannot_be_assigned_until_that_is_undone(office):
    order = office.buys("eco", 2, "year")
    office.awaits_licenses(order)
    before = office.pool("eco")
    parking = office.parks("eco", 2, "year")
    assert office.pool("eco")["parked"] == before["parked"] + 2

    def parked_by_orders():
        items = office.call("orders", "GET", "/v1/accounts/{a}/subscriptions")["items"]
        year = next(item for item in items if item["interval"] == "year")
        return next(item["parked"] for item in year["items"] if item["plan"] == "eco")

    until("orders to hear of the removal", lambda: parked_by_orders() == 2)
    office.undoes(parking)
    until("orders to hear of the undo", lambda: parked_by_orders() == 0)
    assert office.pool("eco") == before


def test_when_no_license_is_free_the_next_person_gets_none(office):
    order = office.buys("eco", 1)
    office.awaits_licenses(order)
    for number in range(office.pool("eco")["free"]):
        office.assigns(office.hires(f"Person {number}"), "eco")

    with pytest.raises(Refused) as no:
        office.assigns(office.hires("One too many"), "eco")
    assert (no.value.status, no.value.code) == (409, "no-free-license")


def test_the_activity_log_tells_every_step_and_exports_it(office, seats):
    max_ = office.hires("Max Weiß")
    office.unassigns(office.assigns(max_, "advanced"))

    def of_max():
        items = [item["type"] for item in office.activity() if item["data"].get("member_id") == max_["id"]]
        return items if "license.unassigned" in items else []

    assert [kind for kind in until("the activity", of_max) if kind.startswith(("member", "license"))] == [
        "member.added",
        "license.assigned",
        "license.unassigned",
    ]
    [english] = [i for i in office.activity("member.added") if i["data"]["member_id"] == max_["id"]]
    [french] = [
        i for i in office.activity("member.added", language="fr") if i["data"]["member_id"] == max_["id"]
    ]
    assert english["actor"] == {
        "id": f"member:{office.ada['id']}",
        "name": "Ada Roy",
        "email": office.ada["email"],
    }
    assert "Max Weiß" in english["summary"]
    assert english["summary"] != french["summary"]

    told = {"order.placed", "order.paid", "license.issued", "license.assigned"}  # by two sources: no order
    until("what both sources told", lambda: told <= {item["type"] for item in office.activity()})
    exported = office.call("notifier", "GET", "/v1/accounts/{a}/activity.csv?language=en")
    rows = list(csv.reader(io.StringIO(exported.removeprefix("\ufeff"))))
    assert rows[0][:4] == ["Time (UTC)", "Who", "What happened", "Type"]
    assert told <= {row[3] for row in rows[1:]}
    assert len(rows) - 1 >= len(office.activity("order.paid", "license.assigned"))


def test_who_may_not_buy_or_assign_is_refused(office, seats):
    person = office.hires("Nina Wolf")
    for service, path, body in (
        ("orders", "/v1/accounts/{a}/quotes", {"lines": [{"plan": "eco", "seats": 1}]}),
        ("entitlements", "/v1/accounts/{a}/assignments", {"member_id": person["id"], "plan": "advanced"}),
    ):
        with pytest.raises(Refused) as no:
            office.call(service, "POST", path, body, role="auditor")
        assert (no.value.status, no.value.code) == (403, "permission-missing")
