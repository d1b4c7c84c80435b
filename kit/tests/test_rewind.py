"""After a restore of a source its readers go back to what both know, and read on from there."""

import httpx
import pytest
import time_machine
from click.testing import CliRunner

from kit import catchup, cli, clock, context, cursors, settings
from kit.cursors import Cursor
from kit.rewind import rewind
from kit.streams import StreamAct
from sample.models import effects
from sample.shop import Shop

BEFORE, RESTORED, AFTER = (clock.from_text(f"2026-11-{day}T12:00:00Z") for day in (20, 21, 22))


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def look(shop, reader):
    return shop.read_by(reader)


def at(instant: int):
    return time_machine.travel(clock.to_text(instant), tick=False)


def nothing_more(*_stream) -> list[str]:
    return []


def goes_back(look, undo=nothing_more, restored_at=RESTORED) -> list[str]:
    with at(AFTER):
        return list(rewind(look, "shop", restored_at, undo))


def read(look) -> None:
    with at(AFTER):
        look.look()


def place(subject: str) -> tuple:
    found = Cursor.get_by_id(("shop", subject))
    return found.sequence, found.head, found.stopped


@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "not yet noticed"])
@pytest.mark.parametrize("told_since", [0, 1, 2, 9], ids=["nothing new", "less", "as much", "more"])
@pytest.mark.parametrize("left", [0, 3], ids=["nothing left", "something left"])
def test_what_the_restored_source_tells_from_there_on_takes_effect_once(shop, look, left, told_since, noticed):
    with at(BEFORE):
        shop.tells("a", left)
        shop.tells("b", 4)
        lost = shop.tells("a", 2)
        look.look()
        shop.is_restored_to(a=left)
    with at(AFTER):
        told = shop.tells("a", told_since)
    if noticed:
        read(look)

    found = goes_back(look)
    read(look)

    assert found == [f"a: 2 events after {left} took effect here and are told no longer"]
    assert effects()[len(lost) + left + 4 :] == [("a", event.sequence) for event in told]
    assert place("a") == (left + told_since, left + told_since, None)
    assert place("b") == (4, 4, None)


def test_what_is_undone_is_said_and_kept_with_whoever_went_back(shop, look):
    with at(BEFORE):
        [_, _, last] = shop.tells("a", 3)
        look.look()
    shop.is_restored_to(a=1)

    with context.acting(context.Context("operator:ada", clock.new_id())):
        found = goes_back(look, lambda *stream: [f"undone: {stream}"])

    assert found == [
        "a: 2 events after 1 took effect here and are told no longer",
        "undone: ('shop', 'a', 1)",
    ]
    [kept] = StreamAct.select()
    assert (kept.act, kept.actor, kept.source, kept.subject) == ("rewind", "operator:ada", "shop", "a")
    assert (kept.event_id, kept.reason) == (last.id, "2 events after 1 took effect here and are told no longer")


def test_a_second_time_changes_nothing(shop, look):
    with at(BEFORE):
        shop.tells("a", 3)
        look.look()
    shop.is_restored_to(a=1)

    assert len(goes_back(look)) == 1
    assert goes_back(look) == []


def test_a_stream_whose_source_knows_again_what_it_had_lost_goes_on(shop, look):
    with at(BEFORE):
        events = shop.tells("a", 3)
        look.look()
    shop.is_restored_to(a=1)
    read(look)
    assert place("a")[2].startswith("history-changed")
    shop.streams["a"] = events

    assert goes_back(look) == []
    assert place("a") == (3, 3, None)


def test_a_head_that_was_heard_of_and_is_told_no_longer_keeps_nobody_behind(shop, look):
    with at(BEFORE):
        shop.tells("a", 3)
        look.look()
    cursors.note_head("shop", "a", 5)

    assert goes_back(look) == []
    assert place("a") == (3, 3, None)


def test_a_reader_that_was_behind_the_restored_moment_just_reads_on(shop, look):
    with at(BEFORE):
        shop.tells("a", 3)
        look.look()
        shop.tells("a", 4)
        shop.is_restored_to(a=5)
    with at(AFTER):
        shop.tells("a", 2)

    assert goes_back(look) == []
    read(look)
    assert effects() == [("a", number) for number in range(1, 8)]


def test_a_stream_that_moves_on_meanwhile_is_left_alone(shop, look):
    with at(BEFORE):
        shop.tells("a", 3)
        look.look()
    shop.is_restored_to(a=1)
    answer = look.page

    def page(source, subject, *where):
        Cursor.update(sequence=4, head=4).where(Cursor.of(source, subject)).execute()
        return answer(source, subject, *where)

    look.page = page

    assert goes_back(look) == []
    assert place("a") == (4, 4, None)


def test_a_head_that_is_heard_of_meanwhile_keeps_no_stream_from_going_back(shop, look):
    with at(BEFORE):
        shop.tells("a", 3)
        look.look()
    shop.is_restored_to(a=1)
    answer = look.page

    def page(source, subject, *where):
        cursors.note_head(source, subject, 4)
        return answer(source, subject, *where)

    look.page = page

    assert goes_back(look) == ["a: 2 events after 1 took effect here and are told no longer"]
    assert place("a")[0] == 1


def test_what_went_back_before_the_source_went_away_is_said(shop, look, database_url, monkeypatch):
    with at(BEFORE):
        for subject in "ab":
            shop.tells(subject, 2)
        look.look()
    shop.is_restored_to(a=1, b=1)
    answer, asked = look.page, set()

    def page(source, subject, *where):
        asked.add(subject)
        if len(asked) > 1:
            raise httpx.ConnectError("the source is gone")
        return answer(source, subject, *where)

    look.page = page
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setattr(catchup.CatchUp, "of", lambda *_: look)
    group = cli.service(
        lambda: settings.read("sample", port=0), None, look.reader.handlers, None, undo=lambda *_: ["undone"]
    )
    with at(AFTER):
        done = CliRunner().invoke(
            group, ["rewind", "--source", "shop", "--restored-at", clock.to_text(RESTORED)]
        )

    assert done.exit_code == 1
    first, *more = done.output.splitlines()
    assert first.endswith(": 1 events after 1 took effect here and are told no longer")
    assert more == ["undone", "Error: the source is gone"]


@pytest.mark.parametrize("restored_at", [AFTER + 2 * clock.SECOND, AFTER + 60 * clock.SECOND])
def test_an_instant_that_is_too_late_is_refused(shop, look, restored_at):
    with at(BEFORE):
        shop.tells("a", 3)
        look.look()
        shop.is_restored_to(a=1)
    with at(AFTER + clock.SECOND):
        shop.tells("a", 2)

    with at(AFTER + 30 * clock.SECOND), pytest.raises(ValueError, match=r"too late|in the future"):
        list(rewind(look, "shop", restored_at, nothing_more))
    assert place("a") == (3, 3, None)
