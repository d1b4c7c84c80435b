"""Devices: who may list, release and activate them, and what becomes of their tokens."""

import pytest
from joserfc import jwk, jwt

from kit import clock
from service_fixtures import announced


def refused(answer):
    return answer.status_code, answer.json["code"]


class Devices:
    """Bob's devices: what they do with his code, and what people who are signed in do with them."""

    def __init__(self, office, bob, code, activate):
        self.office, self.bob, self.code, self._activate = office, bob, code, activate
        self.path = f"/members/{bob}/devices"

    def activate(self, device="laptop"):
        return self._activate(self.code, device)

    def listed(self):
        return {row["device"]["id"]: row for row in self.office.gets(self.path)["items"]}

    def in_use(self):
        return [device for device, row in self.listed().items() if row["released_at"] is None]

    def release(self, device, headers=None):
        return self.office.does("DELETE", f"{self.path}/{self.listed()[device]['id']}", headers=headers)

    def revoke(self, query=""):
        return self.office.does("DELETE", self.path + query)

    def let_in(self, device="laptop", plan="advanced", member=None, headers=None):
        body = {"plan": plan, "device": {"id": device, "name": device.title()}}
        return self.office.does("POST", f"/members/{member or self.bob}/devices", body, headers)

    def license(self):
        return self.office.gets(f"/members/{self.bob}")["license"]


@pytest.fixture
def devices(office, bob, code_of, activate):
    return Devices(office, bob, code_of(bob).json["code"], activate)


@pytest.fixture
def keys_of_tokens(client):
    return jwk.KeySet.import_key_set(client.get("/v1/activation-keys").json)


@pytest.fixture
def as_bob(office, bob):
    return office.bearer("account:read", account=office.id, who=bob)


@pytest.fixture
def as_carol(office):
    return office.bearer("account:read", account=office.id, who=office.hires("carol"))


def events():
    told = announced("license.activated", "license.deactivated")
    return [(event.type.partition(".")[2], event.data["device"]["id"]) for event in told]


def test_devices_are_listed_with_plan_and_moment(devices):
    assert devices.listed() == {}
    devices.activate()
    devices.activate("phone")
    listed = devices.listed()

    assert list(listed) == ["laptop", "phone"]
    assert listed["phone"]["device"] == {"id": "phone", "name": "Phone"}
    assert (listed["phone"]["plan"], listed["phone"]["released_at"]) == ("advanced", None)
    assert listed["laptop"]["activated_at"] == devices.license()["activated_at"]


def test_releasing_one_device_lets_another_in(devices):
    for device in ("laptop", "phone", "tablet"):
        devices.activate(device)
    assert refused(devices.activate("watch")) == (409, "too-many-devices")

    assert devices.release("phone").status_code == 204
    assert devices.activate("watch").status_code == 201
    assert devices.in_use() == ["laptop", "tablet", "watch"]
    assert list(devices.listed()) == ["laptop", "tablet", "watch", "phone"]
    assert refused(devices.activate("radio")) == (409, "too-many-devices")


def test_a_member_lists_and_releases_the_own_devices(office, devices, as_bob):
    devices.activate()
    assert office.does("GET", devices.path, headers=as_bob).json["items"]
    assert devices.release("laptop", headers=as_bob).status_code == 204
    assert announced("license.deactivated")[0].actor == f"member:{devices.bob}"


def test_nobody_else_sees_or_releases_them(office, devices, as_carol):
    devices.activate()
    answers = [office.does(method, devices.path, headers=as_carol) for method in ("GET", "DELETE")]
    answers += [devices.release("laptop", headers=as_carol), devices.let_in("phone", headers=as_carol)]

    assert [refused(answer) for answer in answers] == [(403, "permission-missing")] * 4
    assert devices.in_use() == ["laptop"]


def test_a_release_is_announced_once_with_what_is_left(office, devices):
    devices.activate()
    devices.activate("phone")
    first = devices.listed()["laptop"]["id"]
    devices.release("laptop")
    again = office.does("DELETE", f"{devices.path}/{first}")
    devices.release("phone")

    assert refused(again) == (404, "not-found")
    told = announced("license.deactivated")
    left = [(event.data["device"]["id"], event.data["activated"]) for event in told]
    assert left == [("laptop", True), ("phone", False)]
    assert {event.actor for event in told} == {f"member:{office.administrator['id']}"}


def test_an_unknown_device_and_one_of_somebody_else_are_alike(office, open_office, devices):
    devices.activate()
    known = devices.listed()["laptop"]["id"]
    other = open_office("other.example")
    elsewhere = f"/members/{office.administrator['id']}/devices/{known}"

    for path in (f"{devices.path}/{clock.new_id()}", elsewhere):
        assert refused(office.does("DELETE", path)) == (404, "not-found")
    assert refused(other.does("DELETE", f"{devices.path}/{known}")) == (404, "not-found")
    for method in ("GET", "DELETE"):
        assert refused(other.does(method, devices.path)) == (404, "member-unknown")
    assert devices.in_use() == ["laptop"]


def test_the_code_renews_the_token_of_a_device_in_use_and_of_no_released_one(devices, keys_of_tokens):
    tokens = [devices.activate().json["token"] for _ in range(2)]
    claims = [jwt.decode(token, keys_of_tokens, algorithms=["Ed25519"]).claims for token in tokens]
    assert claims[0]["exp"] <= claims[1]["exp"]
    devices.activate("phone")

    devices.release("laptop")
    assert refused(devices.activate()) == (409, "device-released")
    assert devices.activate("phone").status_code == 201
    assert events() == [("activated", "laptop"), ("activated", "phone"), ("deactivated", "laptop")]


def test_a_released_device_comes_back_by_the_word_of_somebody_signed_in(office, devices, as_bob):
    devices.activate()
    before = devices.listed()["laptop"]["id"]
    devices.release("laptop")

    assert devices.let_in("laptop", headers=as_bob).status_code == 201
    assert devices.activate().status_code == 201
    assert events() == [("activated", "laptop"), ("deactivated", "laptop"), ("activated", "laptop")]
    stale = office.does("DELETE", f"{devices.path}/{before}")
    assert refused(stale) == (404, "not-found"), "a click on an old page released what was let in since"


def test_an_administrator_activates_for_a_member_without_the_code(office, devices, keys_of_tokens):
    answer = devices.let_in("laptop")
    assert answer.status_code == 201
    claims = jwt.decode(answer.json["token"], keys_of_tokens, algorithms=["Ed25519"]).claims

    assert (claims["aud"], claims["sub"], claims["device"]) == ("activation", devices.bob, "laptop")
    assert answer.json["activated_at"] == devices.listed()["laptop"]["activated_at"]
    (told,) = announced("license.activated")
    assert (told.actor, told.data["member_id"]) == (f"member:{office.administrator['id']}", devices.bob)
    assert devices.let_in("laptop").status_code == 201
    assert len(announced("license.activated")) == 1


def test_the_limit_of_devices_holds_for_administrators_too(devices):
    assert [devices.let_in(device).status_code for device in "abc"] == [201] * 3
    assert refused(devices.let_in("d")) == (409, "too-many-devices")
    devices.release("a")
    assert devices.let_in("d").status_code == 201
    assert refused(devices.let_in("a")) == (409, "too-many-devices")


def test_only_a_license_that_is_held_is_activated(office, devices):
    office.buys("pro", 1)
    assert refused(devices.let_in(plan="pro")) == (409, "license-not-held")
    assert refused(devices.let_in(member=office.administrator["id"])) == (409, "license-not-held")
    assert refused(devices.let_in(member=clock.new_id())) == (404, "member-unknown")
    office.unassigns(devices.license()["assignment_id"])
    assert refused(devices.let_in()) == (409, "license-not-held")


def test_revoking_releases_all_devices_at_once_and_again_nothing(devices):
    devices.activate()
    devices.activate("phone")

    assert devices.revoke("?plan=pro").status_code == 204
    assert devices.in_use() == ["laptop", "phone"]
    assert [devices.revoke().status_code for _ in range(2)] == [204, 204]
    assert devices.in_use() == []
    assert [event.data["activated"] for event in announced("license.deactivated")] == [True, False]
    assert refused(devices.activate()) == (409, "device-released")


def test_a_license_that_is_on_no_device_is_not_activated(devices, code_of):
    devices.activate()
    devices.activate("phone")
    devices.release("laptop")
    assert devices.license()["activated_at"]
    devices.release("phone")

    assert devices.license()["activated_at"] is None
    assert code_of(devices.bob).json["activated_at"] is None
    assert devices.activate("tablet").json["activated_at"]


def test_who_gets_the_license_back_keeps_devices_and_releases(office, devices):
    devices.activate()
    devices.activate("phone")
    devices.release("phone")
    office.unassigns(devices.license()["assignment_id"])
    assert devices.listed() == {}
    office.assigns(devices.bob, "advanced")

    assert devices.activate().status_code == 201
    assert refused(devices.activate("phone")) == (409, "device-released")


def test_devices_of_two_licenses_are_told_apart(office, world, devices):
    world.publishes("pro", version=2, family="stamps")
    office.buys("pro", 1, lines=[{"line": 1, "plan": "pro", "version": 2, "seats": 1}])
    office.assigns(devices.bob, "pro")
    devices.activate()
    devices.let_in("laptop", plan="pro")

    rows = office.gets(devices.path)["items"]
    assert sorted(row["plan"] for row in rows) == ["advanced", "pro"]
    assert len({row["id"] for row in rows}) == 2
    devices.revoke("?plan=pro")
    kept = [row["plan"] for row in office.gets(devices.path)["items"] if row["released_at"] is None]
    assert kept == ["advanced"]


@pytest.mark.parametrize("name", ["d/../e", "a b?c=1#d", "é" * 100, "-"])
def test_a_device_may_be_called_anything(devices, name):
    assert devices.activate(name).status_code == 201
    assert devices.release(name).status_code == 204
    assert devices.in_use() == []
