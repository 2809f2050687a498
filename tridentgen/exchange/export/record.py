"""From columns to particles: who comes in, who goes out, with which code, status, mass and momentum.

A trident on a bound nucleon is written as nucleus -> struck nucleon + remnant, with the nucleon at rest and of its free
mass, as it was generated. The energy of the remnant is then M_A - M_N and so is its mass: the nuclear mass of the
remnant less the separation energy of the nucleon. With it, four-momentum balances over the whole event.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.constants import NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.exchange.export.facts import HEAVY_LEPTON, PSEUDO_NUCLEUS, codes, needed
from tridentgen.exchange.export.processes import UPSCATTERING, CevnsProcesses, Columns, Processes, TridentProcesses
from tridentgen.matter.nuclei import FIRST_NUCLEUS_CODE, charge_and_mass_number, nucleus_code
from tridentgen.matter.particles import charged_lepton
from tridentgen.processes.trident.columns import COHERENT, PROTON

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Number = float | FloatArray
Rows = slice | IntArray

_PROTON, _NEUTRON = 2212, 2112
_UNKNOWN_SPIN = 9.0  # as the Les Houches accord writes it


class Role(Enum):
    """Place of a particle in the event."""

    BEAM = "incoming neutrino"
    TARGET = "target at rest"
    STRUCK = "nucleon of the target nucleus"
    REMNANT = "rest of the target nucleus"
    OUT = "made by the primary interaction"


@dataclass(frozen=True)
class Particle:
    """A particle of n events.

    Attributes
    ----------
    role : Role
    pdgid : int or array (n,)
    p4 : four of a number or an array (n,)
        (E, px, py, pz) in GeV.
    mass_GeV : float or array (n,)
    helicity : float or array (n,)
        +1 or -1; 9 where it is not known.
    nucleus : int or array (n,), or None
        Code of the nucleus for which a pseudoparticle stands.
    """

    role: Role
    pdgid: int | IntArray
    p4: tuple[Number, Number, Number, Number]
    mass_GeV: Number
    helicity: Number = _UNKNOWN_SPIN
    nucleus: int | IntArray | None = None


@dataclass(frozen=True)
class Group:
    """Events of one form: their places in the block, the number of their process, their particles in order."""

    rows: Rows
    process: int | IntArray
    particles: tuple[Particle, ...]

    def of(self, values: Number) -> Number:
        """Return the part of a quantity of the whole block that belongs to the group."""
        return values[self.rows] if isinstance(values, np.ndarray) else values

    def whole(self, values: IntArray) -> IntArray:
        """Return the same of whole numbers."""
        return values[self.rows]


@dataclass(frozen=True)
class Block:
    """Some consecutive events.

    Attributes
    ----------
    number : array (N,)
        Of each event.
    weight_pb : array (N,)
        Part of the cross section that an event stands for.
    relative : array (N,) or None
        Weights of unweighted events: 1, and more for those that are overweight.
    position : four of a number or an array (N,)
        Where and when in the detector: x, y, z in cm and t in ns.
    groups : tuple of Group
    columns : arrays by name
        All columns that were asked for.
    """

    number: IntArray
    weight_pb: FloatArray
    relative: FloatArray | None
    position: tuple[Number, Number, Number, Number]
    groups: tuple[Group, ...]
    columns: Columns

    def __len__(self) -> int:
        return len(self.number)


class TridentRecords:
    """Makes particles from the columns of tridents."""

    columns: tuple[str, ...] = ("regime", "p4_nu_in", "p4_nu_out", "p4_minus", "p4_plus", "p4_recoil")
    optional: tuple[str, ...] = ("helicity_minus", "helicity_plus")

    def __init__(self, attributes: Mapping[str, Any], recoil: str) -> None:
        self.processes: Processes = TridentProcesses(attributes)
        self._minus = charged_lepton(str(attributes["lepton_minus"]))
        self._plus = charged_lepton(str(attributes["lepton_plus"]))
        self._beam, self._out, self._target = (
            codes(attributes, name)[0] for name in ("beam_pdg", "neutrino_out_pdg", "target_pdg")
        )
        self._mass_GeV = float(needed(attributes, "target_mass_GeV"))
        self._recoil = recoil

    def groups(self, columns: Columns) -> tuple[Group, ...]:
        """Return the events of a block by regime."""
        regimes = columns["regime"]
        kinds = np.unique(regimes)
        if len(kinds) == 1:
            return (self._group(int(kinds[0]), slice(None), columns),)
        return tuple(self._group(int(kind), np.flatnonzero(regimes == kind), columns) for kind in kinds)

    def _group(self, regime: int, rows: Rows, columns: Columns) -> Group:
        mine = {name: columns[name][rows] for name in (*self.columns, *self.optional) if name in columns}
        bound = regime != COHERENT and self._target not in (_PROTON, _NEUTRON)
        incoming = [
            _neutrino(Role.BEAM, self._beam, mine["p4_nu_in"]),
            Particle(Role.TARGET, self._target, _at_rest(self._mass_GeV), self._mass_GeV),
        ]
        if regime == COHERENT:
            code, mass = self._target, self._mass_GeV
        elif regime == PROTON:
            code, mass = _PROTON, PROTON_MASS_GEV
        else:
            code, mass = _NEUTRON, NEUTRON_MASS_GEV
        if bound:
            rest = self._mass_GeV - mass
            remnant = Particle(Role.REMNANT, remnant_code(self._target, code), _at_rest(rest), rest)
            incoming += [Particle(Role.STRUCK, code, _at_rest(mass), mass), remnant]
        outgoing = [
            _neutrino(Role.OUT, self._out, mine["p4_nu_out"]),
            _lepton(self._minus.pdgid, mine["p4_minus"], self._minus.mass_GeV, mine.get("helicity_minus")),
            _lepton(self._plus.pdgid, mine["p4_plus"], self._plus.mass_GeV, mine.get("helicity_plus")),
            Particle(Role.OUT, code, _components(mine["p4_recoil"]), mass),
        ]
        number = int(self.processes.numbers({"regime": np.array([regime])})[0])
        return Group(rows, number, treat_nuclei((*incoming, *outgoing), self._recoil))


class CevnsRecords:
    """Makes particles from the columns of coherent scattering."""

    columns: tuple[str, ...] = ("channel", "flavour", "isotope", "p4_nu_in", "p4_nu_out", "p4_recoil")
    optional: tuple[str, ...] = ()

    def __init__(self, attributes: Mapping[str, Any], recoil: str) -> None:
        if recoil == "omit":
            raise InputError("recoil = omit leaves nothing to see of coherent scattering; use final or pseudo")
        self.processes: Processes = CevnsProcesses(attributes)
        self._codes = np.array(codes(attributes, "target_pdg"))
        masses = str(needed(attributes, "target_mass_GeV")).split(",")
        self._order = np.argsort(self._codes)
        self._masses_GeV = np.array([float(mass) for mass in masses])
        dipole = json.loads(str(attributes.get("model", "{}"))).get("dipole") or {}
        self._heavy_GeV = float(dipole.get("mass_GeV", 0.0))
        self._recoil = recoil

    def groups(self, columns: Columns) -> tuple[Group, ...]:
        """Return the events of a block, all of one form."""
        isotope, flavour = (columns[name].astype(np.int64) for name in ("isotope", "flavour"))
        place = self._order[np.searchsorted(self._codes, isotope, sorter=self._order) % len(self._codes)]
        if not np.array_equal(self._codes[place], isotope):
            raise InputError(
                "column 'isotope' names nuclides that attribute 'target_pdg' does not; make the file again"
            )
        mass = self._masses_GeV[place]
        process = self.processes.numbers(columns)
        heavy = process == UPSCATTERING
        outgoing = _neutrino(Role.OUT, flavour, columns["p4_nu_out"])
        if heavy.any():
            code, heavy_mass = np.where(heavy, HEAVY_LEPTON, flavour), np.where(heavy, self._heavy_GeV, 0.0)
            outgoing = replace(outgoing, pdgid=code, mass_GeV=heavy_mass)
        particles = (
            _neutrino(Role.BEAM, flavour, columns["p4_nu_in"]),
            Particle(Role.TARGET, isotope, _at_rest(mass), mass),
            outgoing,
            Particle(Role.OUT, isotope, _components(columns["p4_recoil"]), mass),
        )
        return (Group(slice(None), process, treat_nuclei(particles, self._recoil)),)


Records = TridentRecords | CevnsRecords


def records(attributes: Mapping[str, Any], recoil: str) -> Records:
    """Return what makes particles from the columns of a file; raise `InputError` for events of another kind."""
    kind = attributes.get("process")
    if kind == "cevns":
        return CevnsRecords(attributes, recoil)
    if kind is None or str(kind).startswith("trident"):
        return TridentRecords(attributes, recoil)
    raise InputError(f"events of process '{kind}' cannot be written as particles; known are trident and cevns")


def remnant_code(nucleus: int, nucleon: int) -> int:
    """Return the code of a nucleus that has lost a nucleon; of the other nucleon where that was a deuteron."""
    Z, A = charge_and_mass_number(nucleus) or (0, 0)
    return nucleus_code(Z - (nucleon == _PROTON), A - 1)


def treat_nuclei(particles: tuple[Particle, ...], recoil: str) -> tuple[Particle, ...]:
    """Keep outgoing nuclei as they are, leave them out, or put the pseudoparticle in their place."""
    if recoil == "final":
        return particles
    if recoil == "omit":
        return tuple(p for p in particles if not _is_outgoing_nucleus(p))
    return tuple(replace(p, pdgid=PSEUDO_NUCLEUS, nucleus=p.pdgid) if _is_outgoing_nucleus(p) else p for p in particles)


def _is_outgoing_nucleus(particle: Particle) -> bool:
    return particle.role in (Role.OUT, Role.REMNANT) and bool(np.all(np.greater(particle.pdgid, FIRST_NUCLEUS_CODE)))


def _components(p4: NDArray[Any]) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    return p4[:, 0], p4[:, 1], p4[:, 2], p4[:, 3]


def _at_rest(mass_GeV: Number) -> tuple[Number, Number, Number, Number]:
    return mass_GeV, 0.0, 0.0, 0.0


def _neutrino(role: Role, pdgid: int | IntArray, p4: NDArray[Any]) -> Particle:
    left_handed = np.where(np.greater(pdgid, 0), -1.0, 1.0)
    return Particle(role, pdgid, _components(p4), 0.0, float(left_handed) if left_handed.ndim == 0 else left_handed)


def _lepton(pdgid: int, p4: NDArray[Any], mass_GeV: float, helicity: NDArray[Any] | None) -> Particle:
    spin = _UNKNOWN_SPIN if helicity is None else helicity.astype(np.float64)
    return Particle(Role.OUT, pdgid, _components(p4), mass_GeV, spin)
