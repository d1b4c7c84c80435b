"""Licenses for a list of people: what one after the other would get, in a few statements."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entitlements import commands, queries
from entitlements.models import LIVE, Assignment, License, Pool
from kit import clock, outbox
from kit.errors import Refusal
from service_fixtures import announced


@pytest.fixture
def give(office):
    """What is answered to a list."""

    def giving(*members, plan="eco", headers=None, **more):
        body = {"plan": plan, "members": members, **more}
        return office.does("POST", "/bulk-assignments", body, headers and {**office.headers, **headers})

    return giving


def verdicts(answer):
    assert answer.status_code == 200, answer.text
    return [row["verdict"] for row in answer.json["items"]]


def refused(answer):
    return answer.status_code, answer.json["code"]


def hire(office, *names):
    return [office.hires(name) for name in names]


def test_each_gets_a_license_and_an_event_with_the_seats_after_it(office, give):
    office.buys("eco", 2, "month", end="2026-12-22")
    office.buys("eco", 2)
    people = hire(office, "bob", "carol", "dan")

    answer = give(*people)
    assert verdicts(answer) == ["assigned"] * 3
    told = [event.data for event in announced("license.assigned")]
    assert [(one["member_id"], one["assignment_id"], one["license_id"]) for one in told] == [
        (row["member_id"], row["assignment_id"], row["license_id"]) for row in answer.json["items"]
    ]
    assert [one["pool"]["assigned"] for one in told] == [1, 2, 3]
    assert [one["pool"]["free"] for one in told] == [3, 2, 1]
    assert list(queries.differences()) == list(outbox.differences()) == []


def test_every_row_gets_the_verdict_of_the_rule_that_decides(office, give):
    office.buys("eco", 2)
    office.buys("pro", 1)
    bob, carol, dan, erin, frank = hire(office, "bob", "carol", "dan", "erin", "frank")
    office.assigns(bob, "eco")
    office.assigns(carol, "pro")
    office.does("DELETE", f"/members/{dan}")

    rows = (bob, carol, dan, clock.new_id(), "nobody", "no@@body", "dan@acme.example", erin, erin, frank)
    assert verdicts(give(*rows)) == [
        "held",
        "already-licensed",
        "member-removed",
        *["member-unknown"] * 4,
        "assigned",
        "repeated",
        "no-free-license",
    ]
    assert len(announced("license.assigned")) == 3


def test_an_address_is_read_without_regard_to_capitals_and_counts_once_with_its_id(office, give):
    office.buys("eco", 3)
    [bob] = hire(office, "bob")

    answer = give("BOB@Acme.Example", "bob@acme.example", bob.upper())
    assert verdicts(answer) == ["assigned", "repeated", "repeated"]
    assert [row["member_id"] for row in answer.json["items"]] == [bob] * 3
    assert office.pool("eco") == (1, 2, 0)


def test_a_row_is_read_as_people_paste_it(office, give):
    office.buys("eco", 3)
    [bob] = hire(office, "bob")
    email = "bob@acme.example"
    rows = (f"\ufeff{email}", f"Bob <{email}>", f'"B, Bob" <{email}>;', f"mailto:{email}", f" {bob};")

    assert {row["member_id"] for row in give(*rows).json["items"]} == {bob}


def test_people_of_another_account_are_unknown(office, give, open_office):
    office.buys("eco", 2)
    stranger = open_office("other.example").administrator

    assert verdicts(give(stranger["id"], stranger["email"])) == ["member-unknown"] * 2


def test_all_or_nobody_names_the_shortage_and_leaves_nothing(office, give):
    office.buys("eco", 1)
    people = hire(office, "bob", "carol", "dan")

    answer = give(*people, "x@acme.example", mode="atomic")
    assert refused(answer) == (409, "no-free-license")
    assert answer.json["missing"] == 2
    assert answer.json["refused"] == [{"member": "x@acme.example", "verdict": "member-unknown"}]
    assert office.pool("eco") == (0, 1, 0)
    assert announced("license.assigned") == []
    assert Assignment.select().count() == 0


def test_all_or_nobody_refuses_for_one_who_may_not_and_not_for_one_who_holds_it(office, give):
    office.buys("eco", 3)
    bob, carol = hire(office, "bob", "carol")
    office.assigns(bob, "eco")

    assert refused(give(bob, carol, "x", mode="atomic")) == (409, "members-refused")
    assert verdicts(give(bob, carol, carol, mode="atomic")) == ["held", "assigned", "repeated"]


@pytest.mark.parametrize("mode", ["atomic", "best_effort"])
def test_a_dry_run_says_the_same_and_changes_nothing(office, give, mode):
    office.buys("eco", 2)
    people = hire(office, "bob", "carol")
    before = announced()

    tried = give(*people, mode=mode, dry_run=True)
    assert [row["assignment_id"] for row in tried.json["items"]] == [None, None]
    assert announced() == before
    assert office.pool("eco") == (0, 2, 0)
    assert verdicts(tried) == verdicts(give(*people, mode=mode))


def test_the_same_list_again_changes_nothing_with_its_key_or_without(office, give):
    office.buys("eco", 3)
    people = hire(office, "bob", "carol")
    key = {"Idempotency-Key": "list-1"}

    first = give(*people, headers=key)
    assert give(*people, headers=key).json == first.json
    assert verdicts(give(*people)) == ["held", "held"]
    assert refused(give(*people[:1], headers=key)) == (422, "idempotency-key-reused")
    assert len(announced("license.assigned")) == 2


def test_who_held_a_license_lately_gets_it_back_with_its_devices(office, give, code_of, activate):
    office.buys("eco", 3)
    bob, carol = hire(office, "bob", "carol")
    give(bob, carol)
    held = {name: office.gets(f"/members/{name}")["license"] for name in (bob, carol)}
    code = code_of(carol).json["code"]
    activate(code)
    for license in held.values():
        office.unassigns(license["assignment_id"])

    answer = give(carol, bob)
    assert [row["license_id"] for row in answer.json["items"]] == [held[carol]["id"], held[bob]["id"]]
    assert [event.data["activated"] for event in announced("license.assigned")[-2:]] == [True, False]
    assert [row["device"]["name"] for row in office.gets(f"/members/{carol}/devices")["items"]] == ["Laptop"]
    assert activate(code).status_code == 201


@pytest.mark.parametrize("first", [0, 1], ids=["who held it", "whoever comes"])
def test_a_license_that_somebody_held_lately_is_given_once(office, give, first):
    office.buys("eco", 2)
    bob, carol = hire(office, "bob", "carol")
    lately = office.assigns(bob, "eco").json
    office.unassigns(lately["id"])

    people = (bob, carol) if first == 0 else (carol, bob)
    rows = give(*people).json["items"]
    assert rows[0]["license_id"] == lately["license_id"]
    assert rows[1]["license_id"] not in (None, lately["license_id"])


def test_a_list_costs_as_many_statements_as_one_person(office, give, statements):
    office.buys("eco", 100)
    people = hire(office, *(f"p{number}" for number in range(40)))

    commands.assign_licenses(office.id, "eco", people[:1])  # prepares what is prepared
    one = statements(lambda: commands.assign_licenses(office.id, "eco", people[1:2]))
    many = statements(lambda: commands.assign_licenses(office.id, "eco", people[2:]))
    assert len(many) == len(one)


def test_more_rows_than_a_statement_holds_are_given_in_order(office, monkeypatch):
    from kit import db

    monkeypatch.setattr(db, "ROWS_AT_ONCE", 2)
    office.buys("eco", 7)
    people = hire(office, *(f"p{number}" for number in range(7)))
    commands.assign_licenses(office.id, "eco", people)

    assert [event.data["member_id"] for event in announced("license.assigned")] == people
    assert list(queries.differences()) == list(outbox.differences()) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"members": []}, "members"),
        ({"members": ["x"] * 10_001}, "members"),
        ({"members": ["x" * 255]}, "members.0"),
        ({"mode": "maybe"}, "mode"),
        ({"dry_run": 1}, "dry_run"),
        ({"plan": "Eco"}, "plan"),
    ],
)
def test_a_list_that_breaks_a_rule_is_refused_by_field(office, wrong, field):
    answer = office.does("POST", "/bulk-assignments", {"plan": "eco", "members": ["x"], **wrong})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_an_unknown_plan_is_refused(give):
    assert refused(give("x", plan="gold")) == (422, "plan-unknown")


histories = st.lists(st.tuples(st.sampled_from(["take", "free"]), st.integers(0, 4)), max_size=8)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seats=st.integers(1, 5), history=histories, order=st.permutations(range(5)))
def test_a_list_gets_what_its_people_would_get_one_by_one(open_office, seats, history, order):
    """Two accounts with the same past: one gives to a list, the other to one after the other."""

    def past():
        office = open_office(f"{clock.new_id()}.example")
        office.buys("eco", seats, "month", end="2026-12-22")
        office.buys("eco", 1)
        people = hire(office, *(f"p{number}" for number in range(5)))
        for act, who in history:
            live = Assignment.get_or_none(LIVE & (Assignment.member == people[who]))
            if act == "free" and live:
                commands.unassign_license(office.id, live.id)
            elif act == "take":
                singly(office, people[who])
        return office, [people[who] for who in order]

    def singly(office, member):
        try:
            return commands.assign_license(office.id, member, "eco").license_id
        except Refusal as refusal:
            return refusal.code

    def place(office, license_id):
        rows = License.select().where(License.account == office.id).order_by(License.term_end, License.id)
        return [row.id for row in rows].index(license_id) if "-license" not in license_id else license_id

    office, people = past()
    rows = commands.assign_licenses(office.id, "eco", people)
    listed = [place(office, row.holding.license_id if row.holding else row.verdict) for row in rows]
    other, others = past()
    assert listed == [place(other, singly(other, member)) for member in others]
    counts = [Pool.of_plan(one.id, "eco") for one in (office, other)]
    assert counts[0] == counts[1]
