"""A command line, a working directory with a card, and an event file made from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import Command, Outcome, still
from tests.run_cards import write_card
from tridentgen.cli import main


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command line in this process."""

    def run(*arguments: str | Path) -> Outcome:
        code = main([str(argument) for argument in arguments], still)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with a card."""
    monkeypatch.chdir(tmp_path)
    write_card(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def event_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An event file of the card."""
    path = tmp_path_factory.mktemp("events")
    assert main(["generate", str(write_card(path)), "-o", str(path / "events.h5")]) == 0
    return path / "events.h5"
