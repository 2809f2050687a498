"""Folders of the files distributed with the package: built-in cards and the kernel skeleton."""

from __future__ import annotations

from pathlib import Path

from tridentgen.errors import FileError


def cards_dir() -> Path:
    """Return the folder of the built-in cards; raise `FileError` if the installation lacks it."""
    return _folder("cards")


def kernels_dir() -> Path:
    """Return the folder of the C and CUDA skeleton; raise `FileError` if the installation lacks it."""
    return _folder("kernels")


def builtin_cards() -> dict[str, Path]:
    """Return the built-in cards, name (the file's stem) to path, sorted by name."""
    return {path.stem: path for path in sorted(cards_dir().glob("*.toml"))}


def builtin_card(name: str) -> Path | None:
    """Return the built-in card of that name, also of one with hyphens for underscores; None if there is none."""
    return builtin_cards().get(name.replace("-", "_"))


def _folder(name: str) -> Path:
    """Find `name` inside an installed package, or at the root of a checkout (also an editable install)."""
    package = Path(__file__).resolve().parent
    for folder in (package / "data" / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise FileError(f"the folder '{name}' of tridentgen is missing beside '{package}'; reinstall the package")
