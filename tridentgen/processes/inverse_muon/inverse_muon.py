"""Inverse muon decay, numu e- -> mu- nue and nuebar e- -> mu- numubar, and the same with a tau."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

from tridentgen.constants import ELECTRON_MASS_GEV
from tridentgen.detector import Detector
from tridentgen.errors import InputError
from tridentgen.flux import Beam, Flux, Source
from tridentgen.matter.materials import material
from tridentgen.matter.nuclei import Nuclide
from tridentgen.matter.particles import charged_lepton, neutrino
from tridentgen.physics import two_body
from tridentgen.processes.base import Attributes, Reaction, only_neutrinos
from tridentgen.processes.inverse_muon.columns import ELECTRON_PDG, LEPTONS, neutrinos_of, outgoing_of
from tridentgen.processes.inverse_muon.sampled import SampledInverseMuon
from tridentgen.processes.source_channels import highest_energy_GeV, open_channels, sampled_signature
from tridentgen.processes.terms import check_name

MAX_ENERGY_GEV = 1e5
"""Largest neutrino energy: s is 102 GeV^2 there, and the propagator of the W changes the cross section by 2 %."""


@dataclass(frozen=True)
class InverseMuonDecay(Reaction):
    """Inverse muon decay on the electrons of a material. Cross sections are per atom, averaged over the material.

    Parameters
    ----------
    target : str
        A nuclide, an element or a compound; cross sections on ``"H1"`` are per electron.
    neutrino : str
        ``numu`` or ``nuebar`` (``nutau`` or ``nuebar`` for a tau): the neutrino of a flux or a single energy, and the
        only one taken from a source. If it is not given, both are taken from a source.
    lepton : str
        ``mu-`` or ``tau-``.

    Raises
    ------
    InputError
        For an unknown name, or a neutrino that does not make the lepton.
    """

    target: str
    neutrino: str | None = None
    lepton: str = "mu-"

    def __post_init__(self) -> None:
        check_name("lepton", self.lepton, LEPTONS)
        material(self.target)
        possible = neutrinos_of(self.lepton)
        if self.neutrino is not None and self.neutrino not in possible:
            raise InputError(
                f"neutrino = '{self.neutrino}' does not make {self.lepton} of an electron: give {' or '.join(possible)}"
            )

    threshold_cure: ClassVar[str] = "a source of higher energy"

    @property
    def kind(self) -> str:
        """Name of this kind of process on cards."""
        return "inverse-muon-decay"

    @property
    def nuclides(self) -> tuple[Nuclide, ...]:
        """Nuclides of the target."""
        return material(self.target).nuclides

    @cached_property
    def electrons(self) -> float:
        """Electrons per atom of the target."""
        components = material(self.target).components
        return math.fsum(each.Z * number for each, number in components) / math.fsum(n for _, n in components)

    @property
    def per(self) -> str:
        """Target to which a cross section refers: its atoms."""
        return f"atom of {self.target}"

    @property
    def line(self) -> str:
        """The reaction in one line."""
        names = neutrinos_of(self.lepton) if self.neutrino is None else (self.neutrino,)
        ways = ", ".join(f"{name} e- -> {self.lepton} {outgoing_of(self.lepton, name)}" for name in names)
        return f"{ways} (in {self.target})"

    @property
    def signature(self) -> str:
        """The process as text, for comparison."""
        return json.dumps({"process": self.kind, **asdict(self)}, sort_keys=True)

    def threshold_GeV(self) -> float:
        """Return the threshold neutrino energy in GeV: 10.92 GeV for a muon, 3089 GeV for a tau."""
        gap = charged_lepton(self.lepton).mass_GeV - ELECTRON_MASS_GEV
        return two_body.threshold(ELECTRON_MASS_GEV, 0.0, gap)

    def source(self, beam: Beam) -> Source:
        """Return the neutrinos that take part; raise `InputError` if there are none."""
        beam, possible = only_neutrinos(beam), neutrinos_of(self.lepton)
        if isinstance(beam, Flux):
            if self.neutrino is None:
                raise InputError(f"neutrino is not given: name that of the flux, {' or '.join(possible)}")
            return Source.of(beam, self.neutrino)
        if self.neutrino is not None:
            return beam.only(self.neutrino)
        parts = tuple(each for each in beam.components if each.neutrino in possible)
        if not parts:
            raise InputError(
                f"no {' or '.join(possible)} from {beam.description}: no other neutrino makes {self.lepton}"
            )
        return beam if len(parts) == len(beam.components) else Source(parts, beam.description)

    def sampled(self, beam: Beam, detector: Detector | None = None) -> SampledInverseMuon:
        """Return the process to sample; raise `InputError` for a source below the threshold or above 100 TeV."""
        if detector is not None:
            raise InputError("inverse muon decay has no response of a detector; leave it out")
        source, threshold = self.source(beam), self.threshold_GeV()
        highest = highest_energy_GeV(source, MAX_ENERGY_GEV)
        parts = open_channels(source, threshold)
        if not parts:
            raise InputError(
                f"the flux ends at {highest:.6g} GeV ({source.description}), below the threshold of {threshold:.2f} "
                "GeV; give a flux of higher energy"
            )
        signature = sampled_signature(self.signature, parts)
        return SampledInverseMuon(parts, signature, self.lepton, self.electrons)

    def row(self, beam: Beam) -> dict[str, Any]:
        """Return the entries of the process in a table of cross sections."""
        neutrinos = ",".join(self.source(beam).neutrinos)
        return {"nu": neutrinos, "leptons": [self.lepton], "target": self.target, "regime": "inverse muon decay"}

    def attributes(self, beam: Beam) -> Attributes:
        """Return the root attributes of an event file of the process."""
        source = self.source(beam)
        return {
            "process": self.kind,
            "reaction": self.line,
            "neutrino": ",".join(source.neutrinos),
            "lepton": self.lepton,
            "target": self.target,
            "nuclides": ",".join(each.name for each in self.nuclides),
            "channel_names": ",".join(self.sampled(beam).channels),
            "flux": source.description,
            "flux_total": source.total,
            "flux_total_units": source.total_units,
            "beam_pdg": ",".join(str(neutrino(name).pdgid) for name in source.neutrinos),
            "target_pdg": ELECTRON_PDG,
            "target_mass_GeV": ELECTRON_MASS_GEV,
        }
