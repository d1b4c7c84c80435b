"""Uploads: however many files come, and however they end, little memory is taken and nothing is left behind."""

import io
import tracemalloc

import pytest

from secure_messages.files import PIECE
from secure_messages.sealing import new_key

MANY = 20


def test_files_that_arrived_wait_on_the_disk_and_take_no_memory(folder):
    key, content, arrived = new_key(), b"x" * (PIECE - 1), []
    tracemalloc.start()
    for _ in range(MANY):
        arrived.append(folder.incoming(key))
        arrived[-1].write(content)
        arrived[-1].seek(0)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert taken < 2 * PIECE
    assert len(list(folder.path.iterdir())) == MANY


def test_a_few_files_too_many_are_refused_in_words_and_the_text_is_still_there(ada, folder):
    answer = ada.posts(*[(f"{number}.txt", b"1") for number in range(51)], body="Dear Grace")

    assert (answer.status_code, "At most 50 attachments." in answer.text) == (422, True)
    assert "Dear Grace" in answer.text
    assert list(folder.path.iterdir()) == []


@pytest.mark.parametrize("part", ['name="files"; filename="x"', 'name="text"'])
def test_a_form_of_far_too_many_parts_is_not_read_to_its_end(ada, folder, part):
    answer = _posts(ada, _part(part, b"1") * 101 + b"--cut--\r\n")

    assert answer.status_code == 413
    assert list(folder.path.iterdir()) == []


@pytest.mark.parametrize("missing", [0, 1000])
def test_an_upload_that_breaks_off_leaves_nothing_on_the_disk(ada, folder, missing):
    whole = _part('name="files"; filename="whole"', b"1")
    broken = _part('name="files"; filename="broken"', b"x" * 2 * PIECE)
    answer = _posts(ada, whole + broken, missing)

    assert answer.status_code == 400
    assert list(folder.path.iterdir()) == []


def _part(described, content):
    return f"--cut\r\nContent-Disposition: form-data; {described}\r\n\r\n".encode() + content + b"\r\n"


def _posts(sender, body, missing=0):
    return sender.browser.client.post(
        "/messages",
        input_stream=io.BytesIO(body),
        content_type="multipart/form-data; boundary=cut",
        content_length=len(body) + missing,
    )
