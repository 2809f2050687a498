"""Inverse beta decay, nuebar p -> e+ n on free protons, and nue n -> e- p on free neutrons."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from tridentgen.constants import (
    AXIAL_COUPLING,
    ELECTRON_MASS_GEV,
    GEV_M2_TO_CM2,
    NEUTRON_LIFETIME_S,
    NEUTRON_MASS_GEV,
    V_UD,
)
from tridentgen.detector import Detector
from tridentgen.errors import InputError
from tridentgen.flux import Beam, Flux, Source
from tridentgen.matter.materials import material
from tridentgen.matter.nuclei import Nuclide, nuclide
from tridentgen.matter.particles import neutrino
from tridentgen.physics import inverse_beta, two_body
from tridentgen.processes.base import Attributes, Caveat, Reaction, only_neutrinos
from tridentgen.processes.inverse_beta.columns import final_state
from tridentgen.processes.inverse_beta.sampled import SampledInverseBeta
from tridentgen.processes.source_channels import highest_energy_GeV, open_channels, sampled_signature
from tridentgen.typing import FloatArray

MAX_ENERGY_GEV = 10.0
"""Largest neutrino energy: beyond it, free nucleons break up."""

ELASTIC_BELOW_GEV = 0.2
_POINTS_E, _POINTS_Q2 = 1024, 8
_WORTH_SAYING = 0.01

NORMALISATIONS = ("couplings", "lifetime")
FREE_NEUTRON = "n"
"""Name of the target of neutrinos."""

LIFETIME_CONSTANT_S = 4908.6
"""tau_n V_ud^2 (1 + 3 lambda^2) in s: Czarnecki, Marciano and Sirlin, Phys. Rev. Lett. 120 (2018) 202002."""


@dataclass(frozen=True)
class InverseBetaDecay(Reaction):
    """Inverse beta decay on the hydrogen of a material. Cross sections are per nucleus, averaged over the material.

    Parameters
    ----------
    target : str
        A material with hydrogen (``H1``, ``water``, ``CH2``); ``n``, a free neutron, for neutrinos.
    neutrino : str
        ``nuebar``, or ``nue`` on free neutrons.
    radiative : bool
        Apply the inner radiative correction, with the photons counted with the positron; only for ``nuebar``. There is
        none, and no Coulomb correction, for ``nue``.
    normalisation : str
        ``couplings``: V_ud and the axial coupling; ``lifetime``: scaled to the lifetime of the neutron, 878.4 s, which
        the couplings give as 879.4 s.

    Raises
    ------
    InputError
        For an unknown name, a target without hydrogen, or a neutrino that does not fit the target.
    """

    target: str
    neutrino: str = "nuebar"
    radiative: bool | None = None
    normalisation: str = "couplings"

    def __post_init__(self) -> None:
        if self.neutrino not in ("nuebar", "nue"):
            raise InputError(
                f"neutrino = '{self.neutrino}' must be nuebar, on protons, or nue, on free neutrons ('n'); the others "
                "make no electron"
            )
        if self.normalisation not in NORMALISATIONS:
            raise InputError(f"normalisation = '{self.normalisation}' must be one of {', '.join(NORMALISATIONS)}")
        if (self.target == FREE_NEUTRON) == self.antineutrino:
            which = "free neutrons: target = 'n'" if not self.antineutrino else "protons, such as water, CH2 or H1"
            raise InputError(f"target = '{self.target}' does not go with {self.neutrino}, which scatters on {which}")
        if not self.antineutrino and self.radiative:
            raise InputError("radiative = true is for nuebar; leave it out for nue")
        object.__setattr__(self, "radiative", self.antineutrino if self.radiative is None else self.radiative)
        if self.antineutrino and nuclide("H1") not in self.nuclides:
            raise InputError(
                f"target = '{self.target}' has no hydrogen, and only free protons are computed; give H1, water, CH2 or "
                "another material with hydrogen"
            )

    threshold_cure: ClassVar[str] = "a source of higher energy"

    @property
    def antineutrino(self) -> bool:
        """Whether it is nuebar p -> e+ n."""
        return self.neutrino == "nuebar"

    @property
    def kind(self) -> str:
        """Name of this kind of process on cards."""
        return "inverse-beta-decay"

    @property
    def nuclides(self) -> tuple[Nuclide, ...]:
        """Nuclides of the target; a free neutron counts as one."""
        if self.target == FREE_NEUTRON:
            return (Nuclide("n", 0, 1, NEUTRON_MASS_GEV, 0.0, "none"),)
        return material(self.target).nuclides

    @cached_property
    def nucleons(self) -> float:
        """Free nucleons per nucleus of the target."""
        if self.target == FREE_NEUTRON:
            return 1.0
        components = material(self.target).components
        total = math.fsum(number for _, number in components)
        return math.fsum(number for each, number in components if each == nuclide("H1")) / total

    @property
    def scale(self) -> float:
        """Factor of the normalisation."""
        if self.normalisation == "couplings":
            return 1.0
        return LIFETIME_CONSTANT_S / (V_UD**2 * (1.0 + 3.0 * AXIAL_COUPLING**2)) / NEUTRON_LIFETIME_S

    @property
    def line(self) -> str:
        """The reaction in one line."""
        if not self.antineutrino:
            return "nue n -> e- p (free neutrons)"
        where = "" if self.target == "H1" else f" (in {self.target})"
        return f"nuebar p -> e+ n{where}"

    @property
    def signature(self) -> str:
        """The process as text, for comparison."""
        return json.dumps({"process": self.kind, **asdict(self)}, sort_keys=True)

    def threshold_GeV(self) -> float:
        """Return the threshold neutrino energy in GeV: 1.806 MeV for antineutrinos, 0 for neutrinos."""
        final = final_state(self.antineutrino)
        return two_body.threshold(final.struck_mass_GeV, ELECTRON_MASS_GEV, final.gap_GeV)

    def dsigma_dQ2(self, energy_GeV: ArrayLike, q2_GeV2: ArrayLike) -> FloatArray:
        """Return dsigma/dQ^2 in cm^2/GeV^2 per nucleus of the target; 0 outside the limits of Q^2.

        Raise `InputError` for energies that are not positive.
        """
        energy, q2 = np.broadcast_arrays(np.asarray(energy_GeV, dtype=float), np.asarray(q2_GeV2, dtype=float))
        if not (np.all(energy > 0.0) and np.all(np.isfinite(energy)) and np.all(np.isfinite(q2))):
            raise InputError("energy_GeV must be positive, and q2_GeV2 finite")
        final = final_state(self.antineutrino)
        mass, gap = final.struck_mass_GeV, final.gap_GeV
        low, high = (two_body.momentum_transfer(energy, x, mass, ELECTRON_MASS_GEV, gap).q2 for x in (0.0, 1.0))
        inside = (q2 >= low) & (q2 <= high) & (energy > self.threshold_GeV())
        safe = np.clip(q2, low, high)
        lepton = np.maximum(two_body.lepton_energy(energy, safe, mass, gap), ELECTRON_MASS_GEV)
        found = inverse_beta.dsigma_dq2(energy, safe, lepton, antineutrino=self.antineutrino)
        if self.radiative:
            found = found * (1.0 + inverse_beta.inner_correction(lepton))
        return np.where(inside, found * (GEV_M2_TO_CM2 * self.nucleons * self.scale), 0.0)

    def source(self, beam: Beam) -> Source:
        """Return the neutrinos that take part."""
        beam = only_neutrinos(beam)
        return Source.of(beam, self.neutrino) if isinstance(beam, Flux) else beam.only(self.neutrino)

    def sampled(self, beam: Beam, detector: Detector | None = None) -> SampledInverseBeta:
        """Return the process to sample; raise `InputError` for a source below the threshold or above 10 GeV."""
        if detector is not None:
            raise InputError("inverse beta decay has no response of a detector; leave it out")
        source, threshold = self.source(beam), self.threshold_GeV()
        highest = highest_energy_GeV(source, MAX_ENERGY_GEV)
        parts = open_channels(source, threshold)
        if not parts:
            raise InputError(
                f"the flux ends at {highest * 1e3:.6g} MeV ({source.description}), below the threshold of "
                f"{threshold * 1e3:.4f} MeV; give a flux of higher energy"
            )
        signature = sampled_signature(self.signature, parts)
        factor = self.nucleons * self.scale
        return SampledInverseBeta(parts, signature, self.antineutrino, factor, bool(self.radiative))

    def _caveats(self, beam: Beam) -> tuple[Caveat, ...]:
        """Return a line on the share of the cross section above 200 MeV, where inelastic scattering begins."""
        source = self.source(beam)
        if max(component.flux.energy_max_GeV for component in source.components) <= ELASTIC_BELOW_GEV:
            return ()
        process = self.sampled(beam)
        axes = ((np.arange(n) + 0.5) / n for n in (_POINTS_Q2, _POINTS_E))
        x = [each.ravel() for each in np.meshgrid(*axes, indexing="ij")]
        all_of_it, above = [], []
        for channel in range(len(process.parts)):
            point = process.point(channel, x)
            density = np.broadcast_to(point.density, x[0].shape)
            all_of_it.append(math.fsum(density))
            above.append(math.fsum(np.where(point.energy > ELASTIC_BELOW_GEV, density, 0.0)))
        share = math.fsum(above) / math.fsum(all_of_it)
        if share < _WORTH_SAYING:
            return ()
        text = (
            f"{share:.0%} of the cross section is above {ELASTIC_BELOW_GEV * 1e3:g} MeV, where inelastic scattering "
            "begins, which is not included"
        )
        return (Caveat("inelastic", share, text),)

    def row(self, _beam: Beam) -> dict[str, Any]:
        """Return the entries of the process in a table of cross sections."""
        final = final_state(self.antineutrino)
        lepton = "e+" if final.lepton == "positron" else "e-"
        return {"nu": self.neutrino, "leptons": [lepton], "target": self.target, "regime": "quasi-elastic"}

    def attributes(self, beam: Beam) -> Attributes:
        """Return the root attributes of an event file of the process."""
        source, final = self.source(beam), final_state(self.antineutrino)
        return {
            "process": self.kind,
            "reaction": self.line,
            "neutrino": self.neutrino,
            "target": self.target,
            "nuclides": ",".join(each.name for each in self.nuclides),
            "channel_names": ",".join(self.sampled(beam).channels),
            "radiative": int(bool(self.radiative)),
            "normalisation": self.normalisation,
            "flux": source.description,
            "flux_total": source.total,
            "flux_total_units": source.total_units,
            "beam_pdg": neutrino(self.neutrino).pdgid,
            "target_pdg": final.struck_pdg,
            "target_mass_GeV": final.struck_mass_GeV,
        }
