"""A burst of supernova neutrinos by time and energy, as the fluence and the arrival times of each neutrino."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tridentgen.errors import InputError
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.flux.tabulated_profile import TabulatedProfile
from tridentgen.typing import FloatArray

NS_PER_S = 1e9
_MOST_WINDOWS = 100
_LEAST = 1e-100
"""A fluence per cm^2 and GeV that is none: luminosities of models begin with such numbers."""


class BurstPart(NamedTuple):
    """What a component of a source is made of."""

    name: str
    neutrino: str
    flux: TabulatedFlux
    time: TabulatedProfile | None


@dataclass(frozen=True, eq=False)
class Burst:
    """Neutrinos of a burst on a grid of times and energies.

    Attributes
    ----------
    times_s : array of shape (T,) or (T+1,)
        Points, between which the flux is linear; or edges of bins, over which it is integrated.
    energies_GeV : array of shape (E,) or (E+1,)
        Points, between which the flux is linear; or edges of bins, in which it is constant.
    values : mapping
        By neutrino, arrays of shape (T, E) in cm^-2 GeV^-1, and s^-1 for points in time.
    label : str
        What it is, for descriptions.
    """

    times_s: FloatArray
    energies_GeV: FloatArray
    values: Mapping[str, FloatArray]
    label: str

    @property
    def has_time_points(self) -> bool:
        """Whether times are points, and no edges of bins."""
        return len(self.times_s) == len(next(iter(self.values.values())))

    @property
    def has_energy_points(self) -> bool:
        """Whether energies are points, and no edges of bins."""
        return len(self.energies_GeV) == len(next(iter(self.values.values()))[0])

    def borders(self, windows: int) -> tuple[int, ...]:
        """Return the numbers of the times that divide the burst into windows of about equal numbers of neutrinos.

        There may be fewer than asked for, since a window is at least one step in time.

        Raises
        ------
        InputError
            For a number of windows that is not from 1 to 100.
        """
        if windows not in range(1, _MOST_WINDOWS + 1):
            raise InputError(f"windows = {windows!r} must be a whole number from 1 to {_MOST_WINDOWS}")
        rates = [self._over_energy(values) for values in self.values.values()]
        before = np.cumsum(self._steps(np.asarray(np.cumsum(rates, axis=0)[-1])))
        inner = np.searchsorted(before, before[-1] * np.arange(1, int(windows)) / windows) + 1
        last = len(self.times_s) - 1
        return (0, *np.unique(inner[inner < last]).tolist(), last)

    def parts(self, windows: int = 1) -> tuple[BurstPart, ...]:
        """Return the fluence and the arrival times of each neutrino, in windows of about equal numbers of neutrinos.

        Within a window energies and times are independent of each other.

        Raises
        ------
        InputError
            For a wrong number of windows, and for a burst without neutrinos.
        """
        made = []
        for number, (first, last) in enumerate(pairwise(self.borders(windows)), start=1):
            for neutrino in self.values:
                part = self._part(neutrino, first, last, "" if windows == 1 else f"-{number}")
                made += [] if part is None else [part]
        if not made:
            raise InputError(f"{self.label}: has no neutrinos")
        return tuple(made)

    def _part(self, neutrino: str, first: int, last: int, ending: str) -> BurstPart | None:
        """Return one neutrino between two of the times, or None if there is none."""
        rows = slice(first, last + 1 if self.has_time_points else last)
        values, times = self.values[neutrino][rows], self.times_s[first : last + 1]
        fluence = np.cumsum(self._steps(values, times), axis=0)[-1]
        if not fluence.max() > _LEAST:
            return None
        rate = self._over_energy(values)
        kind = "linear" if self.has_energy_points else "histogram"
        ends = f"{self.energies_GeV[0]:.6g} to {self.energies_GeV[-1]:.6g} GeV"
        span = f"{times[0]:.4g} to {times[-1]:.4g} s"
        text = f"{neutrino} of {self.label}, {span} (per cm2, GeV and burst; {kind}), {ends}"
        flux = TabulatedFlux(self.energies_GeV, fluence, kind, "cm^-2", text)
        if self.has_time_points:
            profile = TabulatedProfile(NS_PER_S * times, rate)
        elif len(self.times_s) > 2:
            profile = TabulatedProfile(NS_PER_S * times, rate / np.diff(times), "histogram")
        else:
            return BurstPart(neutrino + ending, neutrino, flux, None)  # one bin says nothing about times within it
        return BurstPart(neutrino + ending, neutrino, flux, profile)

    def _steps(self, values: FloatArray, times_s: FloatArray | None = None) -> FloatArray:
        """Return the integrals over each step in time of values with times on their first axis."""
        if not self.has_time_points:
            return values
        widths = np.diff(self.times_s if times_s is None else times_s)
        return np.asarray(0.5 * (values[1:] + values[:-1]) * widths.reshape(-1, *[1] * (values.ndim - 1)))

    def _over_energy(self, values: FloatArray) -> FloatArray:
        """Return the integral over energy of values of shape (T, E)."""
        joined = 0.5 * (values[:, 1:] + values[:, :-1]) if self.has_energy_points else values
        return np.asarray(np.cumsum(joined * np.diff(self.energies_GeV), axis=1)[:, -1])
