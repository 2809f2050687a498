"""A process is known outside its folder by `processes/kinds.py`, the public names and its rate report alone.

Tridents and CEvNS are left out: figures, the EPA, imports and recoil spectra are about them.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tridentgen.processes.kinds import KINDS

PACKAGE = Path(__file__).parents[1] / "tridentgen"
EVERYWHERE = {"__init__.py", "processes/kinds.py"}
REPORTS = {
    "inverse_beta": set[str](),
    "inverse_muon": set[str](),
    "neutrino_electron": {"analysis/standard_candle.py"},
    "wimp": {"reports/recoil_rates.py", "analysis/fog/fog.py", "analysis/fog/spectra.py"},
}
"""What a command is about, and a report."""

BY_NAME = {"floor_card.py", "analysis/fog/fog.py"}
"""Files of `tridentgen floor`, which is for WIMPs alone."""


class Known(NamedTuple):
    """What a file imports, and the strings in it."""

    modules: frozenset[str]
    strings: frozenset[str]


@cache
def files() -> dict[str, Known]:
    """Return what stands in every file of the package."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        modules = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        modules |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        found[path.relative_to(PACKAGE).as_posix()] = Known(frozenset(modules), frozenset(strings))
    return found


def importers(folder: str) -> set[str]:
    """Return the files outside the folder of a process that import from it."""
    module = f"tridentgen.processes.{folder}"
    return {
        name
        for name, known in files().items()
        if not name.startswith(f"processes/{folder}/")
        and any(each == module or each.startswith(module + ".") for each in known.modules)
    }


@pytest.mark.parametrize("folder", REPORTS)
def test_a_process_is_entered_in_few_places(folder: str) -> None:
    assert importers(folder) <= EVERYWHERE | REPORTS[folder]
    assert "processes/kinds.py" in importers(folder)


def test_no_other_room_tests_the_name_of_a_kind() -> None:
    """Strings such as "nu-e" stand in the folder of the process, and in its report at most."""
    names = {name for name in KINDS if name not in ("trident", "trident-epa", "cevns")}
    for name, known in files().items():
        if not name.startswith("processes/") and name not in BY_NAME:
            assert not known.strings & names, name


def test_every_process_is_listed() -> None:
    folders = {path.name for path in (PACKAGE / "processes").iterdir() if (path / "kind.py").exists()}
    assert folders == set(REPORTS) | {"trident", "cevns"}
