"""Lines of text files, compressed or not, whatever the encoding of their comments; and what variant a file is."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from tridentgen.errors import FileError
from tridentgen.events.output import reason

MOST_LINE_BYTES = 1 << 20
MOST_PARTICLES = 1 << 17
"""Particles of one event: more than any collision of nuclei makes, so that an event fits into memory."""

_MOST_BLANK_LINES = 1_000_000
_MOST_EXPANSION, _UNCHECKED_BYTES, _LINES_PER_CHECK = 100, 1 << 22, 1 << 14
"""Events in text compress to a tenth or so; what expands a hundred times beyond some MB is no such text."""
_GZIP = b"\x1f\x8b"
_TEXTS = {
    b"HepMC::Asciiv3": "HepMC3 text; name it .hepmc3",
    b"HepMC::IO_GenEvent": "HepMC2 text; name it .hepmc",
    b"HepMC::IO_ExtendedAscii": "HepMC2's extended text; write IO_GenEvent or HepMC3",
    b"HepMC::IO_Ascii": "text of HepMC 1; write IO_GenEvent or HepMC3",
    b"<LesHouchesEvents": "Les Houches events, which have no hadronic final state to cut on; write HepMC3",
    b"HepMC::Version": "HepMC text; name it .hepmc",
}
_BINARIES = {
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"root": "a ROOT file; write HepMC3 text",
    _GZIP: "compressed; end its name with .gz",
    b"BZh": "compressed by bzip2; decompress it",
    b"\xfd7zXZ": "compressed by xz; decompress it",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; decompress it",
    b"\x89HDF": "HDF5; name an event file of tridentgen .h5",
}


def variant_of(path: Path) -> str:
    """Return what a file is, in words, where its first bytes say it; else nothing."""
    head = head_of(path)
    found = [words for mark, words in _BINARIES.items() if head.startswith(mark)]
    return next(iter(found + [words for mark, words in _TEXTS.items() if mark in head]), "")


def head_of(path: Path) -> bytes:
    """Return the first bytes, decompressed; none where they cannot be read."""
    try:
        with path.open("rb") as file:
            start = file.read(512)
        if path.suffix != ".gz" or not start.startswith(_GZIP):
            return start
        with gzip.open(path) as packed:
            return packed.read(512)
    except (OSError, EOFError, zlib.error):
        return b""


def require_ordinary(path: Path) -> None:
    """Raise `FileError` for a pipe or device, which may never end or begin; a missing file is for others to find."""
    if path.exists() and not path.is_file():
        raise FileError(f"'{path}' is not an ordinary file; write its content to one, which is read more than once")


def require_content(line: bytes, blank: int, path: Path) -> int:
    """Return how many lines without content there are in a row, after `blank` of them; raise `FileError` for many."""
    if line.lstrip()[:1] not in (b"", b"#"):
        return 0
    if blank >= _MOST_BLANK_LINES:
        raise FileError(f"'{path}' has more than {_MOST_BLANK_LINES} lines without content in a row; take them out")
    return blank + 1


def require_text(unpacked_bytes: int, path: Path) -> None:
    """Raise `FileError` if a compressed file has expanded to much more than text can."""
    if unpacked_bytes > max(_MOST_EXPANSION * path.stat().st_size, _UNCHECKED_BYTES):
        raise FileError(
            f"'{path}' expands to more than {_MOST_EXPANSION} times its size, as no text of events does; decompress "
            "and look at it"
        )


def numbered_lines(path: Path, what: str) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file from 1, decompressed; raise `FileError` where it cannot be read."""
    require_ordinary(path)
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP or path.suffix == ".gz"
        with gzip.open(path) if packed else path.open("rb") as lines:
            number, blank = 0, 0
            while line := lines.readline(MOST_LINE_BYTES):
                if len(line) == MOST_LINE_BYTES:
                    raise FileError(f"'{path}' has a line of more than {MOST_LINE_BYTES >> 20} MiB; make it again")
                number += 1
                blank = require_content(line, blank, path)
                if packed and number % _LINES_PER_CHECK == 0:
                    require_text(lines.tell(), path)
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except FileError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(f"cannot read '{path}' as {what}: {reason(error)}") from error


def possible(particles: int) -> int:
    """Return a number of particles; raise `ValueError` if no event has so many."""
    if not 0 <= particles <= MOST_PARTICLES:
        raise ValueError
    return particles


def whole(word: str) -> int:
    """Return a whole number; raise `ValueError` for anything else, also Python's 1_000."""
    if "_" in word:
        raise ValueError
    return int(word)


def real(word: str) -> float:
    """Return a number, which may have Fortran's exponent D; raise `ValueError` for anything else."""
    if "_" in word:
        raise ValueError
    try:
        return float(word)
    except ValueError:
        return float(word.upper().replace("D", "E", 1))
