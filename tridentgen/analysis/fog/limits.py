"""Cross sections and exposures at which dark matter is discovered, and the index of the fog.

Along the line q(sigma, N) = constant in cross section and exposure N, the index n = -(d ln sigma/d ln N)^-1 is 1
without background, 2 for a background of known size, and larger where the uncertainty of the background dominates
(C. A. J. O'Hare, Phys. Rev. Lett. 127 (2021) 251802). Both derivatives of q are closed forms (`Profile`), and so is n.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tridentgen.analysis.fog.profile import Backgrounds, Profile, profile
from tridentgen.errors import InputError, TridentgenError
from tridentgen.typing import FloatArray

_TOLERANCE = 1e-9
_MOST_STEPS = 100
_LONGEST = 3.0
"""Longest step in ln sigma and ln N."""

_PER_DECADE = 10
_DECADES = 14
_BEGIN_EVENTS = 6.0
"""Events of the signal with which the line begins, at the largest cross section: no neutrino is seen there."""

_FINE, _REACH = 60, 4.0
"""Points per decade where the index is smoothed, and the widths over which it is."""

_BEGIN_BACKGROUND = 1e-3
_MOST_EXPOSURE = 1e12
"""Tonne-years; beyond, counts are too large for their digits."""

PUBLISHED_WIDTH = 0.0729
"""Width in decades of sigma of the Gaussian that smooths the published index: three filters of 3 points, 14/998 decades
apart, one after another."""


@dataclass(frozen=True)
class LimitPoint:
    """A cross section in cm^2 that is discovered with an exposure in tonne-years, and the index there."""

    cross_section_cm2: float
    exposure_t_year: float
    index: float


def needed_q(significance: float, probability: float) -> float:
    """Return the q of Asimov data for which the significance is reached with this probability; sqrt(q) is normal."""
    shift = NormalDist().inv_cdf(probability)
    if significance + shift <= 0.0:
        raise InputError(f"probability = {probability:g} is reached by chance alone; choose a larger one")
    return (significance + shift) ** 2


@dataclass(eq=False)
class Searcher:
    """Follows lines of constant q of a signal; each solution starts from the one before.

    Attributes
    ----------
    signal : array of shape (B,)
        Events per tonne-year in bins for `reference_cm2`.
    reference_cm2 : float
    background : Backgrounds
    q : float
        Test statistic of a discovery.
    """

    signal: FloatArray
    reference_cm2: float
    background: Backgrounds
    q: float

    def __post_init__(self) -> None:
        self._pulls: FloatArray | None = None

    def _profile(self, cross_section: float, exposure: float) -> Profile:
        found = profile(self.signal * (cross_section / self.reference_cm2), self.background, exposure, self._pulls)
        self._pulls = found.pulls
        return found

    def exposure(self, cross_section_cm2: float, start: float) -> LimitPoint:
        """Return the exposure needed for a cross section; infinite if none is large enough."""
        exposure = start
        for _ in range(_MOST_STEPS):
            found = self._profile(cross_section_cm2, exposure)
            step = math.log(self.q / found.q) * found.q / found.by_exposure
            if abs(step) < _TOLERANCE:
                return LimitPoint(cross_section_cm2, exposure, found.index)
            exposure *= math.exp(min(max(step, -_LONGEST), _LONGEST))
            if exposure > _MOST_EXPOSURE:
                return LimitPoint(cross_section_cm2, math.inf, math.inf)
        raise TridentgenError(f"no exposure found for {cross_section_cm2:g} cm2; please report this card")

    def cross_section(self, exposure: float) -> LimitPoint:
        """Return the cross section that is discovered with an exposure."""
        sigma = self.reference_cm2 * self._first_events(exposure) / (exposure * float(self.signal.sum()))
        for _ in range(_MOST_STEPS):
            found = self._profile(sigma, exposure)
            step = math.log(self.q / found.q) * found.q / found.by_signal
            if abs(step) < _TOLERANCE:
                return LimitPoint(sigma, exposure, found.index)
            sigma *= math.exp(min(max(step, -_LONGEST), _LONGEST))
        raise TridentgenError(f"no cross section found for {exposure:g} t yr; please report this card")

    def _first_events(self, exposure: float) -> float:
        """Return a first guess of the number of events that are discovered."""
        share = self.signal / self.signal.sum()
        below = exposure * float(share @ self.background.total)
        return _BEGIN_EVENTS + math.sqrt(self.q * below)

    def line(self, per_decade: int = _PER_DECADE) -> Iterator[LimitPoint]:
        """Return points with falling cross sections, from one with no background up to an endless exposure."""
        events = float(self.signal.sum())
        below = float((self.signal / events) @ self.background.total)
        exposure = _BEGIN_BACKGROUND / below
        sigma = self.reference_cm2 * _BEGIN_EVENTS / (events * exposure)
        for number in range(_DECADES * per_decade + 1):
            point = self.exposure(sigma * 10.0 ** (-number / per_decade), exposure)
            if not math.isfinite(point.exposure_t_year):
                return
            yield point
            exposure = point.exposure_t_year

    def crossing(self, index: float, above: LimitPoint, below: LimitPoint) -> LimitPoint:
        """Return the point of this index between two points on the line."""
        low, high = math.log(below.cross_section_cm2), math.log(above.cross_section_cm2)
        at_low, at_high = below.index - index, above.index - index
        exposure = above.exposure_t_year
        for _ in range(_MOST_STEPS):
            share = at_high / (at_high - at_low)
            middle = high + min(max(share, 0.02), 0.98) * (low - high)
            point = self.exposure(math.exp(middle), exposure)
            exposure = point.exposure_t_year
            if high - low < 1e-7 or abs(point.index - index) < 1e-7:
                return point
            if point.index < index:
                high, at_high = middle, point.index - index
                at_low *= 0.5 if share < 0.5 else 1.0
            else:
                low, at_low = middle, point.index - index
                at_high *= 0.5 if share > 0.5 else 1.0
        return point


def boundaries(searcher: Searcher, indices: Sequence[float]) -> tuple[list[LimitPoint | None], list[LimitPoint]]:
    """Return the largest cross section at which the index reaches each of `indices`, and the line followed.

    None where the line ends before the index is reached.
    """
    found: list[LimitPoint | None] = [None] * len(indices)
    line: list[LimitPoint] = []
    for point in searcher.line():
        line.append(point)
        if len(line) > 1:
            for k, index in enumerate(indices):
                if found[k] is None and line[-2].index < index <= point.index:
                    found[k] = searcher.crossing(index, line[-2], point)
        if all(each is not None for each in found):
            break
    return found, line


def smoothed_boundaries(
    searcher: Searcher, indices: Sequence[float]
) -> tuple[list[LimitPoint | None], list[LimitPoint]]:
    """Return what `boundaries` does, for an index that is smoothed as that of arXiv:2109.03116."""
    half = math.ceil(_REACH * PUBLISHED_WIDTH * _FINE)
    x = np.arange(-half, half + 1) / (_FINE * PUBLISHED_WIDTH)
    kernel = np.exp(-0.5 * x * x)
    kernel /= kernel.sum()
    found: list[LimitPoint | None] = [None] * len(indices)
    line: list[LimitPoint] = []
    smooth: list[float] = []  # of the points that have `half` others behind them
    for point in searcher.line(_FINE):
        line.append(point)
        if len(line) <= half:
            continue
        last = len(line) - 1 - half
        window = [line[max(place, 0)].index for place in range(last - half, last + half + 1)]
        smooth.append(float(kernel @ window))
        for k, index in enumerate(indices):
            if found[k] is None and len(smooth) > 1 and smooth[-2] < index <= smooth[-1]:
                share = (index - smooth[-2]) / (smooth[-1] - smooth[-2])
                before, after = line[last - 1], line[last]
                found[k] = LimitPoint(
                    _between(before.cross_section_cm2, after.cross_section_cm2, share),
                    _between(before.exposure_t_year, after.exposure_t_year, share),
                    index,
                )
        if all(each is not None for each in found):
            break
    return found, line


def _between(first: float, second: float, share: float) -> float:
    """Return the number between two positive ones, in their logarithm."""
    return float(first * (second / first) ** share)
