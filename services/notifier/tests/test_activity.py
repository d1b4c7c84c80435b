"""The activity log: one row for every event about the account, newest first, in words."""

import csv
import io
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kit import clock, cursors, db
from notifier import queries, settings
from notifier.handlers import of_products
from notifier.models import Activity
from service_fixtures import Source


@pytest.fixture
def auditor(bearer, acme):
    return bearer("activity:read", account=acme.id)


@pytest.fixture
def read(client, acme, auditor):
    def answer(path: str = "activity", **query):
        return client.get(f"/v1/accounts/{acme.id}/{path}", query_string=query, headers=auditor)

    return answer


def test_every_event_about_the_account_is_an_activity_whether_we_know_its_type_or_not(acme, read):
    acme.pays()
    acme.hears(acme.orders.tells("order.questioned-again", acme.id, {"anything": 1}, must=True))

    items = read().json["items"]
    assert [item["type"] for item in items] == [
        "order.questioned-again",
        "order.paid",
        "member.added",
        "member.added",
        "account.opened",
    ]
    assert items[0]["summary"] == "Order questioned again"
    assert items[0]["data"] == {"anything": 1}


def test_a_summary_names_people_and_plans_in_the_language_asked_for(acme, read):
    acme.assigns(acme.elodie)

    [english] = read(type="license.assigned").json["items"]
    [french] = read(type="license.assigned", language="fr").json["items"]
    assert english["summary"] == "Ada Lovelace gave Élodie Tremblay the plan Pro"
    assert french["summary"] == "Ada Lovelace a attribué le forfait Pro à Élodie Tremblay"
    ada = {"id": f"member:{acme.ada}", "name": "Ada Lovelace", "email": "ada@acme.example"}
    assert english["actor"] == ada


@pytest.mark.parametrize(
    ("language", "with_two", "with_none"),
    [
        ("en", "renewing on December 22, 2026 now has 7 × Pro (2 of them not renewed)", "now has 7 × Pro"),
        (
            "fr",
            "le 22 décembre 2026 compte maintenant 7 × Pro (dont 2 sans renouvellement)",
            "maintenant 7 × Pro",
        ),
    ],
)
def test_a_removal_and_its_undoing_read_differently(acme, read, language, with_two, with_none):
    for parked in (2, 0):
        items = [{"plan": "pro", "version": 1, "quantity": 7, "unit_amount": 1, "parked": parked}]
        changed = {"term": {"start": "2026-11-22", "end": "2026-12-22"}, "items": items}
        acme.hears(acme.orders.tells("subscription.changed", acme.id, changed))

    undone, removed = (
        item["summary"] for item in read(type="subscription.changed", language=language).json["items"]
    )
    assert removed.replace("\N{NO-BREAK SPACE}", " ").endswith(with_two)
    assert undone.replace("\N{NO-BREAK SPACE}", " ").endswith(with_none)
    assert "7\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}Pro" in undone


def test_why_a_card_was_declined_is_said_in_words(acme, read):
    acme.hears(acme.orders.tells("order.declined", acme.id, {"number": "1", "reason": "card-declined"}))

    [english] = read(type="order.declined").json["items"]
    [french] = read(type="order.declined", language="fr").json["items"]
    assert english["summary"].endswith("(the bank declined the card)")
    assert french["summary"].endswith("(carte refusée par la banque)")


def test_a_person_who_left_is_still_known_by_name(acme, read):
    acme.hears(acme.entitlements.tells("member.removed", acme.id, {"member_id": acme.elodie}))

    assert read(type="member.removed").json["items"][0]["summary"] == "Seatwise removed Élodie Tremblay"


def test_what_a_program_did_for_the_account_is_shown_like_the_rest(acme, read):
    acme.hears(acme.orders.tells("order.noted", acme.id, {}, actor="member:demo"))

    actor = {"id": "member:demo", "name": "Somebody", "email": None}
    assert read(type="order.noted").json["items"][0]["actor"] == actor


def test_the_pages_together_are_the_whole_log_without_repetition(acme, read):
    now = clock.now()
    for number in range(7):
        acme.hears(acme.orders.tells("order.noted", acme.id, {"number": number}, time=now))
    seen, cursor = [], ""
    while cursor is not None:
        page = read(limit=2, cursor=cursor).json
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]

    assert len(seen) == len(set(seen)) == 10
    times = [Activity.get_by_id(one).time for one in seen]
    assert times == sorted(times, reverse=True)


def test_the_log_can_be_narrowed_by_type_actor_and_time(acme, read):
    acme.hears(acme.orders.tells("order.noted", acme.id, {}, time=clock.from_text("2020-02-02T00:00:00Z")))

    assert len(read(actor=f"member:{acme.ada}").json["items"]) == 2
    assert [item["type"] for item in read(until="2020-02-03T00:00:00Z").json["items"]] == ["order.noted"]
    assert len(read(since="2020-02-03T00:00:00Z").json["items"]) == 3


@pytest.mark.parametrize(
    "cursor",
    ["x", "1.x", "1", ".", "9" * 40 + ".01a20551-646d-73fa-8dee-7d3cf5544c0a", "١.x", "1." + "-" * 36],
)
def test_a_cursor_that_no_page_gave_is_refused(read, cursor):
    assert read(cursor=cursor).status_code == 422


@pytest.mark.parametrize("query", [{"language": "de"}, {"since": "today"}, {"nonsense": 1}, {"limit": 0}])
def test_a_query_that_makes_no_sense_is_refused_by_field(read, query):
    answer = read(**query)

    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == next(iter(query))


def test_only_the_accounts_own_auditors_read_its_log(client, acme, bearer):
    for headers, status in (
        ({}, 401),
        (bearer("people", account=acme.id), 403),
        (bearer("activity:read", account=clock.new_id()), 403),
        (bearer("activity:read", account=acme.id), 200),
    ):
        for path in ("activity", "activity.csv"):
            assert client.get(f"/v1/accounts/{acme.id}/{path}", headers=headers).status_code == status


def rows_of(answer) -> list[list[str]]:
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_log_is_exported_whole_for_a_spreadsheet(acme, read):
    for number in range(1100):
        Activity.create(
            id=clock.new_id(),
            account=acme.id,
            time=number,
            source="orders",
            sequence=number + 1,
            type="order.noted",
            actor="service:orders",
            data={},
        )
    answer = read("activity.csv", language="fr")

    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="activity.csv"'
    header, first, *others = rows_of(answer)
    assert header[:3] == ["Heure (UTC)", "Qui", "Ce qui s’est passé"]
    assert first[1:3] == ["Ada Lovelace", "Ada Lovelace a ajouté Élodie Tremblay"]
    assert len(others) == 1102


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1"])
def test_a_spreadsheet_never_runs_what_somebody_typed(acme, read, name):
    acme.adds(eve := clock.new_id(), "eve@acme.example", name, "en")
    acme.hears(acme.orders.tells("order.noted", acme.id, {}, actor=f"member:{eve}"))

    [_, row] = rows_of(read("activity.csv", type="order.noted"))
    assert row[1].startswith("'")
    assert row[1].replace("'", "") == name


@hypothesis_settings(max_examples=300, deadline=None)
@given(st.lists(st.text(";,=+-@＝\t\r\n\"' a"), min_size=1, max_size=4))
@example([";=1+1"])
@example(['a";"=1+1'])
def test_no_cell_is_a_formula_whatever_separates_cells_where_it_is_read(cells):
    written = queries._csv([["2026-11-22", *cells]])
    for delimiter in (",", ";"):
        for row in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter):
            for cell in row:
                assert not re.match(r"""[\s"]*[=+\-@＝＋－＠]""", cell), (delimiter, row)


def test_the_export_honors_every_filter_of_the_log(acme, read):
    acme.adds(eve := clock.new_id(), "eve@acme.example", "Eve", "en")
    for actor in (f"member:{eve}", f"member:{acme.ada}"):
        acme.hears(acme.orders.tells("order.noted", acme.id, {}, actor=actor))
    [_, later, *_] = [item["time"] for item in read("activity").json["items"]]
    for chosen in ({"type": "order.noted"}, {"actor": f"member:{eve}"}, {"since": later}, {"until": later}):
        listed = read("activity", **chosen).json["items"]
        _, *rows = rows_of(read("activity.csv", **chosen))
        assert len(rows) == len(listed) > 0, chosen
        assert [row[3] for row in rows] == [item["type"] for item in listed]


def test_the_export_starts_before_it_has_read_everything(acme, client, auditor, monkeypatch):
    from notifier import queries

    monkeypatch.setattr(queries, "CSV_PAGE", 1)
    asked = []
    page = queries._page
    monkeypatch.setattr(queries, "_page", lambda *how, **chosen: asked.append(how) or page(*how, **chosen))

    with client.get(f"/v1/accounts/{acme.id}/activity.csv", headers=auditor, buffered=False) as answer:
        next(answer.response)
        assert len(asked) <= 1
        assert len(list(answer.response)) == 4


def test_the_export_goes_on_when_the_connection_of_its_request_is_closed(acme, client, auditor):
    acme.pays()

    def export() -> str:
        with client.get(f"/v1/accounts/{acme.id}/activity.csv", headers=auditor, buffered=False) as answer:
            return b"".join(answer.response).decode()

    with ThreadPoolExecutor(1) as as_the_server:  # in a thread without the test's connection
        assert "order.paid" in as_the_server.submit(export).result()


def test_the_mails_of_an_account_are_listed_newest_first_without_their_links(acme, send, client, bearer):
    acme.pays()
    acme.pays(placed_by=acme.elodie)
    send()
    headers = bearer("people", account=acme.id)
    url = f"/v1/accounts/{acme.id}/notices"

    items = client.get(url, headers=headers).json["items"]
    assert [(item["to"], item["state"]) for item in items] == [
        ("elodie@acme.example", "sent"),
        ("ada@acme.example", "sent"),
    ]
    assert items[0]["subject"] == "Reçu de la commande 2026-0042"
    assert "1 890,00 $" in items[0]["text"].replace("\xa0", " ")
    one = client.get(url, headers=headers, query_string={"member": acme.ada}).json["items"]
    assert [item["member_id"] for item in one] == [acme.ada]
    first = client.get(url, headers=headers, query_string={"limit": 1}).json
    second = client.get(url, headers=headers, query_string={"cursor": first["next"]}).json
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [item["id"] for item in items]


def test_products_that_tell_are_followed_when_they_are_named(monkeypatch):
    for source in ("CATALOG", "ORDERS", "ENTITLEMENTS"):
        monkeypatch.setenv(f"{source}_URL", "http://127.0.0.1:9")
    assert "secure-messages" not in settings.read().source_urls
    monkeypatch.setenv("PRODUCTS", "secure-messages")
    monkeypatch.setenv("SECURE_MESSAGES_URL", "http://127.0.0.1:9")

    assert settings.read().source_urls["secure-messages"] == "http://127.0.0.1:9"
    assert of_products(settings.products()).keys() == {"secure-messages"}


def test_what_people_do_with_a_product_is_in_the_log_with_who_and_where(acme, read):
    reader, product = cursors.Reader(of_products(["secure-messages"])), Source("secure-messages")
    about = {"message_id": clock.new_id(), "member_id": acme.ada, "recipient": "grace@navy.example"}
    opened = {"actor": f"recipient:{clock.new_id()}", "address": "203.0.113.9"}
    reader.take([product.tells("message.opened", acme.id, about, **opened)], fresh=False)

    [item] = [item for item in read().json["items"] if item["source"] == "secure-messages"]
    assert item["summary"] == "grace@navy.example opened the secure message of Ada Lovelace"
    assert (item["actor"]["name"], item["address"]) == ("A recipient", "203.0.113.9")


UNREADABLE = {"en": "This entry cannot be read.", "fr": "Cette entrée est illisible."}
DAMAGES = [
    "data = '[1]'",
    "data = 'no JSON'",
    'data = \'{"member_id": "\\ud800"}\'',
    "time = 9223372036854775807",
]
ON_SQLITE = ["id = 'ev-1'", "data = CAST(x'ff' AS TEXT)"]


@pytest.fixture(params=[*DAMAGES, *ON_SQLITE])
def damaged(request, acme):
    """Three more activities, of which the second is damaged; their times are 1, 2 and 3 s."""
    if request.param in ON_SQLITE and db.is_postgres():
        pytest.skip("PostgreSQL refuses it")
    events = [acme.orders.tells("order.noted", acme.id, {}, time=second * clock.SECOND) for second in (1, 2, 3)]
    for event in events:
        acme.hears(event)
    key = events[1].id if db.is_postgres() else events[1].id.replace("-", "")
    db.database.execute_sql(f"UPDATE activities SET {request.param} WHERE id = '{key}'")
    return [event.id for event in events]


@pytest.mark.parametrize("language", UNREADABLE)
def test_one_unreadable_row_is_an_entry_that_says_so_among_the_others(damaged, read, language):
    answer = read(language=language)

    assert answer.status_code == 200
    items = answer.json["items"]
    [entry] = [item for item in items if item["unreadable"]]
    assert entry["summary"].startswith(UNREADABLE[language])
    assert entry["id"] in (damaged[1], "ev-1")
    assert len(items) == 6
    assert {damaged[0], damaged[2]} < {item["id"] for item in items if not item["unreadable"]}


def test_pages_and_the_export_go_on_past_an_unreadable_row(damaged, read, monkeypatch):
    monkeypatch.setattr("notifier.queries.CSV_PAGE", 1)
    seen, cursor = [], ""
    while cursor is not None:
        page = read(limit=1, cursor=cursor).json
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 6

    [_, *rows] = rows_of(read("activity.csv"))
    assert len(rows) == 6
    assert sum(row[2].startswith(UNREADABLE["en"]) for row in rows) == 1


@pytest.mark.parametrize("amount", [10**400, {"a": 1}, "x", None, True])
def test_an_amount_that_cannot_be_written_out_leaves_the_rest_of_the_page(acme, read, amount):
    paid = acme.pays()
    data = {**paid.data, "total": amount, "currency": "XXXX"}
    Activity.update(data=data).where(Activity.id == paid.id).execute()

    assert read().json["items"][0]["type"] == "order.paid"
