"""CEvNS on the unit hypercube: neutrino energy, recoil energy, and the columns of an event."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector import Detector
from tridentgen.engines.process import Column
from tridentgen.flux.source import Component
from tridentgen.flux.tabulated_profile import TabulatedProfile
from tridentgen.flux.time_profile import TimeProfile
from tridentgen.physics import cevns_kinematics as kinematics
from tridentgen.physics.elementary import Value, Values, exp, log, sincos2pi
from tridentgen.processes.cevns.averages import averaged
from tridentgen.processes.cevns.columns import cevns_columns, with_decays
from tridentgen.processes.cevns.labels import ELASTIC
from tridentgen.processes.cevns.spectrum import RecoilSpectrum
from tridentgen.processes.detected import response
from tridentgen.processes.dipole import Decay, DipolePortal
from tridentgen.processes.source_channels import OfSource, SourceChannel

LEAST_RATIO = 1e-12
"""Smallest recoil of a logarithmic spectrum, in units of the largest recoil."""


class Point(NamedTuple):
    """Neutrino energy and recoil in GeV, and the density in cm^2."""

    energy: Value
    recoil: Value
    density: Value


@dataclass(frozen=True, eq=False)
class CevnsChannel(SourceChannel):
    """A sampling channel: a component of the source on a nuclide, with one final state.

    Attributes
    ----------
    spectrum : RecoilSpectrum
    nuclide : int
        Number of the nuclide in the target.
    share : float
        Share of the component in the source, times share of the nuclide in the nuclei of the target.
    least_recoil_GeV : float
        Smaller recoils are excluded.
    """

    spectrum: RecoilSpectrum
    nuclide: int
    least_recoil_GeV: float

    @property
    def name(self) -> str:
        """Name of the channel in files, such as ``prompt-numu/Cs133``."""
        up = "" if self.spectrum.name == ELASTIC else f"/{self.spectrum.name}"
        return f"{self.component.name}/{self.spectrum.nuclide.name}{up}"

    @property
    def time(self) -> TimeProfile | TabulatedProfile | None:
        """Arrival times of the component."""
        return self.component.time

    @property
    def labels(self) -> Mapping[str, str]:
        """Names of the neutrino, the component and the nuclide."""
        names = {"flavour": self.component.neutrino, "component": self.component.name}
        return {**names, "nuclide": self.spectrum.nuclide.name}

    @property
    def is_steep(self) -> bool:
        """Whether the spectrum is steep at small recoils."""
        return self.spectrum.infrared

    def recoil_range(self) -> tuple[float, float]:
        """Return the smallest and the largest recoil in GeV, of the highest energy of the flux."""
        low, high = (float(T) for T in self.spectrum.recoil_limits(self.component.flux.energy_max_GeV))
        low = max(low, self.least_recoil_GeV)
        return max(low, LEAST_RATIO * high) if self.is_steep else low, high

    def average(self, recoil_GeV: float) -> float:
        """Return dsigma/dT in cm^2/GeV at one recoil, averaged over the flux of the component."""
        return averaged(self.component.flux, self.spectrum, recoil_GeV)

    def recoil(self, energy: Value, x: Value) -> tuple[Value, Value]:
        """Return the recoil at `x` in (0, 1) and its derivative: linear in T, or in log T for infrared spectra."""
        low, high = self.spectrum.recoil_limits(energy)
        low = np.maximum(low, self.least_recoil_GeV)
        if not self.spectrum.infrared:
            width = np.maximum(high - low, 0.0)
            return low + width * x, width
        low = np.maximum(low, LEAST_RATIO * high)
        span = log(np.maximum(high / low, 1.0))
        recoil = low * exp(span * x)
        return recoil, recoil * span


@dataclass(frozen=True, eq=False)
class SampledCevns(OfSource):
    """CEvNS of the neutrinos of a source; satisfies `tridentgen.engines.process.Process`.

    Attributes
    ----------
    parts : channels
    signature : str
    detector : Detector or None
    dipole : DipolePortal or None
        That of the model.
    """

    parts: tuple[CevnsChannel, ...]
    signature: str
    detector: Detector | None = None
    dipole: DipolePortal | None = None

    @property
    def spares(self) -> int:
        """Number of auxiliary random numbers: for azimuth, time, and the resolution of the detector or the decay."""
        more = 0 if self.detector is None else self.detector.dimensions
        return super().spares + more + (0 if self.decay is None else Decay.spares)

    @property
    def decay(self) -> Decay | None:
        """The decay of the heavy neutral lepton, if it decays."""
        return Decay.of(self.dipole)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns of an event."""
        spectra = [part.spectrum for part in self.parts]
        outgoing = [
            (s.neutrino.pdgid if self.dipole is None or s.final_mass_GeV == 0.0 else self.dipole.code(s.neutrino),
             s.final_mass_GeV)
            for s in spectra
        ]  # fmt: skip
        columns = cevns_columns(
            [s.neutrino.pdgid for s in spectra],
            {s.nuclide.pdgid: s.nuclide.mass_GeV for s in spectra},
            outgoing if any(mass > 0.0 for _, mass in outgoing) else (),
            [(s.recoil_code, s.mass_GeV) for s in spectra] if any(s.struck is not None for s in spectra) else (),
            has_detector=self.detector is not None,
        )
        decay = self.decay
        return columns if decay is None else with_decays(columns, decay, [s.neutrino for s in spectra])

    def point(self, channel: int, x: Values) -> Point:
        """Evaluate energy, recoil and density at `x`."""
        part = self.parts[channel]
        energy, flux_weight = part.energies(x[-1])
        recoil, jacobian = part.recoil(energy, x[0])
        density = part.spectrum.dsigma_dT(energy, recoil) * (part.share * flux_weight * jacobian)
        return Point(energy, recoil, density)

    def integrand(self, channel: int, x: Values) -> Value:
        """Return the density in cm^2."""
        return self.point(channel, x).density

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        """Return the columns of an event; the auxiliary random numbers `spare` are for azimuth, time and resolution."""
        part = self.parts[channel]
        spectrum = part.spectrum
        energy, recoil, density = self.point(channel, x)
        sine, cosine = sincos2pi(spare[0])
        mass, final = spectrum.mass_GeV, spectrum.final_mass_GeV
        momenta = kinematics.lab_momenta(energy, recoil, mass, final, (cosine, sine))
        time = self.time_ns(channel, spare)
        columns: dict[str, Value] = {
            "weight": density,
            "channel": channel,
            "flavour": spectrum.neutrino.pdgid,
            "isotope": spectrum.nuclide.pdgid,
            "e_nu": energy,
            "recoil_energy": recoil * KEV_PER_GEV,
            "cos_theta": kinematics.cos_recoil(energy, recoil, mass, final),
            "time": time,
            "p4_nu_in": (energy, 0.0, 0.0, energy),
            "p4_nu_out": momenta.neutrino,
            "p4_recoil": momenta.nucleus,
        }
        if self.decay is not None:
            spin = spectrum.polarisation(energy, recoil)
            drawn = spare[super().spares : super().spares + Decay.spares]
            turn = (-cosine, -sine)
            columns |= self.decay.columns(momenta.neutrino, turn, spin, spectrum.neutrino, time, drawn)
        if self.detector is None:
            return columns
        u = spare[super().spares] if self.detector.dimensions else 0.5
        return columns | response(self.detector, part.nuclide, recoil, time, u)


def channels(
    component: Component, spectrum: RecoilSpectrum, nuclide: int, share: float, least_recoil_GeV: float
) -> tuple[CevnsChannel, ...]:
    """Return the sampling channel of a component on a nuclide; none if all of its flux is below the threshold."""
    threshold = spectrum.threshold_above(least_recoil_GeV)
    if not (share > 0.0 and component.flux.energy_max_GeV > threshold and math.isfinite(threshold)):
        return ()
    energies = component.flux.energy_map(threshold)
    return (CevnsChannel(component, energies, share, spectrum, nuclide, least_recoil_GeV),)
