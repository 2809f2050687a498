"""Start times of the neutrinos of a beam: a flat or a bunched spill. Times are in ns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tridentgen.errors import InputError
from tridentgen.physics.elementary import Value, Values
from tridentgen.physics.normal import normal_quantile

_MOST_BUNCHES = 2**31


class Spill(Protocol):
    """Distribution of the times at which neutrinos leave the source."""

    def time_ns(self, u: Values) -> Value:
        """Map two uniform numbers in (0, 1) to a time."""


@dataclass(frozen=True)
class UniformSpill:
    """Times uniform over `length_ns` from `start_ns` on."""

    length_ns: float
    start_ns: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.length_ns < math.inf:
            raise InputError(f"the length {self.length_ns!r} ns of the spill must be a positive time")
        _check_start(self.start_ns)

    def time_ns(self, u: Values) -> Value:
        """Return the time."""
        return self.start_ns + self.length_ns * u[0]


@dataclass(frozen=True)
class BunchedSpill:
    """Equal bunches at intervals of `spacing_ns`, the first centred at `start_ns`.

    Times in a bunch are Gaussian with standard deviation `sigma_ns`; 0 gives bunches of no width.
    """

    bunches: int
    spacing_ns: float
    sigma_ns: float = 0.0
    start_ns: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.bunches <= _MOST_BUNCHES:
            raise InputError(f"bunches = {self.bunches} must be a whole number from 1 to {_MOST_BUNCHES}")
        if not 0.0 < self.spacing_ns < math.inf:
            raise InputError(f"spacing_ns = {self.spacing_ns!r} must be a positive time in ns")
        if not 0.0 <= self.sigma_ns < math.inf:
            raise InputError(f"the width {self.sigma_ns!r} ns of a bunch must be a non-negative number")
        _check_start(self.start_ns)

    def time_ns(self, u: Values) -> Value:
        """Return the time: the first number selects the bunch, the second the time in it."""
        bunch = np.minimum(np.floor(u[0] * float(self.bunches)), self.bunches - 1.0)
        middle = self.start_ns + self.spacing_ns * bunch
        return middle + self.sigma_ns * normal_quantile(u[1]) if self.sigma_ns > 0.0 else middle


def _check_start(start_ns: float) -> None:
    if not math.isfinite(start_ns):
        raise InputError(f"start_ns = {start_ns!r} must be a finite time in ns")
