"""Releasing a device as people do it: with keys alone, and without JavaScript."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

ADMINISTRATOR, HOLDER = "Margaret Sinclair", "Priya Sharma"


@pytest.fixture(scope="module")
def holder(suite, chromium, devices):
    """The way to the page of somebody whose Pro license is active on a laptop and a phone."""
    context = chromium.new_context(base_url=suite.urls["portal"], locale="en")
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_role("button", name="English", exact=True).click()
    page.get_by_role("button", name=ADMINISTRATOR).click()
    page.goto("/licenses")
    page.get_by_role("spinbutton", name="Number of Pro licenses", exact=True).fill("1")
    page.get_by_role("button", name="Add Pro").click()
    page.get_by_role("button", name="Proceed to checkout").click()
    page.get_by_role("button", name="Pay $").click()
    page.get_by_role("link", name="Assign them now").wait_for(timeout=30_000)
    page.goto("/people?q=priya")
    page.get_by_role("link", name=f"Manage license for {HOLDER}").click()
    page.get_by_role("radio", name="Pro").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_text(HOLDER).wait_for()
    way = page.get_by_role("link", name=HOLDER, exact=True).get_attribute("href")
    devices(way.rpartition("/")[2], "Work laptop", "Old phone")
    context.close()
    return way


def presses(page, button):
    """Reach the button by Tab and press Enter."""
    wanted = page.get_by_role("button", name=button).first
    for _ in range(100):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{button} cannot be reached by Tab")


def test_a_member_releases_a_device_and_takes_it_back_with_keys_alone(person, holder):
    page = person(HOLDER)
    page.goto("/devices")
    presses(page, "Release Old phone")
    expect(page.get_by_role("status")).to_contain_text("Old phone was released")
    presses(page, "Undo")

    expect(page.get_by_role("status")).to_contain_text("active on Old phone again")
    expect(page.get_by_role("button", name="Release Old phone")).to_be_visible()


@pytest.mark.parametrize(("who", "own"), [(HOLDER, True), (ADMINISTRATOR, False)])
def test_devices_are_released_without_javascript(person, holder, who, own):
    page = person(who, script=False)
    page.goto("/devices" if own else holder)
    page.get_by_role("button", name="Release Work laptop").click()
    expect(page.get_by_role("status")).to_contain_text("Work laptop was released")
    page.get_by_role("button", name="Let Work laptop in again").click()

    expect(page.get_by_role("status")).to_contain_text("active on Work laptop again")
    expect(page.get_by_role("button", name="Release Work laptop")).to_be_visible()
