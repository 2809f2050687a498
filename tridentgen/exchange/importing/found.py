"""Events read from files of other generators: their particles, and the roles of the particles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tridentgen.errors import FileError
from tridentgen.exchange.importing.notes import Notes
from tridentgen.matter.nuclei import FIRST_NUCLEUS_CODE, NEUTRON_PDG, PROTON_PDG
from tridentgen.matter.particles import HEAVY_NEUTRAL_LEPTON
from tridentgen.processes.trident.columns import COHERENT, NEUTRON, PROTON

_BLOCK = 1 << 13  # events
_MOST_NUMBER, _MOST_CODE = 1 << 63, 1 << 31
_NUCLEONS = {PROTON_PDG: PROTON, NEUTRON_PDG: NEUTRON}
_ENERGY_BALANCE = 1e-4
"""Largest imbalance of energy, relative to the beam, for a recoil to be reconstructed: files have few digits."""


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
    decay : two of Seen, or None
        Photon and neutrino of the decay of a heavy neutral lepton, which is among the `final` in their place.
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
    decay: tuple[Seen, Seen] | None = None


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
    def notes(self) -> Notes:
        """What is to be said of the file, when all events have been read."""
        ...

    @property
    def sigma_cm2(self) -> float | None:
        """Cross section of the events per atom, available when all have been read; None if it is not known."""
        ...


class Roles(NamedTuple):
    """Who is who among the outgoing particles; no leptons in CEvNS.

    The recoil is `reconstructed` where it is not in the file.
    """

    neutrino: Seen
    minus: Seen | None
    plus: Seen | None
    recoil: Seen
    reconstructed: bool = False

    @property
    def regime(self) -> int:
        """Code of the regime of a trident."""
        return _NUCLEONS.get(self.recoil.pdgid, COHERENT)


def require_possible(number: int, codes: Iterable[int], path: Path) -> None:
    """Raise `FileError` where the number of an event or a code of a particle cannot be."""
    if not 0 <= number < _MOST_NUMBER or not all(abs(code) < _MOST_CODE for code in codes):
        raise FileError(f"'{path}': event {number} has a number or a particle code that is out of range; make it again")


def batched(events: Iterable[Found]) -> Iterator[tuple[Found, ...]]:
    """Yield the events in blocks that fit into memory."""
    rest = iter(events)
    while block := tuple(islice(rest, _BLOCK)):
        yield block


def roles_of(event: Found) -> Roles | None:
    """Tell the outgoing particles apart; None where they are not those of a trident or of CEvNS.

    A recoiling nucleus that is not in the file, as after ``convert --recoil omit``, is reconstructed from momentum
    conservation.
    """
    neutrinos = [p for p in event.final if abs(p.pdgid) in (12, 14, 16, HEAVY_NEUTRAL_LEPTON)]
    minus = [p for p in event.final if p.pdgid in (11, 13, 15)]
    plus = [p for p in event.final if p.pdgid in (-11, -13, -15)]
    hadrons = [p for p in event.final if p.pdgid in _NUCLEONS or p.pdgid > FIRST_NUCLEUS_CODE]
    nucleons = [p for p in hadrons if p.pdgid in _NUCLEONS]
    known = len(neutrinos) + len(minus) + len(plus) + len(hadrons)
    pair = (len(minus), len(plus))
    if len(neutrinos) != 1 or pair not in ((0, 0), (1, 1)) or known != len(event.final):
        return None
    struck = [p for p in nucleons if not event.struck or p.pdgid == event.struck]
    recoil = next(iter(struck or hadrons), None) or _omitted_nucleus(event)
    if recoil is None:
        return None
    return Roles(neutrinos[0], minus[0] if minus else None, plus[0] if plus else None, recoil, not hadrons)


def _omitted_nucleus(event: Found) -> Seen | None:
    """Return the target nucleus with the missing momentum; None if this does not conserve energy."""
    beam, target = event.beam, event.target
    if beam is None or target is None or target.pdgid <= FIRST_NUCLEUS_CODE or event.struck:
        return None
    mass = target.mass_GeV
    x, y, z = (beam.p4[i] + target.p4[i] - sum(p.p4[i] for p in event.final) for i in (1, 2, 3))
    energy = math.hypot(x, y, z, mass)
    spent = sum(p.p4[0] for p in event.final) + energy - math.hypot(*target.p4[1:], mass)
    if not abs(spent - beam.p4[0]) <= _ENERGY_BALANCE * abs(beam.p4[0]):
        return None
    return Seen(target.pdgid, (energy, x, y, z), mass)
