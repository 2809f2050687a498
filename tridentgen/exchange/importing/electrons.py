"""Electrons that others bring: of events of another generator, or of a table of text.

They are the background of neutrino-electron scattering: events with one particle identified as the electron.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tridentgen.errors import FileError, InputError
from tridentgen.events.kinematics import angle
from tridentgen.exchange.importing.candidates import Taken, other_kinetic_GeV
from tridentgen.exchange.importing.found import Found, Reader, Seen, batched
from tridentgen.exchange.importing.tables import require_positive
from tridentgen.exchange.importing.text_files import numbered_lines, real
from tridentgen.typing import FloatArray

TABLE_ENDINGS = (".csv", ".txt", ".dat")
"""Endings of tables of text; also with ``.gz``."""

_ENERGY, _EVENTS = "electron_energy_GeV", "events"
_ANGLES = ("theta_mrad", "e_theta2_GeV")
_HEAD = f"'{_ENERGY} {_ANGLES[0]} {_EVENTS}' (or {_ANGLES[1]} in place of {_ANGLES[0]})"
_ROWS = 1 << 16


class Electrons(NamedTuple):
    """Electrons with total energy in GeV, squared angle to the beam and number of events, each of shape (N,)."""

    energy_GeV: FloatArray
    theta2: FloatArray
    events: FloatArray


def is_table(path: Path) -> bool:
    """Return whether a file is read as a table of text, according to its name."""
    return path.name.removesuffix(".gz").endswith(TABLE_ENDINGS)


def table_electrons(path: Path) -> Iterator[Electrons]:
    """Read a table: a head with the names of the columns, then a row for each electron; ``#`` starts a comment.

    ``events`` is the number of events for which a row stands, in the exposure of the signal.

    Raises
    ------
    FileError
        The file cannot be read, has another head or a row that does not fit, or a number that cannot be.
    """
    names: tuple[str, ...] = ()
    rows: list[tuple[float, ...]] = []
    for number, raw in numbered_lines(path, "table"):
        line = raw.decode("utf-8", errors="replace").split("#")[0]
        words = [word.strip().strip("\"'") for word in (line.split(",") if "," in line else line.split())]
        if not any(words):
            continue
        if not names:
            names = _columns(words, path, number)
            continue
        rows.append(_row(words, names, path, number))
        if len(rows) == _ROWS:
            yield _electrons(rows, names)
            rows = []
    if not names:
        raise FileError(f"'{path}' is empty; give a head, {_HEAD}, and a row for each electron")
    if rows:
        yield _electrons(rows, names)


def _columns(words: Sequence[str], path: Path, number: int) -> tuple[str, ...]:
    angles = [name for name in _ANGLES if name in words]
    if words.count(_ENERGY) != 1 or words.count(_EVENTS) != 1 or len(angles) != 1 or words.count(angles[0]) != 1:
        raise FileError(f"{path}:{number}: the head must name the columns {_HEAD}, not '{' '.join(words)[:80]}'")
    return tuple(words)


def _row(words: Sequence[str], names: Sequence[str], path: Path, number: int) -> tuple[float, ...]:
    try:
        values = tuple(map(real, words))
    except ValueError:
        raise FileError(f"{path}:{number}: '{' '.join(words)[:80]}' is not a row of numbers; mend it") from None
    if len(values) != len(names):
        raise FileError(f"{path}:{number}: {len(values)} numbers, but the head has {len(names)} names; mend the row")
    for name, value in zip(names, values, strict=True):
        least = 0.0 if name in (_EVENTS, *_ANGLES) else -math.inf
        if not math.isfinite(value) or value < least or (name == _ENERGY and value <= 0.0):
            raise FileError(f"{path}:{number}: {name} = {value:g} cannot be; mend the row")
    return values


def _electrons(rows: Sequence[Sequence[float]], names: Sequence[str]) -> Electrons:
    columns = dict(zip(names, np.array(rows).T, strict=True))
    energy = columns[_ENERGY]
    mrad = columns.get(_ANGLES[0])
    theta2 = columns[_ANGLES[1]] / energy if mrad is None else (1e-3 * mrad) ** 2
    return Electrons(energy, theta2, columns[_EVENTS])


@dataclass(frozen=True)
class ElectronCandidates:
    """Particles of another generator identified as the electron, and the largest energy of anything else visible."""

    taken: Taken
    veto_GeV: float = math.inf

    def of(self, reader: Reader, events: float) -> Iterator[Electrons]:
        """Return the electrons of a file that stands for a number of events; weights are taken into account.

        Raises
        ------
        FileError, InputError
            The file cannot be read, its weights do not have a positive sum, or a candidate has no incoming neutrino.
        """
        total = squares = 0.0
        kept: list[Electrons] = []
        for found in batched(reader.events()):
            weights = np.array([event.weight for event in found])
            total, squares = total + float(weights.sum()), squares + float(np.abs(weights).sum())
            kept.append(self._chosen(found, reader.path))
        if not squares > 0.0:
            raise FileError(f"'{reader.path}' holds no events with a weight; make it again")
        require_positive(total, squares, reader.path)
        for part in kept:
            yield part._replace(events=part.events * (events / total))

    def _chosen(self, found: Sequence[Found], path: Path) -> Electrons:
        """Return the candidates of events; the weight in place of the number of events."""
        pairs = [(event, electron) for event in found if (electron := self._electron(event)) is not None]
        for event, _ in pairs:
            if event.beam is None or not any(event.beam.p4[1:]):
                raise InputError(
                    f"'{path}': event {event.number} has no incoming neutrino, which the angle of its electron needs; "
                    "write it with the neutrino, or give a table of text"
                )
        momenta = np.array([self.taken.p4(electron) for _, electron in pairs]).reshape(-1, 4)
        beams = np.array([event.beam.p4 for event, _ in pairs if event.beam is not None]).reshape(-1, 4)
        return Electrons(momenta[:, 0], angle(momenta, beams) ** 2, np.array([event.weight for event, _ in pairs]))

    def _electron(self, event: Found) -> Seen | None:
        """Return the only particle of an event taken for the electron; None if there is none, or more to be seen."""
        taken = [particle for particle in event.final if particle.pdgid in self.taken.codes]
        if len(taken) != 1 or other_kinetic_GeV(event, (taken[0], None)) > self.veto_GeV:
            return None
        return taken[0]
