"""Inverse beta decay on the unit hypercube: neutrino energy, momentum transfer, and the columns of an event."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from tridentgen.constants import ELECTRON_MASS_GEV, GEV_M2_TO_CM2, KEV_PER_GEV, MEV_PER_GEV
from tridentgen.engines.process import Column
from tridentgen.physics import inverse_beta, two_body
from tridentgen.physics.elementary import Value, Values, sincos2pi
from tridentgen.processes.inverse_beta.columns import Final, columns_with, final_state
from tridentgen.processes.source_channels import OfSource, SourceChannel


class Point(NamedTuple):
    """Neutrino energy in GeV, momentum transfer, energy of the lepton in GeV, and the density in cm^2."""

    energy: Value
    transfer: two_body.Transfer
    lepton_energy: Value
    density: Value


@dataclass(frozen=True, eq=False)
class SampledInverseBeta(OfSource):
    """Scattering of the neutrinos of a source; satisfies `tridentgen.engines.process.Process`.

    Attributes
    ----------
    parts : channels
    signature : str
    antineutrino : bool
        nuebar p -> e+ n, else nue n -> e- p.
    factor : float
        Free nucleons per nucleus of the target, times the normalisation.
    radiative : bool
        Whether to apply the inner radiative correction.
    """

    parts: tuple[SourceChannel, ...]
    signature: str
    antineutrino: bool
    factor: float
    radiative: bool

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns of an event."""
        return columns_with(self.antineutrino)

    @cached_property
    def final(self) -> Final:
        """The particles."""
        return final_state(self.antineutrino)

    def point(self, channel: int, x: Values) -> Point:
        """Evaluate energy, momentum transfer and density at `x`."""
        part, final = self.parts[channel], self.final
        mass, gap = final.struck_mass_GeV, final.gap_GeV
        energy, flux_weight = part.energies(x[-1])
        transfer = two_body.momentum_transfer(energy, x[0], mass, ELECTRON_MASS_GEV, gap)
        lepton = two_body.lepton_energy(energy, transfer.q2, mass, gap)
        density = inverse_beta.dsigma_dq2(energy, transfer.q2, lepton, antineutrino=self.antineutrino)
        if self.radiative:
            density = density * (1.0 + inverse_beta.inner_correction(lepton))
        scale = self.factor * part.share * GEV_M2_TO_CM2
        return Point(energy, transfer, lepton, density * transfer.span * (flux_weight * scale))

    def integrand(self, channel: int, x: Values) -> Value:
        """Return the density in cm^2."""
        return self.point(channel, x).density

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        """Return the columns of an event; the auxiliary random numbers `spare` are for azimuth and time."""
        part, final = self.parts[channel], self.final
        energy, transfer, lepton, density = self.point(channel, x)
        sine, cosine = sincos2pi(spare[0])
        mass, gap = final.struck_mass_GeV, final.gap_GeV
        momenta = two_body.lab_momenta(energy, transfer, mass, ELECTRON_MASS_GEV, gap, (cosine, sine))
        kinetic = (lepton - ELECTRON_MASS_GEV) * MEV_PER_GEV
        columns: dict[str, Value] = {
            "weight": density,
            "channel": channel,
            "flavour": part.neutrino.pdgid,
            "e_nu": energy,
            f"{final.lepton}_energy": kinetic,
            "cos_theta": two_body.cosine(momenta.lepton),
            f"{final.nucleon}_energy": two_body.recoil_kinetic(transfer.q2, mass, gap) * KEV_PER_GEV,
            f"cos_{final.nucleon}": two_body.cosine(momenta.recoil),
            "q2": transfer.q2,
            "time": self.time_ns(channel, spare),
            "p4_nu_in": (energy, 0.0, 0.0, energy),
            "p4_lepton": momenta.lepton,
            f"p4_{final.nucleon}": momenta.recoil,
        }
        if self.antineutrino:
            columns["prompt_energy"] = kinetic + 2.0 * ELECTRON_MASS_GEV * MEV_PER_GEV
        return columns
