"""A process is known outside its folder by `processes/kinds.py`, the public names and its rate report alone.

Tridents and CEvNS are left out: figures, the EPA, imports and recoil spectra are about them.
"""

from __future__ import annotations

import ast
from pathlib import Path

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


def importers(folder: str) -> set[str]:
    """Return the files outside the folder of a process that import from it."""
    module = f"tridentgen.processes.{folder}"
    found = set()
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(f"processes/{folder}/"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(each == module or each.startswith(module + ".") for each in modules):
                found.add(name)
    return found


@pytest.mark.parametrize("folder", REPORTS)
def test_a_process_is_entered_in_few_places(folder: str) -> None:
    assert importers(folder) <= EVERYWHERE | REPORTS[folder]
    assert "processes/kinds.py" in importers(folder)


def test_no_other_room_tests_the_name_of_a_kind() -> None:
    """Strings such as "nu-e" stand in the folder of the process, and in its report at most."""
    names = {name for name in KINDS if name not in ("trident", "trident-epa", "cevns")}
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith("processes/") or name in BY_NAME:
            continue
        strings = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not strings & names, name


def test_every_process_is_listed() -> None:
    folders = {path.name for path in (PACKAGE / "processes").iterdir() if (path / "kind.py").exists()}
    assert folders == set(REPORTS) | {"trident", "cevns"}
