"""Each image holds one unit and what it needs; whoever gets into it finds nothing to write to and no tools."""

import json

import pytest

from .stack import UNITS

pytestmark = pytest.mark.slow

CONFINED = ("run", "--rm", "--network=none", "--read-only", "--cap-drop=ALL")
ALONE = [unit for unit in UNITS if unit != "mailbox"]
VERBS = {"web", "worker", "migrate", "check"}


@pytest.fixture
def python(engine, images):
    """python("orders", "print(1)") runs it in the image of orders."""

    def run(unit: str, program: str) -> str:
        return engine.docker(*CONFINED, "--entrypoint=python", images[unit], "-c", program).strip()

    return run


@pytest.mark.parametrize("unit", ALONE)
def test_the_image_knows_its_verbs(engine, images, unit):
    environment = [f"--env={name.upper()}_URL=http://{name}" for name in ALONE]
    said = engine.docker(*CONFINED, *environment, images[unit], "--help")

    assert {line.split()[0] for line in said.splitlines() if line.startswith("  ")} >= (
        VERBS if unit != "portal" else {"web", "check"}
    )


@pytest.mark.parametrize("unit", UNITS)
def test_nobody_is_root_in_it(engine, images, unit):
    [image] = json.loads(engine.docker("image", "inspect", images[unit]))

    assert image["Config"]["User"] == "10001:10001"
    assert image["Config"]["Entrypoint"][:2] == ["python", "-m"]


@pytest.mark.parametrize("unit", ALONE)
def test_it_holds_its_unit_and_no_other_no_test_and_no_installer(python, unit):
    asked = [*ALONE, "kit", "pytest", "pip", "uv", "setuptools", "hatchling"]
    found = python(unit, f"from importlib.util import find_spec as f; print([n for n in {asked} if f(n)])")

    assert found == str([*[name for name in ALONE if name == unit], "kit"])


@pytest.mark.parametrize("unit", ALONE)
def test_it_is_installed_and_not_a_source_tree(python, unit):
    module = python(unit, f"import {unit}; print({unit}.__file__, {unit}.__cached__)").split()

    assert module[0] == f"/app/lib/python3.11/site-packages/{unit}/__init__.py"
    assert python(unit, f"import os; print(os.path.exists('{module[1]}'))") == "True"


@pytest.mark.parametrize("unit", UNITS)
def test_its_user_can_write_to_no_program_of_it(python, unit):
    walk = "[p for d, _, n in os.walk('/app') for p in [d, *[d + '/' + f for f in n]] if os.access(p, os.W_OK)]"

    assert python(unit, f"import os; print({walk})") == "[]"


@pytest.mark.parametrize("unit", ALONE)
def test_it_is_called_as_its_package(python, unit):
    version = f"from importlib.metadata import version as v; print(v('seatwise-{unit}'))"

    assert python(unit, version)
