"""The likelihood of one or more data sets, and its minimum over all uncertainties, by iminuit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import TridentgenError
from tridentgen.fits.dataset import Dataset, Nuisance, Prediction, require_separate
from tridentgen.typing import FloatArray

if TYPE_CHECKING:
    from iminuit import Minuit

T = TypeVar("T")
Places = NDArray[np.intp]
Value = Callable[[FloatArray], float]
Gradient = Callable[[FloatArray], FloatArray]

_TOLERANCE = 0.01
"""Of Migrad: the estimated distance to the minimum is below 2e-5 in chi2."""

_INSIDE = 1e-6
_MOST_CALLS = 20_000
_LEAST_CURVATURE = 1e-4
"""Of a number on which the function hardly depends at the start."""
_DAMPING = 1e-6


@dataclass(frozen=True)
class Minimum:
    """A minimum: its value, where it lies, and whether Migrad trusts it."""

    value: float
    place: FloatArray
    valid: bool


@dataclass(frozen=True, eq=False)
class Likelihood:
    """chi2 of data sets, with one pull for each uncertainty; those under one name in `Dataset.shared` are the same."""

    sets: tuple[Dataset, ...]

    def __post_init__(self) -> None:
        require_separate(self.sets)

    @cached_property
    def nuisances(self) -> tuple[Nuisance, ...]:
        """All uncertainties by their names here: with the data set in front if there are several."""
        found: dict[str, Nuisance] = {}
        for data in self.sets:
            for nuisance in data.nuisances:
                found.setdefault(self.name_of(data, nuisance.name), nuisance)
        return tuple(Nuisance(name, n.low, n.high, n.free) for name, n in found.items())

    def name_of(self, data: Dataset, name: str) -> str:
        """Return the name here of an uncertainty of a data set."""
        if len(self.sets) == 1:
            return name
        return data.shared.get(name, f"{data.name}:{name}")

    @cached_property
    def _places(self) -> tuple[Places, ...]:
        names = {nuisance.name: place for place, nuisance in enumerate(self.nuisances)}
        return tuple(
            np.array([names[self.name_of(data, n.name)] for n in data.nuisances], dtype=np.intp) for data in self.sets
        )

    @cached_property
    def _kept(self) -> FloatArray:
        """1 for pulls that cost their square, 0 for free ones."""
        return np.array([0.0 if nuisance.free else 1.0 for nuisance in self.nuisances])

    @property
    def bins(self) -> int:
        """Number of bins that are fitted."""
        return sum(data.bins for data in self.sets)

    @property
    def free_nuisances(self) -> int:
        """Number of normalisations that nothing but the data constrains."""
        return sum(nuisance.free for nuisance in self.nuisances)

    def pulls_of(self, number: int, pulls: FloatArray) -> FloatArray:
        """Return the pulls of a data set, out of all pulls."""
        return np.asarray(pulls[self._places[number]])

    def chi2(
        self, predictions: Sequence[Prediction], pulls: FloatArray, slopes: Sequence[Sequence[FloatArray | None]] = ()
    ) -> tuple[float, FloatArray]:
        """Return chi2 of a model, and its gradient by free numbers, if `slopes` of the counts are given, and pulls.

        `slopes` has the counts' derivatives by each free number, for each data set; None if there is none.
        """
        kept = self._kept * pulls
        value, gradient = float(kept @ pulls), np.concatenate([np.zeros(len(slopes)), 2.0 * kept])
        for prediction, expected, changes, places in self._sets(predictions, pulls, slopes):
            part, slope = prediction.data.statistic(expected)
            value += part
            np.add.at(gradient, places, changes @ slope)
        return value, gradient

    def curvature(
        self, predictions: Sequence[Prediction], pulls: FloatArray, slopes: Sequence[Sequence[FloatArray | None]] = ()
    ) -> FloatArray:
        """Return the second derivatives of `chi2` for events that are linear in all numbers, in the same order.

        Twice the inverse of it is the covariance at a minimum.
        """
        found = np.diag(np.concatenate([np.zeros(len(slopes)), 2.0 * self._kept]))
        for prediction, expected, changes, places in self._sets(predictions, pulls, slopes):
            found[np.ix_(places, places)] += 2.0 * (changes * prediction.data.information(expected)) @ changes.T
        return found

    def _sets(
        self, predictions: Sequence[Prediction], pulls: FloatArray, slopes: Sequence[Sequence[FloatArray | None]]
    ) -> Iterator[tuple[Prediction, FloatArray, FloatArray, Places]]:
        """Yield each prediction with its events, their changes, and the places of these among all numbers."""
        for number, prediction in enumerate(predictions):
            own = pulls[self._places[number]]
            expected, changes = prediction.expected(own)
            given = [(key, counts[number]) for key, counts in enumerate(slopes)]
            by_key = [prediction.signal_slope(own, counts) for _, counts in given if counts is not None]
            if by_key:
                changes = np.concatenate([by_key, changes])
            keys = [key for key, counts in given if counts is not None]
            yield (
                prediction,
                expected,
                changes,
                np.concatenate([keys, self._places[number] + len(slopes)]).astype(np.intp),
            )

    def profile(self, predictions: Sequence[Prediction], start: FloatArray) -> Minimum:
        """Return the minimum over all pulls for a model."""
        if not self.nuisances:
            return Minimum(self.chi2(predictions, start)[0], start, True)
        limits = [(nuisance.low, nuisance.high) for nuisance in self.nuisances]
        both = remembered(lambda x: self.chi2(predictions, x))
        curvature = self.curvature(predictions, start)
        return minimum(lambda x: both(x)[0], lambda x: both(x)[1], start, curvature, limits)


def remembered(function: Callable[[FloatArray], T]) -> Callable[[FloatArray], T]:
    """Return a function that keeps its last result: Migrad asks for value and gradient at the same place."""
    last: list[Any] = [None, None]

    def call(x: FloatArray) -> T:
        if last[0] is None or not np.array_equal(last[0], x):
            last[1] = function(np.array(x))
            last[0] = np.array(x)
        return last[1]  # type: ignore[no-any-return]

    return call


def minimum(
    value: Value, gradient: Gradient, start: FloatArray, curvature: FloatArray, limits: Sequence[tuple[float, float]]
) -> Minimum:
    """Return the minimum of a function with a gradient, by Migrad.

    Parameters
    ----------
    value, gradient : callable
    start : array of shape (K,)
    curvature : array of shape (K, K)
        Second derivatives at the start, roughly: Migrad is given coordinates in which they are 2 in all directions, and
        needs few steps then.
    limits : sequence of (low, high)
        If the minimum lies beyond one, Migrad begins again inside.

    Raises
    ------
    TridentgenError
        iminuit is not installed.
    """
    size = np.sqrt(np.maximum(np.diag(curvature), _LEAST_CURVATURE) / 2.0)
    scaled = curvature / (2.0 * np.outer(size, size))
    np.fill_diagonal(scaled, 1.0 + _DAMPING)
    to_place = np.linalg.inv(np.linalg.cholesky(scaled)).T / size[:, None]

    found = _migrad(
        lambda z: value(start + to_place @ z), lambda z: gradient(start + to_place @ z) @ to_place,
        np.zeros(len(start)), np.full(len(start), 2.0), None,
    )  # fmt: skip
    place = start + to_place @ np.array(found.values)
    low, high = (np.array(side) for side in zip(*limits, strict=True))
    if found.valid and np.all((place >= low) & (place <= high)):
        return Minimum(float(found.fval), place, True)
    margin = _INSIDE * np.minimum(high - low, 1.0)
    inside = np.clip(start, low + margin, high - margin)
    found = _migrad(value, gradient, inside, 2.0 * size * size, limits)
    return Minimum(float(found.fval), np.array(found.values), bool(found.valid))


def _migrad(
    value: Value, gradient: Gradient, start: FloatArray, second: FloatArray,
    limits: Sequence[tuple[float, float]] | None,
) -> Minuit:  # fmt: skip
    """Return Minuit at the minimum; `second` are the second derivatives along each coordinate, roughly."""
    minuit = require_iminuit()(value, start, grad=gradient, g2=lambda _: second)
    minuit.errordef = 1.0
    minuit.tol = _TOLERANCE
    minuit.errors = np.sqrt(2.0 / second)
    if limits is not None:
        minuit.limits = limits
    minuit.strategy = 0
    minuit.migrad(ncall=_MOST_CALLS)
    if not minuit.valid:
        minuit.strategy = 1
        minuit.migrad(ncall=_MOST_CALLS)
    return minuit


def require_iminuit() -> type[Minuit]:
    """Return the class `Minuit`; raise `TridentgenError` if iminuit is not installed."""
    try:
        from iminuit import Minuit
    except ImportError as error:
        raise TridentgenError('fits need iminuit: pip install "tridentgen[fit]"') from error
    minuit: type[Minuit] = Minuit
    return minuit
