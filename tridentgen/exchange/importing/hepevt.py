"""Reading HEPEVT text in the variants that people have: a head for each event, then its particles, in GeV, cm and ns.

=================================  =====================================================================
head                               written by
=================================  =====================================================================
``N``                              Geant4's G4HEPEvtInterface, edep-sim
``event N``                        LArSoft, MARLEY, edep-sim, this package
``event vertex N``                 edep-sim, also with ``x y z t`` behind
``N x y z t``                      edep-sim
``E event N``                      HepMC3; each particle may have a second line ``x y z t`` in mm
=================================  =====================================================================

A particle is ``status code mother mother daughter daughter px py pz E m`` with or without ``x y z t``, or
``status code daughter daughter px py pz m``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tridentgen.constants import LIGHT_MM_PER_NS
from tridentgen.errors import FileError, InputError
from tridentgen.events.events import Events
from tridentgen.exchange.importing.entries import Entry, Event, found_of, is_decayed
from tridentgen.exchange.importing.found import Found
from tridentgen.exchange.importing.notes import Notes
from tridentgen.exchange.importing.tables import events_of
from tridentgen.exchange.importing.text_files import MOST_PARTICLES, numbered_lines, real, variant_of, whole

_HEADS = {1: (None, 0, None), 2: (0, 1, None), 3: (0, 2, None), 5: (None, 0, 4), 7: (0, 2, 6)}
"""Where number of the event, number of particles and time stand in a head of so many words."""
_SHORT, _LONG, _PLACED, _SECOND_LINE = 8, 11, 15, 4
_Line = tuple[int, list[str]]


def read_hepevt(path: str | os.PathLike[str], sigma_cm2: float | None = None) -> Events:
    """Read trident or CEvNS events from a HEPEVT file.

    Parameters
    ----------
    path
        The file, which may be compressed by gzip. Outgoing particles have status 1; comments begin with #.
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


class HepevtReader:
    """A HEPEVT file, read event by event; the parameters are those of `read_hepevt`.

    A `weight` that is asked for by name raises `InputError`.
    """

    def __init__(self, path: Path, sigma_cm2: float | None = None, weight: str | None = None) -> None:
        if weight is not None:
            raise InputError(f"--weight {weight}: '{path}' is HEPEVT, which has no weights; leave it out")
        self.path, self.sigma_cm2 = path, sigma_cm2
        self.notes = Notes()

    def events(self) -> Iterator[Found]:
        """Read the events; raise `FileError` as `read_hepevt` does."""
        try:
            for event in _events(_Lines(self.path), self.notes):
                yield found_of(event, self.path, self.notes)
        except UnicodeDecodeError as error:
            if variant := variant_of(self.path):
                raise FileError(f"'{self.path}' is not HEPEVT but {variant}") from error
            raise FileError(f"cannot read '{self.path}' as HEPEVT text: {error}") from error

    @property
    def attributes(self) -> dict[str, Any]:
        """Format and name of the file."""
        return {"generator": "HEPEVT", "source": self.path.name}


class _Lines:
    """The lines of a file that have words before the comment, with one to look ahead."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = ((number, line.partition(b"#")[0]) for number, line in numbered_lines(path, "HEPEVT text"))
        words = ((number, line.decode("ascii").split()) for number, line in lines)
        self._rest = ((number, line) for number, line in words if line)
        self._ahead = next(self._rest, None)

    def next(self) -> _Line | None:
        """Return the next line; None at the end."""
        line, self._ahead = self._ahead, next(self._rest, None)
        return line

    @property
    def words_ahead(self) -> int:
        """How many words the next line has."""
        return len(self._ahead[1]) if self._ahead else 0


class _Head(NamedTuple):
    """Head of an event: how many words, whether it is HepMC3's; numbers, and the time where it has one."""

    kind: tuple[int, bool]
    event: int
    particles: int
    time_ns: float


def _events(lines: _Lines, notes: Notes) -> Iterator[Event]:
    kind, running = None, 0
    while line := lines.next():
        number, words = line
        head = _head(words, running, number, lines.path)
        if kind not in (None, head.kind):
            raise FileError(f"{lines.path}:{number}: another kind of head than the first event has; make it again")
        if len(words) in (3, 7) and not head.kind[1] and head.event == running - 1 and running:
            notes.add("vertices count as events of their own", f"event {head.event} has several")
        kind, running = head.kind, head.event + 1
        particles = [_particle(lines, head) for _ in range(head.particles)]
        times = [time for _, time in particles if time is not None]
        # The last particle may be made by a decay elsewhere.
        which = 0 if any(is_decayed(entry) for entry, _ in particles) else -1
        yield Event(head.event, 1.0, tuple(entry for entry, _ in particles), times[which] if times else head.time_ns)


def _head(words: list[str], running: int, number: int, path: Path) -> _Head:
    """Return the head of an event; `running` is its number where it has none."""
    hepmc3 = words[0] == "E"
    rest = words[1:] if hepmc3 else words
    try:
        event, count, time = _HEADS[len(rest)]
        if hepmc3 and len(rest) != 2:
            raise ValueError
        head = _Head(
            (len(words), hepmc3),
            running if event is None else whole(rest[event]),
            whole(rest[count]),
            0.0 if time is None else real(rest[time]),
        )
        if head.particles < 0 or not (len(rest) != 7 or whole(rest[1]) >= 0):
            raise ValueError
    except (KeyError, ValueError):
        variant = variant_of(path)
        if variant:
            raise FileError(f"'{path}' is not HEPEVT but {variant}") from None
        raise FileError(
            f"{path}:{number}: expected the head of an event, such as 'event particles', here are {len(words)} words; "
            f"make it again"
        ) from None
    if head.particles > MOST_PARTICLES:
        raise FileError(
            f"{path}:{number}: an event with {head.particles} particles, more than {MOST_PARTICLES}; make it again"
        )
    return head


def _particle(lines: _Lines, head: _Head) -> tuple[Entry, float | None]:
    """Return a particle, and its time where it has one."""
    line = lines.next()
    if line is None:
        raise FileError(f"'{lines.path}' is cut short: particles of event {head.event} are missing; make it again")
    number, words = line
    try:
        status, code = whole(words[0]), whole(words[1])
        if len(words) == _SHORT:
            return _short(status, code, [real(word) for word in words[4:]]), None
        if len(words) not in (_LONG, _PLACED):
            raise ValueError
        px, py, pz, energy, mass, *place = (real(word) for word in words[6:])
        if head.kind[1] and len(words) == _LONG and lines.words_ahead == _SECOND_LINE:
            number, second = lines.next() or line
            place = [real(word) for word in second]
            place[3] /= LIGHT_MM_PER_NS
        orphan = whole(words[2]) <= 0
        return Entry(status, code, (energy, px, py, pz), mass, orphan), place[3] if place else None
    except (ValueError, IndexError):
        columns = f"{_PLACED} columns of a particle, or {_LONG} or {_SHORT}"
        raise FileError(
            f"{lines.path}:{number}: expected the {columns}, here are {len(words)} words; make it again"
        ) from None


def _short(status: int, code: int, numbers: list[float]) -> Entry:
    """Return a particle of a line without energy."""
    px, py, pz, mass = numbers
    return Entry(status, code, (math.hypot(px, py, pz, mass), px, py, pz), mass)
