"""Licenses nobody holds can be removed at renewal, and the removal undone."""

import re

import pytest


@pytest.fixture
def ada(signed_in):
    return signed_in("Ada Lovelace")


def test_what_is_owned_is_listed_with_holders_and_renewal(ada, suite):
    suite.assign(suite.member("Grace Hopper"), "eco")
    page = ada.open("/licenses").text
    owned = page[page.index('id="owned"') :]

    assert 'href="/people?plan=eco"' in owned
    assert "December 1, 2026" in owned


def test_free_licenses_are_removed_and_undo_brings_them_back(ada, suite):
    ada.open("/licenses/eco/removal")
    page = ada.send("/licenses/eco/removal", key=ada.hidden("key"), interval="month", seats="2").text
    assert "2 licenses of Eco will not be renewed" in page
    assert suite.pool("eco")["parked"] == 2

    undo = re.search(r'action="(/licenses/parkings/[^"]+)"', page)[1]
    ada.send(undo)
    assert suite.pool("eco")["parked"] == 0


def test_removing_twice_with_one_form_removes_once(ada, suite):
    ada.open("/licenses/eco/removal")
    form = {"key": ada.hidden("key"), "interval": "month", "seats": "1"}
    ada.post("/licenses/eco/removal", **form)
    ada.post("/licenses/eco/removal", **form)

    assert suite.pool("eco")["parked"] == 1


def test_held_licenses_are_not_removed_and_their_holders_are_named(ada, suite):
    for name in ("Grace Hopper", "Sophie Germain"):
        suite.assign(suite.member(name), "pro")
    page = ada.open("/licenses/pro/removal").text

    assert "No Pro license is free" in page
    assert "Grace Hopper" in page
    page = ada.send("/licenses/pro/removal", interval="month", seats="1").text
    assert "Take them back from those who hold them first: Grace Hopper, Sophie Germain" in page


@pytest.mark.parametrize("seats", ["0", "x", ""])
def test_a_number_that_is_none_removes_nothing(ada, suite, seats):
    ada.open("/licenses/eco/removal")
    page = ada.send("/licenses/eco/removal", seats=seats, interval="month").text

    assert 'id="seats-error"' in page
    assert suite.pool("eco")["parked"] == 0


def test_what_is_removed_counts_the_same_way_everywhere(ada, suite):
    suite.parkings["1"] = {"id": "1", "plan": "eco", "interval": "month", "seats": 2}
    page = ada.open("/licenses").text

    assert "You own 5: 3 free, 2 end with the term" in page
    assert 'data-label="Total">5<' in page
    home = ada.open("/").text
    assert "0 of 5 assigned" in home
    assert "3 free, 2 end with the term" in home
    assert "3 of 5 free" in ada.open(f"/people/{suite.member('Grace Hopper')['id']}/license").text
