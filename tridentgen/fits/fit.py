"""Fits of a card's numbers to measurements: best values, all intervals, profiles and contours.

Without free numbers, the number of CEvNS events is fitted, and how significantly it differs from zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tridentgen.errors import InputError
from tridentgen.fits.explorer import Explorer
from tridentgen.fits.intervals import Curve, Interval, curve_of, delta_chi2, intervals
from tridentgen.fits.likelihood import Likelihood, Minimum, require_iminuit
from tridentgen.fits.measurement import Measurement, data_of
from tridentgen.fits.models import CardModels, FreeKey, Models, Strength
from tridentgen.progress import Progress, silent
from tridentgen.typing import FloatArray

LEVELS = (0.6827, 0.9)
"""Confidence levels of the intervals unless others are asked for."""

_CONTOUR = 41
_BEYOND = 1.25
_AT_LIMIT = 1e-3
"""Distance from a limit, in steps, within which a best value is said to lie at it."""


@dataclass(frozen=True, eq=False)
class FreeNumber:
    """A free number after a fit: its best value and all intervals of each confidence level, in the unit of its key.

    An end is infinite where the likelihood excludes nothing as far as it was followed.
    """

    key: str
    best: float
    intervals: Mapping[float, tuple[Interval, ...]]
    curve: Curve


@dataclass(frozen=True, eq=False)
class Contour:
    """chi2 above its minimum on a grid of two free numbers, shape (Y, X), and the levels of its contours."""

    x: FloatArray
    y: FloatArray
    delta_chi2: FloatArray
    levels: Mapping[float, float]


@dataclass(frozen=True, eq=False)
class FitResult:
    """The result of a fit.

    Attributes
    ----------
    measurements : tuple of Measurement
    free : mapping of str to FreeNumber
        By key; without free keys the number of events under ``signal``, in units of the expected one.
    chi2 : float
    dof : int
        Bins minus free numbers.
    nuisances : mapping of str to (float, float)
        Pull and its error, in standard deviations.
    parts : mapping of str to mapping of str to array
        Expected events of CEvNS and each background at the best values, by data set.
    significance : float or None
        Of the events of CEvNS, in standard deviations; None with free keys.
    warnings : tuple of str
    """

    measurements: tuple[Measurement, ...]
    free: Mapping[str, FreeNumber]
    chi2: float
    dof: int
    nuisances: Mapping[str, tuple[float, float]]
    parts: Mapping[str, Mapping[str, FloatArray]]
    explorer: Explorer = field(repr=False)
    significance: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def best(self) -> dict[str, float]:
        """Best values by key."""
        return {key: number.best for key, number in self.free.items()}

    def interval(self, level: float = LEVELS[0], key: str | None = None) -> tuple[Interval, ...]:
        """Return all intervals of a key (default: the first) at a confidence level."""
        name, number = self._number(key)
        found = self.free[name]
        if level in found.intervals:
            return found.intervals[level]
        return _intervals(self.explorer, number, found.curve, level)

    def profile(self, key: str | None = None) -> Curve:
        """Return the profile along a key (default: the first)."""
        return self.free[self._number(key)[0]].curve

    def contour(self, points: int = _CONTOUR, progress: Progress = silent) -> Contour:
        """Return chi2 on a grid of the two free keys around their intervals; raise `InputError` for other numbers."""
        if len(self.free) != 2:
            raise InputError(f"contours need two free keys, not {len(self.free)}")
        levels = {level: delta_chi2(level, 2) for level in next(iter(self.free.values())).intervals}
        top = max(levels.values())
        x, y = (_span(number, top, points) for number in self.free.values())
        found = np.empty((len(y), len(x)))
        for row, second in enumerate(y):
            for column in range(len(x))[:: 1 if row % 2 == 0 else -1]:
                found[row, column] = self.explorer.profile(np.array([x[column], second])).value
            progress("computing contours", (row + 1) / len(y))
        least = min(self.chi2, float(found.min()))
        return Contour(x, y, found - least, levels)

    def _number(self, key: str | None) -> tuple[str, int]:
        names = list(self.free)
        if key is None:
            return names[0], 0
        if key not in names:
            raise InputError(f"'{key}' is not free in this fit; free are {', '.join(names)}")
        return key, names.index(key)


def fit_measurements(
    measurements: Sequence[Measurement], keys: Sequence[FreeKey] = (), levels: Sequence[float] = LEVELS,
    progress: Progress = silent,
) -> FitResult:  # fmt: skip
    """Return the fit of free numbers, or of the number of events, to measurements.

    Raises
    ------
    InputError
        For a number that does not change the expected events, a best value at the limit of its number, a fit that
        does not converge, or data sets that share events.
    TridentgenError
        iminuit is not installed.
    """
    require_iminuit()
    if not measurements:
        raise InputError("a fit needs at least one measurement; give one such as measurement('csi-2021')")
    _require_different(keys)
    models = _models(measurements, keys)
    explorer = Explorer(models, Likelihood(models.sets))
    deltas = {level: delta_chi2(level) for level in levels}
    top = max(deltas.values())
    start = _first(explorer)
    curves = [curve_of(explorer, number, start, top, progress) for number in range(len(start))]
    least = min(curves, key=lambda curve: curve.chi2.min())
    place = least.places[least.best]
    explorer.begin(place[len(start) :])
    best = explorer.fit(place[: len(start)])
    if not best.valid or best.value > least.chi2.min() + 0.01:
        best = _fixed(explorer, place, len(start))
    errors = explorer.errors(best.place)
    values = best.place[: len(start)]
    names = [key.text for key in models.keys]
    free = {
        name: FreeNumber(
            name, float(values[number]),
            {level: _intervals(explorer, number, curves[number], level) for level in levels}, curves[number],
        )
        for number, name in enumerate(names)
    }  # fmt: skip
    for number in range(len(names)):
        _require_inside(explorer, number, float(values[number]), bool(keys))
    likelihood = explorer.likelihood
    return FitResult(
        tuple(measurements),
        free,
        best.value,
        likelihood.bins - len(names) - likelihood.free_nuisances,
        _nuisances(explorer, best.place, errors, len(names)),
        _parts(explorer, best, len(names)),
        explorer,
        None if keys else _significance(explorer, best.value),
        tuple(_warnings(free, models.keys)),
    )


def _span(number: FreeNumber, top: float, points: int) -> FloatArray:
    """Return even values of a number that reach a little beyond those where its profile is below the top."""
    curve = number.curve
    rise = curve.chi2 - curve.chi2.min()
    fine = np.linspace(curve.values[0], curve.values[-1], 4001)
    inside = fine[np.interp(fine, curve.values, rise) <= top]
    low, high = float(inside[0]), float(inside[-1])
    margin = 0.5 * (_BEYOND - 1.0) * (high - low)
    return np.linspace(max(low - margin, fine[0]), min(high + margin, fine[-1]), points)


def _models(measurements: Sequence[Measurement], keys: Sequence[FreeKey]) -> Models:
    sets = tuple(measurement.data for measurement in measurements)
    if not keys:
        return Strength.of(sets)
    cards = tuple(measurement.card for measurement in measurements)
    return CardModels(cards, sets, data_of, tuple(keys))


def _require_different(keys: Sequence[FreeKey]) -> None:
    names = [key.text for key in keys]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"--free {name}: is given twice")


def _first(explorer: Explorer) -> FloatArray:
    """Return the values to begin with: those of the cards, or for several numbers the minimum near them."""
    start = explorer.start
    for number in range(len(start)):
        key = explorer.models.keys[number]
        start[number] = min(max(start[number], key.low), key.high)
    if len(start) == 1:
        return start
    found = explorer.fit(start)
    return found.place[: len(start)] if found.valid else start


def _fixed(explorer: Explorer, place: FloatArray, count: int) -> Minimum:
    """Return the best point of the scans; raise `InputError` if it is invalid."""
    found = explorer.fit(place[:count], frozenset(range(count)))
    if not found.valid:
        names = ", ".join(key.text for key in explorer.models.keys)
        raise InputError(f"the fit of {names} does not converge; free fewer keys, or give ranges, KEY=LOW:HIGH")
    return found


def _intervals(explorer: Explorer, number: int, curve: Curve, level: float) -> tuple[Interval, ...]:
    """Return all intervals at a confidence level, open where neither a limit nor the likelihood ends them."""
    others = curve.places[curve.best][: len(explorer.start)]
    found = intervals(explorer, number, curve, others, delta_chi2(level))
    step, size = explorer.steps[number], explorer.sizes[number] * _AT_LIMIT
    first, last = float(curve.values[0]), float(curve.values[-1])
    return tuple(
        Interval(
            -math.inf if low <= first and first - step.low > size else low,
            math.inf if high >= last and step.high - last > size else high,
        )
        for low, high in found
    )


def _require_inside(explorer: Explorer, number: int, best: float, named: bool) -> None:
    """Raise `InputError` for a best value at the limit of its number, unless the number begins there."""
    key, step, size = explorer.models.keys[number], explorer.steps[number], explorer.sizes[number] * _AT_LIMIT
    if not named:
        return
    for asked, limit in ((key.low, step.low), (key.high, step.high)):
        if abs(best - asked) < size:
            raise InputError(f"--free {key.text}={key.low:g}:{key.high:g}: the best value is at the limit {asked:g}; "
                             "give a wider range")  # fmt: skip
        if abs(best - limit) < size and abs(explorer.models.start[number] - limit) > size:
            raise InputError(
                f"--free {key.text}: the best value is at the limit of the number, {limit:g}: the data do not fit this "
                "model; free another key"
            )


def _significance(explorer: Explorer, least: float) -> float:
    """Return how much worse no CEvNS at all is, in standard deviations."""
    return math.sqrt(max(explorer.profile(np.zeros(1)).value - least, 0.0))


def _nuisances(explorer: Explorer, place: FloatArray, errors: FloatArray, count: int) -> dict[str, tuple[float, float]]:
    """Return pulls and their errors by name."""
    names = [nuisance.name for nuisance in explorer.likelihood.nuisances]
    return {
        name: (float(pull), float(error))
        for name, pull, error in zip(names, place[count:], errors[count:], strict=True)
    }


def _parts(explorer: Explorer, best: Minimum, count: int) -> dict[str, dict[str, FloatArray]]:
    predictions = explorer.models.predictions(best.place[:count])
    return {
        p.data.name: p.parts(explorer.likelihood.pulls_of(n, best.place[count:])) for n, p in enumerate(predictions)
    }


def _warnings(free: Mapping[str, FreeNumber], keys: Sequence[FreeKey]) -> list[str]:
    """Return what a reader of the intervals must know."""
    found = []
    for (name, number), key in zip(free.items(), keys, strict=True):
        ends = [end for ranges in number.intervals.values() for interval in ranges for end in interval]
        if math.isinf(min(ends, default=0.0)) and math.isfinite(key.low):
            found.append(f"{name}: an interval goes on below the range given, {key.low:g}")
        if math.isinf(max(ends, default=0.0)) and math.isfinite(key.high):
            found.append(f"{name}: an interval goes on above the range given, {key.high:g}")
        for level, ranges in number.intervals.items():
            if len(ranges) > 1:
                found.append(
                    f"{name}: the likelihood has several minima; there are {len(ranges)} intervals at {level:.4g}"
                )
    return found
