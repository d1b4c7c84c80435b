"""What a person typed never becomes another path of a service, whichever method of a client takes it."""

import inspect
from urllib.parse import unquote

import httpx
import pytest

from kit.paths import of
from portal.clients import Problem
from portal.clients.catalog import Catalog
from portal.clients.entitlements import Door, Entitlements
from portal.clients.http import Api, path_to
from portal.clients.notifier import Notifier
from portal.clients.orders import Orders

HOSTILE = [
    "../../livez", "..", ".", "", "a/b", "/", "a/../b", "eco?X", "eco#X", "%2e%2e", "%2F", "..%2f", "a\\..\\b",
    "\x00", "a\nb", "\u2028", "\ud800", "é" * 201, "eco;v=1", "{}", " ", "\N{FULLWIDTH SOLIDUS}",
]  # fmt: skip
ANSWER = {"items": [], "next": None}


@pytest.fixture
def asked():
    """The paths that a service saw, as it decodes them."""
    return []


@pytest.fixture
def api(asked):
    def answer(request):
        asked.append(unquote(request.url.raw_path.partition(b"?")[0].decode()))
        return httpx.Response(200, json=ANSWER)

    pool = httpx.Client(base_url="http://service", transport=httpx.MockTransport(answer))
    return Api("service", pool, dict)


def methods():
    """Each method of each client, with its parameters."""
    for client in (Catalog, Door, Entitlements, Notifier, Orders):
        for name, method in inspect.getmembers(client, inspect.isfunction):
            if not name.startswith("_") and name != "at":
                parameters = inspect.signature(method).parameters
                yield pytest.param(client, name, parameters, id=f"{client.__name__}.{name}")


def make(client, api, account="account"):
    return client(api) if client in (Catalog, Door) else client(api, account)


def value_for(parameter, text):
    if parameter.annotation is str or parameter.annotation == "str":
        return text
    return {int: 1, dict: {}}.get(parameter.annotation, [] if "list" in str(parameter.annotation) else {})


def call(client, name, parameters, text):
    arguments = {
        parameter.name: value_for(parameter, text)
        for parameter in list(parameters.values())[1:]
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is parameter.empty
    }
    answer = getattr(client, name)(**arguments)
    return list(answer) if inspect.isgenerator(answer) else answer


def outcome(client, name, parameters, text):
    """None, or the code of the problem; anything else that is raised fails the test."""
    try:
        call(client, name, parameters, text)
    except Problem as problem:
        return problem.code
    return None


@pytest.mark.parametrize(("kind", "name", "parameters"), list(methods()))
def test_a_hostile_text_stays_one_segment_or_is_nothing(api, asked, kind, name, parameters):
    client = make(kind, api)
    call(client, name, parameters, "plain")
    expected = asked[-1] if asked else ""
    for text in HOSTILE:
        asked.clear()
        assert outcome(client, name, parameters, text) in (None, "not-found", "text-unusable")
        for path in asked:
            assert path in (expected, expected.replace("plain", text), "/v1/plans"), text
            assert path == "/v1/plans" or path.count("/") == expected.count("/")


def test_the_account_of_a_client_is_a_segment_as_well(api, asked):
    with pytest.raises(Problem, match="not-found"):
        make(Entitlements, api, "../sign-ins").account()

    assert asked == []


def test_a_client_takes_no_path_that_was_written_by_hand(api, asked):
    for send in (api.get, api.delete, api.text):
        with pytest.raises(TypeError, match="path_to"):
            send("/v1/plans/eco")

    assert asked == []


def test_a_segment_is_encoded_and_what_leads_elsewhere_is_refused():
    assert of("plans", "eco?X#y %2e") == "/v1/plans/eco%3FX%23y%20%252e"
    for text in ("", ".", "..", "a/b", "a\tb", "x" * 201):
        with pytest.raises(Problem) as refused:
            path_to("plans", text)
        assert refused.value.status == 404


def test_what_one_person_typed_is_not_remembered_for_others(app, signed_in, suite):
    browser = signed_in("Ada Lovelace")
    for typed in ("../../livez", "eco?X", "..", "nothing"):
        browser.open("/licenses")
        browser.post("/licenses/cart", **{f"line-{typed}": "1"})
        browser.open(f"/licenses?plan={typed}")
    known = app.extensions["services"].catalog.plans()

    assert set(known) == {plan["code"] for plan in suite.plans}


def test_a_device_that_is_named_like_a_way_up_removes_nobody(signed_in, suite):
    browser, grace = signed_in("Ada Lovelace"), suite.member("Grace Hopper")
    for hostile in ("..", ".", "%2e%2e", "%2e%2e%2f", "x%2Fy"):
        browser.post(f"/people/{grace['id']}/devices/{hostile}/release")
        browser.post(f"/people/{grace['id']}%2Fdevices/removal")

    assert grace["state"] == "active"
    assert ("DELETE", f"/v1/accounts/{suite.account['id']}/members/{grace['id']}") not in suite.calls


@pytest.mark.parametrize("etag", ['"1"\r\nX-Admin: yes', "é", "\x00", '"' + "x" * 10_000])
def test_a_typed_tag_becomes_no_header(signed_in, suite, etag):
    browser = signed_in("Ada Lovelace")
    browser.open("/licenses")
    answer = browser.post("/licenses/cart", etag=etag, **{"line-eco": "1"})

    assert answer.status_code < 500
