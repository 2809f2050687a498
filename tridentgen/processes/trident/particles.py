"""Particles of tridents, and the numbers of their processes.

A trident on a bound nucleon is written as nucleus -> struck nucleon + remnant, with the nucleon at rest and with its
free mass, as in the generation. Energy and mass of the remnant are then both M_A - M_N: the nuclear mass of the remnant
less the separation energy of the nucleon. Thus four-momentum is conserved in the whole event.

Process numbers follow NuHepMC 1.0.0, E.C.1: processes without a range of their own have numbers from 700 on; xx00-xx49
is for charged-current processes, xx50-xx99 for all others. A trident has 700 if its leptons differ in flavour (W boson
alone), 750 if they do not, plus 10 times the code of the regime, 3 times the index of the flavour of l-, and the index
of the flavour of l+.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.constants import NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.events.particles import (
    UNKNOWN_HELICITY,
    Cite,
    Group,
    Particle,
    Place,
    Processes,
    Rows,
    at_rest,
    codes,
    components,
    needed,
    neutrino_particle,
    treat_nuclei,
)
from tridentgen.matter.nuclei import NEUTRON_PDG, PROTON_PDG
from tridentgen.matter.particles import CHARGED_LEPTONS, FLAVOURS, ChargedLepton
from tridentgen.processes.bound_nucleons import remnant_code, separated
from tridentgen.processes.trident.columns import COHERENT, PROTON, REGIME_NAMES
from tridentgen.typing import Columns, IntArray

__all__ = ["TridentProcesses", "TridentRecords", "remnant_code"]

_TRIDENT_CITE: Cite = (("arXiv", "1807.10973"), ("arXiv", "1902.06765"))


def _leptons(attributes: Mapping[str, Any]) -> tuple[ChargedLepton, ChargedLepton]:
    """Return l- and l+ of the attributes; raise `InputError` where one is no lepton of this charge."""
    found = []
    for name, sign in (("lepton_minus", "-"), ("lepton_plus", "+")):
        given = str(needed(attributes, name))
        if given not in CHARGED_LEPTONS or given[-1] != sign:
            known = ", ".join(lepton for lepton in CHARGED_LEPTONS if lepton[-1] == sign)
            raise InputError(f"the attribute {name} = {given!r} is none of {known}; make the file again")
        found.append(CHARGED_LEPTONS[given])
    return found[0], found[1]


class TridentProcesses:
    """The processes of a file of tridents: one for each regime."""

    columns = ("regime",)

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        self._reaction = "{neutrino} -> {neutrino_out} {lepton_minus} {lepton_plus}".format(
            **{name: needed(attributes, name) for name in ("neutrino", "neutrino_out", "lepton_minus", "lepton_plus")}
        )
        minus, plus = (lepton.flavour for lepton in _leptons(attributes))
        self._base = (700 if minus != plus else 750) + 3 * FLAVOURS.index(minus) + FLAVOURS.index(plus)
        self._target = str(needed(attributes, "target"))

    def numbers(self, columns: Columns) -> IntArray:
        """Return the number of each event's process, shape (N,)."""
        return self._base + 10 * columns["regime"].astype(np.int64)

    def describe(self, number: int) -> tuple[str, str, Cite]:
        """Return name, description and sources of a process."""
        regime = REGIME_NAMES[(number - self._base) // 10]
        on = f"the nucleus {self._target} as a whole" if regime == "coherent" else f"a {regime} of {self._target}"
        name = f"trident, {regime}, {self._reaction}"
        return name, f"neutrino trident production {self._reaction} on {on}", _TRIDENT_CITE


class TridentRecords:
    """Makes particles from the columns of tridents."""

    columns: tuple[str, ...] = ("regime", "p4_nu_in", "p4_nu_out", "p4_minus", "p4_plus", "p4_recoil")
    optional: tuple[str, ...] = ("helicity_minus", "helicity_plus")

    def __init__(self, attributes: Mapping[str, Any], recoil: str) -> None:
        self.processes: Processes = TridentProcesses(attributes)
        self._minus, self._plus = _leptons(attributes)
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
        bound = regime != COHERENT and self._target not in (PROTON_PDG, NEUTRON_PDG)
        incoming = [
            neutrino_particle(Place.BEAM, self._beam, mine["p4_nu_in"]),
            Particle(Place.TARGET, self._target, at_rest(self._mass_GeV), self._mass_GeV),
        ]
        if regime == COHERENT:
            code, mass = self._target, self._mass_GeV
        elif regime == PROTON:
            code, mass = PROTON_PDG, PROTON_MASS_GEV
        else:
            code, mass = NEUTRON_PDG, NEUTRON_MASS_GEV
        if bound:
            incoming += separated(self._target, self._mass_GeV, code, mass)
        outgoing = [
            neutrino_particle(Place.OUT, self._out, mine["p4_nu_out"]),
            _lepton(self._minus.pdgid, mine["p4_minus"], self._minus.mass_GeV, mine.get("helicity_minus")),
            _lepton(self._plus.pdgid, mine["p4_plus"], self._plus.mass_GeV, mine.get("helicity_plus")),
            Particle(Place.OUT, code, components(mine["p4_recoil"]), mass),
        ]
        number = int(self.processes.numbers({"regime": np.array([regime])})[0])
        return Group(rows, number, treat_nuclei((*incoming, *outgoing), self._recoil))


def _lepton(pdgid: int, p4: NDArray[Any], mass_GeV: float, helicity: NDArray[Any] | None) -> Particle:
    spin = UNKNOWN_HELICITY if helicity is None else helicity.astype(np.float64)
    return Particle(Place.OUT, pdgid, components(p4), mass_GeV, spin)
