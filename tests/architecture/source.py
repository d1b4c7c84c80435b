"""The code of the units as text: which files there are, and how much they say."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

from .worlds import ROOT, SERVICES

UNITS = {
    "kit": ROOT / "kit" / "src" / "kit",
    **{service: ROOT / "services" / service / "src" / service for service in SERVICES},
    "portal": ROOT / "portal" / "src" / "portal",
    "secure-messages": ROOT / "examples" / "secure-messages" / "src" / "secure_messages",
    "deploy": ROOT / "deploy",
}
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def files(*units: str) -> Iterator[Path]:
    """The Python files of the units, of all without any."""
    for unit in units or UNITS:
        yield from sorted(UNITS[unit].rglob("*.py"))


def code_lines(path: Path) -> int:
    """Lines with code on them: no blank ones, comments, docstrings or imports (docs/decisions/0003)."""
    text = path.read_text()
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.stmt) and (said or isinstance(node, (ast.Import, ast.ImportFrom))):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)
