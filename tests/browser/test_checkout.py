"""The confirmation on small screens: what is paid for is in sight first, and Enter never pays by accident."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

IN_SIGHT = """element => {
  const box = element.getBoundingClientRect();
  const on = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return box.top >= 0 && box.bottom <= innerHeight && (element.contains(on) || on?.contains(element));
}"""


@pytest.mark.parametrize(("width", "height"), [(320, 568), (1280, 800)])
@pytest.mark.parametrize("script", [True, False])
def test_the_confirmation_opens_at_its_beginning_with_the_focus_on_back(person, width, height, script):
    page = person("Margaret Sinclair", width=width, script=script)
    page.set_viewport_size({"width": width, "height": height})
    page.goto("/licenses")
    page.get_by_role("button", name="Add Eco").click()
    page.get_by_role("button", name="Proceed to checkout").click()
    part = page.get_by_role("dialog") if script else page.get_by_role("main")
    back = part.get_by_role("link", name="Back")
    expect(back).to_be_focused()

    for shown in (
        part.get_by_role("heading", level=1),
        part.get_by_text("Nothing is charged before you press Pay."),
        part.get_by_role("listitem").first,
        back,
    ):
        assert shown.evaluate(IN_SIGHT), shown
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Proceed to checkout")).to_be_visible()
    page.get_by_role("button", name="Take Eco out of the summary").click()
