"""The pages of docs/contracts, opened as files: axe finds nothing, they fit 320 px, and they ask nobody."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.slow

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
PAGES = sorted((Path(__file__).parents[2] / "docs" / "contracts").glob("*.html"))


@pytest.fixture
def opened(chromium):
    """opened(path, theme="dark", width=320): the page, read from its file without a network."""
    contexts, asked = [], []

    def open_(path, theme="light", width=1280):
        context = chromium.new_context(
            color_scheme=theme, viewport={"width": width, "height": 900}, offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith("file:")] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_axe_finds_nothing(opened, path, theme):
    page = opened(path, theme)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")

    found = Axe().run(page, options=RULES).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:160]) for one in found] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_page_fits_a_narrow_window(opened, path):
    page = opened(path, width=320)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")

    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_keyboard_leads_from_page_to_page(opened):
    page = opened(next(path for path in PAGES if path.stem == "index"))
    for _ in range(3):  # past the link to the content, and this page
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="catalog").wait_for()

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
