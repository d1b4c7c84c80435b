"""Catch-up reads the logs of the sources over HTTP, whatever single streams and sources are like."""

import datetime

import pytest
import time_machine

from kit import catchup, cursors, envelopes
from kit.cursors import Cursor
from sample.models import effects
from sample.shop import Shop


@pytest.fixture
def shop() -> Shop:
    made = Shop()
    for subject in "abcde":
        made.tells(subject, 120)
    return made


def cursor(subject: str) -> Cursor:
    return Cursor.get_by_id(("shop", subject))


def test_a_long_round_beats_before_every_request(shop, reader):
    beats = []
    shop.read_by(reader, lambda: beats.append(shop.requests)).look()

    assert len(effects()) == 5 * 120
    assert beats == list(range(shop.requests))


def test_no_request_waits_for_longer_than_a_part_of_the_worker_may_be_silent(reader):
    from kit import worker

    real = catchup.CatchUp({"shop": "http://shop"}, reader, lambda _: "token")
    limits = real.clients["shop"].timeout

    assert limits.connect + limits.read < worker.STALLED


def test_a_stream_that_cannot_be_read_keeps_no_other_waiting(shop, reader):
    shop.broken = set("abd")
    shop.read_by(reader).look()

    assert {subject for subject, _ in effects()} == {"c", "e"}


def test_streams_whose_source_lost_what_it_told_keep_no_other_waiting(shop, reader):
    for number in range(150):
        cursors.note_head("shop", f"B{number}", 7)
    look = shop.read_by(reader)
    for _ in range(40):
        look.look()

    assert len(effects()) == 5 * 120


@pytest.mark.parametrize("told_since", [0, 1, 2, 9], ids=["nothing new", "less", "as much", "more"])
def test_a_look_notices_that_a_source_does_not_tell_any_more_what_took_effect(shop, reader, told_since):
    look = shop.read_by(reader)
    shop.tells("f", 5)
    look.look()
    before = effects()
    shop.is_restored_to(f=3)
    shop.tells("f", told_since)
    for hours in (1, 2):  # a page that fails as a whole goes event by event later
        with time_machine.travel(datetime.timedelta(hours=hours)):
            look.look()

    assert cursor("f").stopped.startswith("history-changed")
    assert effects() == before
    assert {cursor(subject).stopped for subject in "abcde"} == {None}


def test_a_stream_that_moves_on_while_its_head_is_told_has_no_other_history(shop, reader):
    look = shop.read_by(reader)
    look.look()
    heads = [envelopes.parse_head(item) for item in shop._heads("d")["items"]]
    shop.tells("e")
    look.look()

    assert cursors.note_heads("shop", heads) == [cursor("e")]
    assert look.still_tells(cursor("e"))
