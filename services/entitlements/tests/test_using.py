"""Checks, activation, signing in."""

import json

import pytest
import time_machine
from joserfc import jwk, jwt

from entitlements import domain, settings
from entitlements.api.activations import KEYS
from entitlements.app import create_app
from kit import clock
from service_fixtures import announced


def refused(answer):
    return answer.status_code, answer.json["code"]


@pytest.fixture
def ask(client, bearer, office):
    def asking(member, feature, amount=None, account=None):
        question = {"account_id": account or office.id, "member_id": member, "feature": feature}
        body = question if amount is None else {**question, "amount": amount}
        return client.post("/v1/checks", json=body, headers=bearer("entitlements:read"))

    return asking


@pytest.mark.parametrize(
    ("asked", "reason", "value"),
    [
        (("retrieval",), "ok", True),
        (("attachments.max_mb", 100), "ok", 100),
        (("attachments.max_mb", 101), "limit-exceeded", 100),
        (("attachments.max_mb",), "ok", 100),
    ],
)
def test_a_check_answers_with_reason_and_value(ask, bob, asked, reason, value):
    assert ask(bob, *asked).json == {"allowed": reason == "ok", "reason": reason, "value": value}


def test_a_check_says_no_without_a_license_or_when_the_plan_lacks_the_feature(ask, office, bob):
    ada = office.administrator["id"]
    assert ask(ada, "retrieval").json == {"allowed": False, "reason": "no-license", "value": None}
    office.buys("eco", 1)
    office.assigns(ada, "eco")
    assert ask(ada, "retrieval").json["reason"] == "feature-not-in-plan"
    assert ask(ada, "attachments.max_mb", 0).json["reason"] == "feature-not-in-plan"
    office.unassigns(office.gets(f"/members/{bob}")["license"]["assignment_id"])
    assert ask(bob, "retrieval").json["reason"] == "no-license"


def test_unknown_accounts_members_and_features_are_told_apart(ask, office, open_office, bob):
    other = open_office("other.example")

    assert refused(ask(bob, "retrieval", account=clock.new_id())) == (404, "account-unknown")
    assert refused(ask(clock.new_id(), "retrieval")) == (404, "member-unknown")
    assert refused(ask(bob, "retrieval", account=other.id)) == (404, "member-unknown")
    assert refused(ask(bob, "free_beer")) == (422, "feature-unknown")


def test_a_batch_answers_each_question_in_order(client, bearer, office, bob):
    def question(feature, member=bob, account=office.id, **more):
        return {"account_id": account, "member_id": member, "feature": feature, **more}

    asked = [
        question("retrieval"),
        question("attachments.max_mb", amount=500),
        question("retrieval", member=office.administrator["id"]),
        question("retrieval", member=clock.new_id()),
        question("retrieval", account=clock.new_id()),
        question("free_beer"),
    ]
    answer = client.post("/v1/checks/batch", json={"checks": asked}, headers=bearer("entitlements:read"))
    reasons = ["ok", "limit-exceeded", "no-license", "member-unknown", "account-unknown", "feature-unknown"]
    assert [item["reason"] for item in answer.json["items"]] == reasons
    assert [item["allowed"] for item in answer.json["items"]] == [True] + [False] * 5
    assert answer.json["items"][1]["value"] == 100


def test_a_poller_hears_304_until_something_changes(office, bob):
    path = f"/members/{bob}/entitlements"
    first = office.does("GET", path)
    assert (first.json["plan"], first.json["status"]) == ("advanced", "active")
    known = {**office.headers, "If-None-Match": first.headers["ETag"]}
    assert office.does("GET", path, headers=known).status_code == 304

    office.unassigns(office.gets(f"/members/{bob}")["license"]["assignment_id"])
    changed = office.does("GET", path, headers=known)
    assert (changed.status_code, changed.json) == (200, {"plan": None, "status": "none", "features": {}})


def test_an_answer_that_must_match_another_is_refused_with_its_rule(client, office, bob):
    for path in (f"/v1/accounts/{office.id}/members/{bob}/entitlements", "/v1/activation-keys"):
        answer = client.get(path, headers={**office.headers, "If-Match": '"another"'})
        assert (answer.status_code, answer.json["code"]) == (412, "precondition-failed")


def test_what_was_a_choice_and_is_a_number_now_is_what_the_higher_plan_says():
    for lower, higher in (("gold", 3), (3, "gold"), (True, "gold"), ("gold", False)):
        assert domain.combined([{"stamps": lower}, {"stamps": higher}]) == {"stamps": higher}


def test_licenses_of_two_product_families_allow_together_what_each_allows(office, world, ask, bob):
    stamps = {"family": "stamps", "features": {"stamps": "gold", "attachments.max_mb": 5}}
    world.publishes("pro", version=2, **stamps)
    office.buys("pro", 1, lines=[{"line": 1, "plan": "pro", "version": 2, "seats": 1}])

    assert office.assigns(bob, "pro").status_code == 201
    together = office.gets(f"/members/{bob}/entitlements")
    assert together["plan"] == "pro"
    assert (together["features"]["stamps"], together["features"]["attachments.max_mb"]) == ("gold", 100)
    assert ask(bob, "stamps").json["value"] == "gold"


# Activation. ------------------------------------------------------------------------------------


def test_the_code_activates_a_device_and_the_answer_can_be_checked_without_us(
    client, office, bob, code_of, activate
):
    code = code_of(bob).json["code"]
    activated = activate(f" {code.lower().replace('-', ' ')} ")
    assert activated.status_code == 201

    keys = jwk.KeySet.import_key_set(client.get("/v1/activation-keys").json)
    claims = jwt.decode(activated.json["token"], keys, algorithms=["Ed25519"]).claims
    assert (claims["aud"], claims["sub"], claims["account"]) == ("activation", bob, office.id)
    assert (claims["plan"], claims["device"]) == ("advanced", "laptop")
    assert claims["exp"] - claims["iat"] <= 24 * 3600
    assert activated.json["activated_at"] == office.gets(f"/members/{bob}")["license"]["activated_at"]


def test_products_know_the_next_key_before_it_signs_and_the_previous_one_after(
    app, bob, code_of, activate, tmp_path
):
    """A product that read the set before each turn verifies what is signed after it."""
    code = code_of(bob).json["code"]
    first, second, third = (jwk.generate_key("OKP", "Ed25519", {"kid": name}) for name in ("1", "2", "3"))

    def turn(signing, *published):
        """The service as it starts with these keys; the set that it publishes."""
        secret, trust = tmp_path / "entitlements.json", tmp_path / "trust"
        trust.mkdir(exist_ok=True)
        secret.write_text(json.dumps({"issuer": "entitlements", "key": signing.as_dict(private=True)}))
        public = [key.as_dict(private=False) for key in published]
        may = {"with_account": [], "without_account": [], "audiences": [], "keys": public}
        (trust / "entitlements.json").write_text(json.dumps(may))
        settled = settings.read()._replace(trust_dir=str(trust), signing_key_file=str(secret))
        app.extensions.update(create_app(settled).extensions)
        return app.test_client().get("/v1/activation-keys").json

    def verified(token, known):
        return jwt.decode(token, jwk.KeySet.import_key_set(known), algorithms=["Ed25519"]).claims["sub"] == bob

    known = turn(first, first, second)
    token = activate(code).json["token"]
    assert verified(token, known)
    for signing, published in ((second, (first, second)), (second, (second, third)), (third, (second, third))):
        new = turn(signing, *published)
        renewed = activate(code).json["token"]
        assert verified(renewed, known), "the product has not heard of the new set yet"
        assert [key["kid"] for key in new["keys"]] == [key.kid for key in published]
        assert not any("d" in key for key in new["keys"])
        known, token = new, renewed


def test_the_key_that_signs_is_published_whatever_others_trust(app, keys, tmp_path):
    trusted = json.loads((keys / "trust" / "entitlements.json").read_text())
    (own,) = trusted["keys"]
    other = jwk.generate_key("OKP", "Ed25519", {"kid": "next"}).as_dict(private=False)
    (tmp_path / "entitlements.json").write_text(json.dumps({**trusted, "keys": [other]}))
    settled = {"trust_dir": str(tmp_path), "signing_key_file": str(keys / "entitlements.json")}
    served = create_app(settings.read()._replace(**settled)).extensions[KEYS]

    assert [key["kid"] for key in served] == ["next", own["kid"]]


def test_the_keys_may_be_kept_for_an_hour_and_asked_for_again_by_their_tag(client):
    answer = client.get("/v1/activation-keys")
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    again = client.get("/v1/activation-keys", headers={"If-None-Match": answer.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")


def test_each_device_is_announced_once_and_the_holder_is_the_actor(bob, code_of, activate):
    code = code_of(bob).json["code"]
    first = [activate(code), activate(code)]
    second = activate(code, "phone")

    assert [event.data["device"]["id"] for event in announced("license.activated")] == ["laptop", "phone"]
    assert {event.actor for event in announced("license.activated")} == {f"member:{bob}"}
    assert len({answer.json["activated_at"] for answer in [*first, second]}) == 1


def test_a_plan_limits_the_devices(bob, code_of, activate):
    code = code_of(bob).json["code"]
    for device in ("laptop", "phone", "tablet"):
        activate(code, device)

    assert refused(activate(code, "watch")) == (409, "too-many-devices")
    assert activate(code, "phone").status_code == 201


def test_a_dead_an_unknown_and_an_impossible_code_are_alike(office, bob, code_of, activate):
    code = code_of(bob).json["code"]
    office.unassigns(office.gets(f"/members/{bob}")["license"]["assignment_id"])

    for typed in (code, "0000-0000-0000-0000", "??", "é" * 16):
        assert refused(activate(typed)) == (404, "code-unknown")


def test_a_code_tells_the_portal_whose_it_is_and_how_to_install(client, bearer, bob, code_of):
    code, page = code_of(bob).json["code"], bearer("activate", issuer="portal")
    told = client.get(f"/v1/activation-codes/{code}", headers=page).json

    assert code_of(bob).json["assignment_id"] == announced("license.assigned")[0].data["assignment_id"]
    assert (told["account_name"], told["member"]["id"], told["plan"]) == ("Acme", bob, "advanced")
    assert told["account_time_zone"] == "America/Toronto"
    assert told["install"]["fr"] == "Advanced"
    assert client.get("/v1/activation-codes/nonsense", headers=page).status_code == 404


def test_a_license_that_nobody_holds_has_no_code(client, bearer, office, bob):
    free = office.gets("/licenses?state=free")["items"][0]["id"]
    answer = client.get(
        f"{office.url}/licenses/{free}/activation", headers=bearer("activation:link", issuer="notifier")
    )

    assert refused(answer) == (404, "license-not-assigned")


def test_reassigning_within_thirty_days_restores_the_activation(office, bob, code_of, activate):
    code = code_of(bob).json["code"]
    activate(code)
    before = office.gets(f"/members/{bob}")["license"]
    office.unassigns(before["assignment_id"])
    office.assigns(bob, "advanced")
    after = office.gets(f"/members/{bob}")["license"]

    assert (after["id"], after["activated_at"]) == (before["id"], before["activated_at"])
    assert announced("license.assigned")[-1].data["activated"] is True
    assert activate(code, "laptop").status_code == 201
    assert len(announced("license.activated")) == 1


def test_after_thirty_days_or_when_another_has_the_seat_activation_begins_anew(office, bob, code_of, activate):
    code = code_of(bob).json["code"]
    activate(code)
    first = office.gets(f"/members/{bob}")["license"]["assignment_id"]
    office.unassigns(first)
    for name in ("carol", "dan"):
        office.assigns(office.hires(name), "advanced")
    assert office.assigns(bob, "advanced").json["activated_at"] is None
    assert code_of(bob).json["code"] != code

    activate(code_of(bob).json["code"])
    office.unassigns(office.gets(f"/members/{bob}")["license"]["assignment_id"])
    from entitlements import commands

    with time_machine.travel(clock.now() / clock.SECOND + 31 * 24 * 3600):
        assert commands.assign_license(office.id, bob, "advanced").activated_at is None


# Signing in. ------------------------------------------------------------------------------------


@pytest.fixture
def portal(bearer):
    return bearer("sign-in", issuer="portal")


def test_an_address_names_its_memberships_and_a_stranger_hears_nothing_else(client, office, portal):
    known = client.post("/v1/sign-ins", json={"email": "ADA@acme.example"}, headers=portal)
    unknown = client.post("/v1/sign-ins", json={"email": "eve@nowhere.example"}, headers=portal)

    assert known.json["items"] == [
        {
            "account_id": office.id,
            "account_name": "Acme",
            "member_id": office.administrator["id"],
            "name": "Ada Lovelace",
            "email": "ada@acme.example",
            "locale": "en",
            "counter": 0,
        }
    ]
    assert (unknown.status_code, unknown.json) == (200, {"items": []})


def test_a_link_works_once(client, office, portal):
    path = f"/v1/sign-ins/{office.administrator['id']}/uses"
    used = client.post(path, json={"counter": 0}, headers=portal)

    assert used.status_code == 201
    assert (used.json["account_id"], used.json["member"]["email"]) == (office.id, "ada@acme.example")
    assert refused(client.post(path, json={"counter": 0}, headers=portal)) == (409, "link-used")
    assert client.post(path, json={"counter": 1}, headers=portal).status_code == 201


def test_a_removed_member_cannot_sign_in(client, office, portal):
    bob = office.hires("bob")
    office.does("DELETE", f"/members/{bob}")

    asked = client.post("/v1/sign-ins", json={"email": "bob@acme.example"}, headers=portal)
    used = client.post(f"/v1/sign-ins/{bob}/uses", json={"counter": 0}, headers=portal)
    assert asked.json["items"] == []
    assert refused(used) == (409, "link-used")
