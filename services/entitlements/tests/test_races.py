"""What happens at once happens in some order, and no seat is given twice."""

import json
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from entitlements import commands, queries
from entitlements.models import LIVE, Assignment, Member
from kit import auth, clock, db
from service_fixtures import announced

from .together import at_once

TAKERS = Path(__file__).with_name("takers.py")
ROUNDS = range(8)


def hire_many(office, count):
    people = [{"id": clock.new_id(), "email": f"p{number}@acme.example"} for number in range(count)]
    common = {"account": office.id, "name": "P", "known_as": "p", "locale": "en", "roles": ["member"]}
    with db.atomic():
        Member.insert_many([{**common, **person} for person in people]).execute()
    return [person["id"] for person in people]


def test_of_200_takers_in_four_processes_exactly_10_get_the_10_free_seats(office, database_url):
    office.buys("eco", 10)
    members = hire_many(office, 200)
    processes = [
        subprocess.Popen([sys.executable, TAKERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for number, process in enumerate(processes):
        told = {"database_url": database_url, "account_id": office.id, "plan": "eco"}
        process.stdin.write(json.dumps({**told, "member_ids": members[number::4]}) + "\n")
        process.stdin.flush()
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 4
    outcomes = sum(
        (Counter(json.loads(process.communicate("go\n", timeout=60)[0])) for process in processes), Counter()
    )

    assert outcomes == {"assigned": 10, "no-free-license": 190}
    assert office.pool("eco") == (10, 0, 0)
    assert len(announced("license.assigned")) == 10
    assert [one for one in queries.differences() if not one.startswith("member ")] == []  # made as rows


def test_one_member_assigned_twice_at_once_holds_one_license(office):
    office.buys("eco", 16)
    office.buys("pro", 16)
    for number in ROUNDS:
        bob = office.hires(f"bob{number}")
        same = at_once(*[lambda: commands.assign_license(office.id, bob, "eco").id] * 4)  # noqa: B023
        other = at_once(*[lambda: commands.assign_license(office.id, bob, "pro").id] * 2)  # noqa: B023

        assert len(set(same)) == 1
        assert other == ["already-licensed"] * 2
    assert Assignment.select().where(LIVE).count() == len(ROUNDS)


def test_two_administrators_who_demote_each_other_leave_one(office):
    grants = frozenset(("people", "roles"))
    first = office.administrator["id"]
    for number in ROUNDS:
        second = office.hires(f"admin{number}", roles=["administrator"])

        def demote(member):
            return lambda: commands.change_member(office.id, member, {"roles": ["member"]}, grants).id

        outcome = at_once(demote(first), demote(second))
        assert outcome.count("last-administrator") == 1
        first = first if outcome[0] == "last-administrator" else second
        assert Member.get_by_id(first).roles == ["administrator"]
        office.headers = office.bearer("people", "roles", account=office.id, who=first)


def test_parking_racing_assign_gives_the_last_seat_to_one_of_them(office):
    for number in ROUNDS:
        office.buys("eco", 1)
        bob = office.hires(f"bob{number}")
        parked, assigned = at_once(
            lambda: commands.park_seats(office.id, "eco", "year", 1).id,
            lambda: commands.assign_license(office.id, bob, "eco").id,  # noqa: B023
        )
        assert (parked == "seats-assigned") != (assigned == "no-free-license")
    assigned, free, parked = office.pool("eco")
    assert (free, assigned + parked) == (0, len(ROUNDS))
    assert [one for one in queries.differences() if not one.startswith("member ")] == []  # made as rows


@pytest.fixture
def held(office, keys):
    """An Eco license, which is for two devices: its code, and what devices and its holder do with it."""
    office.buys("eco", 1)
    holder = office.administrator["id"]
    signer = auth.Signer(keys / "entitlements.json")

    class Held:
        code = commands.assign_license(office.id, holder, "eco").code

        def activates(self, device):
            return lambda: commands.activate_license(self.code, {"id": device, "name": device}, signer).token

        def lets_in(self, device):
            named = {"id": device, "name": device}
            return lambda: commands.activate_device(office.id, holder, "eco", named, signer).token

        def releases(self, device):
            id = next(row.id for row in self.rows() if row.device_id == device)
            return lambda: commands.release_device(office.id, holder, id)

        def rows(self):
            return queries.devices(office.id, holder)

        def in_use(self):
            return {row.device_id for row in self.rows() if row.released_at is None}

    return Held()


def in_use_by_the_log():
    """The devices that a reader of the events holds to be in use."""
    devices = set()
    for event in announced("license.activated", "license.deactivated"):
        known = event.data["device"]["id"]
        assert (known in devices) == (event.type == "license.deactivated"), "told twice"
        (devices.discard if known in devices else devices.add)(known)
    return devices


def test_one_device_too_many_is_refused_however_fast_they_come(held):
    outcome = at_once(*[held.activates(device) for device in "abcd"])

    assert outcome.count("too-many-devices") == 2
    assert len(announced("license.activated")) == 2


def test_of_two_devices_that_come_at_once_one_gets_the_last_place(held):
    held.activates("kept")()
    for number in ROUNDS:
        guest, other = f"guest {number}", f"other {number}"
        outcome = at_once(held.activates(guest), held.lets_in(other))

        assert outcome.count("too-many-devices") == 1
        assert len(held.in_use()) == 2
        held.releases(*held.in_use() - {"kept"})()
    assert held.in_use() == in_use_by_the_log() == {"kept"}


def test_release_racing_activation_gives_the_place_to_one_of_them(held):
    held.activates("kept")()
    held.activates("guest 0")()
    for number in ROUNDS:
        old, new = f"guest {number}", f"guest {number + 1}"
        released, activated = at_once(held.releases(old), held.activates(new))

        assert released is None
        if activated == "too-many-devices":
            held.activates(new)()
        assert held.in_use() == in_use_by_the_log() == {"kept", new}


def test_release_racing_renewal_leaves_the_device_released(held):
    for number in ROUNDS:
        device = f"device {number}"
        held.activates(device)()
        released, renewed = at_once(held.releases(device), held.activates(device))

        assert released is None
        assert renewed == "device-released" or renewed.count(".") == 2
        assert held.in_use() == in_use_by_the_log() == set()
    assert Assignment.get(LIVE).activated_at is None


def test_a_device_released_twice_at_once_is_released_once(held):
    for number in ROUNDS:
        device = f"device {number}"
        held.activates(device)()
        outcome = at_once(*[held.releases(device)] * 3)
        assert sorted(map(str, outcome)) == ["None", "not-found", "not-found"]
    assert len(announced("license.deactivated")) == len(ROUNDS)


def test_of_two_clicks_on_a_sign_in_link_one_signs_in(office):
    ada = office.administrator["id"]
    for number in ROUNDS:
        click = partial(commands.use_sign_in_link, ada, number, commands.Browser(None, None))
        used = [getattr(one, "member_id", one) for one in at_once(*[click] * 3)]
        assert sorted(used) == sorted([ada, "link-used", "link-used"])


def test_an_address_added_twice_at_once_belongs_to_one_member(office):
    person = {"email": "bob@acme.example", "name": "Bob", "roles": ["member"]}
    outcome = at_once(*[lambda: commands.add_member(office.id, person).email] * 2)

    assert sorted(outcome) == ["bob@acme.example", "email-taken"]


def test_two_accounts_approving_one_domain_at_once_leave_it_to_one(office, open_office):
    other = open_office("other.example")
    for number in ROUNDS:
        name = f"d{number}.example"
        commands.add_domain(office.id, name)
        commands.add_domain(other.id, name)
        outcome = at_once(
            lambda: commands.approve_domain(office.id, name).domain,  # noqa: B023
            lambda: commands.approve_domain(other.id, name).domain,  # noqa: B023
        )
        assert sorted(outcome) == sorted([name, "domain-taken"])


def test_two_lists_at_once_give_each_person_one_license_and_each_license_once(office):
    people = hire_many(office, 30)
    office.buys("eco", 20)
    outcome = at_once(
        lambda: commands.assign_licenses(office.id, "eco", people),
        lambda: commands.assign_licenses(office.id, "eco", people[::-1]),
    )

    counts = [Counter(row.verdict for row in rows) for rows in outcome]
    assert sum(count["assigned"] for count in counts) == 20
    assert all(count["assigned"] + count["held"] == 20 for count in counts)
    assert office.pool("eco") == (20, 0, 0)
    assert [one for one in queries.differences() if not one.startswith("member ")] == []  # made as rows


def test_a_list_racing_an_assignment_and_a_parking_gives_no_seat_twice(office):
    hired = hire_many(office, 4 * len(ROUNDS))
    for number in ROUNDS:
        office.buys("eco", 4)
        people = hired[4 * number : 4 * number + 4]
        before = office.pool("eco")
        listed, single, parked = at_once(
            lambda: commands.assign_licenses(office.id, "eco", people[1:], "atomic"),  # noqa: B023
            lambda: commands.assign_license(office.id, people[0], "eco").id,  # noqa: B023
            lambda: commands.park_seats(office.id, "eco", "year", before[1]).id,  # noqa: B023
        )
        taken = 0 if listed == "no-free-license" else len(listed)
        taken += single != "no-free-license"
        if parked == "seats-assigned":
            assert office.pool("eco")[0] == before[0] + taken
        else:
            assert taken == 0
    assert [one for one in queries.differences() if not one.startswith("member ")] == []  # made as rows


def test_a_list_racing_the_removal_of_a_person_leaves_them_no_license(office):
    for number in range(4):
        office.buys("eco", 2)
        bob, carol = office.hires(f"bob{number}"), office.hires(f"carol{number}")
        rows, _ = at_once(
            lambda: commands.assign_licenses(office.id, "eco", [bob, carol]),  # noqa: B023
            lambda: commands.remove_member(office.id, bob, frozenset(("people", "roles"))),  # noqa: B023
        )
        assert rows[0].verdict in ("assigned", "member-removed")
        assert Assignment.select().where(LIVE & (Assignment.member == bob)).count() == 0
    assert office.pool("eco") == (4, 4, 0)
    assert list(queries.differences()) == []
