"""Senders beside and after each other: none does another's work again, none waits for another."""

import threading
from collections.abc import Callable
from functools import partial

import peewee
import pytest

from kit import db, failpoints
from notifier import commands, domain, settings
from notifier.models import Notice
from notifier.worker import jobs
from service_fixtures import announced

from .account import outcome
from .outside import PORTAL


def at_once(database: peewee.Database, *senders: Callable[[], bool | None]) -> None:
    """Each in a thread with a connection, until it has nothing to do at once."""
    together = threading.Barrier(len(senders))

    def work(send_next: Callable[[], bool | None]) -> None:
        with database.connection_context():
            together.wait()
            while send_next():
                pass

    threads = [threading.Thread(target=work, args=[sender]) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_workers_at_once_send_each_mail_once(acme, make_post, links, mail_server, database):
    for _ in range(20):
        acme.pays()

    at_once(database, *(partial(commands.send_next, make_post(), links, PORTAL) for _ in range(2)))

    assert len({sent["Message-ID"] for sent in mail_server.mails}) == len(mail_server.mails) == 20
    assert len(announced("notice.sent")) == 20


def test_a_notice_that_somebody_took_is_taken_by_nobody_else(acme):
    acme.pays()

    assert commands._claimed() is not None
    assert commands._claimed() is None


def test_nobody_waits_for_who_is_taking_a_notice_and_each_takes_another(acme, database):
    if not db.is_postgres():
        pytest.skip("SQLite has one writer at a time")
    acme.pays()
    acme.pays()
    taken = []

    def take_another() -> None:
        with database.connection_context():
            taken.append(commands._claimed().id)

    with database.atomic():
        taken.append(commands._claimed().id)
        other = threading.Thread(target=take_another)
        other.start()
        other.join(20)
        assert len(set(taken)) == 2, "it waited"
    other.join()


def test_a_mail_that_the_server_thinks_about_keeps_no_other_waiting(
    app, acme, mail_server, database, monkeypatch
):
    monkeypatch.setenv("SMTP_URL", mail_server.url)
    mail_server.faults = ["wait"]
    acme.pays()
    acme.pays()

    senders = (job.run for name, job in jobs(settings.read()).items() if name.startswith("send mails"))
    at_once(database, *senders)

    assert [(notice.state, notice.doubts) for notice in Notice.select()] == [("sent", 0), ("sent", 0)]


@pytest.mark.parametrize(("where", "sent"), [("mail.before-data", 1), ("mail.after-data", 2)])
def test_a_worker_that_died_around_data_leaves_a_doubt_that_the_next_one_settles(
    acme, send, mail_server, where, sent
):
    acme.pays()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FAILPOINT", f"{where}:raise")
        patched.setattr(failpoints, "_passes", {})
        with pytest.raises(failpoints.FailpointHit):
            send()
    assert outcome() == ("sending", 0, 0)
    send()  # another worker; the claim of the dead one still holds
    assert outcome() == ("sending", 0, 0)

    send(later=61)
    send(later=1)
    assert (len(mail_server.mails), outcome()) == (sent, ("sent", 0, 1))
    assert len({copy["Message-ID"] for copy in mail_server.mails}) == 1


def test_a_worker_that_was_too_slow_cannot_overwrite_the_outcome(acme, send, make_post, links, mail_server):
    acme.pays()
    slow = commands._claimed()
    send(later=61)
    assert outcome() == ("sent", 0, 0)

    commands._record(slow, domain.FAILED, "too slow")
    assert outcome() == ("sent", 0, 0)
    assert [event.type for event in announced()] == ["notice.sent"]


def test_a_worker_that_was_too_slow_cannot_overwrite_what_another_is_at(acme):
    acme.pays()
    slow = commands._claimed()
    Notice.update(due_at=0).execute()
    assert commands._claimed() is not None

    commands._record(slow, domain.FAILED, "too slow")
    assert outcome() == ("queued", 0, 0)
