"""Standard streams that are closed or full: the file is made, and nothing ends in a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.run_cards import write_card
from tridentgen.analysis.verify import require_sound

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="redirections of a POSIX shell")
FULL = Path("/dev/full")


def shell(folder: Path, arguments: str, streams: str) -> subprocess.CompletedProcess[str]:
    command = f"{sys.executable} -m tridentgen {arguments} {streams}"
    return subprocess.run(["/bin/sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_leave_a_whole_file(tmp_path: Path, streams: str) -> None:
    write_card(tmp_path)
    found = shell(tmp_path, "generate card.toml -o e.h5", streams)
    assert found.returncode == 0, found.stderr
    require_sound(tmp_path / "e.h5")
    assert "Traceback" not in found.stderr


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
def test_a_report_that_cannot_be_printed(tmp_path: Path) -> None:
    write_card(tmp_path)
    found = shell(tmp_path, "generate card.toml -o e.h5", ">/dev/full")
    assert found.returncode == 2
    assert found.stderr == "tridentgen: cannot write to standard output: No space left on device; files are complete\n"
    require_sound(tmp_path / "e.h5")
    for command in ("cards quickstart", "--help", "cut --help", "--version"):
        assert shell(tmp_path, command, ">/dev/full").returncode == 2


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
def test_a_complaint_that_cannot_be_printed(tmp_path: Path) -> None:
    assert shell(tmp_path, "generate nosuch", "2>/dev/full").returncode == 2


def test_a_card_from_standard_input(tmp_path: Path) -> None:
    card = write_card(tmp_path, ("events = 4000", "events = 100"))
    found = shell(tmp_path, "generate - -o e.h5", f"<{card.name}")
    assert found.returncode == 0, found.stderr
    require_sound(tmp_path / "e.h5")
    assert "standard input:1: the table [process] is missing" in shell(tmp_path, "xsec -", "</dev/null").stderr


def test_no_event_file_on_standard_output(tmp_path: Path) -> None:
    write_card(tmp_path)
    found = shell(tmp_path, "generate card.toml -o -", "")
    assert found.returncode == 2
    assert found.stderr.startswith("tridentgen: files cannot be written to standard output; give a name")
    assert not (tmp_path / "-").exists()
    write_card(tmp_path)
    assert shell(tmp_path, "plot e.h5 -o -", "").stderr.startswith("tridentgen: --output -: pictures go into a folder")
    assert not (tmp_path / "-").exists()
