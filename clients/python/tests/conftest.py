"""A story that is told, and clients that follow it."""

import pytest

import seatwise
from teller import Teller


@pytest.fixture
def teller():
    made = Teller()
    yield made
    made.close()


@pytest.fixture
def make_client(teller, tmp_path):
    """make_client() starts one on the same file as before; all are stopped in the end."""
    made = []

    def make(start=True, **options):
        one = seatwise.Client(
            teller.url, **{"token": "token", "file": tmp_path / "own.db", "look_every": 0.05, **options}
        )
        made.append(one)
        return one.start() if start else one

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def client(make_client):
    return make_client()
