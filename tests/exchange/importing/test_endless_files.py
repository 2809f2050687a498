"""Files that never end, claim to be huge or expand without limit: refused in little memory and time."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.fuzzing import only_clean_errors, peak_bytes
from tridentgen.analysis.cutting import CutRequest, apply_cuts
from tridentgen.errors import FileError
from tridentgen.exchange.importing.candidates import Candidates, Taken

REQUEST = CutRequest(candidates=Candidates(Taken.named("minus", ["mu-"], -1), Taken.named("plus", ["mu+"], 1)))
HEADS = {
    ".hepevt": b"",
    ".hepmc3": b"HepMC::Version 3.02.07\nHepMC::Asciiv3-START_EVENT_LISTING\n",
    ".hepmc": b"HepMC::Version 2.06.09\nHepMC::IO_GenEvent-START_EVENT_LISTING\n",
}
MIB = 1 << 20
PARTICLE = b"1 13 0 0 0 0 0.0 0.0 1.0 1.00563 0.10566\n"


def refused(path: Path) -> str:
    """Return the message with which a file is refused, in bounded memory and time."""
    if path.suffix in (".hepmc3", ".hepmc") or ".hepmc" in path.name:
        pytest.importorskip("pyhepmc")
    before = peak_bytes()
    with only_clean_errors(), pytest.raises(FileError) as caught:
        apply_cuts(path, REQUEST)
    assert peak_bytes() - before < 200 * MIB
    return str(caught.value)


def packed(path: Path, pieces: Iterable[bytes]) -> Path:
    with gzip.open(path, "wb", 1) as file:
        for piece in pieces:
            file.write(piece)
    return path


@pytest.mark.parametrize("ending", HEADS)
@pytest.mark.parametrize("line", [b"\n", b"  \n", b"#\n"])
def test_empty_lines_without_end(tmp_path: Path, ending: str, line: bytes) -> None:
    pieces = [HEADS[ending], *[line * (MIB // len(line))] * 60]
    message = refused(packed(tmp_path / f"e{ending}.gz", pieces))
    assert "lines without content" in message or "expands to more" in message or "e.hepmc" in message
    if ending == ".hepevt":
        assert "more than 1000000 lines without content in a row" in message


@pytest.mark.parametrize("ending", [".hepevt", ".hepmc3"])
def test_a_file_that_expands_a_hundredfold(tmp_path: Path, ending: str) -> None:
    line = (b"#" if ending == ".hepevt" else b"T ") + b"x" * 1020 + b"\n"
    assert "expands to more than 100 times its size" in refused(
        packed(tmp_path / f"e{ending}.gz", [HEADS[ending], *[1024 * line] * 60])
    )


def test_an_event_that_claims_more_than_any(tmp_path: Path) -> None:
    """The claim is refused, before so many lines are kept in memory."""
    path = tmp_path / "e.hepevt"
    path.write_bytes(b"0 999999999\n" + PARTICLE * 400_000)
    assert refused(path).endswith("e.hepevt:1: an event with 999999999 particles, more than 131072; make it again")


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes")
@pytest.mark.parametrize("ending", HEADS)
def test_pipes_and_devices(tmp_path: Path, ending: str) -> None:
    """Nobody writes to the pipe: opening it would wait."""
    pipe = tmp_path / f"pipe{ending}"
    os.mkfifo(pipe)
    assert "is not an ordinary file" in refused(pipe)
    device = tmp_path / f"zero{ending}"
    device.symlink_to("/dev/zero")
    assert "is not an ordinary file" in refused(device)


def test_one_line_without_end(tmp_path: Path) -> None:
    path = tmp_path / "e.hepevt"
    with path.open("wb") as file:
        file.truncate(300 * MIB)
    assert "has a line of more than 1 MiB" in refused(path)
