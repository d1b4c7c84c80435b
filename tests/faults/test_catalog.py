"""The list of faults and the tests agree."""

import ast

from faults.catalog import ROOT, named


def there(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    names = (item.name for item in ast.walk(tree) if isinstance(item, ast.FunctionDef))
    return {f"{file}::{name}" for name in names if name.startswith("test_")}


def test_every_test_that_a_fault_names_exists():
    assert {test for test in named() if test not in there(test.partition("::")[0])} == set()


def test_every_test_of_a_fault_belongs_to_one_of_the_list():
    files = (ROOT / "tests" / "faults").glob("test_*.py")
    written = {test for file in files for test in there(str(file.relative_to(ROOT)))}
    own = there("tests/faults/test_catalog.py")

    assert written - own - named() == set()
