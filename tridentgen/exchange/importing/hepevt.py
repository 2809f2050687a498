"""Reading HEPEVT text: a line ``event n``, then n lines of 15 columns in GeV, cm and ns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tridentgen.errors import FileError
from tridentgen.events.events import Events
from tridentgen.events.output import reason
from tridentgen.exchange.importing.found import Found, Seen, beam_of, possible
from tridentgen.exchange.importing.tables import events_of

_COLUMNS = 15
_INCOMING, _FINAL, _STRUCK = 0, 1, 11
_Line = tuple[int, list[str]]


def read_hepevt(path: str | os.PathLike[str], sigma_cm2: float | None = None) -> Events:
    """Read trident or CEvNS events from a HEPEVT file.

    Parameters
    ----------
    path
        The file. Incoming particles have status 0, outgoing ones 1, a struck nucleon 11; comments begin with #.
    sigma_cm2 : float
        Cross section per atom, shared evenly by the events. Without it each has weight 1: the format has no weights.

    Raises
    ------
    FileError
        The file does not exist, or a line is invalid, not finite, or missing.
    InputError
        An event is neither a trident nor a CEvNS event.
    """
    return events_of(HepevtReader(Path(path), sigma_cm2))


@dataclass(frozen=True)
class HepevtReader:
    """A HEPEVT file, read event by event; the parameters are those of `read_hepevt`."""

    path: Path
    sigma_cm2: float | None = None

    def events(self) -> Iterator[Found]:
        """Read the events; raise `FileError` as `read_hepevt` does."""
        try:
            with self.path.open(encoding="ascii") as file:
                words = ((number, line.partition("#")[0].split()) for number, line in enumerate(file, 1))
                yield from _events(((number, line) for number, line in words if line), self.path)
        except FileError:
            raise
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(f"cannot read '{self.path}' as HEPEVT text: {reason(error)}") from error

    @property
    def attributes(self) -> dict[str, Any]:
        """Format and name of the file."""
        return {"generator": "HEPEVT", "source": self.path.name}


def _events(lines: Iterator[_Line], path: Path) -> Iterator[Found]:
    for number, header in lines:
        event, count = _whole(header, 2, number, path)
        yield possible(_event(event, [_particle(next(lines, None), path, event) for _ in range(count)], path), path)


def _whole(words: list[str], count: int, number: int, path: Path) -> list[int]:
    try:
        if len(words) != count:
            raise ValueError
        return [int(word) for word in words]
    except ValueError:
        raise FileError(
            f"{path}:{number}: expected {count} whole numbers, event and particles; make it again"
        ) from None


def _particle(line: _Line | None, path: Path, event: int) -> tuple[int, Seen, float]:
    if line is None:
        raise FileError(f"'{path}' is cut short: particles of event {event} are missing; make it again")
    number, words = line
    try:
        if len(words) != _COLUMNS:
            raise ValueError
        px, py, pz, energy, mass, _, _, _, time = (float(word) for word in words[6:])
        return int(words[0]), Seen(int(words[1]), (energy, px, py, pz), mass), time
    except ValueError:
        raise FileError(f"{path}:{number}: expected the {_COLUMNS} columns of a particle; make it again") from None


def _event(number: int, particles: list[tuple[int, Seen, float]], path: Path) -> Found:
    incoming = [particle for status, particle, _ in particles if status == _INCOMING]
    wrong = f"'{path}': event {number} has {len(incoming)} particles of status 0; neutrino and target are needed"
    struck = [particle.pdgid for status, particle, _ in particles if status == _STRUCK]
    beam = beam_of(incoming)
    return Found(
        number=number,
        weight=1.0,
        beam=beam,
        target=next((particle for particle in incoming if particle is not beam), None),
        struck=struck[0] if struck else 0,
        final=tuple(particle for status, particle, _ in particles if status == _FINAL),
        time_ns=particles[-1][2] if particles else 0.0,
        flaw="" if len(incoming) == 2 else wrong,
    )
