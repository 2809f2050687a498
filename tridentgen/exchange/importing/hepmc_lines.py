"""Checks of the lines of HepMC3 text before the library reads them.

The library follows references to missing particles, allocates memory for as many particles as an event declares,
accepts any word as a number, and takes an unreadable event for the end of the file. The lines are therefore checked
first.
"""

from __future__ import annotations

import gzip
import math
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tridentgen.errors import FileError
from tridentgen.events.output import reason
from tridentgen.exchange.importing.text_files import require_content, require_ordinary, require_text

_MOST_LINE_BYTES = 1 << 20
_LINES_PER_CHECK = 1 << 14
_INT_32 = 1 << 31
_TEXT = re.compile(r"(?:[^\\\0]|\\[^\0])*")
"""No NUL, and a character after each backslash: otherwise the library would read beyond the end."""
_VERTEX = re.compile(rb"V (-?\d+) (-?\d+) \[(\d+(?:,\d+)*)?\]( @ .*)?")


def count_events(path: Path) -> int:
    """Return the number of events; raise `FileError` if a line is not valid HepMC3, or the last one is missing."""
    number, event, last, lines = 0, _Event(0, 0, 0), b"", _lines(path)
    for at, line in enumerate(lines, 1):
        try:
            if not _TEXT.fullmatch(line.decode()):
                raise ValueError
            if not number and line.startswith(b"W ") and b" " in line[2:].strip():
                raise FileError(
                    f"{path}:{at}: a name of a weight has a blank, which HepMC3 cannot read back; put '_' for the "
                    "blanks in this line"
                )
            if line.startswith(b"E "):
                event.require_whole()
                number, event = number + 1, _Event.of(line.split())
            elif number:
                event.check(line)
        except (ValueError, IndexError):
            if next(lines, None) is None:
                break
            where = f", in event {number} of the file" if number else ""
            raise FileError(f"{path}:{at}: not valid HepMC3{where}; make it again") from None
        last = line or last
    if b"END_EVENT_LISTING" not in last:
        raise FileError(f"'{path}' is cut short: its last line is missing; make it again or take a fresh copy")
    return number


@dataclass
class _Event:
    """Numbers of vertices and particles of an event, and of the particles read so far."""

    vertices: int
    particles: int
    seen: int

    @classmethod
    def of(cls, words: list[bytes]) -> _Event:
        if len(words) != 4 and (len(words) != 9 or words[4] != b"@"):
            raise ValueError
        _whole(words[1])
        for word in words[5:]:
            _finite(word)
        return cls(_whole(words[2], 0), _whole(words[3], 0), 0)

    def check(self, line: bytes) -> None:
        """Raise `ValueError` if a line of the event is invalid."""
        kind, words = line[:2], line.split()
        if kind == b"P ":
            self.seen += 1
            if len(words) != 10 or _whole(words[1]) != self.seen or self.seen > self.particles:
                raise ValueError
            self._reference(words[2])
            _whole(words[3]), _whole(words[9])
            for word in words[4:9]:
                _finite(word)
        elif kind == b"V ":
            match = _VERTEX.fullmatch(line)
            if match is None or not -self.vertices <= int(match[1]) < 0:
                raise ValueError
            _whole(match[2])
            for word in (match[3] or b"").split(b",") if match[3] else ():
                self._reference(word)
            for word in (match[4] or b"").split()[1:]:
                _finite(word)
        elif kind == b"A ":
            self._reference(words[1])
        elif kind == b"W ":
            for word in words[1:]:
                _finite(word)
        elif line.startswith(b"HepMC::"):
            self.require_whole()
        elif line and kind not in (b"U ", b"T ", b"N "):
            raise ValueError

    def _reference(self, word: bytes) -> None:
        """Check a reference to a particle, a vertex (negative) or the event (0)."""
        if not -self.vertices <= _whole(word) <= self.particles:
            raise ValueError

    def require_whole(self) -> None:
        """Raise `ValueError` if particles are missing."""
        if self.seen != self.particles:
            raise ValueError


def _whole(word: bytes, least: int = -_INT_32) -> int:
    number = int(word)
    if b"_" in word or not least <= number < _INT_32:  # Python's 1_000 is 1 in C
        raise ValueError
    return number


def _finite(word: bytes) -> None:
    if b"_" in word or not math.isfinite(float(word)):
        raise ValueError


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a HepMC3 file without their line endings; raise `FileError` unless it begins as HepMC3."""
    opener: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    require_ordinary(path)
    try:
        with opener(path, "rb") as file:
            first, number, blank = True, 0, 0
            while line := file.readline(_MOST_LINE_BYTES):
                number += 1
                blank = require_content(line, blank, path)
                if opener is gzip.open and number % _LINES_PER_CHECK == 0:
                    require_text(file.tell(), path)
                if first and not line.startswith(b"HepMC::Version"):
                    break
                if len(line) == _MOST_LINE_BYTES:
                    raise FileError(f"'{path}' has a line of more than {_MOST_LINE_BYTES >> 20} MiB; make it again")
                first = False
                yield line.rstrip()
            if first and b"HepMC::Version" in line:
                raise FileError(f"'{path}' does not begin with HepMC::Version; remove what stands before it")
            if first and not line.strip() and line:
                raise FileError(f"'{path}' begins with an empty line; remove it")
            if first:
                raise FileError(f"'{path}' is not HepMC3 text; give a file of type .hepmc3 or .hepmc3.gz")
    except FileError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(f"cannot read '{path}': {reason(error)}") from error
