"""The names that `import tridentgen as tg` offers, and that the documentation uses no others."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import tridentgen as tg

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
COMMANDS = ("bench", "candle", "convert", "cut", "epa", "merge", "plot", "rate", "run", "verify")


def test_every_public_name_is_there() -> None:
    assert len(set(tg.__all__)) == len(tg.__all__)
    for name in tg.__all__:
        assert getattr(tg, name) is not None
    assert dir(tg) == sorted(tg.__all__)


def test_a_star_import_brings_all_of_them() -> None:
    there: dict[str, object] = {}
    exec("from tridentgen import *", there)
    assert set(tg.__all__) <= set(there)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_does_is_a_function(name: str) -> None:
    """And not a module that hides behind its name."""
    function = getattr(tg, name)
    assert callable(function)
    assert function.__doc__


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documentation_imports_from_the_package_alone(page: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    for block in blocks:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                assert not str(node.module).startswith("tridentgen"), ast.unparse(node)
            if isinstance(node, ast.Import):
                assert not [a.name for a in node.names if a.name.startswith("tridentgen.")], ast.unparse(node)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tg":
                assert node.attr in tg.__all__, f"tg.{node.attr}"
