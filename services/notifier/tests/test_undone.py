"""What a restored source tells no longer: the log keeps it as undone, and its mails that wait are not sent."""

import pytest

from kit import clock
from kit.cursors import Cursor
from notifier import commands
from notifier.models import Activity, Notice


@pytest.fixture
def restored(acme):
    """Ada paid twice; orders was restored to the moment between, and both orders' mails wait."""
    first, second = acme.pays(), acme.pays()
    acme.orders.heads[acme.id] = first
    Cursor.update(sequence=1, last=first.id, head=1).where(Cursor.of("orders", acme.id)).execute()
    return first, second, commands.undo_activity("orders", acme.id, 1)


def read(client, bearer, acme, language="en"):
    headers = bearer("activity:read", account=acme.id)
    query = {"type": "order.paid", "language": language}
    return client.get(f"/v1/accounts/{acme.id}/activity", query_string=query, headers=headers).json["items"]


def test_it_is_listed_for_the_operator_and_said_in_the_log(acme, restored, client, bearer):
    first, second, said = restored

    [sentence] = said
    assert clock.to_text(second.time) in sentence
    assert second.data["order_id"] in sentence
    items = {item["id"]: item for item in read(client, bearer, acme)}
    assert items[first.id]["undone_at"] is None
    assert clock.from_text(items[second.id]["undone_at"]) <= clock.now()
    assert items[second.id]["summary"].endswith("(undone by a restore from a backup)")
    assert not items[first.id]["summary"].endswith("backup)")
    french = {item["id"]: item["summary"] for item in read(client, bearer, acme, "fr")}
    assert french[second.id].endswith("(annulé par la restauration d’une sauvegarde)")


def test_its_mail_is_not_sent_when_it_waits(acme, restored, send, mail_server):
    first, second, _ = restored
    send()

    assert {notice.id: notice.state for notice in Notice.select()} == {first.id: "sent", second.id: "obsolete"}
    assert len(mail_server.mails) == 1


def test_what_the_source_tells_instead_takes_its_place(acme, restored, send, mail_server):
    instead = acme.pays()
    send()

    told = Activity.select().where((Activity.source == "orders") & Activity.undone_at.is_null())
    assert {(row.id, row.sequence) for row in told} == {(restored[0].id, 1), (instead.id, 2)}
    assert len(mail_server.mails) == 2


def test_an_event_that_is_told_again_after_all_is_not_undone_and_brings_no_second_mail(acme, send, mail_server):
    paid = acme.pays()
    send()
    commands.undo_activity("orders", acme.id, 0)
    Cursor.update(sequence=0, last=None, head=0).where(Cursor.of("orders", acme.id)).execute()
    acme.hears(paid)
    send()

    assert Activity.get_by_id(paid.id).undone_at is None
    assert len(mail_server.mails) == 1


def test_a_second_way_back_says_only_what_is_new(acme, restored):
    assert commands.undo_activity("orders", acme.id, 1) == []


def test_other_accounts_sources_and_plans_are_left_alone(acme):
    acme.pays()

    assert commands.undo_activity("orders", clock.new_id(), 0) == []
    assert commands.undo_activity("catalog", "pro", 0) == []
    assert Activity.select().where(Activity.undone_at.is_null(False)).count() == 0
