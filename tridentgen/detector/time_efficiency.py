"""Time efficiency: the probability that a recoil is accepted, as a function of its arrival time. Traceable."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tridentgen.errors import InputError
from tridentgen.flux.tabulated_profile import TabulatedProfile
from tridentgen.flux.time_profile import TimeProfile
from tridentgen.physics.elementary import Value, exp

_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(16)


@dataclass(frozen=True)
class TimeEfficiency:
    """1 from `min_ns` to `max_ns` and 0 outside; after `flat_until_ns` it falls as exp(-(t - flat)/decay).

    COHERENT, PRL 129 (2022) 081801, publishes its efficiency in this form.

    Parameters
    ----------
    min_ns, max_ns : float or None
        The window of arrival times; open where None.
    flat_until_ns, decay_ns : float or None
        Given together: start and time constant of the exponential fall.

    Raises
    ------
    InputError
        For numbers that are not finite, an empty window, a decay that is not positive, or no parameter at all.
    """

    min_ns: float | None = None
    max_ns: float | None = None
    flat_until_ns: float | None = None
    decay_ns: float | None = None

    def __post_init__(self) -> None:
        given = {name: value for name, value in vars(self).items() if value is not None}
        for name, value in given.items():
            if not math.isfinite(value):
                raise InputError(f"{name} = {value!r} must be a finite time in ns")
        if not given:
            raise InputError("a time efficiency needs a window, min_ns or max_ns, or flat_until_ns with decay_ns")
        if self.min_ns is not None and self.max_ns is not None and not self.min_ns < self.max_ns:
            raise InputError(f"max_ns = {self.max_ns:g} must be later than min_ns = {self.min_ns:g}")
        if (self.flat_until_ns is None) != (self.decay_ns is None):
            raise InputError("flat_until_ns and decay_ns belong together: give both or neither")
        if self.decay_ns is not None and not self.decay_ns > 0.0:
            raise InputError(f"decay_ns = {self.decay_ns!r} must be a positive time in ns")

    @property
    def breaks_ns(self) -> tuple[float, ...]:
        """Times where it is not smooth."""
        return tuple(t for t in (self.min_ns, self.max_ns, self.flat_until_ns) if t is not None)

    def __call__(self, time_ns: Value) -> Value:
        """Return the efficiency at a time. Traceable."""
        kept: Value = 1.0
        if self.flat_until_ns is not None and self.decay_ns is not None:
            kept = exp(np.maximum(time_ns - self.flat_until_ns, 0.0) * (-1.0 / self.decay_ns))
        if self.min_ns is not None:
            kept = np.where(time_ns >= self.min_ns, kept, 0.0)
        if self.max_ns is not None:
            kept = np.where(time_ns <= self.max_ns, kept, 0.0)
        return kept

    def averaged(self, profile: TimeProfile | TabulatedProfile | None) -> float:
        """Return the mean over arrival times, by quadrature to 1e-10; steady fluxes (None) are treated as time 0."""
        if profile is None or profile.numbers == 0:
            return float(self(np.float64(0.0 if profile is None else profile.time_ns(()))))
        edges = profile.panels(self.breaks_ns)
        half = 0.5 * np.diff(edges)
        times = (edges[:-1] + half)[:, None] + half[:, None] * _NODES
        weights = (half[:, None] * _NODE_WEIGHTS).ravel()
        values = profile.density(times.ravel()) * self(times.ravel())
        return float(np.sum(weights * values))
