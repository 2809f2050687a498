"""Particles of an event for the formats of other programs: code, place, mass and momentum.

A process makes them itself (`ReactionKind.particles`), or they follow from the roles of the columns (`PlainRecords`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.process import Column, Role, Species
from tridentgen.errors import InputError
from tridentgen.events.columns import PARENT, has_decays
from tridentgen.matter.nuclei import FIRST_NUCLEUS_CODE
from tridentgen.matter.particles import DARK_MATTER
from tridentgen.typing import Columns, FloatArray, IntArray

Number = float | FloatArray
Rows = slice | IntArray
Cite = tuple[tuple[str, str], ...]
"""Sources: ``("arXiv", number)`` or ``("DOI", identifier)``."""

_NEUTRINO_CODES = (12, 14, 16)
_UNSEEN_CODES = (*_NEUTRINO_CODES, DARK_MATTER)

PSEUDO_NUCLEUS = 2009900000
"""Code of a nuclear remnant that simulations ignore: NuHepMC 1.0.0, P.C.2."""

DECAYS = ("decay_x", "decay_y", "decay_z", "decay_time", "proper_time")
"""Columns that say where a particle decays."""

ISOTOPE = "isotope"
"""The column with the code of the target nuclide, of processes on materials."""

UNKNOWN_HELICITY = 9.0
"""Helicity of a particle for which it is not known, as in the Les Houches accord."""


class Place(Enum):
    """Place of a particle in the event."""

    BEAM = "incoming neutrino"
    TARGET = "target at rest"
    STRUCK = "nucleon of the target nucleus"
    REMNANT = "rest of the target nucleus"
    OUT = "made by the primary interaction"
    UNSTABLE = "made by the primary interaction, decays"
    DAUGHTER = "made by the decay"


@dataclass(frozen=True)
class Particle:
    """A particle of n events.

    Attributes
    ----------
    place : Place
    pdgid : int or array (n,)
    p4 : four of a number or an array (n,)
        (E, px, py, pz) in GeV.
    mass_GeV : float or array (n,)
    helicity : float or array (n,)
        +1 or -1; 9 if it is not known.
    nucleus : int or array (n,), or None
        Code of the nucleus for which a pseudoparticle stands.
    origin : four of a number or an array (n,), or None
        Position (x, y, z in cm) and time (ns) where it is made, if it is not that of the interaction.
    proper_ns : float or array (n,)
        Proper time from its production to its decay; 0 if it does not decay.
    """

    place: Place
    pdgid: int | IntArray
    p4: tuple[Number, Number, Number, Number]
    mass_GeV: Number
    helicity: Number = UNKNOWN_HELICITY
    nucleus: int | IntArray | None = None
    origin: tuple[Number, Number, Number, Number] | None = None
    proper_ns: Number = 0.0


@dataclass(frozen=True)
class Group:
    """Events with the same list of particles: rows in the block, number of the process, and particles in order."""

    rows: Rows
    process: int | IntArray
    particles: tuple[Particle, ...]

    def of(self, values: Number) -> Number:
        """Return the values of a quantity of the block for the events of the group."""
        return values[self.rows] if isinstance(values, np.ndarray) else values

    def whole(self, values: IntArray) -> IntArray:
        """Return the values of an integer quantity of the block for the events of the group."""
        return values[self.rows]


class Processes(Protocol):
    """The processes that occur in a file, by number: NuHepMC 1.0.0, E.C.1."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that determine the process of an event."""

    def numbers(self, columns: Columns) -> IntArray:
        """Return the number of each event's process, shape (N,)."""

    def describe(self, number: int) -> tuple[str, str, Cite]:
        """Return name, description and sources of a process."""


class Records(Protocol):
    """Makes particles from the columns of a file."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that particles need."""

    @property
    def optional(self) -> tuple[str, ...]:
        """Columns that they use if the file has them."""

    @property
    def processes(self) -> Processes:
        """The processes of the file."""

    def groups(self, columns: Columns) -> tuple[Group, ...]:
        """Return the events of a block, grouped by their list of particles."""


class PlainRecords:
    """Makes particles from the roles of the columns: incoming particles, a target at rest, and outgoing particles.

    Parameters
    ----------
    columns
        Columns of the file.
    attributes
        Root attributes: ``target_pdg`` and ``target_mass_GeV``, unless a column is the target. With several nuclides,
        the target of an event is the one that recoils, of elastic scattering.
    recoil : str
        ``final``, ``omit`` or ``pseudo``.
    process : int or Processes
        Number of the process, or all of them.

    Raises
    ------
    InputError
        A momentum has no particle species, there is no target, or no visible particle is left.
    """

    optional: tuple[str, ...] = ()

    def __init__(
        self, columns: Sequence[Column], attributes: Mapping[str, Any], recoil: str, process: int | Processes
    ) -> None:
        self._momenta = [column for column in columns if column.role.is_momentum]
        for column in self._momenta:
            if column.species is None:
                raise InputError(
                    f"column '{column.name}' does not name the particle of its momentum (attributes 'pdg' and "
                    "'mass_GeV'); make the file again"
                )
        labels = {column.species.label for column in self._momenta if column.species is not None}
        decays = DECAYS if has_decays(columns) else ()
        self.processes: Processes = _OneProcess(process, attributes) if isinstance(process, int) else process
        labels |= set(self.processes.columns)
        self.columns = (*(column.name for column in self._momenta), *sorted(labels - {""}), *decays)
        self._target: Species | None = None
        if not any(column.role is Role.TARGET for column in self._momenta):
            self._target = self._target_of(attributes)
        if recoil == "omit" and not any(self._stays(column) for column in self._momenta):
            raise InputError("recoil = omit leaves no visible particle in these events; use final or pseudo")
        self._recoil, self._process = recoil, process

    def groups(self, columns: Columns) -> tuple[Group, ...]:
        """Return the events of a block as one group."""
        incoming = [self._particle(c, columns) for c in self._momenta if c.role is Role.INCOMING]
        target = [self._particle(c, columns) for c in self._momenta if c.role is Role.TARGET]
        if self._target is not None:
            code, mass = particles_of(self._target, columns)
            target = [Particle(Place.TARGET, code, at_rest(mass), mass)]
        outgoing = [self._particle(c, columns) for c in self._momenta if c.role in (Role.OUTGOING, Role.RECOIL)]
        made = [self._particle(c, columns) for c in self._momenta if c.role is Role.DAUGHTER]
        if made:
            parent = next(place for place, c in enumerate(self._momenta) if c.name == PARENT)
            outgoing = list(with_decay(outgoing, parent - len(incoming), made, columns))
        particles = treat_nuclei((*incoming, *target, *outgoing), self._recoil)
        number = self._process if isinstance(self._process, int) else self.processes.numbers(columns)
        return (Group(slice(None), number, particles),)

    def _target_of(self, attributes: Mapping[str, Any]) -> Species:
        """Return the nuclides at rest: the one of the attributes, or those that recoil."""
        targets = codes(attributes, "target_pdg")
        if len(targets) == 1:
            return Species.one(targets[0], float(needed(attributes, "target_mass_GeV")))
        for column in self._momenta:
            if column.role is Role.RECOIL and column.species is not None and set(column.species.pdgid) <= set(targets):
                return column.species
        raise InputError("these events have several target nuclides and no column with the role target")

    @staticmethod
    def _stays(column: Column) -> bool:
        """Whether a momentum is that of an outgoing particle that is seen, and not of a nucleus."""
        assert column.species is not None
        codes_of = column.species.pdgid
        seen = all(abs(each) not in _UNSEEN_CODES and each < FIRST_NUCLEUS_CODE for each in codes_of)
        return seen and column.role in (Role.OUTGOING, Role.RECOIL)

    @staticmethod
    def _particle(column: Column, columns: Columns) -> Particle:
        assert column.species is not None
        places = {Role.INCOMING: Place.BEAM, Role.TARGET: Place.TARGET}
        code, mass = particles_of(column.species, columns)
        place = places.get(column.role, Place.OUT)
        if all(abs(each) in _NEUTRINO_CODES for each in column.species.pdgid):
            return neutrino_particle(place, code, columns[column.name])
        return Particle(place, code, components(columns[column.name]), mass)


def with_decay(
    outgoing: Sequence[Particle], parent: int, daughters: Sequence[Particle], columns: Columns
) -> tuple[Particle, ...]:
    """Return outgoing particles of which that at the place `parent` decays: it first, its daughters last.

    The photon has the helicity of the neutrino: together they have the spin 1/2.
    """
    unstable = replace(outgoing[parent], place=Place.UNSTABLE, proper_ns=columns["proper_time"])
    others = [particle for place, particle in enumerate(outgoing) if place != parent]
    origin = columns["decay_x"], columns["decay_y"], columns["decay_z"], columns["decay_time"]
    helicity = np.where(columns["decay_flavour"] > 0, -1.0, 1.0)
    made = [replace(each, place=Place.DAUGHTER, origin=origin, helicity=helicity) for each in daughters]
    return unstable, *others, *made


class _OneProcess:
    """The process of a file with a single one."""

    columns: tuple[str, ...] = ()

    def __init__(self, number: int, attributes: Mapping[str, Any]) -> None:
        self._number, self._name = number, str(needed(attributes, "process"))
        self._reaction = str(attributes.get("reaction", self._name))

    def numbers(self, columns: Columns) -> IntArray:
        """Return the number of each event's process, shape (N,)."""
        return np.full(len(columns["weight"]), self._number, dtype=np.int64)

    def describe(self, _number: int) -> tuple[str, str, Cite]:
        """Return name, description and sources of the process."""
        return self._name, self._reaction, ()


def particles_of(species: Species, columns: Columns) -> tuple[int | IntArray, Number]:
    """Return PDG code and mass in GeV of a momentum's particle in every event, or one for all of them.

    Raise `InputError` if the label of an event is not one of the codes of the species.
    """
    if not species.label:
        return species.pdgid[0], species.mass_GeV[0]
    labels = columns[species.label].astype(np.int64)
    place = places_in(np.array(species.codes, dtype=np.int64), labels)
    if (place < 0).any():
        odd = int(labels[np.argmax(place < 0)])
        raise InputError(f"column '{species.label}' has {odd}, for which no particle is known; make the file again")
    return np.array(species.pdgid, dtype=np.int64)[place], np.array(species.mass_GeV)[place]


def places_in(known: IntArray, codes: IntArray) -> IntArray:
    """Return the place in `known` of each of `codes`, shape (N,); -1 for a code that is not there."""
    order = np.argsort(known)
    place = order[np.searchsorted(known, codes, sorter=order) % len(known)]
    return np.where(known[place] == codes, place, -1)


def target_nuclides(columns: Sequence[Column], events: Columns) -> IntArray | None:
    """Return the PDG code of the target of each event, shape (N,); None if no column says it.

    That is the particle of a column with the role target, or else of a nucleus that recoils, unless it is a nucleon of
    the target in some of the events.
    """
    for role in (Role.TARGET, Role.RECOIL):
        for column in columns:
            if column.role is role and column.species is not None and column.species.label:
                if role is Role.RECOIL and column.species.label != ISOTOPE and ISOTOPE in events:
                    return np.asarray(events[ISOTOPE], dtype=np.int64)
                return np.asarray(particles_of(column.species, events)[0])
    return None


def treat_nuclei(particles: tuple[Particle, ...], recoil: str) -> tuple[Particle, ...]:
    """Return the particles with outgoing nuclei unchanged, omitted, or replaced by the pseudoparticle."""
    if recoil == "final":
        return particles
    if recoil == "omit":
        return tuple(p for p in particles if not _is_outgoing_nucleus(p))
    return tuple(replace(p, pdgid=PSEUDO_NUCLEUS, nucleus=p.pdgid) if _is_outgoing_nucleus(p) else p for p in particles)


def _is_outgoing_nucleus(particle: Particle) -> bool:
    return particle.place in (Place.OUT, Place.REMNANT) and bool(np.all(np.greater(particle.pdgid, FIRST_NUCLEUS_CODE)))


def components(p4: NDArray[Any]) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return E, px, py, pz of momenta (N, 4), shape (N,) each."""
    return p4[:, 0], p4[:, 1], p4[:, 2], p4[:, 3]


def at_rest(mass_GeV: Number) -> tuple[Number, Number, Number, Number]:
    """Return the four-momentum of a particle at rest."""
    return mass_GeV, 0.0, 0.0, 0.0


def neutrino_particle(place: Place, pdgid: int | IntArray, p4: NDArray[Any]) -> Particle:
    """Return a neutrino of helicity -1, or an antineutrino of +1."""
    left_handed = np.where(np.greater(pdgid, 0), -1.0, 1.0)
    return Particle(place, pdgid, components(p4), 0.0, float(left_handed) if left_handed.ndim == 0 else left_handed)


def codes(attributes: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """Return the codes in an attribute, separated by commas; raise `InputError` if it is missing."""
    return tuple(int(code) for code in str(needed(attributes, name)).split(","))


def needed(attributes: Mapping[str, Any], name: str) -> Any:
    """Return an attribute; raise `InputError` if the events lack it."""
    if name not in attributes:
        raise InputError(f"these events lack the attribute '{name}', which particles need; make them again")
    return attributes[name]
