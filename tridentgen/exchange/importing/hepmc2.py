"""Reading HepMC2's text, IO_GenEvent.

Lines are taken apart here: pyhepmc crashes or hangs where a line of HepMC2 is damaged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tridentgen.constants import LIGHT_MM_PER_NS
from tridentgen.errors import FileError
from tridentgen.exchange.importing.entries import Entry, Event, found_of
from tridentgen.exchange.importing.found import Found
from tridentgen.exchange.importing.notes import Notes
from tridentgen.exchange.importing.text_files import numbered_lines, possible, real, whole
from tridentgen.exchange.importing.weights import Weights

START = b"HepMC::IO_GenEvent-START_EVENT_LISTING"
_END = "HepMC::IO_GenEvent-END_EVENT_LISTING"
_MOMENTUM_GEV = {"GEV": 1.0, "MEV": 1e-3}
_LENGTH_MM = {"MM": 1.0, "CM": 10.0}
_NAME = re.compile(r'"([^"]*)"')


class Hepmc2Reader:
    """A HepMC2 file, read event by event.

    Parameters
    ----------
    path : Path
        Text, which may be compressed by gzip.
    weight : str or None
        Name of the weight that is taken, see `Weights`.
    """

    sigma_cm2: float | None = None
    """Cross section per atom: HepMC2 does not say what its cross section is per."""

    def __init__(self, path: Path, weight: str | None = None) -> None:
        self.path, self._weights, self.notes = path, Weights(path, weight), Notes()

    def events(self) -> Iterator[Found]:
        """Read the events.

        Raises
        ------
        FileError
            There is no such file, it is cut short, or a line is not HepMC2's.
        InputError
            The weight to take is not known.
        """
        for raw in self._raw():
            if raw.unit_GeV is None:
                raise FileError(
                    f"'{self.path}': event {raw.number} does not say whether momenta are GeV or MeV; put a line "
                    f"'U GEV MM' or 'U MEV MM' behind its line E"
                )
            weight = self._weights.of(raw.names, raw.weights)
            event = Event(raw.number, weight, tuple(raw.entries), raw.time_mm / LIGHT_MM_PER_NS, raw.unit_GeV)
            yield found_of(event, self.path, self.notes)

    def _raw(self) -> Iterator[_Raw]:
        """Take the lines of the file apart."""
        raw, ended, number = None, False, 0
        for number, line in numbered_lines(self.path, "HepMC2 text"):
            try:
                text = line.decode().rstrip()
                new = _Raw.of(text.split()) if text.startswith("E ") else None
                if text.startswith("HepMC::"):
                    ended = text.startswith(_END)
                elif new is None and text:
                    _known(raw).add(text)
                elif new is not None and raw is not None:
                    raw.require_whole()
            except (ValueError, IndexError, KeyError):
                raise FileError(f"{self.path}:{number}: not what HepMC2 has here; make it again") from None
            if new is not None:
                if raw is not None:
                    yield raw
                raw = new
        if not ended:
            raise FileError(f"'{self.path}' is cut short: its last line is missing; make it again or take a fresh copy")
        try:
            if raw is not None:
                raw.require_whole()
        except ValueError:
            raise FileError(f"{self.path}:{number}: the last event is not whole; make it again") from None
        if raw is not None:
            yield raw

    @property
    def attributes(self) -> dict[str, Any]:
        """What the file is."""
        return {"generator": "HepMC2", "source": self.path.name}


@dataclass
class _Raw:
    """An event while its lines are read: vertices and particles that are still `missing`, and what has been found."""

    number: int
    vertices: int
    weights: list[float]
    names: list[str] = field(default_factory=list)
    unit_GeV: float | None = None
    unit_mm: float = 1.0
    time_mm: float = 0.0
    entries: list[Entry] = field(default_factory=list)
    orphans: int = 0
    missing: int = 0

    @classmethod
    def of(cls, words: list[str]) -> _Raw:
        """Return the event of a line E; raise `ValueError` or `IndexError` where it is not one."""
        random = whole(words[11])
        if not 0 <= random <= len(words):
            raise ValueError
        count = whole(words[12 + random])
        weights = [real(word) for word in words[13 + random :]]
        if len(weights) != count:
            raise ValueError
        return cls(whole(words[1]), whole(words[8]), weights)

    def add(self, text: str) -> None:
        """Take a line; raise `ValueError`, `IndexError` or `KeyError` where it is not what HepMC2 has."""
        kind, words = text[:2], text.split()
        if kind == "P ":
            self._particle(words)
        elif kind == "V ":
            self._vertex(words)
        elif kind == "N ":
            self.names = _NAME.findall(text)
            if len(self.names) != whole(words[1]):
                raise ValueError
        elif kind == "U ":
            self.unit_GeV, self.unit_mm = _MOMENTUM_GEV[words[1]], _LENGTH_MM[words[2]]
        elif kind not in ("C ", "H ", "F "):
            raise ValueError

    def require_whole(self) -> None:
        """Raise `ValueError` where vertices or particles are missing."""
        if self.missing or self.vertices:
            raise ValueError

    def _vertex(self, words: list[str]) -> None:
        if self.missing or self.vertices < 1 or whole(words[1]) >= 0:
            raise ValueError
        if not self.entries:
            self.time_mm = real(words[6]) * self.unit_mm
        self.orphans, going = whole(words[7]), whole(words[8])
        if self.orphans < 0 or going < 0 or len(words) != 10 + whole(words[9]):
            raise ValueError
        self.vertices -= 1
        self.missing = self.orphans + possible(going)

    def _particle(self, words: list[str]) -> None:
        if self.missing < 1 or len(words) != 13 + 2 * whole(words[12]):
            raise ValueError
        px, py, pz, energy, mass = (real(word) for word in words[3:8])
        whole(words[1]), whole(words[11])
        self.entries.append(Entry(whole(words[8]), whole(words[2]), (energy, px, py, pz), mass, self.orphans > 0))
        self.orphans -= 1
        self.missing -= 1


def _known(raw: _Raw | None) -> _Raw:
    """Return an event whose line E has been read; raise `ValueError` where there was none."""
    if raw is None:
        raise ValueError
    return raw
