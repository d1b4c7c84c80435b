"""How a mail gets out when servers fail: at least once with one Message-ID, never twice without a doubt."""

import socket

import pytest

from kit import clock, db
from notifier import commands, domain, mail
from notifier.models import Activity, Notice
from service_fixtures import announced

from .account import outcome
from .outside import CODE, PORTAL, MailServer


def test_a_mail_is_sent_once_and_said_to_be_sent(acme, send, mail_server):
    acme.pays()
    send()
    send(later=3600)

    [sent] = mail_server.mails
    notice = Notice.get()
    assert (notice.state, notice.sent_at is not None, notice.address) == ("sent", True, "ada@acme.example")
    assert sent["Message-ID"] == f"<{notice.id}@seatwise.example>"
    [said] = announced()
    assert said.type == "notice.sent"
    assert said.data == {
        "notice_id": notice.id,
        "kind": "order-paid",
        "member_id": acme.ada,
        "message_id": sent["Message-ID"],
    }


def test_the_outcome_is_also_activity_of_the_account(acme, send):
    paid = acme.pays()
    send()

    own = Activity.get(source="notifier")
    [said] = announced()
    assert (own.id, own.type, own.sequence, own.actor) == (said.id, "notice.sent", 1, "service:notifier")
    assert said.correlation == paid.correlation


def test_many_mails_share_a_connection(acme, send, mail_server):
    for _ in range(5):
        acme.pays()
    send()

    assert (len(mail_server.mails), mail_server.connections) == (5, 1)


def test_the_connection_is_kept_for_the_next_mail_and_given_up_after_a_while(
    acme, make_post, links, mail_server
):
    post = make_post()
    for _ in range(2):
        acme.pays()
        while commands.send_next(post, links, PORTAL):
            pass
    assert mail_server.connections == 1

    post._deadline -= mail.PER_MAIL
    assert not commands.send_next(post, links, PORTAL)
    assert post._smtp is None


def test_a_connection_dropped_before_the_mail_went_out_is_tried_again(acme, send, mail_server):
    mail_server.faults = ["hang-up-before"]
    acme.pays()
    send()
    assert (mail_server.mails, outcome()) == ([], ("queued", 1, 0))

    send(later=1)
    assert (len(mail_server.mails), outcome()) == (1, ("sent", 1, 0))


def test_a_connection_dropped_after_the_mail_went_out_is_sent_once_more_with_the_same_message_id(
    acme, send, mail_server
):
    mail_server.faults = ["hang-up-after"]
    acme.pays()
    send()
    assert outcome() == ("queued", 0, 1)
    assert announced() == []

    send(later=1)
    first, second = mail_server.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert outcome() == ("sent", 0, 1)
    assert [event.type for event in announced()] == ["notice.sent"]


def test_a_mail_whose_fate_stays_unknown_is_shown_as_unknown_and_not_sent_a_third_time(acme, send, mail_server):
    mail_server.faults = ["hang-up-after"] * 3
    acme.pays()
    for _ in range(3):
        send(later=3600)

    assert len(mail_server.mails) == 2
    assert outcome() == ("unknown", 0, 2)
    assert announced() == []  # neither sent nor failed would be true


def test_a_server_that_asks_to_come_later_is_asked_less_and_less_often(acme, send, mail_server):
    mail_server.faults = ["refuse-later"] * 3
    acme.pays()
    waits = []
    for _ in range(3):
        send(later=3600)
        waits.append(round((Notice.get().due_at - clock.now()) / clock.SECOND))
    assert waits == [1, 5, 30]

    send(later=3600)
    assert (len(mail_server.mails), outcome()) == (1, ("sent", 3, 0))


@pytest.mark.parametrize("fault", ["refuse", "refuse-content"])
def test_a_mail_that_the_server_refuses_for_good_fails_at_once(acme, send, mail_server, fault):
    mail_server.faults = [fault]
    acme.pays()
    send()
    send(later=3600)

    assert (mail_server.mails, outcome()) == ([], ("failed", 0, 0))
    [said] = announced()
    assert (said.type, said.data["reason"][:3].isdigit()) == ("notice.failed", True)


def test_an_address_that_is_none_fails_without_holding_up_the_others(acme, send, mail_server):
    acme.adds(eve := clock.new_id(), "eve <eve@acme.example>", "Eve\nBcc: all@acme.example", "en")
    acme.adds(zoe := clock.new_id(), "zoé@acme.example", "Zoé", "en")
    acme.pays(placed_by=eve)
    acme.pays(placed_by=zoe)
    acme.pays()
    send()

    assert [sent["To"] for sent in mail_server.mails] == ["Ada Lovelace <ada@acme.example>"]
    assert [event.type for event in announced()] == ["notice.failed", "notice.failed", "notice.sent"]


def test_mails_wait_while_the_mail_server_is_down_and_arrive_once_when_it_is_back(acme, send, mail_server):
    mail_server.stop()
    acme.pays()
    for _ in range(10):
        send(later=1)
    assert outcome() == ("queued", 0, 0)
    assert "mail server away" in Notice.get().reason

    mail_server.start()
    send(later=1)
    assert (len(mail_server.mails), outcome()) == (1, ("sent", 0, 0))


def test_a_server_that_is_away_is_left_in_peace_for_a_while(acme, make_post, links, mail_server):
    mail_server.stop()
    acme.pays()
    post = make_post()
    commands.send_next(post, links, PORTAL)
    due_at = Notice.get().due_at
    commands.send_next(post, links, PORTAL)

    assert post.resting()
    assert Notice.get().due_at == due_at


def test_after_three_days_a_mail_has_failed(acme, send, mail_server):
    mail_server.stop()
    acme.pays()
    send()
    Notice.update(created_at=Notice.created_at - domain.MAX_AGE).execute()
    mail_server.start()
    send(later=1)

    assert (mail_server.mails, Notice.get().state) == ([], "failed")
    assert "mail server away" in announced("notice.failed")[0].data["reason"]


def test_while_entitlements_is_away_receipts_go_out_and_confirmations_wait(
    acme, send, mail_server, entitlements
):
    entitlements.broken = True
    entitlements.gives(acme.assigns(acme.elodie), CODE)
    acme.pays()
    send()
    assert [sent["To"] for sent in mail_server.mails] == ["Ada Lovelace <ada@acme.example>"]

    entitlements.broken = False
    send(later=1)
    assert len(mail_server.mails) == 2


def test_a_mail_server_that_never_answers_counts_as_away(acme, links, monkeypatch):
    monkeypatch.setattr(mail, "TIMEOUT", 0.2)
    acme.pays()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        post = mail.Post(f"smtp://127.0.0.1:{mute.getsockname()[1]}", "a@b.example")
        while commands.send_next(post, links, PORTAL):
            pass

    assert outcome() == ("queued", 0, 0)
    assert "mail server away" in Notice.get().reason


def test_a_server_may_think_about_a_mail_for_longer_than_about_a_command(acme, send, mail_server, monkeypatch):
    monkeypatch.setattr(mail, "TIMEOUT", 0.2)
    mail_server.faults = ["think"]
    acme.pays()
    send()

    assert (len(mail_server.mails), outcome()) == (1, ("sent", 0, 0))


class Dies(Exception):
    """The process ended here."""


def test_a_mail_that_may_have_arrived_is_never_said_to_have_failed(acme, send, mail_server):
    mail_server.faults = ["hang-up-after", "refuse"]
    acme.pays()
    send()
    send(later=1)

    assert outcome() == ("unknown", 0, 1)
    assert announced() == []


def test_a_mail_that_may_have_arrived_is_not_said_to_be_dropped_when_its_license_is_taken_away(
    acme, send, mail_server, entitlements
):
    mail_server.faults = ["hang-up-after"]
    assigned = acme.assigns(acme.ada)
    entitlements.gives(assigned, CODE)
    send()
    acme.hears(acme.entitlements.tells("license.unassigned", acme.id, assigned))

    assert outcome() == ("unknown", 0, 1)
    assert announced() == []


def test_a_notice_that_cannot_be_written_waits_and_the_others_go_on(acme, send, mail_server):
    acme.pays()
    Notice.update(data={"number": "2026-0042"}).execute()
    acme.pays()
    send()

    assert len(mail_server.mails) == 1
    assert sorted(notice.state for notice in Notice.select()) == ["queued", "sent"]


def test_nothing_of_an_outcome_is_kept_without_the_rest(acme, send, mail_server, monkeypatch):
    def fails(*_: object) -> None:
        raise Dies

    acme.pays()
    with monkeypatch.context() as patched:
        patched.setattr(commands, "note_activities", fails)
        with pytest.raises(Dies):
            send()

    assert (Notice.get().state, announced()) == ("sending", [])


def test_ended_notices_are_kept_for_ninety_days(acme, send):
    acme.pays()
    send()
    acme.pays()
    commands.forget_old()
    assert Notice.select().count() == 2

    Notice.update(ended_at=Notice.ended_at - domain.KEPT).execute()
    commands.forget_old()
    assert [notice.state for notice in Notice.select()] == ["queued"]


def test_an_idle_look_reads_a_partial_index(acme):
    query, values = commands._DUE.sql()
    explain = "EXPLAIN QUERY PLAN" if not db.is_postgres() else "EXPLAIN"
    if db.is_postgres():
        db.database.execute_sql("SET enable_seqscan = off")
    plan = db.database.execute_sql(f"{explain} {query}", [1, *values[1:]]).fetchall()
    if db.is_postgres():
        db.database.execute_sql("RESET enable_seqscan")

    assert "notices_due" in str(plan)


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew(
    acme, make_post, links, mail_server: MailServer
):
    post = make_post()
    acme.pays()
    commands.send_next(post, links, PORTAL)
    mail_server.stop()
    mail_server.start()
    acme.pays()
    commands.send_next(post, links, PORTAL)

    assert len(mail_server.mails) == 2
