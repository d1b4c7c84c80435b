"""Every screen in both themes and languages: nothing for axe to find, room on 320 px, large targets."""

import sqlite3
from contextlib import closing

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.slow

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
MARGARET, MEMBER = "Margaret Sinclair", "Mei Chen"


@pytest.fixture(scope="module")
def lived_in(suite, chromium, devices):
    """Licenses bought, one of them held and used, one removed, an order unpaid: no screen is empty."""
    context = chromium.new_context(base_url=suite.urls["portal"], locale="en")
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_role("button", name="English", exact=True).click()
    page.get_by_role("button", name=MARGARET).click()
    for card in ("4242", "0002"):
        page.goto("/licenses")
        page.get_by_role("spinbutton", name="Number of Pro licenses", exact=True).fill("4")
        page.get_by_role("button", name="Add Pro").click()
        page.get_by_role("button", name="Proceed to checkout").click()
        page.get_by_role("radio", name=f"Card ending in {card}").check()
        page.get_by_role("button", name="Pay $").click()
        if card == "4242":
            page.get_by_role("link", name="Assign them now").wait_for(timeout=30_000)
    found = {"order": page.url.removesuffix("/payment").removeprefix(suite.urls["portal"])}
    page.goto("/people?q=mei")
    page.get_by_role("link", name="Manage license for Mei Chen").click()
    page.get_by_role("radio", name="Pro").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_text("Mei Chen now has Pro").wait_for()
    found["person"] = page.get_by_role("link", name=MEMBER, exact=True).get_attribute("href")
    devices(found["person"].rpartition("/")[2], "Laptop", "Phone", "Tablet")
    page.goto(found["person"])
    page.get_by_role("button", name="Release Tablet").click()
    page.get_by_role("button", name="Let Tablet in again").wait_for()
    page.goto("/licenses/pro/removal")
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Undo").first.wait_for()
    page.goto("/orders")
    found["paid"] = page.get_by_role("rowheader").last.get_by_role("link").get_attribute("href")
    yield found
    page.goto(found["order"])
    page.get_by_role("button", name="Cancel the order").click()
    context.close()
    with closing(sqlite3.connect(suite.directory / "entitlements.db")) as database, database:
        database.execute("DELETE FROM guesses")  # or tests of other screens would have to wait


def opens_menu(page):
    page.locator("summary").first.click()


def opens_account(page):
    page.locator("summary").last.click()


def opens_dialog(page):
    page.locator("a.icon-button").first.click()
    page.locator("dialog[open] h1").wait_for()


def sends_nothing(page):
    page.locator("main form button[type=submit]").last.click()
    page.get_by_role("alert").wait_for()


def shows_texts(page):
    for closed in page.locator("main summary").all():
        closed.click()


def guesses_codes(page):
    for number in range(100):
        if page.goto(f"/activate/{number:016d}").status == 429:
            return
    raise AssertionError("guess as you like")


SCREENS = {
    "home": ("/", None),
    "menu": ("/", opens_menu),
    "account menu": ("/", opens_account),
    "licenses": ("/licenses", None),
    "licenses, one asked for": ("/licenses?plan=eco", None),
    "remove licenses": ("/licenses/pro/removal", shows_texts),
    "checkout": ("/checkout", None),
    "orders": ("/orders", None),
    "order, paid": ("{paid}", None),
    "order, unpaid": ("{order}", None),
    "another card": ("{order}/payment", None),
    "people": ("/people", None),
    "people, nobody": ("/people?q=zzzz", None),
    "manage license": ("/people", opens_dialog),
    "manage license, whole page": ("{person}/license", None),
    "add a user": ("/people/new", None),
    "add a user, refused": ("/people/new", sends_nothing),
    "person": ("{person}", shows_texts),
    "remove a user": ("{person}/removal", None),
    "activity": ("/activity", None),
    "activity, nothing": ("/activity?type=domain.approved", None),
    "enter a code": ("/activate", None),
    "unknown code": ("/activate/unknown", None),
    "guesses codes": ("/activate", guesses_codes),
    "my devices, none": ("/devices", None),
    "my account": ("/account", None),
    "not for this role": ("/nothing", None),
}
FOR_STRANGERS = {
    "sign in": ("/sign-in", None),
    "sign in, refused": ("/sign-in", sends_nothing),
    "link sent": ("/sign-in/sent", None),
    "link expired": ("/sign-in/expired", None),
    "link used": ("/sign-in/used", None),
}
FOR_MEMBERS = {"my license": ("/", None), "my devices": ("/devices", None)}
EVERYBODYS = [
    *((MARGARET, name, *screen) for name, screen in SCREENS.items()),
    *((None, name, *screen) for name, screen in FOR_STRANGERS.items()),
    *((MEMBER, name, *screen) for name, screen in FOR_MEMBERS.items()),
]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_screen(person, lived_in, theme, language):
    windows, found = {}, []
    for who, name, path, act in EVERYBODYS:
        if who not in windows:
            windows[who] = person(who, theme=theme, language=language)
        _open(windows[who], path.format(**lived_in), act)
        for violation in Axe().run(windows[who], options=RULES).response["violations"]:
            nodes = [node["html"][:160] for node in violation["nodes"][:3]]
            found.append(f"{name}: {violation['id']} {nodes} {violation['nodes'][0].get('failureSummary')}")

    assert not found, "\n".join(found)


@pytest.mark.parametrize("width", [320, 640])
def test_no_screen_is_wider_than_the_window(person, lived_in, width):
    """320 px, and 1280 px at 200 %; French, whose words are longer."""
    windows, wide = {}, []
    for who, name, path, act in EVERYBODYS:
        if who not in windows:
            windows[who] = person(who, language="fr", width=width)
        page = windows[who]
        _open(page, path.format(**lived_in), act)
        if page.evaluate(CUT_OFF):
            wide.append((name, page.evaluate(CUT_OFF)))

    assert not wide


CUT_OFF = """() => {
  const seen = (e) => e.getClientRects().length && !e.closest(".hidden-text, .switch, thead");
  const out = [...document.querySelectorAll("body *")].filter(
    (e) => seen(e) && e.getBoundingClientRect().right > innerWidth + 1
  );
  const wide = document.documentElement.scrollWidth > innerWidth || out.length;
  return wide ? out.map((e) => e.outerHTML.slice(0, 90)) : null;
}"""


def _open(page, path, act):
    page.goto(path)
    if act:
        act(page)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_targets_are_large_enough_to_hit(person, lived_in, language):
    """24 px at least, but for links inside sentences (WCAG 2.2, 2.5.8)."""
    page, small = person(MARGARET, language=language), []
    for name, (path, act) in SCREENS.items():
        _open(page, path.format(**lived_in), act)
        small += [(name, found) for found in page.evaluate(SMALL)]

    assert not small


SMALL = """() => {
  const small = (e) => {
    const box = (e.closest("label") ?? e).getBoundingClientRect();
    return Math.min(box.width, box.height) < 24;
  };
  const seen = (e) => e.getClientRects().length && !e.closest(".hidden-text, .skip, p");
  return [...document.querySelectorAll("a, button, summary, select, input")]
    .filter((e) => seen(e) && small(e))
    .map((e) => e.outerHTML.slice(0, 120));
}"""
