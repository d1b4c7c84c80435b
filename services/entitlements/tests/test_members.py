"""People: one spelling of an address, roles, at least one administrator."""

import pytest

from entitlements.commands.spellings import Respelling
from entitlements.models import Member
from kit import db
from service_fixtures import announced


def refused(answer):
    return answer.status_code, answer.json["code"]


def test_an_address_has_one_spelling_and_belongs_to_one_member(office):
    added = office.does("POST", "/members", {"email": " Bob@ACME.example ", "name": "Bob"})

    assert added.json["email"] == "bob@acme.example"
    assert (added.json["roles"], added.json["permissions"]) == (["member"], ["account:read"])
    again = office.does("POST", "/members", {"email": "BOB@acme.example", "name": "Bobby"})
    assert refused(again) == (409, "email-taken")


@pytest.mark.parametrize(
    "email",
    [
        "ada@straße.example",  # strasse.example for Python, another domain for mail servers
        "ada@stra\u1e9ee.example",
        "ada@ac\u200dme.example",
        "\u212aate@acme.example",  # the sign of kelvin is a small k in lower case
        "zoé@acme.example",
        ".ada@acme.example",
        "ada..l@acme.example",
        "ada@acme.example..",
    ],
)
def test_an_address_that_mail_servers_may_read_as_another_one_is_nobodys(office, client, bearer, email):
    added = office.does("POST", "/members", {"email": email, "name": "Ada"})
    portal = bearer("sign-in", issuer="portal")

    assert (added.status_code, added.json["errors"][0]["field"]) == (422, "email")
    assert client.post("/v1/sign-ins", json={"email": email}, headers=portal).status_code == 422


def test_domains_in_other_scripts_have_one_spelling(office):
    for spelled in ("bücher.example", "BÜCHER.example.", "xn--bcher-kva.example"):
        assert office.does("POST", "/domains", {"domain": spelled}).json["domain"] == "xn--bcher-kva.example"


def test_a_removed_member_frees_the_seat_before_the_removal_is_told(office):
    office.buys("eco", 1)
    bob = office.hires("bob")
    office.assigns(bob, "eco")
    assert office.does("DELETE", f"/members/{bob}").status_code == 204

    told = announced()[-2:]
    assert [event.type for event in told] == ["license.unassigned", "member.removed"]
    assert told[0].data["reason"] == "member-removed"
    assert office.pool("eco") == (0, 1, 0)
    assert refused(office.assigns(bob, "eco")) == (409, "member-removed")


def test_an_old_address_used_by_a_new_person_inherits_nothing(office):
    office.buys("eco", 2)
    bob = office.hires("bob")
    office.assigns(bob, "eco")
    office.does("DELETE", f"/members/{bob}")
    namesake = office.hires("bob")

    assert namesake != bob
    assert office.gets(f"/members/{namesake}")["license"] is None
    assert office.assigns(namesake, "eco").json["activated_at"] is None


def test_a_change_that_changes_nothing_is_not_announced(office):
    bob = office.hires("bob")
    office.does("PATCH", f"/members/{bob}", {"name": "Bob", "roles": ["member"]})

    assert announced("member.changed") == []


def test_the_last_administrator_stays(office):
    ada = office.administrator["id"]

    assert refused(office.does("PATCH", f"/members/{ada}", {"roles": ["member"]})) == (
        409,
        "last-administrator",
    )
    assert refused(office.does("DELETE", f"/members/{ada}")) == (409, "last-administrator")
    office.hires("bob", roles=["administrator"])
    assert office.does("DELETE", f"/members/{ada}").status_code == 204


@pytest.fixture
def manager(office, bearer):
    """Headers of a people manager of the office."""
    carol = office.hires("carol", roles=["people-manager"])
    return bearer("people", "licenses", "account:read", account=office.id, who=carol)


def test_a_people_manager_adds_people_but_gives_no_roles(office, manager):
    plain = {"email": "dan@acme.example", "name": "Dan"}
    mighty = {"email": "eve@acme.example", "name": "Eve", "roles": ["administrator"]}

    assert office.does("POST", "/members", plain, manager).status_code == 201
    assert refused(office.does("POST", "/members", mighty, manager)) == (403, "permission-missing")


def test_a_people_manager_cannot_take_an_administrators_place(office, manager):
    ada = f"/members/{office.administrator['id']}"

    assert office.does("PATCH", ada, {"email": "mine@acme.example"}, manager).status_code == 403
    assert office.does("DELETE", ada, headers=manager).status_code == 403
    assert office.does("PATCH", ada, {"locale": "fr"}, manager).status_code == 200


def test_only_who_may_give_roles_renames_people_with_more_than_the_member_role(office, manager):
    """Or a people manager could act under an administrator's name, or leave theirs to another person."""
    ada, bob = office.administrator["id"], office.hires("bob")
    carol = office.gets("/members?q=carol")["items"][0]["id"]

    for privileged in (ada, carol):
        renamed = office.does("PATCH", f"/members/{privileged}", {"name": "Ada King"}, manager)
        assert refused(renamed) == (403, "permission-missing")
    assert office.does("PATCH", f"/members/{bob}", {"name": "Rob"}, manager).status_code == 200
    assert office.does("PATCH", f"/members/{carol}", {"name": "Carole"}).json["name"] == "Carole"


def test_a_change_says_what_was_before_and_what_is_after(office):
    bob = office.hires("bob")
    office.does("PATCH", f"/members/{bob}", {"name": "Rob", "roles": ["auditor", "member"]})

    assert announced("member.changed")[-1].data["changed"] == {
        "name": ["Bob", "Rob"],
        "roles": [["member"], ["auditor", "member"]],
    }


def test_a_demoted_member_has_lost_their_permissions_whatever_their_token_says(office, manager):
    carol = office.gets("/members?q=carol")["items"][0]["id"]
    office.does("PATCH", f"/members/{carol}", {"roles": ["member"]})

    late = office.does("POST", "/members", {"email": "dan@acme.example", "name": "Dan"}, manager)
    assert refused(late) == (403, "permission-missing")


def test_a_removed_member_may_not_even_look(office, bearer):
    bob = office.hires("bob")
    token = bearer("account:read", account=office.id, who=bob)
    assert office.does("GET", f"/members/{bob}", headers=token).status_code == 200
    office.does("DELETE", f"/members/{bob}")

    assert office.does("GET", f"/members/{bob}", headers=token).status_code == 403


def test_a_link_used_while_its_member_is_changed_or_removed_stays_used(office, monkeypatch):
    from entitlements.commands import Browser, assignments, members, sign_ins

    bob = office.hires("bob", roles=["administrator"])
    used = []

    def with_a_sign_in_meanwhile(step):
        def stepped(*given):
            counter = Member.get_by_id(bob).sign_in_counter
            used.append(sign_ins.use_sign_in_link(bob, counter, Browser(None, None)))
            return step(*given)

        return stepped

    another = members._check_another_administrator
    monkeypatch.setattr(members, "_check_another_administrator", with_a_sign_in_meanwhile(another))
    monkeypatch.setattr(assignments, "free_seats_of", with_a_sign_in_meanwhile(assignments.free_seats_of))
    assert office.does("PATCH", f"/members/{bob}", {"roles": ["member"]}).status_code == 200
    assert Member.get_by_id(bob).sign_in_counter == 1
    assert office.does("DELETE", f"/members/{bob}").status_code == 204
    assert Member.get_by_id(bob).sign_in_counter > 2


def test_a_program_that_acts_for_an_account_is_no_member_of_it(office, bearer):
    headers = bearer("people", account=office.id, who="demo")

    assert office.does("GET", "/members", headers=headers).status_code == 200


def test_members_are_listed_by_name_found_by_a_part_of_it_and_paged(office):
    office.buys("eco", 2)
    names = ["chloé", "bob", "élodie", "dan"]
    people = {name: office.hires(name, email=f"p{number}@acme.example") for number, name in enumerate(names)}
    office.assigns(people["bob"], "eco")
    office.does("DELETE", f"/members/{people['dan']}")

    def found(query):
        return [member["name"] for member in office.gets(f"/members{query}")["items"]]

    assert found("") == ["Ada Lovelace", "Bob", "Chloé", "Élodie"]
    assert found("?q=ÉLO") == ["Élodie"]
    assert found("?q=p0@") == ["Chloé"]
    assert found("?q=%25") == []
    assert found("?plan=eco") == ["Bob"]
    assert found("?plan=none") == ["Ada Lovelace", "Chloé", "Élodie"]
    assert found("?state=removed") == ["Dan"]
    first = office.gets("/members?limit=3")
    assert found(f"?limit=3&cursor={first['next']}") == ["Élodie"]
    assert office.gets("/members?limit=4")["next"] is None
    assert refused(office.does("GET", "/members?cursor=made-up")) == (422, "cursor-invalid")


@pytest.mark.parametrize("q", ["élise", "ELISE", "É"])
def test_accents_count_neither_in_the_order_of_people_nor_in_the_search(office, q):
    for number, name in enumerate(("Élise", "Frank", "Denis")):
        office.hires(name, email=f"p{number}@acme.example")
    listed = [member["name"] for member in office.gets("/members")["items"]]

    assert listed == ["Ada Lovelace", "Denis", "Élise", "Frank"]
    assert "Élise" in [member["name"] for member in office.gets(f"/members?q={q}")["items"]]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Łukasz Żak", "lukasz zak"),
        ("Søren Ørsted", "soren orsted"),
        ("Đorđe", "dorde"),
        ("Işıl", "isil"),
        ("Ægir", "aegir"),
        ("Weiß", "weiss"),
        ("Елена", "Elena"),
        ("Елена", "Елена"),
    ],
)
def test_a_name_is_found_as_people_type_it(office, name, typed):
    office.hires(name, email="x@acme.example")

    assert [one["name"] for one in office.gets(f"/members?q={typed}")["items"]] == [name]


def test_names_are_sorted_by_the_letters_that_people_type(office):
    for number, name in enumerate(("Zoe", "Łukasz", "Mia", "Øyvind", "Per")):
        office.hires(name, email=f"p{number}@acme.example")

    listed = [member["name"] for member in office.gets("/members")["items"]]
    assert listed == ["Ada Lovelace", "Łukasz", "Mia", "Øyvind", "Per", "Zoe"]


def test_names_that_an_earlier_release_wrote_are_respelled_in_portions(office, monkeypatch):
    monkeypatch.setattr(db, "ROWS_AT_ONCE", 2)
    for number in range(5):
        office.hires(f"Łukasz {number}", email=f"p{number}@acme.example")
    before = {row.id: row.known_as for row in Member.select()}
    Member.update(known_as=Member.email.concat(" as before")).execute()
    job = Respelling()
    while job.respell_names():
        pass

    assert {row.id: row.known_as for row in Member.select()} == before
    assert job.respell_names() is False


def test_a_person_added_again_with_fields_in_another_order_is_the_same_request(office, client):
    bodies = ('{"email": "eve@acme.example", "name": "Eve"}', '{"name":"Eve","email":"eve@acme.example"}')
    headers = {**office.headers, "Idempotency-Key": "k1", "Content-Type": "application/json"}
    answers = [client.post(f"{office.url}/members", data=body, headers=headers) for body in bodies]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
