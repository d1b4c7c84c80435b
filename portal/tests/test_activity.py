"""The activity log: who did what from where, page by page, and as CSV."""

import re

import pytest


@pytest.fixture
def ada(signed_in, suite):
    for number in range(70):
        suite.tell("order.paid" if number % 10 else "member.added", "Ada Lovelace", f"Event {number:02}.")
    return signed_in("Ada Lovelace")


def test_newest_first_with_who_and_the_address(ada):
    page = ada.open("/activity").text

    assert page.index("Event 69.") < page.index("Event 68.")
    assert "192.0.2.7" in page
    assert "Event 39." not in page


def test_older_pages_lead_back_to_newer_ones(ada):
    def follow(word):
        links = re.findall(r'<a class="button" href="([^"]+)">(?:<svg.*?</svg>)?(Older|Newer)', ada.page)
        return ada.open(next(href for href, name in links if name == word).replace("&amp;", "&")).text

    ada.open("/activity")
    assert "Event 39." in follow("Older")
    assert "Event 09." in follow("Older")
    assert "Event 39." in follow("Newer")
    assert "Event 69." in follow("Newer")


def test_the_kind_is_filtered(ada):
    page = ada.open("/activity?type=member.added").text

    assert "Event 60." in page
    assert "Event 69." not in page
    assert re.search(r'value="member.added" selected', page)
    assert "Nothing of this kind" in ada.open("/activity?type=seats.parked").text


def test_the_export_streams_the_notifiers_csv(ada):
    answer = ada.client.get("/activity.csv")

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.text.count("Event") == 70


def test_the_export_has_what_the_page_shows(ada):
    page = ada.open("/activity?type=member.added").text
    link = re.search(r'href="(/activity.csv[^"]*)"', page)[1]
    exported = ada.client.get(link).text

    assert "Export “User added” as CSV" in page
    assert "Event 60." in exported
    assert "Event 69." not in exported


def test_an_export_without_the_notifier_is_a_page_not_half_a_file(ada, suite):
    suite.down.add("notifier")
    answer = ada.client.get("/activity.csv")

    assert answer.status_code == 503
    assert "cannot be reached" in answer.text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Nothing is lost: try again at 07:01."),
        ("fr", "Rien n’est perdu : réessayez à 07:01."),
    ],
)
def test_a_limit_that_is_reached_says_until_when(signed_in, suite, time_machine, language, said):
    time_machine.move_to("2026-12-01T12:00:20Z", tick=False)
    suite.account["time_zone"] = "America/Toronto"
    ada = signed_in("Ada Lovelace", language)
    suite.limited = 40
    answer = ada.open("/activity.csv")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "40")
    assert said in answer.text
