"""Devices: everybody sees and releases their own, administrators those of everybody, with forms alone."""

import re

import pytest

LAPTOP, PHONE = {"id": "d/1 ?", "name": "Ada's <b>laptop</b>"}, {"id": "2", "name": "Phone"}


@pytest.fixture
def grace(suite):
    """She has a license, active on a laptop and a phone."""
    person = suite.member("Grace Hopper")
    suite.assign(person, "pro")
    for device in (LAPTOP, PHONE):
        suite.let_in(person, device)
    return person


@pytest.fixture
def in_use(suite, grace):
    return lambda: [row["device"]["name"] for row in suite.devices[grace["id"]] if not row["released_at"]]


def forms_of(page):
    """The forms of the page's list of devices: {what its button is called: (path, fields)}."""
    found = {}
    for path, inside in re.findall(r'<form method="post" action="([^"]*)">(.*?)</form>', page, re.DOTALL):
        named = re.search(r'aria-label="([^"]*)"', inside)
        fields = dict(re.findall(r'name="(plan|device|name)" value="([^"]*)"', inside))
        if named and fields:
            found[named[1]] = (path, {name: value.replace("&#39;", "'") for name, value in fields.items()})
    return found


@pytest.fixture
def press():
    """Press a device's button on the page that the browser shows."""

    def pressing(browser, button):
        path, fields = forms_of(browser.page)[button]
        fields = {name: value.replace("&lt;", "<").replace("&gt;", ">") for name, value in fields.items()}
        return browser.send(path, **fields)

    return pressing


@pytest.mark.parametrize("place", [("Grace Hopper", "/devices"), ("Ada Lovelace", "/people/{}")])
def test_a_device_is_released_and_let_in_again(signed_in, grace, in_use, press, place):
    browser, here = signed_in(place[0]), place[1].format(grace["id"])
    browser.open(here)
    answer = press(browser, "Release Phone")

    assert answer.request.path == here
    assert "Phone was released; another device may take its place." in answer.text
    assert in_use() == [LAPTOP["name"]]
    assert "is active on Phone again" in press(browser, "Let Phone in again").text
    assert sorted(in_use()) == sorted([LAPTOP["name"], "Phone"])


def test_a_release_is_undone_from_the_word_about_it(signed_in, grace, in_use, press):
    browser = signed_in("Grace Hopper")
    browser.open("/devices")
    page = press(browser, "Release Ada&#39;s &lt;b&gt;laptop&lt;/b&gt;").text
    toast = page[page.index('class="toast"') :]
    path = re.search(r'action="([^"]*)"', toast)[1]
    fields = dict(re.findall(r'name="(plan|device|name)" value="([^"]*)"', toast))
    assert (path, fields["device"], fields["plan"]) == ("/devices", LAPTOP["id"], "pro")
    assert in_use() == ["Phone"]

    browser.send(path, plan="pro", device=LAPTOP["id"], name=LAPTOP["name"])
    assert LAPTOP["name"] in in_use()


def test_a_second_click_says_what_the_first_one_did(signed_in, grace, in_use):
    browser = signed_in("Grace Hopper")
    path, fields = forms_of(browser.open("/devices").text)["Release Phone"]
    browser.post(path, **fields)

    assert "Phone was released" in browser.send(path, **fields).text
    assert in_use() == [LAPTOP["name"]]


def test_no_name_of_a_device_becomes_part_of_the_page(signed_in, grace):
    page = signed_in("Grace Hopper").open("/devices").text

    assert "<b>laptop" not in page
    assert "Ada&#39;s &lt;b&gt;laptop&lt;/b&gt;" in page


def test_all_devices_are_released_by_who_hands_out_licenses(signed_in, suite, grace, in_use):
    dorothy = signed_in("Dorothy Manager")
    assert "Release all devices" in dorothy.open(f"/people/{grace['id']}").text
    page = dorothy.send(f"/people/{grace['id']}/devices/release").text

    assert in_use() == []
    assert "All devices were released." in page
    assert "Release all devices" not in page
    assert grace["license"]["plan"] == "pro"


def test_the_page_of_somebody_without_a_license_speaks_of_no_devices(signed_in, suite, grace):
    ada = signed_in("Ada Lovelace")
    assert 'id="devices"' in ada.open(f"/people/{grace['id']}").text
    sophie = suite.member("Sophie Germain")
    assert 'id="devices"' not in ada.open(f"/people/{sophie['id']}").text


def test_devices_of_others_are_not_for_everybody(signed_in, suite, grace, in_use):
    sophie, row = signed_in("Sophie Germain"), suite.devices[grace["id"]][0]
    base = f"/people/{grace['id']}/devices"
    answers = [sophie.post(path) for path in (base, f"{base}/release", f"{base}/{row['id']}/release")]

    assert [answer.status_code for answer in answers] == [403] * 3
    sophie.post(f"/devices/{row['id']}/release")
    assert len(in_use()) == 2
    assert PHONE["name"] not in sophie.open("/devices").text


def test_a_device_that_finds_no_place_is_refused_in_words(signed_in, suite, grace, press):
    browser = signed_in("Grace Hopper")
    browser.open("/devices")
    press(browser, "Release Phone")
    suite.let_in(grace, {"id": "3", "name": "Tablet"})

    assert "on as many devices as its plan allows" in press(browser, "Let Phone in again").text


def test_a_released_browser_is_told_where_it_is_let_in_again(browser, signed_in, suite, press):
    sophie = suite.member("Sophie Germain")
    suite.assign(sophie, "pro")
    code = next(iter(suite.codes))
    browser.choose("en", next=f"/activate/{code}")
    browser.send(f"/activate/{code}")
    own = signed_in("Sophie Germain")
    own.open("/devices")
    press(own, "Release Web browser")
    sophie["license"]["activated_at"] = None  # as entitlements has it, now that no device is left

    browser.open(f"/activate/{code}")
    page = browser.send(f"/activate/{code}").text
    assert "lets it in again under My devices" in page


def test_whoever_has_no_device_reads_how_one_gets_here(signed_in):
    assert "Nothing is activated yet" in signed_in("Sophie Germain").open("/devices").text


def test_the_way_to_the_own_devices_is_in_everybodys_menu(signed_in):
    for name in ("Ada Lovelace", "Chandra Purchaser", "Grace Hopper"):
        assert 'href="/devices"' in signed_in(name).open("/").text
