"""The list of faults and the tests agree."""

import ast

import pytest

from faults.catalog import PAGES, ROOT, Page


def there(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    names = (item.name for item in ast.walk(tree) if isinstance(item, ast.FunctionDef))
    return {f"{file}::{name}" for name in names if name.startswith("test_")}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_test_that_a_fault_names_exists(page: Page):
    assert {test for test in page.tests() if test not in there(test.partition("::")[0])} == set()


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_test_of_a_fault_belongs_to_one_of_the_list(page: Page):
    files = [str(file.relative_to(ROOT)) for file in ROOT.glob(page.files)]
    written = {test for file in files for test in there(file)}
    own = there("tests/faults/test_catalog.py")

    assert written - own - page.tests() == set()
