"""Inverse muon decay on the unit hypercube: neutrino energy, momentum transfer, and the columns of an event."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tridentgen.constants import ELECTRON_MASS_GEV, GEV_M2_TO_CM2
from tridentgen.engines.process import Column
from tridentgen.matter.particles import charged_lepton
from tridentgen.physics import inverse_muon, two_body
from tridentgen.physics.elementary import Value, Values, arctan2, sincos2pi
from tridentgen.processes.inverse_muon.columns import NAMES, columns_with
from tridentgen.processes.source_channels import OfSource, SourceChannel

_MRAD_PER_RAD = 1e3


class Point(NamedTuple):
    """Neutrino energy in GeV, momentum transfer, and the density in cm^2."""

    energy: Value
    transfer: two_body.Transfer
    density: Value


@dataclass(frozen=True, eq=False)
class SampledInverseMuon(OfSource):
    """Scattering of the neutrinos of a source; satisfies `tridentgen.engines.process.Process`.

    Attributes
    ----------
    parts : channels
    signature : str
    lepton : str
        ``mu-`` or ``tau-``.
    electrons : float
        Electrons per atom of the target.
    """

    parts: tuple[SourceChannel, ...]
    signature: str
    lepton: str
    electrons: float

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns of an event."""
        return columns_with(self.lepton)

    @cached_property
    def gap_GeV(self) -> float:
        """Mass of the lepton less that of the electron."""
        return charged_lepton(self.lepton).mass_GeV - ELECTRON_MASS_GEV

    def point(self, channel: int, x: Values) -> Point:
        """Evaluate energy, momentum transfer and density at `x`."""
        part, mass, gap = self.parts[channel], ELECTRON_MASS_GEV, self.gap_GeV
        energy, flux_weight = part.energies(x[-1])
        transfer = two_body.momentum_transfer(energy, x[0], mass, 0.0, gap)
        threshold = two_body.threshold(mass, 0.0, gap)
        above = np.maximum(energy - threshold, 0.0)
        left = two_body.massless_energy(energy, transfer, mass, gap)
        antineutrino = part.neutrino.antiparticle
        density = inverse_muon.dsigma_dq2(energy, above, left, threshold, antineutrino=antineutrino)
        scale = self.electrons * part.share * GEV_M2_TO_CM2
        return Point(energy, transfer, density * transfer.span * (flux_weight * scale))

    def integrand(self, channel: int, x: Values) -> Value:
        """Return the density in cm^2."""
        return self.point(channel, x).density

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        """Return the columns of an event; the auxiliary random numbers `spare` are for azimuth and time."""
        part = self.parts[channel]
        energy, transfer, density = self.point(channel, x)
        sine, cosine = sincos2pi(spare[0])
        momenta = two_body.massless_momenta(energy, transfer, ELECTRON_MASS_GEV, self.gap_GeV, (cosine, sine))
        theta = arctan2(two_body.transverse(energy, transfer, ELECTRON_MASS_GEV), momenta.recoil[3])
        return {
            "weight": density,
            "channel": channel,
            "flavour": part.neutrino.pdgid,
            "e_nu": energy,
            f"{NAMES[self.lepton]}_energy": momenta.recoil[0],
            "cos_theta": two_body.cosine(momenta.recoil),
            "theta": theta * _MRAD_PER_RAD,
            "q2": transfer.q2,
            "time": self.time_ns(channel, spare),
            "p4_nu_in": (energy, 0.0, 0.0, energy),
            "p4_nu_out": momenta.lepton,
            "p4_lepton": momenta.recoil,
        }
