"""From the portal to the product and to whoever gets the message, in a real browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from journeys.people import office_of_demo

pytestmark = pytest.mark.slow

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}


@pytest.fixture(scope="module")
def margaret(suite):
    """She holds a license, for as long as these tests last."""
    office = office_of_demo(suite)
    office.awaits_licenses(office.buys("pro", 1))
    assignment = office.assigns(office.ada, "pro")
    yield office
    office.unassigns(assignment)


def goes_over(page, script):
    page.goto("/secure-messages")
    if not script:
        page.locator("main form button").click()
    page.wait_for_url(re.compile("^(?!.*/secure-messages$)"))


def sends(page, suite, subject):
    """Until the product has heard of the license, its form offers no attachments."""
    here = suite.urls["secure-messages"]
    expect_files(page, here)
    page.locator("#recipients").fill("grace@navy.example")
    page.locator("#subject").fill(subject)
    page.locator("#body").fill("It translates.")
    page.locator("#files").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"123"})
    page.locator("[name=signing]").check()
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile(r"/messages/[0-9a-f-]{36}$"))


def expect_files(page, here):
    for _ in range(100):
        page.goto(f"{here}/messages/new")
        if page.locator("#files").count():
            return
        page.wait_for_timeout(200)
    raise AssertionError("the product has not heard of the license")


def link_in(margaret, count):
    mail = margaret.mails_to({"email": "grace@navy.example"}, count)[-1]
    return re.search(r"http\S+/m/\S+", mail["text"])[0]


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_the_way_from_the_portal_to_the_reader(person, suite, margaret, script):
    before = len(margaret.mails_to({"email": "grace@navy.example"}, 0))
    page = person(margaret.ada["name"], script=script)
    goes_over(page, script)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sent messages")
    sends(page, suite, "The compiler")
    expect(page.get_by_role("rowheader")).to_have_text("grace@navy.example")

    reader = person(None, script=script)
    reader.goto(link_in(margaret, before + 1))
    reader.get_by_role("button", name="Open the message").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("The compiler")
    with reader.expect_download() as saved:
        reader.get_by_role("link", name="a.txt").click()
    assert saved.value.path().read_bytes() == b"123"
    reader.get_by_label("Your full name").fill("Grace Hopper")
    reader.get_by_role("button", name="Sign").click()
    expect(reader.get_by_text("Signed as Grace Hopper")).to_be_visible()

    page.reload()
    page.get_by_role("button", name="Delete it now").click()
    expect(page.get_by_text("Deleted on")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page_of_the_product(person, suite, margaret, theme, language):
    before, found = len(margaret.mails_to({"email": "grace@navy.example"}, 0)), []
    page = person(margaret.ada["name"], theme=theme, language=language, width=320)
    goes_over(page, script=True)
    sends(page, suite, "x")
    here = suite.urls["secure-messages"]
    link = link_in(margaret, before + 1)
    sent = page.url

    def look(path):
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == language
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
        for violation in Axe().run(page, options=RULES).response["violations"]:
            found.append(f"{path}: {violation['id']} {[node['html'][:160] for node in violation['nodes'][:3]]}")

    for path in (f"{here}/", f"{here}/messages/new", sent, link, f"{here}/m/unknown"):
        look(path)
    page.goto(link)
    page.locator("main form button").click()
    look(f"{link}/message")
    page.locator("header form button").click()
    look(f"{here}/")

    assert not found, "\n".join(found)
