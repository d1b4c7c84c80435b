"""The images of this tree in an engine of our own, and the suite that compose.yaml makes of them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import standins
from .engine import Engine
from .stack import UNITS, Stack

# Making images takes minutes: `make test-deploy` asks for it, `make test` does not.
collect_ignore = [] if os.environ.get("TEST_DEPLOY") else ["test_images.py", "test_stack.py"]


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    made = Engine()
    try:
        made.start()
        standins.make(made)
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def images(engine: Engine) -> dict[str, str]:
    """Unit → image, each built from its own Dockerfile as it is."""
    root = Path(__file__).parents[2]
    for unit, file in UNITS.items():
        engine.build(root / file, root, f"seatwise/{unit}")
    engine.build(root / "deploy/proxy/Dockerfile", root, "seatwise/proxy")
    return {unit: f"seatwise/{unit}" for unit in UNITS}


@pytest.fixture(scope="session")
def stack(engine: Engine, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(engine, tmp_path_factory.mktemp("stack"))
    made.up()
    yield made
    made.down()
