"""Dark matter of the galactic halo as a beam: a truncated Maxwell distribution of velocities, seen from the Earth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tridentgen.flux.base import require
from tridentgen.typing import FloatArray

_CM_PER_KM = 1e5
_ROOT_PI = math.sqrt(math.pi)
_SLOWEST_KM_S, _FASTEST_KM_S = 1.0, 3000.0
_LEAST_ESCAPE, _MOST_ESCAPE = 0.1, 20.0  # in units of v0: beyond them the distribution loses digits, or is a spike
_LIGHTEST_GEV, _HEAVIEST_GEV = 1e-3, 1e9

_erf, _erfc = np.frompyfunc(math.erf, 1, 1), np.frompyfunc(math.erfc, 1, 1)
_FAR, _NEAR = 0.5, 2.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True)
class Halo:
    """Particles of one mass in the halo; in the rest frame of the galaxy f(u) ~ exp(-u^2/v0^2) below the escape speed.

    The detector moves through the halo with `v_lab_km_s`: the wind blows against its motion. J. D. Lewin and P. F.
    Smith, Astropart. Phys. 6 (1996) 87, section 2. `tridentgen.halo` makes it from a convention or a date.

    Parameters
    ----------
    mass_GeV : float
        Mass of the particle.
    density_GeV_cm3 : float
        Local density of dark matter.
    v0_km_s, v_esc_km_s : float
        Most probable speed, and the escape speed, in the rest frame of the galaxy.
    v_lab_km_s : float
        Speed of the detector in that frame.

    Raises
    ------
    InputError
        For a number out of range.
    """

    mass_GeV: float
    density_GeV_cm3: float = 0.3
    v0_km_s: float = 220.0
    v_lab_km_s: float = 232.0
    v_esc_km_s: float = 544.0

    def __post_init__(self) -> None:
        mass, density = self.mass_GeV, self.density_GeV_cm3
        words = f"must be a mass from {_LIGHTEST_GEV:g} to {_HEAVIEST_GEV:g} GeV"
        require(_LIGHTEST_GEV <= mass <= _HEAVIEST_GEV, "mass_GeV", mass, words)
        require(0.0 < density <= 1e6, "density_GeV_cm3", density, "must be positive, up to 1e6 GeV/cm3; usual is 0.3")
        for name in ("v0_km_s", "v_lab_km_s", "v_esc_km_s"):
            speed, words = getattr(self, name), f"must be a speed from {_SLOWEST_KM_S:g} to {_FASTEST_KM_S:g} km/s"
            require(_SLOWEST_KM_S <= speed <= _FASTEST_KM_S, name, speed, words)
        escape = self.v_esc_km_s
        words = f"must be from {_LEAST_ESCAPE:g} to {_MOST_ESCAPE:g} times v0_km_s = {self.v0_km_s!r}"
        require(_LEAST_ESCAPE <= escape / self.v0_km_s <= _MOST_ESCAPE, "v_esc_km_s", escape, words)

    @property
    def total(self) -> float:
        """Particles per cm^2 and second: rho <v>/m."""
        return self.density_GeV_cm3 / self.mass_GeV * self.mean_speed_km_s * _CM_PER_KM

    @property
    def total_units(self) -> str:
        """Units of `total`."""
        return "cm^-2 s^-1"

    @property
    def description(self) -> str:
        """One line for summaries."""
        return (
            f"dark matter of {self.mass_GeV:g} GeV in the halo, {self.density_GeV_cm3:g} GeV/cm3, v0 = "
            f"{self.v0_km_s:.6g} km/s, v_lab = {self.v_lab_km_s:.6g} km/s, v_esc = {self.v_esc_km_s:.6g} km/s"
        )

    @property
    def fastest_km_s(self) -> float:
        """Largest speed in the laboratory."""
        return self.v_esc_km_s + self.v_lab_km_s

    @property
    def slowest_km_s(self) -> float:
        """Smallest speed in the laboratory: 0 unless the detector moves faster than the halo can."""
        return max(self.v_lab_km_s - self.v_esc_km_s, 0.0)

    @cached_property
    def norm(self) -> float:
        """Integral of exp(-u^2/v0^2) d^3u below the escape speed, in v0^3 (Lewin and Smith, eq. 2.2)."""
        z = self.v_esc_km_s / self.v0_km_s
        return math.pi * _ROOT_PI * (math.erf(z) - 2.0 / _ROOT_PI * z * math.exp(-z * z))

    @cached_property
    def mean_speed_km_s(self) -> float:
        """Mean speed in the laboratory.

        The mean of |u - v_lab| over the directions of u is v_lab + u^2/(3 v_lab), or u + v_lab^2/(3 u) for u > v_lab.
        """
        y, z = self.v_lab_km_s / self.v0_km_s, self.v_esc_km_s / self.v0_km_s
        a = min(y, z)
        at_a, at_z = math.exp(-a * a), math.exp(-z * z)
        second = 0.25 * _ROOT_PI * math.erf(a) - 0.5 * a * at_a  # integral of u^2 exp(-u^2) from 0 to a
        fourth = 1.5 * second - 0.5 * (a * a * a) * at_a
        first = 0.5 * (at_a - at_z)  # integral of u exp(-u^2) from a to z
        third = 0.5 * ((1.0 + a * a) * at_a - (1.0 + z * z) * at_z)
        mean = y * second + fourth / (3.0 * y) + third + y * y / 3.0 * first
        return 4.0 * math.pi / self.norm * mean * self.v0_km_s

    def mean_inverse_speed(self, least_km_s: FloatArray) -> FloatArray:
        """Return the mean of 1/v over speeds above those of shape (N,), in s/km: the halo integral eta(v_min).

        It is (pi v0^2/(K v_lab)) times the integral over v of exp(-(v - v_lab)^2/v0^2) - exp(-min(v + v_lab,
        v_esc)^2/v0^2), K in v0^3, over |v - v_lab| < v_esc.
        """
        y, z = self.v_lab_km_s / self.v0_km_s, self.v_esc_km_s / self.v0_km_s
        x = np.asarray(least_km_s, dtype=np.float64) / self.v0_km_s
        # From `turn` on no angle is free of the escape speed; below, an interval where v + v_lab < v_esc is added.
        turn = abs(z - y)
        found = _truncated(np.clip(x, turn, y + z) - y, z)
        if z > y:
            low = np.clip(x, 0.0, turn)
            found = found + _between(low - y, turn - y) - _between(low + y, np.asarray(z))
        return np.asarray(math.pi / (self.norm * y * self.v0_km_s) * found)

    def speed_density(self, speed_km_s: FloatArray) -> FloatArray:
        """Return the distribution of the speeds in the laboratory in s/km at speeds of shape (N,), integral 1."""
        speed = np.asarray(speed_km_s, dtype=np.float64)
        near = (speed - self.v_lab_km_s) / self.v0_km_s
        far = np.minimum(speed + self.v_lab_km_s, self.v_esc_km_s) / self.v0_km_s
        inside = (speed > self.slowest_km_s) & (speed < self.fastest_km_s)
        shape = np.exp(-near * near) - np.exp(-far * far)
        scale = math.pi * speed / (self.norm * self.v_lab_km_s * self.v0_km_s)
        return np.where(inside, scale * np.maximum(shape, 0.0), 0.0)


def _between(low: FloatArray, high: FloatArray | float) -> FloatArray:
    """Return the integral of exp(-w^2) from `low` to `high`, without the cancellation of two values near 1."""
    far = np.asarray(low) > _FAR
    tail = _elementwise(_erfc, low) - _elementwise(_erfc, high)
    return np.asarray(0.5 * _ROOT_PI * np.where(far, tail, _elementwise(_erf, high) - _elementwise(_erf, low)))


def _truncated(w: FloatArray, z: float) -> FloatArray:
    """Return the integral of exp(-t^2) - exp(-z^2) from `w`, at least -z, to `z`, exact also where it is small."""
    width = z - w
    whole = _between(w, z) - math.exp(-z * z) * width
    t = w[..., None] + 0.5 * width[..., None] * (1.0 + _NODES)
    near = np.minimum((z - t) * (z + t), _NEAR * _NEAR + 2.0 * _NEAR * z)
    summed = 0.5 * width * np.sum(np.expm1(near) * _WEIGHTS, axis=-1) * math.exp(-z * z)
    return np.asarray(np.where(width * z < _NEAR, summed, whole))


def _elementwise(function: np.ufunc, x: FloatArray | float) -> FloatArray:
    return np.asarray(function(x), dtype=np.float64)
