"""Accounts, their mail domains, and who may be let in."""

from kit import clock
from service_fixtures import announced


def refused(answer):
    assert answer.content_type == "application/problem+json"
    return answer.status_code, answer.json["code"]


def test_opening_an_account_approves_the_domain_of_its_first_administrator(office):
    assert [event.type for event in announced()] == [
        "account.opened",
        "domain.added",
        "domain.approved",
        "member.added",
    ]
    assert office.gets("/domains")["items"][0]["state"] == "approved"
    assert office.administrator["roles"] == ["administrator"]
    assert "roles" in office.administrator["permissions"]


def test_of_a_public_mail_domain_only_the_one_address_is_let_in(open_office):
    office = open_office("gmail.com")

    assert office.gets("/domains")["items"] == []
    stranger = office.does("POST", "/members", {"email": "eve@gmail.com", "name": "Eve"})
    assert refused(stranger) == (409, "domain-not-approved")
    assert stranger.json["domain"] == "gmail.com"


def test_a_public_mail_domain_can_never_be_approved(office):
    assert refused(office.does("POST", "/domains", {"domain": "Gmail.com"})) == (422, "domain-public")


def test_people_of_a_new_domain_come_in_once_an_operator_approved_it(office, bearer):
    person = {"email": "zoe@boréal.example", "name": "Zoé"}
    office.does("POST", "/domains", {"domain": "BORÉAL.example"})
    assert refused(office.does("POST", "/members", person)) == (409, "domain-not-approved")

    name = office.gets("/domains")["items"][1]["domain"]
    approved = office.does("POST", f"/domains/{name}/approval", headers=bearer("accounts:write"))
    assert (approved.status_code, approved.json["state"]) == (201, "approved")
    assert office.does("POST", "/members", person).status_code == 201


def test_an_approved_domain_belongs_to_one_account_at_a_time(office, open_office, bearer):
    other = open_office("other.example")
    other.does("POST", "/domains", {"domain": office.domain})
    taking = f"/domains/{office.domain}/approval"
    operator = bearer("accounts:write")

    assert refused(other.does("POST", taking, headers=operator)) == (409, "domain-taken")
    assert office.does("DELETE", f"/domains/{office.domain}").status_code == 204
    assert other.does("POST", taking, headers=operator).status_code == 201


def test_a_second_account_of_the_same_domain_is_refused_whole(office, bearer):
    opening = office.client.post("/v1/accounts", json=office.opening(), headers=bearer("accounts:write"))

    assert refused(opening) == (409, "domain-taken")
    assert len(announced("account.opened")) == 1


def test_losing_a_domain_removes_nobody(office):
    office.hires("bob")
    office.does("DELETE", f"/domains/{office.domain}")

    assert len(office.gets("/members")["items"]) == 2
    refusal = office.does("POST", "/members", {"email": f"eve@{office.domain}", "name": "Eve"})
    assert refused(refusal) == (409, "domain-not-approved")


def test_an_account_that_does_not_exist_is_unknown_on_every_page(client, bearer, world):
    nowhere = clock.new_id()
    headers = bearer("account:read", "people", "licenses", "domains", account=nowhere)

    for page in ("", "/pools", "/members", "/licenses", "/parkings", "/domains"):
        answer = client.get(f"/v1/accounts/{nowhere}{page}", headers=headers)
        assert refused(answer) == (404, "account-unknown")


def test_changed_details_are_announced_and_unchanged_ones_are_not(office):
    assert (
        office.does("PATCH", "", {"name": "Acme Inc.", "time_zone": "Europe/Paris"}).json["name"] == "Acme Inc."
    )
    office.does("PATCH", "", {"name": "Acme Inc."})

    changed = announced("account.changed")
    assert [(event.data["name"], event.data["time_zone"]) for event in changed] == [
        ("Acme Inc.", "Europe/Paris")
    ]


def test_opening_an_account_twice_with_one_key_opens_one(client, bearer, office):
    opening = {**office.opening(), "first_administrator": {"email": "a@twice.example", "name": "A"}}
    headers = {**bearer("accounts:write", who="operator"), "Idempotency-Key": "k1"}
    first, second = (client.post("/v1/accounts", json=opening, headers=headers) for _ in range(2))

    assert (first.status_code, first.json) == (second.status_code, second.json)
    assert len(announced("account.opened")) == 2  # the office and this one
