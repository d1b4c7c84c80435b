"""Products go on: with the services down, the broker wiped, their own file lost, or after days away."""

from collections.abc import Callable, Iterator

import pytest

import seatwise
from journeys.people import Json, Office, until
from local import tokens

from .patient import mostly_on_sqlite

pytestmark = [pytest.mark.slow, mostly_on_sqlite]

Product = Callable[..., seatwise.Client]


@pytest.fixture
def product(patient, tmp_path) -> Iterator[Product]:
    """product() starts the client of a product, always on the same file, unless another one is named."""
    made: list[seatwise.Client] = []

    def token() -> str:
        return tokens.for_scopes(patient.suite.keys, "entitlements:read events:read")

    def make(file: str = "own.db", handler=None) -> seatwise.Client:
        one = seatwise.Client(
            patient.suite.urls["entitlements"],
            token,
            file=tmp_path / file,
            broker=patient.suite.broker_url,
            look_every=0.5,
        )
        if handler:
            one.on("license.assigned", "license.unassigned")(handler)
        made.append(one)
        return one.start()

    yield make
    for one in made:
        one.stop()


class Heard:
    """A handler that provisions: who has it now, by the events of one account."""

    def __init__(self, office: Office):
        self.office, self.people, self.ids = office, set[str](), list[str]()

    def __call__(self, event: seatwise.Event) -> None:
        if event.account == self.office.id:
            self.ids.append(event.id)
            act = self.people.add if event.type == "license.assigned" else self.people.discard
            act(event.data["member_id"])


@pytest.fixture
def office(patient) -> Office:
    office = Office(patient.suite)
    office.awaits_licenses(office.buys("pro", 3))
    return office


def hires(office: Office) -> tuple[Json, Json]:
    """Somebody with a license, and the assignment."""
    person = office.hires("Person")
    return person, office.assigns(person, "pro")


def takes_back(office: Office, assignment: Json) -> None:
    office.call("entitlements", "DELETE", f"/v1/accounts/{{a}}/assignments/{assignment['id']}")


def may(client: seatwise.Client, person: Json) -> bool:
    return bool(client.allows(person["id"], "retrieval"))


def test_a_product_that_was_off_for_days_knows_and_provisions_what_happened_meanwhile(office, product):
    heard = Heard(office)
    ada, assignment = hires(office)
    first = product(handler=heard)
    until("the product to know", lambda: may(first, ada) and heard.people == {ada["id"]})
    first.stop()
    takes_back(office, assignment)
    bob, _ = hires(office)
    second = product(handler=heard)

    until("the product to know", lambda: may(second, bob) and not may(second, ada))
    until("all to be provisioned", lambda: heard.people == {bob["id"]})
    assert len(heard.ids) == len(set(heard.ids)) == 3


def test_a_broker_that_lost_everything_costs_a_product_nothing(patient, office, product):
    heard = Heard(office)
    client = product(handler=heard)
    ada, _ = hires(office)
    until("the product to know", lambda: may(client, ada))
    patient.rabbitmq.wipe()
    bob, _ = hires(office)
    until("the product to know without a broker", lambda: may(client, bob))
    patient.rabbitmq.start()
    eve, _ = hires(office)

    until("the product to know", lambda: may(client, eve))
    until("all to be provisioned", lambda: heard.people == {ada["id"], bob["id"], eve["id"]})
    assert len(heard.ids) == len(set(heard.ids)) == 3


def test_a_product_that_lost_its_file_begins_anew_and_knows_the_same(office, product):
    ada, _ = hires(office)
    first = product()
    until("the product to know", lambda: may(first, ada))
    second = product("another.db")
    until("the new file to be whole", lambda: may(second, ada))

    until("both to know the same", lambda: first.held() == second.held())


def test_with_the_services_down_a_product_starts_and_answers_from_its_file(patient, office, product):
    ada, assignment = hires(office)
    first = product()
    until("the product to know", lambda: may(first, ada))
    first.stop()
    patient.down("entitlements")
    second, stranger = product(), product("another.db")
    assert may(second, ada)
    assert stranger.allows(ada["id"], "retrieval").reason == "unknown"
    patient.up("entitlements")
    takes_back(office, assignment)

    until(
        "both to know",
        lambda: not may(second, ada) and stranger.allows(ada["id"], "retrieval").reason == "no-license",
    )


def test_control_a_client_that_reads_no_log_is_caught(patient, office, product, monkeypatch):
    monkeypatch.setattr("seatwise.follower.Follower._look", lambda *_: None)
    client = product()
    assert client.wait()
    patient.rabbitmq.wipe()
    ada, _ = hires(office)
    patient.rabbitmq.start()

    with pytest.raises(AssertionError, match="the product to know"):
        until("the product to know", lambda: may(client, ada), 10)
