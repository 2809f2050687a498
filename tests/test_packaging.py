"""What a user who installs the package gets: metadata, files of the wheel, a light import, no stray paths."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import tridentgen

ROOT = Path(__file__).parents[1]

OPTIONAL_LIBRARIES = (
    "awkward",
    "cupy",
    "distributed",
    "matplotlib",
    "mplhep",
    "pandas",
    "pyarrow",
    "pyhepmc",
    "uproot",
)

# A home directory of Linux, macOS or Windows at the start of an absolute path.
HOME_PATH = re.compile(rb"(?<![\w.~/-])/(?:home/\w|Users/\w|(?:root)/)|\b[A-Z]:\\+Users\\")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """The [project] table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of the files in a wheel built from this checkout, without a network."""
    hatchling = pytest.importorskip("hatchling.builders.wheel", reason="building a wheel needs hatchling")
    builder = hatchling.WheelBuilder(str(ROOT))
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = builder.build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_installed_version_is_that_of_the_source() -> None:
    try:
        installed = importlib.metadata.version("tridentgen")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("tridentgen is not installed here, only importable")
    assert installed == tridentgen.__version__, "the installed metadata is old: run 'pip install -e .' again"


def test_version_is_a_plain_release_number() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?(\.dev\d+)?", tridentgen.__version__)


def test_changelog_has_a_section_for_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert tridentgen.__version__ in headings


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_extras_named_in_install_instructions_exist(document: str, project: dict[str, Any]) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = _extras_in(text)
    assert named, f"{document} names no extra: has the form of its install instructions changed?"
    assert named <= set(project["optional-dependencies"])


def test_extras_that_extras_are_made_of_exist(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    parts = _extras_in("\n".join(line for requirements in extras.values() for line in requirements))
    assert parts == {"dask", "fit", "io", "plot", "test"}
    assert parts <= set(extras)


def _extras_in(text: str) -> set[str]:
    """Extras in ``tridentgen[a,b]`` and ``".[a]"``."""
    groups = re.findall(r"""(?:\btridentgen|["'\s]\.)\[([\w,\s-]+)\]""", text)
    return {extra.strip() for group in groups for extra in group.split(",")}


def test_wheel_holds_every_file_of_the_package(wheel_names: list[str]) -> None:
    files = [path for path in (ROOT / "tridentgen").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert {path.relative_to(ROOT).as_posix() for path in files} <= set(wheel_names)
    assert "tridentgen/py.typed" in wheel_names


def test_wheel_holds_the_cards_and_kernels(wheel_names: list[str]) -> None:
    cards = {f"tridentgen/data/cards/{path.name}" for path in (ROOT / "cards").glob("*.toml")}
    assert cards, "the checkout has no built-in cards"
    assert cards == {name for name in wheel_names if re.fullmatch(r"tridentgen/data/cards/.*\.toml", name)}
    assert "tridentgen/data/kernels/README.md" in wheel_names


def test_the_console_script_calls_what_the_wheel_holds(wheel_names: list[str], project: dict[str, Any]) -> None:
    module, _, function = project["scripts"]["tridentgen"].partition(":")
    assert f"{module.replace('.', '/')}.py" in wheel_names
    assert callable(getattr(importlib.import_module(module), function))


def test_wheel_holds_nothing_but_the_package_and_its_metadata(wheel_names: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}
    info = f"tridentgen-{tridentgen.__version__}.dist-info"
    assert tops == {"tridentgen", "tridentgen_command.py", info}
    assert f"{info}/licenses/LICENSE" in wheel_names
    assert not [name for name in wheel_names if "tests" in name.split("/") or "__pycache__" in name]


def test_import_loads_no_optional_library() -> None:
    code = "import json, sys, tridentgen; print(json.dumps(sorted(sys.modules)))"
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in json.loads(process.stdout)}
    assert "tridentgen" in loaded
    assert loaded.isdisjoint(OPTIONAL_LIBRARIES)


def test_no_file_names_a_home_directory() -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("the list of the repository's files needs git and a clone")
    # Files not yet added count too: they are the next commit.
    listing = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip(f"git cannot read this clone: {listing.stderr.decode().strip()}")
    files = [ROOT / name.decode() for name in listing.stdout.split(b"\0") if name]
    assert Path(__file__) in files
    guilty = [path for path in files if path.is_file() and HOME_PATH.search(path.read_bytes())]
    assert not guilty


# The examples are put together here, or this file would be the first to be found.
@pytest.mark.parametrize(
    "parts",
    [("open('", "home", "ann"), ("data = ", "Users", "ann/x.h5"), ("see ", "root", "work")],
)
def test_home_directory_pattern_finds(parts: tuple[str, ...]) -> None:
    assert HOME_PATH.search("/".join(parts).encode())


def test_home_directory_pattern_finds_windows() -> None:
    assert HOME_PATH.search("\\".join(["'C:", "Users", "ann'"]).encode())


@pytest.mark.parametrize("text", ["~/data", "https://example.org/home/page", "out.root", "shared/root/x"])
def test_home_directory_pattern_leaves_alone(text: str) -> None:
    assert not HOME_PATH.search(text.encode())


def test_the_citation_names_this_version() -> None:
    given = re.search(r'^version: "(.*)"$', (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.M)
    assert given is not None
    assert given[1] == tridentgen.__version__
