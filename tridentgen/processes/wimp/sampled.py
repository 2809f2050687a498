"""Scattering of dark matter on the unit hypercube: speed, angle to the wind, recoil energy, and columns of an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tridentgen.constants import KEV_PER_GEV, SPEED_OF_LIGHT_KM_S
from tridentgen.detector import Detector
from tridentgen.engines.process import Column
from tridentgen.physics import wimp as physics
from tridentgen.physics.elementary import Value, Values, sincos2pi
from tridentgen.processes.detected import response
from tridentgen.processes.wimp.columns import wimp_columns
from tridentgen.processes.wimp.spectrum import Speeds, WimpSpectrum

_STEEP = 0.1
"""A mediator whose m^2/2M is below this share of the largest recoil makes the spectrum steep."""

_NEGLIGIBLE = 1e-9
_SPARES = 2
"""For the azimuths of the particle about the wind, and of the recoil about the particle."""


@dataclass(frozen=True, eq=False)
class WimpChannel:
    """A sampling channel: a nuclide of the target.

    Attributes
    ----------
    spectrum : WimpSpectrum
    nuclide : int
        Its number in the target.
    share : float
        Its share of the nuclei of the target.
    least_recoil_GeV : float
        Smaller recoils are excluded.
    """

    spectrum: WimpSpectrum
    nuclide: int
    share: float
    least_recoil_GeV: float

    @property
    def name(self) -> str:
        """Name of the channel in files: the nuclide."""
        return self.spectrum.nuclide.name

    @property
    def time(self) -> None:
        """The halo is steady."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Name of the nuclide."""
        return {"nuclide": self.name}

    @property
    def is_steep(self) -> bool:
        """Whether a light mediator makes the spectrum steep at small recoils."""
        scale, most = self.spectrum.scale_GeV, self.spectrum.most_recoil_GeV
        return scale is not None and scale < _STEEP * most

    def recoil_range(self) -> tuple[float, float]:
        """Return the smallest and the largest recoil in GeV, of the fastest particles."""
        low, high, scale = self.least_recoil_GeV, self.spectrum.most_recoil_GeV, self.spectrum.scale_GeV
        if scale is not None and self.is_steep:  # below, the cross section is that of contact: a share of 1e-9
            low = max(low, _NEGLIGIBLE * min(scale, high))
        return low, high

    def average(self, recoil_GeV: float) -> float:
        """Return dsigma/dT in cm^2/GeV at one recoil, averaged over the flux of the halo."""
        return float(self.spectrum.dsigma_dT(np.array([recoil_GeV]))[0])


class Point(NamedTuple):
    """Speed in units of c, 1 - cos of its angle to the wind, recoil in GeV, and the density in cm^2."""

    speed: Value
    versine: Value
    recoil: Value
    density: Value


@dataclass(frozen=True, eq=False)
class SampledWimp:
    """Scattering in a halo; satisfies `tridentgen.engines.process.Process`.

    Attributes
    ----------
    parts : channels
    signature : str
    detector : Detector or None
    """

    parts: tuple[WimpChannel, ...]
    signature: str
    detector: Detector | None = None
    dimensions: int = 3

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the sampling channels."""
        return tuple(part.name for part in self.parts)

    @property
    def spares(self) -> int:
        """Number of auxiliary random numbers: for azimuths, and the resolution of the detector."""
        return _SPARES + (0 if self.detector is None else self.detector.dimensions)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns of an event."""
        nuclides = [part.spectrum.nuclide for part in self.parts]
        masses = {nuclide.pdgid: nuclide.mass_GeV for nuclide in nuclides}
        mass = self.parts[0].spectrum.halo.mass_GeV
        return wimp_columns(mass, masses, has_detector=self.detector is not None)

    @cached_property
    def _speeds(self) -> Speeds:
        return Speeds.of(self.parts[0].spectrum.halo)

    def point(self, channel: int, x: Values) -> Point:
        """Evaluate speed, angle, recoil and density at `x`, all within their exact limits."""
        part, speeds = self.parts[channel], self._speeds
        spectrum, v_lab = part.spectrum, speeds.v_lab
        mass, nucleus = spectrum.halo.mass_GeV, spectrum.nuclide.mass_GeV
        slowest = spectrum.least_speed(part.least_recoil_GeV)
        range_of_speed = v_lab + speeds.v_esc - slowest
        speed = slowest + range_of_speed * x[0]
        most = physics.versine_range(speed, v_lab, speeds.v_esc)
        versine = physics.sample_versine(x[1], speed, most, speeds.v0, v_lab)
        largest = physics.largest_recoil(speed, mass, nucleus)
        recoil = physics.sample_recoil(x[2], part.least_recoil_GeV, largest, spectrum.scale_GeV)
        weight = physics.speed_density(speed, versine.width, speeds.v0, v_lab, speeds.norm) * speed
        sigma = spectrum.sigma(recoil.value) * (recoil.width / largest)
        scale = part.share * range_of_speed / speeds.mean
        return Point(speed, versine.value, recoil.value, weight * sigma * scale)

    def integrand(self, channel: int, x: Values) -> Value:
        """Return the density in cm^2."""
        return self.point(channel, x).density

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        """Return the columns of an event; the auxiliary random numbers `spare` are for azimuths and resolution."""
        part = self.parts[channel]
        spectrum = part.spectrum
        speed, versine, recoil, density = self.point(channel, x)
        (sine, cosine), (turn_sine, turn_cosine) = sincos2pi(spare[0]), sincos2pi(spare[1])
        momenta = physics.lab_momenta(
            speed, versine, recoil, spectrum.halo.mass_GeV, spectrum.nuclide.mass_GeV,
            (cosine, sine), (turn_cosine, turn_sine),
        )  # fmt: skip
        columns: dict[str, Value] = {
            "weight": density,
            "channel": channel,
            "isotope": spectrum.nuclide.pdgid,
            "speed": speed * SPEED_OF_LIGHT_KM_S,
            "recoil_energy": recoil * KEV_PER_GEV,
            "cos_theta": momenta.cos_recoil,
            "time": 0.0,
            "p4_chi_in": momenta.incoming,
            "p4_chi_out": momenta.outgoing,
            "p4_recoil": momenta.recoil,
        }
        if self.detector is None:
            return columns
        u = spare[_SPARES] if self.detector.dimensions else 0.5
        return columns | response(self.detector, part.nuclide, recoil, 0.0, u)
