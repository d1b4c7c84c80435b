"""Requests and payments break off at every point: what is sent again takes effect once, money moves once."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from faults import checker
from faults.checker import GHOST
from faults.patient import Patient, on_sqlite
from faults.shop import Shop, kinds
from journeys.people import PAYS, Json, Office, until
from kit import clock

pytestmark = pytest.mark.slow

ANSWER_LOST = "4000000000000119"
PARKED = json.dumps({"plan": "eco", "interval": "month", "seats": 1})


def parks(shop: Shop, key: str) -> int:
    headers = {**shop.headers(), "Idempotency-Key": key, "Content-Type": "application/json"}
    url = f"{shop.suite.urls['entitlements']}/v1/accounts/{shop.id}/parkings"
    return httpx.post(url, content=PARKED, headers=headers, timeout=60).status_code


def parks_and_leaves(shop: Shop, key: str) -> None:
    """The request is sent whole; nobody waits for the answer."""
    url = urlsplit(shop.suite.urls["entitlements"])
    headers = {**shop.headers(), "Idempotency-Key": key, "Content-Type": "application/json"}
    headers |= {"Host": url.netloc, "Content-Length": str(len(PARKED))}
    head = [f"POST /v1/accounts/{shop.id}/parkings HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.sendall(("\r\n".join(head) + "\r\n\r\n" + PARKED).encode())
    until("the effect", lambda: shop.pool("eco")["parked"])


def client_leaves_and_comes_back(shop: Shop) -> int:
    """How many seats are parked by one wish, asked for again with its key."""
    key = clock.new_id()
    parks_and_leaves(shop, key)
    assert parks(shop, key) == 201
    return shop.pool("eco")["parked"]


def test_a_client_that_left_before_the_answer_gets_it_with_its_key_and_no_second_effect(patient, shop):
    assert client_leaves_and_comes_back(shop) == 1
    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
def test_control_a_service_that_forgets_its_answers_is_caught(patient, shop):
    patient.mutate("entitlements-web", "answers_forgotten")

    assert client_leaves_and_comes_back(shop) == 2


@pytest.mark.matrix
def test_the_same_key_eight_times_at_once_has_one_effect(patient, shop):
    key = clock.new_id()
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda _: parks(shop, key), range(8)))

    assert set(answers) == {201}
    assert shop.pool("eco")["parked"] == 1
    assert checker.until_whole(patient.suite, shop) == []


def pays(office: Office, order: Json, key: str, card: str = PAYS) -> str:
    """The status of the answer; nothing when there was none."""
    url = f"{office.suite.urls['orders']}/v1/accounts/{office.id}/orders/{order['id']}/payment"
    headers = {**office.headers(), "Idempotency-Key": key}
    try:
        answer = httpx.post(url, json={"provider": "sandbox", "card": card}, headers=headers, timeout=60)
    except httpx.TransportError:
        return ""
    return str(answer.json()["status"])


@pytest.mark.matrix
def test_the_same_payment_eight_times_at_once_is_charged_once(patient, shop):
    order, key = shop.orders("pro", 2), clock.new_id()
    with ThreadPoolExecutor(8) as clients:
        answers = set(clients.map(lambda _: pays(shop, order, key), range(8)))

    assert "paid" in answers
    assert answers <= {"paid", "processing"}
    shop.awaits_licenses(order)
    assert checker.until_whole(patient.suite, shop) == []


@pytest.mark.matrix
def test_a_payment_whose_answer_was_lost_is_found_and_not_charged_again(patient, shop):
    order, key = shop.orders("pro", 2), clock.new_id()
    assert pays(shop, order, key, ANSWER_LOST) == "processing"
    assert pays(shop, order, key, ANSWER_LOST) in ("processing", "paid")
    shop.awaits_licenses(order)

    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
@pytest.mark.matrix
def test_control_orders_that_never_asks_the_provider_again_is_caught(patient, shop):
    patient.mutate("orders-worker", "settling_off")
    order = shop.orders("pro", 2)
    assert pays(shop, order, clock.new_id(), ANSWER_LOST) == "processing"

    assert GHOST in kinds(checker.until_whole(patient.suite, shop, within=8))


def dies_in_a_checkout(patient: Patient, shop: Shop, failpoint: str) -> tuple[Json, str]:
    """The web process is killed while it pays; its clients lose their connections."""
    order, key = shop.orders("pro", 2), clock.new_id()
    patient.arm("orders-web", failpoint)
    assert pays(shop, order, key) == ""
    patient.down("orders-web")
    patient.up("orders-web")
    return order, key


@pytest.mark.matrix
def test_a_checkout_killed_after_the_charge_ends_paid_and_charged_once(patient, shop):
    order, key = dies_in_a_checkout(patient, shop, "payment.after-charge:exit")
    assert pays(shop, order, key) in ("processing", "paid")
    shop.awaits_licenses(order)

    assert checker.until_whole(patient.suite, shop) == []


@pytest.mark.matrix
def test_a_checkout_killed_before_the_charge_can_be_paid_again(patient, shop):
    order, _ = dies_in_a_checkout(patient, shop, "payment.before-charge:exit")
    # As if the half minute after which a charge counts as never made had passed.
    patient.sql("orders", "UPDATE payment_attempts SET created_at = created_at - 31000000, ask_at = 0")
    until("the order to be open again", lambda: shop.order(order)["status"] == "awaiting_payment")
    assert pays(shop, order, clock.new_id()) == "paid"
    shop.awaits_licenses(order)

    assert checker.until_whole(patient.suite, shop) == []


@pytest.mark.matrix
def test_a_web_process_told_to_stop_finishes_the_checkout_it_is_in(patient, shop):
    order = shop.orders("pro", 2)
    patient.arm("orders-web", "payment.after-charge:sleep")
    with ThreadPoolExecutor(1) as buyer:
        answer = buyer.submit(pays, shop, order, clock.new_id())
        until("the charge", lambda: charged(patient, order))
        patient.down("orders-web")
        assert answer.result() == "paid"
    patient.up("orders-web")
    shop.awaits_licenses(order)

    assert checker.until_whole(patient.suite, shop) == []


def charged(patient: Patient, order: Json) -> bool:
    rows = "SELECT order_id FROM payment_attempts JOIN sandbox_charges ON attempt_id = payment_attempts.id"
    ids = {str(row[0]).replace("-", "") for row in patient.sql("orders", rows)}
    return order["id"].replace("-", "") in ids
