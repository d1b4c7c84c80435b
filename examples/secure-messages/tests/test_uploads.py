"""Uploads: however they end, nothing is left behind."""

import io

import pytest

from secure_messages.files import PIECE


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
