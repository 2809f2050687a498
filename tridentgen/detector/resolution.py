"""Resolution: the distribution of observed energies about the electron-equivalent energy. All energies are in keV.

Both kinds are increasing functions of a standard normal number, so that events and spectra have the same
distribution: events use `observed`, spectra the cumulative distribution Phi(`deviate`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tridentgen.errors import InputError
from tridentgen.physics.elementary import Value
from tridentgen.typing import FloatArray

_TINY_KEV = 1.0e-100  # replaces zero in a denominator


class Resolution(Protocol):
    """Distribution of the observed energy at an electron-equivalent energy."""

    def observed(self, ee_keV: Value, normal: Value) -> Value:
        """Return the observed energy, at least 0, for a standard normal number. Traceable."""

    def deviate(self, observed_keV: FloatArray, ee_keV: FloatArray) -> FloatArray:
        """Return the normal number that gives `observed_keV` >= 0; arrays that broadcast."""

    def width(self, ee_keV: FloatArray) -> FloatArray:
        """Return the standard deviation of the observed energy in keV."""


@dataclass(frozen=True)
class GaussianResolution:
    """sigma^2 = a^2 + b^2 E + c^2 E^2, with E in keV; negative energies are observed as 0."""

    a_keVee: float = 0.0
    b_sqrt_keVee: float = 0.0
    c: float = 0.0

    def __post_init__(self) -> None:
        terms = {"a_keVee": self.a_keVee, "b_sqrt_keVee": self.b_sqrt_keVee, "c": self.c}
        for name, value in terms.items():
            if not 0.0 <= value < math.inf:
                raise InputError(f"{name} = {value!r} of the resolution must be a non-negative number")
        if not any(terms.values()):
            raise InputError(f"a Gaussian resolution needs one of {', '.join(terms)} above zero")

    def width(self, ee_keV: Value) -> Value:
        """Return sigma in keV. Traceable."""
        a, b, c = self.a_keVee, self.b_sqrt_keVee, self.c
        return np.sqrt(a * a + ee_keV * (b * b + c * c * ee_keV))

    def observed(self, ee_keV: Value, normal: Value) -> Value:
        """Return E + sigma z, or 0 if that is negative."""
        return np.maximum(ee_keV + self.width(ee_keV) * normal, 0.0)

    def deviate(self, observed_keV: FloatArray, ee_keV: FloatArray) -> FloatArray:
        """Return (x - E)/sigma."""
        width: FloatArray = np.maximum(self.width(ee_keV), _TINY_KEV)
        return (observed_keV - ee_keV) / width


@dataclass(frozen=True)
class GammaResolution:
    """Gamma distribution of mean E and shape 1 + b E, with E in keV: that of COHERENT's CsI.

    arXiv:2110.07730, data release: b = 9.56 per keV. The cube root of a gamma variable is almost exactly normal
    (E. B. Wilson and M. M. Hilferty, PNAS 17 (1931) 684); this approximation is used for both events and spectra:
    x = E (1 - h + z sqrt(h))^3, h = 1/(9 shape). The error of the cumulative distribution is 0.012 at shape 1, where
    E = 0, 0.0013 at 5 and 0.0003 at 20; that of the mean is h^3.
    """

    shape_per_keVee: float

    def __post_init__(self) -> None:
        if not 0.0 < self.shape_per_keVee < math.inf:
            raise InputError(f"shape_per_keVee = {self.shape_per_keVee!r} of the resolution must be a positive number")

    def _h(self, ee_keV: Value) -> Value:
        return 1.0 / (9.0 + (9.0 * self.shape_per_keVee) * ee_keV)

    def width(self, ee_keV: FloatArray) -> FloatArray:
        """Return E/sqrt(shape)."""
        return np.asarray(ee_keV * 3.0 * np.sqrt(self._h(ee_keV)))

    def observed(self, ee_keV: Value, normal: Value) -> Value:
        """Return x, or 0 where the cube is negative."""
        h = self._h(ee_keV)
        root = np.maximum(1.0 - h + normal * np.sqrt(h), 0.0)
        return ee_keV * (root * root * root)

    def deviate(self, observed_keV: FloatArray, ee_keV: FloatArray) -> FloatArray:
        """Return ((x/E)^(1/3) - 1 + h)/sqrt(h)."""
        h = self._h(ee_keV)
        return np.asarray((np.cbrt(observed_keV / np.maximum(ee_keV, _TINY_KEV)) - 1.0 + h) / np.sqrt(h))
