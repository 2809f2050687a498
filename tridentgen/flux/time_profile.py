"""Arrival times of neutrinos: a beam pulse, the decays that follow it, and the time of flight."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tridentgen.constants import MUON_LIFETIME_S
from tridentgen.errors import InputError
from tridentgen.flux.base import require
from tridentgen.physics.elementary import Value, Values, log
from tridentgen.physics.normal import normal_quantile
from tridentgen.typing import FloatArray

PION_LIFETIME_NS = 26.033
"""Mean life of the charged pion (PDG 2024)."""

MUON_LIFETIME_NS = MUON_LIFETIME_S * 1e9

PULSES = ("none", "box", "gaussian")

_FWHM_PER_SIGMA = math.sqrt(8.0 * math.log(2.0))
_FAR = 45.0
"""Number of mean lives, or of standard deviations of a Gaussian pulse, beyond which the density is negligible."""

_ASYMPTOTIC_FROM = 10.0
"""Above this z the scaled erfc is taken from its asymptotic series, good there to 3e-9."""


@dataclass(frozen=True)
class TimeProfile:
    """Arrival time in ns: offset + pulse + a sum of exponentially distributed decay times.

    Parameters
    ----------
    decays_ns
        Mean lives of successive decays: ``(26.033,)`` for the neutrinos of pions, ``(26.033, 2196.98)`` for those of
        their daughter muons.
    pulse
        Shape of the beam pulse, centred on time zero: ``"none"``, ``"box"`` or ``"gaussian"``.
    pulse_ns
        Width of the box, or full width at half maximum of the Gaussian; 0 without a pulse.
    offset_ns
        A constant added to every time, such as a time of flight.

    Raises
    ------
    InputError
        For mean lives or widths that are not positive, and for two equal mean lives.
    """

    decays_ns: tuple[float, ...] = ()
    pulse: str = "none"
    pulse_ns: float = 0.0
    offset_ns: float = 0.0

    def __post_init__(self) -> None:
        for life in self.decays_ns:
            require(math.isfinite(life) and life > 0.0, "decays_ns", life, "must be a positive mean life in ns")
        distinct = len(set(self.decays_ns)) == len(self.decays_ns)
        require(distinct, "decays_ns", self.decays_ns, "must all differ: make one of two equal mean lives longer")
        known = f"is not known; use {', '.join(repr(name) for name in PULSES)}"
        require(self.pulse in PULSES, "pulse", self.pulse, known)
        width = self.pulse_ns
        if self.pulse == "none":
            require(width == 0.0, "pulse_ns", width, "needs a pulse of shape 'box' or 'gaussian'")
        else:
            require(math.isfinite(width) and width > 0.0, "pulse_ns", width, "must be a positive width in ns")
        require(math.isfinite(self.offset_ns), "offset_ns", self.offset_ns, "must be a finite time in ns")

    @property
    def numbers(self) -> int:
        """Number of uniform random numbers that `time_ns` uses."""
        return len(self.decays_ns) + (self.pulse != "none")

    def time_ns(self, u: Values) -> Value:
        """Return the arrival time in ns for `numbers` uniform numbers in (0, 1), first axis of `u`; traceable.

        The first numbers are for the decays, the last one is for the pulse. The time increases with each of them.
        """
        time: Value = self.offset_ns
        for i, life in enumerate(self.decays_ns):
            time = time - life * log(1.0 - u[i])
        if self.pulse == "box":
            return time + self.pulse_ns * (u[len(self.decays_ns)] - 0.5)
        if self.pulse == "gaussian":
            return time + self._sigma_ns * normal_quantile(u[len(self.decays_ns)])
        return time

    def density(self, time_ns: FloatArray) -> FloatArray:
        """Return the distribution of arrival times in 1/ns at times of shape (N,), integral 1.

        The density of a sum of decays with mean lives tau_i is sum_i a_i exp(-t/tau_i)/tau_i with
        a_i = prod_(j != i) tau_i/(tau_i - tau_j) (D. R. Cox, Renewal Theory (1962), section 1.5).

        Raises
        ------
        InputError
            If all neutrinos arrive at one time.
        """
        if self.numbers == 0:
            raise InputError("a time profile without decays and pulse has no density; all arrive at its offset_ns")
        t = np.asarray(time_ns, dtype=np.float64) - self.offset_ns
        if not self.decays_ns:
            return self._pulse_density(t)
        single = {"none": _exponential, "box": self._box_decay, "gaussian": self._gaussian_decay}[self.pulse]
        return self._mixed(single, t)

    def panels(self, breaks_ns: Sequence[float]) -> FloatArray:
        """Return edges of intervals in which the density is smooth, wider with distance from each kink.

        `breaks_ns` are kinks of a function that multiplies it.
        """
        sigma = self.pulse_ns if self.pulse == "gaussian" else 0.0
        half = {"box": 0.5 * self.pulse_ns, "gaussian": 8.0 * sigma}.get(self.pulse, 0.0)
        first, end = self.offset_ns - half, self.offset_ns + half
        last = end + _FAR * max(self.decays_ns, default=0.0)
        starts = [first, end, *(t for t in breaks_ns if first < t < last)]
        scale = min([*self.decays_ns, *([sigma] if sigma else []), last - first])
        steps = scale * np.concatenate([[0.0], 2.0 ** np.arange(-1.0, math.log2((last - first) / scale) + 1.0, 0.5)])
        even = [np.arange(first, end, scale)] if sigma else []
        edges = np.unique(np.concatenate([*(start + steps for start in starts), *even, [last]]))
        return np.asarray(edges[(edges >= first) & (edges <= last)])

    @property
    def _sigma_ns(self) -> float:
        """Standard deviation of the Gaussian pulse."""
        return self.pulse_ns / _FWHM_PER_SIGMA

    def _mixed(self, single: Callable[[FloatArray, float], FloatArray], t: FloatArray) -> FloatArray:
        """Return the sum of the densities of single decays with the factors a_i."""
        total = np.zeros_like(t)
        for life in self.decays_ns:
            others = (other for other in self.decays_ns if other != life)
            total = total + math.prod(life / (life - other) for other in others) * single(t, life)
        return total

    def _pulse_density(self, t: FloatArray) -> FloatArray:
        """Return the density of the pulse alone."""
        if self.pulse == "box":
            return np.where(np.abs(t) <= 0.5 * self.pulse_ns, 1.0 / self.pulse_ns, 0.0)
        sigma = self._sigma_ns
        return np.asarray(np.exp(-0.5 * (t / sigma) ** 2) / (sigma * math.sqrt(2.0 * math.pi)))

    def _box_decay(self, t: FloatArray, life: float) -> FloatArray:
        """Return the density of a decay after a box pulse: a difference of cumulative exponentials."""
        half = 0.5 * self.pulse_ns
        rise, fall = (-np.expm1(-np.maximum(t + shift, 0.0) / life) for shift in (half, -half))
        return np.asarray((rise - fall) / self.pulse_ns)

    def _gaussian_decay(self, t: FloatArray, life: float) -> FloatArray:
        """Return the density of a decay after a Gaussian pulse.

        exp(z^2 - t^2/(2 sigma^2)) erfc(z)/(2 tau) with z = (sigma/tau - t/sigma)/sqrt(2) (exponentially modified
        Gaussian: E. Grushka, Anal. Chem. 44 (1972) 1733), without the overflow of either factor.
        """
        sigma = self._sigma_ns
        z = (sigma / life - t / sigma) / math.sqrt(2.0)
        early = z > _ASYMPTOTIC_FROM
        near = np.where(early, 0.0, z)
        erfc = np.array([math.erfc(x) for x in near.ravel()]).reshape(near.shape)
        exact = np.exp(np.where(early, 0.0, (0.5 * sigma / life - t / sigma) * (sigma / life))) * erfc
        far = np.where(early, z, _ASYMPTOTIC_FROM)
        w = 0.5 / (far * far)
        series = (1.0 - w * (1.0 - 3.0 * w * (1.0 - 5.0 * w * (1.0 - 7.0 * w)))) / (far * math.sqrt(math.pi))
        return np.where(early, np.exp(-0.5 * (t / sigma) ** 2) * series, exact) / (2.0 * life)


def _exponential(t: FloatArray, life: float) -> FloatArray:
    """Return the density of one decay."""
    return np.where(t >= 0.0, np.exp(-np.maximum(t, 0.0) / life) / life, 0.0)
