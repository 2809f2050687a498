"""Events read from files of other generators: their particles, and the roles of the particles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tridentgen.errors import FileError
from tridentgen.matter.nuclei import FIRST_NUCLEUS_CODE
from tridentgen.matter.particles import HEAVY_NEUTRAL_LEPTON, NEUTRINOS
from tridentgen.processes.trident.columns import COHERENT, NEUTRON, PROTON

_BLOCK = 1 << 13  # events
_MOST_NUMBER, _MOST_CODE = 1 << 63, 1 << 31
_NUCLEONS = {2212: PROTON, 2112: NEUTRON}
_NEUTRINOS = tuple(neutrino.pdgid for neutrino in NEUTRINOS.values())


class Seen(NamedTuple):
    """A particle: code, (E, px, py, pz) and mass in GeV."""

    pdgid: int
    p4: tuple[float, float, float, float]
    mass_GeV: float


@dataclass(frozen=True)
class Found:
    """An event as read from a file.

    Attributes
    ----------
    number : int
    weight : float
    beam, target : Seen or None
        Incoming particles, if the file gives them.
    struck : int
        Code of a nucleon inside the target, 0 for none.
    final : tuple of Seen
    time_ns : float
    flaw : str
        Error in the incoming particles of a trident or CEvNS event; empty if there is none.
    """

    number: int
    weight: float
    beam: Seen | None
    target: Seen | None
    struck: int
    final: tuple[Seen, ...]
    time_ns: float = 0.0
    flaw: str = ""


class Reader(Protocol):
    """A file of another generator, read event by event."""

    @property
    def path(self) -> Path:
        """Name of the file in messages."""
        ...

    def events(self) -> Iterator[Found]:
        """Read the events, in order; raise `FileError` if the file is invalid."""
        ...

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Attributes of the run, available when all events have been read."""
        ...

    @property
    def sigma_cm2(self) -> float | None:
        """Cross section of the events per atom, available when all have been read; None if it is not known."""
        ...


class Roles(NamedTuple):
    """Roles of the outgoing particles; no charged leptons in CEvNS."""

    neutrino: Seen
    minus: Seen | None
    plus: Seen | None
    recoil: Seen

    @property
    def regime(self) -> int:
        """Code of the regime of a trident."""
        return _NUCLEONS.get(self.recoil.pdgid, COHERENT)


def possible(event: Found, path: Path) -> Found:
    """Return an event; raise `FileError` if its number or a particle code is out of range."""
    codes = [particle.pdgid for particle in (event.beam, event.target, *event.final) if particle is not None]
    if not 0 <= event.number < _MOST_NUMBER or not all(abs(code) < _MOST_CODE for code in codes):
        raise FileError(f"'{path}': event {event.number} has a number or a particle code out of range; make it again")
    return event


def batched(events: Iterable[Found]) -> Iterator[tuple[Found, ...]]:
    """Yield the events in blocks that fit into memory."""
    rest = iter(events)
    while block := tuple(islice(rest, _BLOCK)):
        yield block


def roles_of(event: Found) -> Roles | None:
    """Identify the outgoing particles; None if they are not those of a trident or CEvNS event."""
    neutrinos = [p for p in event.final if abs(p.pdgid) in (12, 14, 16, HEAVY_NEUTRAL_LEPTON)]
    minus = [p for p in event.final if p.pdgid in (11, 13, 15)]
    plus = [p for p in event.final if p.pdgid in (-11, -13, -15)]
    hadrons = [p for p in event.final if p.pdgid in _NUCLEONS or p.pdgid > FIRST_NUCLEUS_CODE]
    nucleons = [p for p in hadrons if p.pdgid in _NUCLEONS]
    known = len(neutrinos) + len(minus) + len(plus) + len(hadrons)
    pair = (len(minus), len(plus))
    if len(neutrinos) != 1 or pair not in ((0, 0), (1, 1)) or not hadrons or known != len(event.final):
        return None
    struck = [p for p in nucleons if not event.struck or p.pdgid == event.struck]
    recoil = struck[0] if struck else hadrons[0]
    return Roles(neutrinos[0], minus[0] if minus else None, plus[0] if plus else None, recoil)


def beam_of(incoming: Sequence[Seen]) -> Seen | None:
    """Return the neutrino among the incoming particles, else the first of them; None if there are none."""
    return next((particle for particle in incoming if particle.pdgid in _NEUTRINOS), next(iter(incoming), None))
