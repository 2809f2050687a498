"""All intervals of a free number at which the profile likelihood is below a level, also where it has several minima.

The profile is computed on a grid that is dense around the card's value and reaches to where CEvNS would be many times
more frequent. Every minimum of the grid is refined by Migrad, and every crossing of a level by the secant.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from tridentgen.errors import InputError
from tridentgen.fits.explorer import Explorer
from tridentgen.fits.likelihood import Minimum
from tridentgen.progress import Progress, silent
from tridentgen.typing import FloatArray

_GROWTH, _EVEN = (1.35, 1.8), (48, 16)
"""Of the distances from the card's value, and number of even points; the second where a profile takes long."""

_NEAR = (0.25, 0.5, 0.75)
_FARTHEST = 1e5
"""Farthest points of the grid, in steps."""

_MOST_SIGNAL = 12.0
"""CEvNS events over those of the card up to which the grid reaches."""

_ACCURACY = 1e-4
_MOST_SECANTS = 40
_MARGIN = 1.0
_SMOOTH, _FILLED = 6.0, (32, 8)


class Interval(NamedTuple):
    """Lower and upper end; infinite where the profile stays below the level as far as it was followed."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Curve:
    """A profile: increasing values of a number, chi2 there, and what minimises it: all free numbers, then pulls."""

    values: FloatArray
    chi2: FloatArray
    places: tuple[FloatArray, ...]

    @property
    def best(self) -> int:
        """Index of the smallest chi2."""
        return int(np.argmin(self.chi2))

    def minima(self, level: float) -> list[int]:
        """Return the indices of the local minima below a level of chi2."""
        around = np.concatenate([[np.inf], self.chi2, [np.inf]])
        found = (around[1:-1] <= around[:-2]) & (around[1:-1] < around[2:]) & (self.chi2 <= level)
        return [int(place) for place in np.nonzero(found)[0]]


def delta_chi2(level: float, numbers: int = 1) -> float:
    """Return the increase of chi2 at the limits of a confidence level, for one or two numbers.

    Raise `InputError` unless 0 < level < 1.
    """
    if not 0.0 < level < 1.0:
        raise InputError(f"a confidence level of {level:g} must lie between 0 and 1, such as 0.9")
    return NormalDist().inv_cdf(0.5 * (1.0 + level)) ** 2 if numbers == 1 else -2.0 * math.log(1.0 - level)


def curve_of(explorer: Explorer, number: int, others: FloatArray, top: float, progress: Progress = silent) -> Curve:
    """Return the profile along a free number, with all its minima that may lie below `top` above the smallest.

    Raise `InputError` for a number that does not change the events, or a fit that does not converge.
    """
    grid = _grid(explorer, number, others)
    at = explorer.along(number, others)
    found: dict[float, Minimum] = {}
    middle = int(np.argmin(np.abs(grid - explorer.start[number])))
    order = [*range(middle, len(grid)), *range(middle - 1, -1, -1)]
    for done, place in enumerate(order):
        if place == middle - 1:
            at = explorer.along(number, found[grid[middle]].place[: len(others)])
        value = float(grid[place])
        found[value] = at(value)
        progress(f"scanning {explorer.models.keys[number].text}", (done + 1) / len(order))
    _refine(explorer, number, found, top)
    _fill(explorer, number, found)
    values = sorted(value for value, minimum in found.items() if minimum.valid)
    if not values:
        raise InputError(f"--free {explorer.models.keys[number].text}: the fit does not converge at any of its values")
    return Curve(np.array(values), np.array([found[v].value for v in values]), tuple(found[v].place for v in values))


def _refine(explorer: Explorer, number: int, found: dict[float, Minimum], top: float) -> None:
    """Add the exact place of every minimum of the grid that may lie below the top."""
    values = sorted(found)
    chi2 = np.array([found[value].value for value in values])
    curve = Curve(np.array(values), chi2, ())
    for place in curve.minima(float(chi2.min()) + top + _reach(chi2, curve.best)):
        minimum = found[values[place]]
        explorer.begin(minimum.place[len(explorer.start) :])
        better = explorer.fit(minimum.place[: len(explorer.start)])
        low, high = values[max(place - 1, 0)], values[min(place + 1, len(values) - 1)]
        if better.valid and better.value < minimum.value and low <= better.place[number] <= high:
            found[float(better.place[number])] = better


def _fill(explorer: Explorer, number: int, found: dict[float, Minimum]) -> None:
    """Add points around the smallest minimum, so that the profile is smooth there."""
    values = sorted(found)
    chi2 = np.array([found[value].value for value in values])
    near = np.nonzero(chi2 <= chi2.min() + _SMOOTH)[0]
    low, high = values[max(near[0] - 1, 0)], values[min(near[-1] + 1, len(values) - 1)]
    best = found[values[int(np.argmin(chi2))]]
    at = explorer.along(number, best.place[: len(explorer.start)])
    for value in np.linspace(low, high, _FILLED[int(_is_slow(explorer))] + 2)[1:-1]:
        found.setdefault(float(value), at(float(value)))


def _reach(chi2: FloatArray, best: int) -> float:
    """Return by how much a minimum between points of the grid may lie below them."""
    near = chi2[max(best - 1, 0) : best + 2]
    return max(float(near.max() - near.min()), 30.0 * _MARGIN)


def _is_slow(explorer: Explorer) -> bool:
    """Whether a point of a profile takes long: with several free numbers, or with those outside the model."""
    keys = explorer.models.keys
    return len(keys) > 1 or not keys[0].is_fast


def _grid(explorer: Explorer, number: int, others: FloatArray) -> FloatArray:
    """Return increasing values at which the profile is computed."""
    step, start = explorer.steps[number], float(explorer.start[number])
    low, high = explorer.range_of(number)
    sizes = (step.down or step.up, step.up or step.down)
    ends = [
        _end(explorer, number, others, sign, size, limit)
        for sign, size, limit in zip((-1.0, 1.0), sizes, (low, high), strict=True)
    ]
    coarse = int(_is_slow(explorer))
    points = [start, *(end for end in ends)]
    for sign, size, end in zip((-1.0, 1.0), sizes, ends, strict=True):
        distance = abs(end - start)
        factors = [*_NEAR, *(_GROWTH[coarse] ** k for k in range(60))]
        points += [start + sign * size * f for f in factors if size * f < distance]
    points += list(np.linspace(ends[0], ends[1], _EVEN[coarse]))
    return np.unique(np.clip(points, ends[0], ends[1]))


def _end(explorer: Explorer, number: int, others: FloatArray, sign: float, size: float, limit: float) -> float:
    """Return where the grid ends on a side: at the limit, or where there are many times more events."""
    start = float(explorer.start[number])
    values, distance = np.array(others), 2.0 * size
    while distance < _FARTHEST * size:
        if sign * (start + sign * distance - limit) >= 0.0:
            return limit
        values[number] = start + sign * distance
        if explorer.signal_ratio(values) > _MOST_SIGNAL:
            break
        distance *= 1.5
    return start + sign * distance


def intervals(explorer: Explorer, number: int, curve: Curve, others: FloatArray, delta: float) -> tuple[Interval, ...]:
    """Return all intervals in which the profile is at most `delta` above its minimum."""
    level = float(curve.chi2.min()) + delta
    below = curve.chi2 <= level
    at = explorer.along(number, others)
    found: list[Interval] = []
    low = curve.values[0] if below[0] else np.nan
    for place in range(1, len(below)):
        if below[place] == below[place - 1]:
            continue
        end = _crossing(at, curve, place, level, explorer.sizes[number])
        if below[place]:
            low = end
        else:
            found.append(Interval(float(low), end))
    if below[-1]:
        found.append(Interval(float(low), float(curve.values[-1])))
    return tuple(found)


def _crossing(at: Callable[[float], Minimum], curve: Curve, place: int, level: float, size: float) -> float:
    """Return where the profile crosses a level between two points, by the secant kept inside (Illinois)."""
    ends = [float(curve.values[place - 1]), float(curve.values[place])]
    off = [float(curve.chi2[place - 1]) - level, float(curve.chi2[place]) - level]
    side = 0
    for _ in range(_MOST_SECANTS):
        if abs(ends[1] - ends[0]) < _ACCURACY * size:
            break
        middle = (ends[0] * off[1] - ends[1] * off[0]) / (off[1] - off[0])
        if max(abs(o) for o in off) > 20.0:
            middle = 0.5 * (ends[0] + ends[1])
        now = at(middle).value - level
        if abs(now) < _ACCURACY:
            return middle
        last = 0 if (now > 0.0) == (off[0] > 0.0) else 1
        ends[last], off[last] = middle, now
        if side == last + 1:
            off[1 - last] *= 0.5
        side = last + 1
    return 0.5 * (ends[0] + ends[1])
