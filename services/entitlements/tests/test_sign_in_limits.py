"""Sign-in limits keep mailboxes from being flooded and lock nobody else out."""

import pytest
import time_machine

from entitlements import settings
from entitlements.app import create_app
from kit import limits, rates
from kit.limits import LimitCount

START = 1_795_000_000  # seconds
OFFICE, ATTACKER = "192.0.2.1", "203.0.113.66"


@pytest.fixture
def travel():
    with time_machine.travel(START, tick=False) as machine:
        yield machine


@pytest.fixture
def ada(office):
    return office.administrator["email"]


@pytest.fixture
def limit(app, monkeypatch):
    """Set a limit as its setting does."""

    def limiting(name, rate):
        monkeypatch.setitem(app.extensions, limits.SETTINGS, {name: rates.read(rate)})

    return limiting


@pytest.fixture
def ask(client, bearer):
    """The portal asks for the links of an address, for a person at that network address."""

    def asking(email, at=OFFICE):
        headers = {**bearer("sign-in", issuer="portal"), "X-Forwarded-For": at}
        return client.post("/v1/sign-ins", json={"email": email}, headers=headers)

    return asking


def limited(answer):
    return (answer.status_code, answer.json.get("code"), answer.json.get("limit"))


BY_ADDRESS = (429, "too-many-requests", "sign-in-per-address")
BY_CALLER = (429, "too-many-requests", "sign-in-per-caller")


def test_an_address_gets_five_mails_in_fifteen_minutes(travel, ada, ask):
    assert [ask(ada).status_code for _ in range(5)] == [200] * 5
    travel.shift(60)
    refused = ask(ada)

    assert limited(refused) == BY_ADDRESS
    assert refused.headers["Retry-After"] == "840"
    travel.shift(840)
    assert ask(ada).json["items"]


def test_all_spellings_of_an_address_are_one(ada, ask):
    local, _, domain = ada.partition("@")
    wide_domain = "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in domain)
    spellings = [
        ada,
        ada.upper(),
        f"\N{NO-BREAK SPACE}{ada}\N{NO-BREAK SPACE}",
        f"{ada}.",
        f"{local}@{wide_domain}",
        f"{local}@{domain.replace('.', chr(0x3002))}",
        f"{local}@{domain.replace('.', chr(0xFF0E))}",
        f"{local}@{domain.replace('.', chr(0xFF61))}",
        f"{local.title()}@{domain.title()}",
    ]
    answers = [ask(spelling, at=f"192.0.2.{number}") for number, spelling in enumerate(spellings)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 4


def test_an_unknown_address_is_answered_like_a_known_one(ada, ask):
    known, unknown = ([ask(email) for _ in range(6)] for email in (ada, f"nobody.{ada}"))

    assert [limited(answer)[:3] for answer in known] == [limited(answer)[:3] for answer in unknown]
    assert {**known[-1].json, "retry_after": 0, "detail": ""} == {
        **unknown[-1].json,
        "retry_after": 0,
        "detail": "",
    }


def test_a_caller_beyond_its_limit_uses_up_no_address(limit, ada, ask):
    limit("sign-in-per-caller", "5/15 minutes")
    for number in range(5):
        ask(f"person-{number}@elsewhere.example", at=ATTACKER)
    for _ in range(9):
        assert limited(ask(ada, at=ATTACKER)) == BY_CALLER

    assert [ask(ada).status_code for _ in range(5)] == [200] * 5


def test_an_office_of_three_hundred_people_signs_in_from_one_address(ask):
    assert {ask(f"person-{number}@acme.example").status_code for number in range(300)} == {200}
    assert limited(ask("person-300@acme.example")) == BY_CALLER


@pytest.mark.parametrize(
    "spellings",
    [
        ["203.0.113.8", "203.0.113.8:4711", "::ffff:203.0.113.8", "[::ffff:203.0.113.8]:9"],
        ["2001:db8::1", "[2001:db8::1]:4711", "2001:db8::2", "2001:db8:0:0:ffff::1"],
        ["one", "two", "<3>", "203.0.113.8.9"],
    ],
)
def test_a_caller_is_one_however_its_address_is_written(limit, ask, spellings):
    limit("sign-in-per-caller", "3/15 minutes")
    answers = [ask(f"person-{n}@acme.example", at=spelling) for n, spelling in enumerate(spellings)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]


def test_what_is_no_address_counts_for_nobody_but_the_caller(ask):
    assert ask("ada").status_code == 422
    assert [row.count for row in LimitCount.select()] == [1]


def test_a_used_link_gives_its_owner_new_mails(client, bearer, ada, ask):
    *_, [item] = [ask(ada).json["items"] for _ in range(5)]
    assert limited(ask(ada)) == BY_ADDRESS
    used = client.post(
        f"/v1/sign-ins/{item['member_id']}/uses",
        json={"counter": item["counter"]},
        headers=bearer("sign-in", issuer="portal"),
    )

    assert used.status_code == 201
    assert ask(ada).status_code == 200


def test_limits_are_settings(monkeypatch, app, keys):
    monkeypatch.setenv("SIGN_IN_PER_ADDRESS", "2")
    monkeypatch.setenv("SIGN_IN_PER_CALLER", "off")
    read = settings.read()

    assert str(read.limits["sign-in-per-address"]) == "2 per 15 minute"
    assert read.limits["sign-in-per-caller"] is None
    made = create_app(
        read._replace(trust_dir=str(keys / "trust"), signing_key_file=str(keys / "entitlements.json"))
    )
    assert made.extensions["kit.limits"] == read.limits


@pytest.mark.parametrize("text", ["0", "-1", "many", "5/minute"])
def test_a_wrong_limit_is_refused_by_its_name(monkeypatch, app, text):
    monkeypatch.setenv("SIGN_IN_PER_ADDRESS", text)

    with pytest.raises(ValueError, match="SIGN_IN_PER_ADDRESS must be a number"):
        settings.read()
