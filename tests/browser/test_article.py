"""The help article, step by step, by people who use no mouse and people who have no JavaScript."""

import re
import time

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def nothing_is_selected(person):
    """The summary is the account's; whatever a test before left in it is taken out."""
    page = person("Margaret Sinclair", script=False)
    page.goto("/licenses")
    takes_out = page.get_by_role("button", name=re.compile("out of the summary"))
    while takes_out.count():
        takes_out.first.click()


def arrived(mails, address):
    """The newest license confirmation to an address, waited for."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = [mail for mail in mails() if address in mail["to"] and "/activate/" in mail["text"]]
        if found:
            return found[-1]
        time.sleep(0.3)
    raise AssertionError(f"no mail to {address}")


def activation_link(mail):
    return re.search(r"https?://\S+?(/activate/\S+)", mail["text"])[1]


def test_the_whole_article_without_javascript(person, mails):
    page = person("Margaret Sinclair", script=False)
    page.get_by_text("Options", exact=True).click()
    page.get_by_role("link", name="Management of licenses and Purchases").first.click()
    page.get_by_role("spinbutton", name="Number of Pro licenses").fill("2")
    page.get_by_role("button", name="Add Pro").click()
    expect(page.get_by_role("status")).to_contain_text("2 licenses of Pro added")
    page.get_by_role("button", name="Proceed to checkout").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm your purchase")
    page.get_by_role("button", name="Pay $").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Order")
    page.get_by_role("link", name="Assign them now").click(timeout=30_000)
    page.get_by_role("link", name="Manage license for Emily Campbell").click()
    page.get_by_role("radio", name="Pro").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Emily Campbell now has Pro")

    page.goto(activation_link(arrived(mails, "emily.campbell@")))
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome, Emily")
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your license is activated")


class Keyboard:
    """Someone who only has keys."""

    def __init__(self, page):
        self.page = page

    def reach(self, role, name, most=150):
        self.reach_this(self.page.get_by_role(role, name=name).first, most)

    def reach_this(self, wanted, most=150):
        """Press Tab until the element has the focus."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if wanted.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"{wanted} cannot be reached by Tab")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)


def test_the_whole_article_by_keyboard_alone(person):
    page = person(None)
    keys = Keyboard(page)
    heading, dialog, status = (
        page.get_by_role("heading", level=1),
        page.get_by_role("dialog"),
        page.get_by_role("status"),
    )

    keys.reach("button", "Étienne Gagnon")
    keys.press("Enter")
    expect(heading).to_have_text("Hello, Étienne")
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keys.reach_this(page.locator("summary", has_text="Options"))
    keys.press("Enter")
    keys.reach("link", "Management of licenses and Purchases")
    keys.press("Enter")
    expect(heading).to_have_text("Management of licenses and Purchases")
    keys.reach("spinbutton", "Number of Advanced licenses")
    keys.press("Control+a", "3", "Enter")
    expect(status).to_contain_text("3 licenses of Advanced added")

    keys.reach("button", "Proceed to checkout")
    keys.press("Enter")
    back = dialog.get_by_role("link", name="Back")
    expect(back).to_be_focused()
    keys.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Proceed to checkout")).to_be_focused()
    keys.press("Enter")
    expect(back).to_be_focused()
    keys.press("Shift+Tab", "Enter")  # on the choice of card: pays nothing
    expect(dialog).to_be_visible()
    keys.reach("button", "Pay $", most=10)
    keys.press("Enter")
    expect(heading).to_contain_text("Order")

    expect(page.get_by_role("link", name="Assign them now")).to_be_visible(timeout=30_000)
    expect(status).to_have_text("Licenses ready")
    keys.reach("link", "Assign them now")
    keys.press("Enter")
    expect(heading).to_have_text("User Management")
    keys.reach("link", "Manage license for Daniel Nguyen")
    keys.press("Enter")
    expect(dialog).to_be_visible()
    keys.reach_this(dialog.locator("input[type=radio]:enabled").first, most=10)
    keys.press("Space")
    while not dialog.get_by_role("radio", name="Advanced").is_checked():
        keys.press("ArrowDown")
    keys.reach("button", "Save", most=10)
    keys.press("Enter")
    expect(status).to_contain_text("Daniel Nguyen now has Advanced")


def test_the_license_is_taken_back_by_undo(person):
    page = person("Margaret Sinclair")
    page.goto("/licenses")
    page.get_by_role("button", name="Add Eco").click()
    page.get_by_role("button", name="Proceed to checkout").click()
    page.get_by_role("button", name="Pay").click()
    page.get_by_role("link", name="Assign them now").click(timeout=30_000)
    page.get_by_role("link", name="Manage license for Olivia Kowalchuk").click()
    page.get_by_role("radio", name="Eco").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_role("status")).to_contain_text("Olivia Kowalchuk no longer has a license")


def test_pay_clicked_twice_and_the_way_back_make_one_order(person):
    page = person("Margaret Sinclair")
    page.goto("/orders")
    before = page.get_by_role("row").count()
    page.goto("/licenses")
    page.get_by_role("button", name="Add Eco").click()
    page.get_by_role("button", name="Proceed to checkout").click()
    page.get_by_role("button", name="Pay").dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Order")
    page.go_back()
    page.reload()
    page.goto("/orders")

    assert page.get_by_role("row").count() == max(before, 1) + 1


def test_a_declined_card_is_replaced_by_another(person):
    page = person("Margaret Sinclair")
    page.goto("/licenses")
    page.get_by_role("button", name="Add Eco").click()
    page.get_by_role("button", name="Proceed to checkout").click()
    page.get_by_role("radio", name="Card ending in 9995").check()
    page.get_by_role("button", name="Pay").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("not enough funds")
    expect(alert).to_be_focused()
    page.get_by_role("radio", name="Card ending in 3155").check()
    page.get_by_role("button", name="Pay").click()
    page.get_by_role("button", name="Confirm").click()

    expect(page.get_by_role("link", name="Assign them now")).to_be_visible(timeout=30_000)


def test_the_summary_follows_the_stepper_by_itself(person):
    page = person("Margaret Sinclair")
    page.goto("/licenses")
    page.get_by_role("button", name="Add Pro").click()
    more = page.get_by_role("button", name="One more: Number of Pro licenses in the summary")
    more.click()
    more.click()
    page.get_by_role("radio", name="Yearly").check(force=True)
    expect(page.locator("#summary .due")).to_contain_text("$540.00")
    page.get_by_role("radio", name="Monthly").check(force=True)
    expect(page.locator("#summary .due")).to_contain_text("$56.25")
    page.get_by_role("button", name="Take Pro out of the summary").click()

    expect(page.locator("#summary")).to_contain_text("Nothing is selected yet")


def test_the_search_narrows_the_list_as_typed_and_keeps_it_in_the_address(person):
    page = person("Margaret Sinclair")
    page.goto("/people")
    page.get_by_role("searchbox").fill("fries")
    expect(page.get_by_role("rowheader")).to_have_count(1)

    page.reload()
    expect(page.get_by_role("rowheader")).to_have_text("Hannah Friesen")


def test_a_purchaser_buys_but_adds_nobody(person):
    page = person("Amélie Tremblay")
    page.get_by_text("Options", exact=True).click()

    expect(page.get_by_role("link", name="User Management")).to_have_count(0)
    expect(page.get_by_role("link", name="Management of licenses and Purchases").first).to_be_visible()


def test_a_user_is_added_from_an_approved_domain_only(person):
    page = person("Margaret Sinclair")
    page.goto("/people/new")
    page.get_by_role("textbox", name="Name").fill("Zoé Roy")
    page.get_by_role("textbox", name="E-mail").fill("zoe@elsewhere.example")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("elsewhere.example is not approved")
    page.get_by_role("textbox", name="E-mail").fill("zoe.roy@cedar-erable.example")
    page.get_by_role("button", name="Add").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Zoé Roy")


def test_a_mailed_link_signs_in(person, mails):
    page = person(None)
    page.goto("/people")
    page.get_by_role("textbox").fill("margaret.sinclair@cedar-erable.example")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    deadline = time.monotonic() + 10
    links = []
    while not links and time.monotonic() < deadline:
        links = [found for mail in mails() for found in re.findall(r"/sign-in/link/\S+", mail["text"])]
    page.goto(links[-1])
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("User Management")


def test_the_pages_of_people_lead_to_the_last_of_them(person):
    page = person("Margaret Sinclair")
    page.goto("/people")
    seen = page.get_by_role("rowheader").all_inner_texts()
    further = page.get_by_role("link", name="Next page")
    while further.count():
        further.click()
        page.get_by_role("link", name="First page").wait_for()
        now = page.get_by_role("rowheader").all_inner_texts()
        assert not set(seen) & set(now)
        seen += now

    assert len(seen) >= 27
