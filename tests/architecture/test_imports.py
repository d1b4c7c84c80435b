"""The building stands as it was drawn: who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from .worlds import ROOT, SERVICES


def test_imports_go_down_one_list_and_units_stay_strangers():
    """The contracts stand in pyproject.toml."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


PURE_LIBRARIES = {"anyascii"}  # letters in, letters out


@pytest.mark.parametrize("service", SERVICES)
def test_the_rules_of_a_service_are_pure(service):
    """domain.py imports the standard library, kit.errors and libraries that only compute, and itself."""
    allowed = {*sys.stdlib_module_names, *PURE_LIBRARIES, "kit.errors", f"{service}.domain"}
    package = ROOT / "services" / service / "src" / service
    for path in (package / "domain.py", *(package / "domain").glob("*.py")):
        if path.exists():
            imported = set(imports(path))
            strangers = {name for name in imported if not {name, name.partition(".")[0]} & allowed}
            assert strangers == set(), path


def imports(path: Path) -> list[str]:
    """The modules that a file imports, in full."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            whole = (f"{node.module}.{alias.name}" for alias in node.names)
            known = {"kit", *SERVICES}
            found += list(whole) if node.module in known else [str(node.module)]
    return found
