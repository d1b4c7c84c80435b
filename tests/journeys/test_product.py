"""A product beside the suite: people go there signed in, it obeys their licenses, and tells them."""

import re

import httpx
import pytest

from journeys.people import office_of_demo, until
from local.suite import NO_BROKER, PORTAL, PRODUCTS, RABBITMQ, SERVICES

pytestmark = pytest.mark.slow

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module", params=[RABBITMQ, NO_BROKER])
def suite(request, make_suite):
    return make_suite(units=(*SERVICES, PORTAL, *PRODUCTS), broker=request.param, demo=True)


@pytest.fixture(scope="module")
def office(suite):
    office = office_of_demo(suite)
    office.awaits_licenses(office.buys("advanced", 1))
    return office


@pytest.fixture
def browser():
    with httpx.Client(timeout=30, follow_redirects=True) as client:
        yield client


def hidden(page, name):
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]


def goes_over(browser, suite, member):
    """Signs in to the portal with one click, and from there to the product."""
    portal = suite.urls["portal"]
    token = hidden(browser.get(f"{portal}/sign-in"), "csrf_token")
    browser.post(f"{portal}/sign-in/demo", data={"csrf_token": token, "member_id": member["id"]})
    page = browser.get(f"{portal}/secure-messages")
    return browser.post(
        f"{suite.urls['secure-messages']}/enter",
        data={"token": hidden(page, "token")},
        headers={"Origin": portal},
    )


def sends(browser, suite, size):
    here = suite.urls["secure-messages"]
    form = browser.get(f"{here}/messages/new")
    written = {
        "csrf_token": hidden(form, "csrf_token"),
        "key": hidden(form, "key"),
        "recipients": "grace@navy.example",
        "body": "It translates.",
        "days": "3",
    }
    return browser.post(f"{here}/messages", data=written, files={"files": ("drawing.txt", b"x" * size)})


def test_who_is_given_a_license_sends_until_it_is_taken_back_and_the_log_says_who_read(suite, office, browser):
    ada, here = office.ada, suite.urls["secure-messages"]
    assert ada["name"] in goes_over(browser, suite, ada).text
    assert "You have no license" in sends(browser, suite, 10).text

    assignment = office.assigns(ada, "advanced")
    sent = until("the license at the product", lambda: with_status(200, sends(browser, suite, 3 * MEGABYTE)))
    assert "grace@navy.example" in sent.text

    mail = office.mails_to({"email": "grace@navy.example"})[-1]
    link = re.search(rf"{here}/m/[\w-]+", mail["text"])[0]
    with httpx.Client(timeout=30, follow_redirects=True) as grace:
        message = grace.post(link, data={"csrf_token": hidden(grace.get(link), "csrf_token")})
        assert "It translates." in message.text
        path = re.search(r'"(/m/[^"]+/files/[^"]+)"', message.text)[1]
        assert grace.get(f"{here}{path}").content == b"x" * 3 * MEGABYTE

    told = {"message.sent", "message.opened", "attachment.downloaded"}
    until("the log", lambda: {item["type"] for item in office.activity(*told)} == told)
    first = office.activity(*told)[0]
    assert first["summary"] == f"{ada['name']} sent a secure message to grace@navy.example"
    assert first["address"] == "127.0.0.1"

    office.unassigns(assignment)
    refused = until("the loss at the product", lambda: with_status(403, sends(browser, suite, 10)))
    assert "You have no license" in refused.text


def with_status(status, answer):
    return answer if answer.status_code == status else None
