"""Neutrinos from muon decay in flight, in storage rings such as nuSTORM and in muon colliders.

Rest frame, x = 2 E'/m, for mu- (for mu+ the polarisation P changes sign), the electron mass neglected:

    d2N/dx dOmega' = (2 x^2/4 pi) [3 - 2x + (1 - 2x) P cos theta']     muon neutrinos
    d2N/dx dOmega' = (12 x^2/4 pi) (1 - x) [1 + P cos theta']          electron neutrinos

S. Geer, Phys. Rev. D 57 (1998) 6989; in the laboratory: V. Barger, S. Geer and K. Whisnant, Phys. Rev. D 61
(2000) 053004. nuSTORM: D. Adey et al., arXiv:1305.1419. Radiative corrections are of order 0.1 %
(A. Broncano and O. Mena, hep-ph/0203052).

The boost. At the laboratory angle theta let w = gamma (1 - beta cos theta). Then x = 2 E w/m,
dOmega' = dOmega/w^2, and per decay

    dN/dE dOmega = (2/(m w)) [A(x) + P B(x) cos theta'] / 4 pi,    1 - cos theta' = kappa (w - w0)/w,
    w0 = 1/(gamma (1 + beta)),    kappa = (1 + beta)/beta.

At fixed E both w and x are linear in cos theta, from their values on the axis (x0 = E/E_max,
E_max = m/(2 w0)) to the rim of the detector or to the end of the spectrum at x = 1. The mean over the disk is
thus the mean of a polynomial in x over [x0, x0 + d], without quadrature. It is computed in v = x - x0 and z = 1 - x;
neither 1 - beta nor 1 - cos theta' is ever computed as a difference of numbers near one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tridentgen.errors import InputError
from tridentgen.flux.base import Flux, require
from tridentgen.flux.kind import NUMBER, TEXT, FluxKind, FluxRequest
from tridentgen.flux.source import Component, Source
from tridentgen.matter.particles import lepton_mass_GeV
from tridentgen.matter.particles import neutrino as find_neutrino
from tridentgen.physics.elementary import Value
from tridentgen.typing import FloatArray

_CM_PER_M = 100.0
MUON_PRODUCTS = {-1: ("numu", "nuebar"), 1: ("numubar", "nue")}
"""The two neutrinos of a muon of each charge."""

_MUON = {-1: "mu-", 1: "mu+"}


@dataclass(frozen=True)
class DecaySpectrum:
    """Shape of the spectrum: ``scale * lit * <polynomial>`` in x0 = E/E_max and y = 1 - x0.

    `reach` is (w_rim - w0)/w0, zero for a point. The other four multiply the means of x, v, x z and v z.
    """

    scale: float
    reach: float
    in_x: float
    in_v: float
    in_xz: float
    in_vz: float

    def __call__(self, x0: Value, y: Value) -> Value:
        """Return dN/dx0, normalised to one for 0 <= x0 <= 1."""
        lit = (
            np.minimum(x0, y / self.reach) if self.reach > 0.0 else x0
        )  # x0 times the illuminated fraction of the disk
        d = self.reach * lit
        mean_v = 0.5 * d
        mean_vz = d * (0.5 * y - d * (1.0 / 3.0))
        mean_xz = x0 * (y - mean_v) + mean_vz
        return (
            self.scale
            * lit
            * (self.in_x * (x0 + mean_v) + self.in_v * mean_v + self.in_xz * mean_xz + self.in_vz * mean_vz)
        )


@dataclass(frozen=True)
class MuonDecayMap:
    """The map with E linear in u from the threshold to the end of the spectrum; the weight is density times width."""

    spectrum: DecaySpectrum
    energy_min_GeV: float
    energy_max_GeV: float
    dimensions: int = 1

    def __call__(self, u: Value) -> tuple[Value, Value]:
        """Return the energy in GeV and its weight."""
        width = self.energy_max_GeV - self.energy_min_GeV
        share = width / self.energy_max_GeV
        energy = np.minimum(self.energy_min_GeV + width * u, self.energy_max_GeV)
        y = share * (1.0 - u)
        return energy, share * self.spectrum(energy * (1.0 / self.energy_max_GeV), y)


class MichelFlux(Flux):
    """Neutrinos from muon decay, with the spectrum `_spectrum` up to the maximum energy."""

    if TYPE_CHECKING:

        @property
        def _spectrum(self) -> DecaySpectrum: ...

    def density(self, energy_GeV: FloatArray) -> FloatArray:
        """Return the spectrum in 1/GeV at the energies of shape (N,)."""
        energy = np.asarray(energy_GeV, dtype=np.float64)
        end = self.energy_max_GeV
        inside = (energy >= 0.0) & (energy <= end)
        safe = np.where(inside, energy, 0.0)
        return np.where(inside, self._spectrum(safe / end, (end - safe) / end) / end, 0.0)

    def energy_map(self, threshold_GeV: float) -> MuonDecayMap:
        """Return the linear map above the threshold; raises `InputError` if no flux is there."""
        self._require_above(threshold_GeV)
        return MuonDecayMap(self._spectrum, max(float(threshold_GeV), 0.0), self.energy_max_GeV)


@dataclass(frozen=True)
class MuonDecay(MichelFlux):
    """Neutrinos of one species from muon decay in flight, averaged over a circular detector.

    Parameters
    ----------
    muon_energy_GeV
        Total energy of the muons.
    muon_charge
        -1 (numu and nuebar) or +1 (numubar and nue).
    neutrino
        Name of one of the two neutrinos of the decay.
    distance_m
        Distance from the decay to the centre of the detector.
    detector_radius_m
        Radius of a disk across the beam, centred on its axis; 0 for a point.
    polarisation
        Mean spin along the direction of flight, -1 to 1.
    off_axis_angle_rad
        Angle between the beam and the line to the detector, which must then be a point.

    Raises
    ------
    InputError
        For a neutrino that this muon does not produce or that misses the detector, and for numbers out of range.
    """

    muon_energy_GeV: float
    muon_charge: int
    neutrino: str
    distance_m: float
    detector_radius_m: float = 0.0
    polarisation: float = 0.0
    off_axis_angle_rad: float = 0.0

    def __post_init__(self) -> None:
        self._check_numbers()
        find_neutrino(self.neutrino)
        require(self.muon_charge in MUON_PRODUCTS, "muon_charge", self.muon_charge, "must be -1 or +1")
        products, muon = MUON_PRODUCTS[self.muon_charge], _MUON[self.muon_charge]
        if self.neutrino not in products:
            raise InputError(
                f"{muon} decays make {products[0]} and {products[1]}, not {self.neutrino}: "
                "choose one of them, or the muon of opposite charge"
            )
        if not self.total > 0.0:
            raise InputError(
                f"no {self.neutrino} from {muon} reaches the detector at polarisation {self.polarisation:g}: "
                "they are not emitted in its direction; change the polarisation or give the detector a radius"
            )

    def _check_numbers(self) -> None:
        """Raise `InputError` for numbers out of range."""
        energy, distance, radius = self.muon_energy_GeV, self.distance_m, self.detector_radius_m
        rule = f"must be a finite total energy above the muon's mass, {self._mass_GeV:.6g} GeV"
        require(math.isfinite(energy) and energy > self._mass_GeV, "muon_energy_GeV", energy, rule)
        require(
            math.isfinite(distance) and distance > 0.0,
            "distance_m",
            distance,
            "must be a positive length in m",
        )
        require(
            math.isfinite(radius) and radius >= 0.0,
            "detector_radius_m",
            radius,
            "must be zero or a length in m",
        )
        require(abs(self.polarisation) <= 1.0, "polarisation", self.polarisation, "must lie between -1 and 1")
        angle = self.off_axis_angle_rad
        require(0.0 <= angle <= math.pi, "off_axis_angle_rad", angle, "must lie between 0 and pi")
        rule = "must be 0 for a detector off the axis, which is treated as a point"
        require(angle == 0.0 or radius == 0.0, "detector_radius_m", radius, rule)

    @property
    def _mass_GeV(self) -> float:
        return lepton_mass_GeV("mu")

    @cached_property
    def _beta_gamma(self) -> float:
        energy, mass = self.muon_energy_GeV, self._mass_GeV
        return math.sqrt((energy - mass) * (energy + mass)) / mass

    @cached_property
    def _w_axis(self) -> float:
        """w0 = gamma (1 - beta), computed without the difference."""
        return 1.0 / (self.muon_energy_GeV / self._mass_GeV + self._beta_gamma)

    @cached_property
    def _w(self) -> float:
        """Value of w at the centre of the detector: w0 + 2 gamma beta sin^2(theta/2)."""
        return self._w_axis + 2.0 * self._beta_gamma * math.sin(0.5 * self.off_axis_angle_rad) ** 2

    @cached_property
    def _kappa(self) -> float:
        """(1 + beta)/beta."""
        return 1.0 + self.muon_energy_GeV / (self._mass_GeV * self._beta_gamma)

    @cached_property
    def _forward(self) -> float:
        """-q P cos theta' at the centre of the detector, with q the charge of the muon."""
        cos_rest = 1.0 - self._kappa * (self._w - self._w_axis) / self._w
        return -self.muon_charge * self.polarisation * max(-1.0, min(1.0, cos_rest))

    @cached_property
    def _solid_angle_per_area(self) -> float:
        """2 pi (1 - cos theta_rim)/(pi R^2) in cm^-2; 1/L^2 for a point."""
        slant = math.hypot(self.distance_m, self.detector_radius_m)
        return 2.0 / (slant * (slant + self.distance_m) * _CM_PER_M**2)

    @cached_property
    def _reach(self) -> float:
        """(w_rim - w0)/w0 with w_rim - w0 = gamma beta (1 - cos theta_rim)."""
        slant = math.hypot(self.distance_m, self.detector_radius_m)
        one_minus_cos = self.detector_radius_m**2 / (slant * (slant + self.distance_m))
        return self._beta_gamma * one_minus_cos / self._w

    @cached_property
    def _relative_total(self) -> float:
        """Ratio of the total to that of an unpolarised point: int of 1 + k cos theta' over the disk, k below."""
        k = self._forward * (1.0 if find_neutrino(self.neutrino).flavour == "e" else -1.0 / 3.0)
        opening = self._kappa * self._reach / (1.0 + self._reach)  # 1 - cos theta' at the rim
        return ((1.0 + k) - 0.5 * k * opening) / (1.0 + self._reach)

    @property
    def total(self) -> float:
        """Neutrinos per cm^2 and muon decay; gamma^2 (1 + beta)^2/(4 pi L^2) on axis, unpolarised."""
        return self._solid_angle_per_area * self._relative_total / (4.0 * math.pi * self._w**2)

    @property
    def total_units(self) -> str:
        """Units of `total`."""
        return "cm^-2 per muon decay"

    @property
    def description(self) -> str:
        """One line for summaries."""
        where = f"{self.distance_m:g} m away"
        if self.detector_radius_m:
            where += f", disk of {self.detector_radius_m:g} m radius"
        if self.off_axis_angle_rad:
            where += f", {math.degrees(self.off_axis_angle_rad):g} degrees off axis"
        spin = f", polarisation {self.polarisation:g}" if self.polarisation else ""
        muon = _MUON[self.muon_charge]
        return f"{self.neutrino} from decays of {muon} of {self.muon_energy_GeV:g} GeV, {where}{spin}"

    @property
    def energy_min_GeV(self) -> float:
        """Zero."""
        return 0.0

    @property
    def energy_max_GeV(self) -> float:
        """m/(2 w): (E + p)/2 on the axis."""
        return self._mass_GeV / (2.0 * self._w)

    @cached_property
    def _spectrum(self) -> DecaySpectrum:
        """The polynomials of the module docstring for this neutrino."""
        p = self._forward
        p_kappa = p * self._kappa
        if find_neutrino(self.neutrino).flavour == "e":
            coefficients = (0.0, 0.0, 12.0 * (1.0 + p), -12.0 * p_kappa)
        else:
            coefficients = (2.0 * (1.0 - p), 2.0 * p_kappa, 4.0 * (1.0 + p), -4.0 * p_kappa)
        return DecaySpectrum(1.0 / self._relative_total, self._reach, *coefficients)


def _build(request: FluxRequest) -> Source:
    """Return the neutrino asked for, or both that the muon makes."""
    muon = request.options["muon"]
    charges = {name: charge for charge, name in _MUON.items()}
    require(muon in charges, "muon", muon, "must be 'mu-' or 'mu+'")
    angle = request.number("off_axis_angle_deg", 0.0)
    require(0.0 <= angle <= 180.0, "off_axis_angle_deg", angle, "must lie between 0 and 180")
    products = MUON_PRODUCTS[charges[muon]]
    made = tuple(
        MuonDecay(
            muon_energy_GeV=request.number("muon_energy_GeV"),
            muon_charge=charges[muon],
            neutrino=name,
            distance_m=request.number("distance_m"),
            detector_radius_m=request.number("detector_radius_m", 0.0),
            polarisation=request.number("polarisation", 0.0),
            off_axis_angle_rad=math.radians(angle),
        )
        for name in (products if request.neutrino is None else (request.neutrino,))
    )
    if len(made) == 1:
        return Source.of(made[0], made[0].neutrino)
    components = tuple(Component(flux.neutrino, flux.neutrino, flux) for flux in made)
    return Source(components, made[0].description.replace(made[0].neutrino, " and ".join(products), 1))


KIND = FluxKind(
    name="muon-decay",
    keys={
        "muon_energy_GeV": NUMBER,
        "muon": TEXT,
        "distance_m": NUMBER,
        "detector_radius_m": NUMBER,
        "polarisation": NUMBER,
        "off_axis_angle_deg": NUMBER,
    },
    required=("muon_energy_GeV", "muon", "distance_m"),
    build=_build,
    range_key="muon_energy_GeV",
)
