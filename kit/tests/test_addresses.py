"""Network addresses have one spelling, and a forwarded one counts as far as its hops are trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import addresses

SPELLINGS = [
    ("203.0.113.8", "203.0.113.8"),
    (" 203.0.113.8 ", "203.0.113.8"),
    ("203.0.113.8:4711", "203.0.113.8"),
    ("::ffff:203.0.113.8", "203.0.113.8"),
    ("[::ffff:203.0.113.8]:4711", "203.0.113.8"),
    ("2001:db8::1", "2001:db8::1"),
    ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
    ("[2001:db8::1]", "2001:db8::1"),
    ("[2001:db8::1]:4711", "2001:db8::1"),
    ("fe80::1%eth0", "fe80::1"),
    ("[fe80::1%eth0]:4711", "fe80::1"),
]
MALFORMED = [
    "",
    "unknown",
    "_hidden",
    "203.0.113",
    "203.0.113.8:",
    "203.0.113.8:port",
    "203.0.113.8:471100",
    "203.0.113.8:4711:1",
    "[2001:db8::1",
    "[2001:db8::1]4711",
    "2001:db8::1::2",
    "\N{FULLWIDTH DIGIT TWO}03.0.113.8",
    "<script>",
    "=1+1",
    "2001:db8::1" + "%" + "z" * 100,
]


@pytest.mark.parametrize(("text", "address"), SPELLINGS)
def test_an_address_has_one_spelling(text, address):
    assert addresses.parse(text) == address


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_no_address_is_none(text):
    assert addresses.parse(text) is None
    assert addresses.network(text) == ""


@given(st.text())
def test_any_text_is_an_address_or_none(text):
    address = addresses.parse(text)

    assert address is None or (addresses.parse(address) == address and len(address) <= 45)


def test_an_ipv6_network_and_all_spellings_of_an_ipv4_address_count_as_one_caller():
    assert addresses.network("[2001:db8:1:2:ffff::9]:1") == addresses.network("2001:db8:1:2::1")
    assert addresses.network("2001:db8:1:3::1") != addresses.network("2001:db8:1:2::1")
    assert addresses.network("::ffff:192.0.2.7") == addresses.network("192.0.2.7:80") == "192.0.2.7"


@pytest.mark.parametrize(
    ("sent", "hops", "address"),
    [
        ("", 1, "127.0.0.1"),
        ("192.0.2.7", 0, "127.0.0.1"),
        ("192.0.2.7", 1, "192.0.2.7"),
        ("10.9.9.9, 192.0.2.7", 1, "192.0.2.7"),
        ("10.9.9.9, 192.0.2.7:4711", 2, "10.9.9.9"),
        ("10.9.9.9", 9, "10.9.9.9"),
    ],
)
def test_each_trusted_hop_is_believed_about_one_entry(sent, hops, address):
    assert addresses.forwarded(sent, "127.0.0.1", hops) == address


@pytest.mark.parametrize("malformed", MALFORMED)
def test_an_entry_that_is_no_address_moves_no_trust_to_the_entry_before_it(malformed):
    sent = f"10.9.9.9, {malformed}, 192.0.2.7"

    assert addresses.forwarded(sent, "127.0.0.1", 1) == "192.0.2.7"
    assert addresses.forwarded(sent, "127.0.0.1", 3) == "192.0.2.7"
    assert addresses.forwarded(f"10.9.9.9, {malformed}", "127.0.0.1", 2) == "127.0.0.1"
    assert addresses.forwarded(malformed, None, 1) is None
