"""Mails are sent again: by administrators through entitlements, by operators after a failure."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from kit import clock
from notifier import commands, domain
from notifier.__main__ import notices
from notifier.models import Activity, Notice
from service_fixtures import announced

from .account import outcome
from .outside import CODE, part


@pytest.fixture
def operator(bearer):
    return bearer("notices:write")


def test_a_reminder_is_a_mail_of_its_own_with_the_link_of_today(acme, send, mail_server, entitlements):
    assigned = acme.assigns(acme.ada)
    entitlements.gives(assigned, CODE)
    send()
    entitlements.gives(assigned, "NEW-CODE")
    data = {name: assigned[name] for name in ("license_id", "assignment_id", "member_id", "plan", "activated")}
    acme.hears(acme.entitlements.tells("license.reminded", acme.id, data, actor=f"member:{acme.elodie}"))
    send()

    first, again = mail_server.mails
    assert first["Message-ID"] != again["Message-ID"]
    assert "/activate/NEW-CODE" in part(again, "plain")
    assert "Here is once more" in part(again, "plain")
    assert "Tremblay gave you" not in part(again, "plain")
    assert "Élodie Tremblay had the mail about Pro sent to Ada Lovelace again" in {
        row["summary"] for row in said(acme)
    }


def said(acme):
    from notifier import queries

    every = {"type": "", "actor": "", "since": None, "until": None}
    return queries.activity(acme.id, language="en", cursor="", limit=100, **every)["items"]


def test_an_operator_sends_a_failed_mail_again_under_its_message_id(acme, send, mail_server, client, operator):
    mail_server.faults = ["refuse"]
    acme.pays()
    send()
    notice = Notice.get()
    Notice.update(created_at=notice.created_at - 2 * domain.MAX_AGE).execute()
    url = f"/v1/failed-notices/{notice.id}/resends"
    assert client.post(url, headers=operator).json == {"queued": 1}
    assert client.post(url, headers=operator).json["code"] == "notice-not-failed"
    send()

    assert outcome() == ("sent", 0, 0)
    assert mail_server.mails[0]["Message-ID"] == f"<{notice.id}@seatwise.example>"
    assert [event.type for event in announced()] == ["notice.failed", "notice.requeued", "notice.sent"]
    activity = Activity.get(type="notice.requeued")
    assert activity.actor.startswith("operator:")


def test_all_that_failed_for_one_cause_are_sent_again_and_no_others(acme, send, mail_server, client, operator):
    mail_server.faults = ["refuse", "refuse", "refuse-content"]
    for _ in range(4):
        acme.pays()
    send()

    failed = client.get("/v1/failed-notices?cause=smtp-550-5.1.1", headers=operator).json["items"]
    assert {(one["state"], one["cause"], one["to"]) for one in failed} == {
        ("failed", "smtp-550-5.1.1", "ada@acme.example")
    }
    asked = {"cause": "smtp-550-5.1.1"}
    assert client.post("/v1/failed-notices/resends", json=asked, headers=operator).json == {"queued": 2}
    assert client.post("/v1/failed-notices/resends", json=asked, headers=operator).json == {"queued": 0}
    send()
    assert sorted(notice.state for notice in Notice.select()) == ["failed", "sent", "sent", "sent"]


def test_a_mail_in_doubt_is_sent_once_more_and_never_said_to_have_failed(acme, send, mail_server):
    mail_server.faults = ["hang-up-after", "hang-up-after", "refuse"]
    acme.pays()
    send()
    send(later=3600)
    assert outcome() == ("unknown", 0, 2)

    commands.queue_failed_notice(Notice.get().id)
    send()
    assert outcome() == ("unknown", 0, 1)
    assert [event.type for event in announced()] == ["notice.requeued"]


@pytest.mark.parametrize("state", ["queued", "sending", "sent", "obsolete"])
def test_only_what_failed_is_sent_again(acme, client, operator, state):
    acme.pays()
    Notice.update(state=state).execute()
    answer = client.post(f"/v1/failed-notices/{Notice.get().id}/resends", headers=operator)

    assert (answer.status_code, answer.json["code"]) == (409, "notice-not-failed")
    assert client.post(f"/v1/failed-notices/{clock.new_id()}/resends", headers=operator).status_code == 404


def test_people_of_an_account_resend_nothing_of_others(acme, client, bearer):
    people = bearer("people", "licenses", "activity:read", account=acme.id)

    assert client.get("/v1/failed-notices", headers=people).status_code == 403
    assert client.post("/v1/failed-notices/resends", json={"cause": "x"}, headers=people).status_code == 403


def test_an_operator_lists_and_resends_at_the_command_line(acme, send, mail_server):
    mail_server.faults = ["refuse"]
    acme.pays()
    send()

    def run(*arguments: str) -> str:
        with ThreadPoolExecutor(1) as process:  # a command has a connection of its own
            return process.submit(CliRunner().invoke, notices, arguments).result().output

    listed = run("list", "--failed")
    assert f"{Notice.get().id} {acme.id} order-paid failed smtp-550-5.1.1: 550 5.1.1" in listed
    assert run("list", "--waiting") == ""
    assert "name either" in run("resend")
    assert run("resend", "--cause", "smtp-550-5.1.1") == "queued: 1\n"
    assert run("resend", str(Notice.get().id)) == "Error: The notice is queued.\n"
