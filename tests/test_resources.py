from __future__ import annotations

from pathlib import Path

import pytest

import tridentgen.resources
from tridentgen.errors import FileError
from tridentgen.resources import builtin_cards, cards_dir, kernels_dir


def test_folders_exist() -> None:
    assert cards_dir().is_dir()
    assert kernels_dir().is_dir()


def test_builtin_cards_are_sorted_by_name_and_name_their_files() -> None:
    cards = builtin_cards()
    assert list(cards) == sorted(cards)
    assert "quickstart" in cards
    for name, path in cards.items():
        assert path == cards_dir() / f"{name}.toml"
        assert path.is_file()


def test_installed_data_wins_over_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "tridentgen"
    installed, checkout = package / "data" / "cards", tmp_path / "cards"
    checkout.mkdir()
    monkeypatch.setattr(tridentgen.resources, "__file__", str(package / "resources.py"))
    assert cards_dir() == checkout
    installed.mkdir(parents=True)
    assert cards_dir() == installed


def test_a_broken_installation_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tridentgen.resources, "__file__", str(tmp_path / "tridentgen" / "resources.py"))
    with pytest.raises(FileError, match=r"the folder 'kernels' .* reinstall the package"):
        kernels_dir()
