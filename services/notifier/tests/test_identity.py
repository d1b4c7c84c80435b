"""Who somebody was at the time, and mails that warn people about changes of their own identity."""

import csv
import importlib
import io
from types import SimpleNamespace

import pytest

from kit import clock, db
from notifier import commands, handlers
from notifier.models import MemberName, Notice

from .outside import PORTAL, part

TOKEN = "eyJhbGciOiJFZDI1NTE5In0.e30.c2VjcmV0"


@pytest.fixture
def read(client, acme, bearer):
    headers = bearer("activity:read", account=acme.id)

    def answer(path="activity", **query):
        return client.get(f"/v1/accounts/{acme.id}/{path}", headers=headers, query_string=query)

    return answer


def changes(acme, member, before, *, actor=None, time=None, **after):
    """member.changed of what `before` says: {email, name, locale, roles} merged with `after`."""
    data = {"member_id": member, "locale": "en", "state": "active", **before, **after}
    data["changed"] = {field: [before.get(field), value] for field, value in after.items()}
    attributes = {"actor": actor or f"member:{member}", **({"time": time} if time else {})}
    return acme.hears(acme.entitlements.tells("member.changed", acme.id, data, **attributes))


def ada(**more):
    return {"email": "ada@acme.example", "name": "Ada Lovelace", "roles": ["administrator"], **more}


@pytest.mark.parametrize("first", ["orders", "entitlements"])
def test_renaming_a_person_changes_nothing_of_what_the_log_says(acme, read, first):
    """Whichever source's event comes first."""
    now = clock.now()

    def order():
        by_ada = {"actor": f"member:{acme.ada}", "time": now + 1}
        acme.hears(acme.orders.tells("order.noted", acme.id, {}, **by_ada))

    if first == "orders":
        order()
    changes(acme, acme.ada, ada(), name="Élodie Tremblay", email="other@acme.example", time=now + 2)
    if first == "entitlements":
        order()
    acme.hears(acme.orders.tells("order.noted", acme.id, {}, actor=f"member:{acme.ada}", time=now + 3))

    after, before = (item["actor"] for item in read(type="order.noted").json["items"])
    assert (before["name"], before["email"]) == ("Ada Lovelace", "ada@acme.example")
    assert (after["name"], after["email"]) == ("Élodie Tremblay", "other@acme.example")
    assert before["id"] == after["id"] == f"member:{acme.ada}"


def test_summaries_name_people_as_of_the_event_too(acme, read):
    acme.assigns(acme.elodie)
    changes(acme, acme.ada, ada(), name="Innocent")
    changes(acme, acme.elodie, ada(name="Élodie Tremblay"), name="Another")

    [item] = read(type="license.assigned").json["items"]
    assert item["summary"] == "Ada Lovelace gave Élodie Tremblay the plan Pro"


def test_the_export_has_the_actors_id_and_address_of_the_time_in_columns_at_the_end(acme, read):
    acme.hears(acme.orders.tells("order.noted", acme.id, {}, actor=f"member:{acme.ada}"))
    acme.hears(acme.orders.tells("order.noted", acme.id, {}, actor="operator:joan"))
    acme.hears(acme.orders.tells("order.noted", acme.id, {}, actor="recipient:r1"))
    changes(acme, acme.ada, ada(), email="other@acme.example")

    text = read("activity.csv", type="order.noted").data.decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    assert header[:7] == ["Time (UTC)", "Who", "What happened", "Type", "Source", "Address", "Details"]
    assert header[7:] == ["Actor id", "Actor e-mail"]
    assert [row[7:] for row in rows] == [
        ["recipient:r1", ""],
        ["operator:joan", ""],
        [f"member:{acme.ada}", "ada@acme.example"],
    ]


def test_a_name_that_a_restored_source_tells_no_longer_is_forgotten(acme, read):
    changed = changes(acme, acme.ada, ada(), name="Never")
    acme.hears(acme.orders.tells("order.noted", acme.id, {}, actor=f"member:{acme.ada}"))
    commands.undo_activity("entitlements", acme.id, changed.sequence - 1)

    assert read(type="order.noted").json["items"][0]["actor"]["name"] == "Ada Lovelace"


def test_names_of_before_the_migration_are_read_from_the_log(acme):
    changes(acme, acme.ada, ada(), name="Ada King")
    kept = sorted(MemberName.select().tuples())
    MemberName.drop_table()
    migrator = SimpleNamespace(migrate=lambda *_: None, add_column=lambda *_: None)
    importlib.import_module("notifier.migrations.0004_identity").up(migrator, db.database.obj)

    assert sorted(MemberName.select().tuples()) == kept


def asks(acme, *, new="ada.king@acme.example", actor=None):
    data = {
        "change_id": clock.new_id(),
        "member_id": acme.ada,
        "name": "Ada Lovelace",
        "email": "ada@acme.example",
        "new_email": new,
        "expires_at": "2026-11-23T09:30:00.000000Z",
    }
    attributes = {"actor": actor or f"member:{acme.elodie}"}
    acme.hears(acme.entitlements.tells("member.address-requested", acme.id, data, **attributes))
    return data


def test_the_new_address_gets_the_link_and_the_old_one_a_warning(acme, send, mail_server, entitlements):
    asked = asks(acme)
    entitlements.holders[acme.ada] = {"change_id": asked["change_id"], "token": TOKEN}
    send()

    by_address = {mail["To"].addresses[0].addr_spec: mail for mail in mail_server.mails}
    assert by_address.keys() == {"ada@acme.example", "ada.king@acme.example"}
    link = f"{PORTAL}/address/{TOKEN}"
    for subtype in ("plain", "html"):
        assert link in part(by_address["ada.king@acme.example"], subtype)
        warning = part(by_address["ada@acme.example"], subtype)
        assert TOKEN not in warning
        for fact in (
            "Élodie Tremblay asked",
            "ada.king@acme.example",
            "November 23, 2026",
            "administrator of Acme",
        ):
            assert fact in warning
    assert not any(TOKEN in str(row) for row in Notice.select().dicts())


@pytest.mark.parametrize("answer", [None, {"change_id": clock.new_id(), "token": TOKEN}])
def test_a_request_that_ended_or_was_replaced_sends_no_link(acme, send, mail_server, entitlements, answer):
    asks(acme)
    if answer:
        entitlements.holders[acme.ada] = answer
    send()

    assert [mail["To"].addresses[0].addr_spec for mail in mail_server.mails] == ["ada@acme.example"]
    assert Notice.get(Notice.kind == "address-confirmation").state == "obsolete"


def test_the_former_address_is_told_when_the_new_one_takes_effect(acme, send, mail_server):
    changes(acme, acme.ada, ada(), email="ada.king@acme.example")
    send()

    [mail] = mail_server.mails
    assert mail["To"].addresses[0].addr_spec == "ada@acme.example"
    assert "is now ada.king@acme.example" in part(mail, "plain")


def test_a_role_given_or_taken_is_told_to_the_person_with_who_did_it(acme, send, mail_server):
    roles = {"before": ada(roles=["auditor", "member"]), "roles": ["member", "purchaser"]}
    changes(acme, acme.elodie, actor=f"member:{acme.ada}", **roles)
    changes(acme, acme.ada, ada(roles=["member"]), roles=["auditor"])
    send()

    first, second = (part(mail, "plain") for mail in mail_server.mails)
    assert "Ada Lovelace changed your roles at Acme Ltd." in first
    assert "Given: purchaser. Taken away: auditor." in first
    assert "Given: auditor." in second
    assert "Taken" not in second


def test_a_change_of_nothing_but_the_name_sends_no_mail(acme, send, mail_server):
    changes(acme, acme.ada, ada(), name="Ada King")
    send()

    assert mail_server.mails == []


def test_mails_about_a_persons_identity_are_written_in_french_too(acme, send, mail_server, entitlements):
    from notifier.models import Member

    Member.update(locale="fr").execute()
    asked = asks(acme)
    entitlements.holders[acme.ada] = {"change_id": asked["change_id"], "token": TOKEN}
    changes(acme, acme.ada, ada(locale="fr"), email="x@acme.example", roles=["purchaser"])
    send()

    subjects = {mail["Subject"] for mail in mail_server.mails}
    assert subjects == {
        "Une nouvelle adresse de courriel a été demandée",
        "Confirmez votre nouvelle adresse de courriel",
        "Votre adresse de courriel a changé",
        "Vos rôles ont changé",
    }


@pytest.mark.parametrize("case", [(True, None, 1), (True, True, 1), (True, False, 0), (False, True, 0)])
def test_a_sign_in_from_a_new_device_is_told_unless_the_account_turned_it_off(acme, send, mail_server, case):
    new, wanted, mails = case
    described = {"name": "Acme Ltd", "locale": "en", **({} if wanted is None else {"new_device_mail": wanted})}
    acme.hears(acme.entitlements.tells("account.changed", acme.id, described))
    data = {
        "session_id": clock.new_id(),
        "member": {"id": acme.ada, "email": "ada@acme.example", "name": "Ada Lovelace"},
        "device": "Firefox on Linux",
        "address": "203.0.113.9",
        "new_device": new,
    }
    event = acme.entitlements.tells("session.started", acme.id, data, actor=f"member:{acme.ada}")
    handlers.on_session_started(event, handlers.SessionStarted().load(data))
    send()

    assert len(mail_server.mails) == mails
    for mail in mail_server.mails:
        assert "Firefox on Linux, network address 203.0.113.9" in part(mail, "plain")
