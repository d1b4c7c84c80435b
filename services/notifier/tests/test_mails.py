"""What people receive: the right mail, once, in their language, and only about what is news and true."""

import html
import re

import pytest

from kit import clock
from notifier.domain import DAY, LANGUAGES, SECOND
from notifier.models import Account, Activity, Birth, Member, Notice
from service_fixtures import announced

from .account import outcome
from .outside import CODE, PORTAL, part

LINK = f"{PORTAL}/activate/{CODE}"


def test_the_buyer_gets_a_receipt(acme, send, mail_server):
    acme.pays()
    send()

    [mail] = mail_server.mails
    assert mail["To"] == "Ada Lovelace <ada@acme.example>"
    assert mail["Subject"] == "Receipt for order 2026-0042"
    for said in (part(mail, "plain"), html.unescape(part(mail, "html"))):
        for fact in (
            "Acme Ltd",
            "2026-0042",
            "Eco",
            "$15.00",
            "$1,890.00\N{NO-BREAK SPACE}CAD",
            "4242",
            "December 21, 2026",
        ):
            assert fact in said


@pytest.mark.parametrize(
    "name", ["https://evil.example", "www.evil.example/x", "Evil.example", "a@evil.example"]
)
def test_a_name_is_no_link_in_any_mail(acme, send, mail_server, entitlements, name):
    Account.update(name=name).execute()
    acme.adds(eve := clock.new_id(), "eve@acme.example", name, "en")
    entitlements.gives(acme.assigns(eve, actor=f"member:{eve}"), CODE)
    acme.pays(placed_by=eve)
    send()

    assert len(mail_server.mails) == 2
    for mail in mail_server.mails:
        for said in (mail["Subject"], part(mail, "plain"), html.unescape(part(mail, "html"))):
            assert name not in said
            assert not re.search(r"[Ee]vil\.(?!\N{WORD JOINER})", said)


def test_what_looks_like_the_end_of_a_part_is_text_like_any_other(acme, send, mail_server):
    Account.update(name="\n--=_part--\n").execute()
    acme.pays()
    send()

    [mail] = mail_server.mails
    assert "--=_part--" in part(mail, "plain")
    assert "2026-0042" in part(mail, "html")


def test_a_name_is_never_decoded_into_headers_of_a_mail(acme, send, mail_server):
    name = "=?utf-8?q?Bob=0d=0aSubject=3a_Win=0d=0a=0d=0ahttps=3a//evil.example?="
    Member.update(name=name).execute()
    acme.pays()
    send()

    [mail] = mail_server.mails
    assert mail.get_all("Subject") == ["Receipt for order 2026-0042"]
    assert mail["To"].addresses[0].display_name == name.replace("=?", "= ?")


def test_no_mail_goes_to_an_address_that_is_read_differently_by_others(acme, send, mail_server):
    Member.update(email="=?utf-8?q?ada=0d=0aBcc=3aeve?=@acme.example").execute()
    acme.pays()
    send()

    assert mail_server.mails == []
    assert outcome()[0] == "failed"


def test_a_person_who_got_a_license_learns_how_to_install_and_activate(acme, send, mail_server, entitlements):
    entitlements.gives(acme.assigns(acme.ada), CODE)
    send()

    [mail] = mail_server.mails
    assert mail["Subject"] == "Your Pro license is ready"
    for said in (part(mail, "plain"), part(mail, "html")):
        for fact in (
            "Ada Lovelace gave you a license for the plan Pro from Acme Ltd.",
            "Run the installer.",
            LINK,
        ):
            assert fact in said
    assert "copy this address" in part(mail, "html")
    assert '<a href="https://download.example/pro"' in part(mail, "html")


def test_somebody_already_activated_is_not_asked_to_activate(acme, send, mail_server, entitlements):
    entitlements.gives(acme.assigns(acme.ada, activated=True), CODE)
    entitlements.gives(acme.assigns(acme.elodie), CODE, activated_at="2026-11-22T21:00:00Z")
    send()

    assert ["already activated" in part(mail, "plain") for mail in mail_server.mails] == [True, False]
    assert "déjà activée" in part(mail_server.mails[1], "plain")
    assert not any("/activate/" in mail.as_string() for mail in mail_server.mails)


def test_a_person_is_written_to_in_their_language_or_else_in_the_accounts(
    acme, send, mail_server, entitlements
):
    entitlements.gives(acme.assigns(acme.elodie), CODE)
    acme.adds(bea := clock.new_id(), "bea@acme.example", "Béa", None)
    entitlements.gives(acme.assigns(bea), CODE)
    send()

    elodie, bea = mail_server.mails
    assert (elodie["Subject"], elodie["Content-Language"]) == ("Votre licence Pro est prête", "fr")
    assert "Ada Lovelace vous a attribué" in part(elodie, "plain")
    assert "Lancez l’installateur." in part(elodie, "html")
    assert bea["Subject"] == "Your Pro license is ready"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_html_part_stands_alone_and_can_be_read_by_everybody(
    acme, send, mail_server, entitlements, language
):
    Member.update(locale=language).execute()
    entitlements.gives(acme.assigns(acme.ada), CODE)
    acme.pays()
    send()

    for mail in mail_server.mails:
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        page = part(mail, "html")
        assert f'<html lang="{language}">' in page
        assert page.count("<h1") == 1
        assert "<style" not in page
        assert 'style="' in page


def test_names_are_said_literally(acme, send, mail_server, entitlements):
    acme.adds(eve := clock.new_id(), "eve@acme.example", "<b>Eve</b>, {{ link }} %(plan)s", "en")
    entitlements.gives(acme.assigns(eve), CODE)
    send()

    [mail] = mail_server.mails
    assert "Hello <b>Eve</b>, {{ link }} %(plan)s" in part(mail, "plain")
    assert "Hello &lt;b&gt;Eve&lt;/b&gt;, {{ link }} %(plan)s" in part(mail, "html")


def test_an_event_that_comes_twice_is_one_mail_and_one_activity(acme, send, mail_server):
    paid = acme.pays()
    acme.hears(paid)
    send()

    assert len(mail_server.mails) == 1
    assert Activity.select().where(Activity.type == "order.paid").count() == 1


def test_a_notifier_deployed_late_does_not_write_about_what_happened_before_its_birth(acme, send, mail_server):
    acme.pays(time=Birth.get().born_at - 1)
    send()

    assert mail_server.mails == []
    assert Activity.select().where(Activity.type == "order.paid").count() == 1


def test_nobody_is_written_to_about_what_happened_more_than_three_days_ago(acme, send, mail_server):
    Birth.update(born_at=0).execute()
    acme.pays(time=clock.now() - 3 * DAY - 1)
    acme.pays(time=clock.now() - 3 * DAY + 60 * SECOND)
    send()

    assert len(mail_server.mails) == 1
    assert Activity.select().where(Activity.type == "order.paid").count() == 2


def test_a_license_taken_away_before_the_mail_went_is_not_confirmed(acme, send, mail_server, entitlements):
    assigned = acme.assigns(acme.ada)
    entitlements.gives(assigned, CODE)
    acme.hears(acme.entitlements.tells("license.unassigned", acme.id, assigned))
    send()

    assert mail_server.mails == []
    assert [event.data["reason"] for event in announced("notice.failed")] == ["no longer assigned"]


def test_what_entitlements_no_longer_knows_as_assigned_is_obsolete(acme, send, mail_server):
    acme.assigns(acme.ada)
    send()

    assert mail_server.mails == []
    assert Notice.get().state == "obsolete"
    assert [event.data["reason"] for event in announced()] == ["no longer assigned"]


def test_a_license_that_somebody_else_holds_by_now_does_not_give_away_their_link(
    acme, send, mail_server, entitlements
):
    assigned = acme.assigns(acme.ada)
    entitlements.gives({**assigned, "assignment_id": clock.new_id()}, CODE)
    send()

    assert mail_server.mails == []
    assert Notice.get().state == "obsolete"


def test_whoever_left_the_account_gets_no_mail(acme, send, mail_server):
    acme.pays(placed_by=acme.elodie)
    acme.hears(acme.entitlements.tells("member.removed", acme.id, {"member_id": acme.elodie}))
    send()

    assert mail_server.mails == []
    assert [event.data["reason"] for event in announced()] == ["no longer a member"]


def test_a_mail_waits_for_a_person_we_have_not_heard_of_yet(acme, send, mail_server):
    acme.pays(placed_by=(bea := clock.new_id()))
    send()
    assert mail_server.mails == []

    acme.adds(bea, "bea@acme.example", "Béa", "en")
    send(later=1)
    assert [mail["To"] for mail in mail_server.mails] == ["Béa <bea@acme.example>"]


def test_the_link_is_asked_for_while_sending_and_stored_nowhere(
    acme, send, mail_server, entitlements, database
):
    assigned = acme.assigns(acme.ada)
    entitlements.gives(assigned, CODE)
    assert entitlements.asked == []
    mail_server.faults = ["refuse-content"]
    entitlements.gives(another := acme.assigns(acme.elodie), CODE)
    send()

    assert another["license_id"] in entitlements.asked[1]
    assert LINK in part(mail_server.mails[0], "plain")
    for table in database.get_tables():
        for row in database.execute_sql(f'SELECT * FROM "{table}"').fetchall():
            assert not any(CODE in str(value) for value in row), table
    texts = [notice.text for notice in Notice.select().order_by(Notice.id)]
    assert "[link sent to the person]" in texts[0]
    assert "[lien envoyé à la personne]" in texts[1]
