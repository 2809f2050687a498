"""Profiles of a likelihood: the minimum over everything else, along one free number or on a grid of two.

Every free number is measured in steps: the distance from its value on the card at which the expected events change by
about one standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tridentgen.errors import InputError
from tridentgen.fits.dataset import LEAST, Prediction
from tridentgen.fits.likelihood import Likelihood, Minimum, minimum
from tridentgen.fits.models import SIGNAL, Models
from tridentgen.typing import FloatArray

_FIRST_STEP = 1e-4
_SMALLEST_STEP = 1e-30
_GROWTH = 10.0
_LONGEST_STEP = 1e30
_NO_CHANGE = 1e-9
"""Change in chi2 below which a number is said not to change the events."""

_LARGEST_RADIUS = 2.0
"""Largest radius over that of the card: still larger ones bring back the form factor with its next maxima."""

_OUT = 1e9
"""chi2 where a card refuses a value."""


class Step(NamedTuple):
    """Distance of one standard deviation from the card's value upwards and downwards, and the limits of the number."""

    up: float
    down: float
    low: float
    high: float

    @property
    def size(self) -> float:
        """The larger of both."""
        return max(self.up, self.down)


@dataclass(frozen=True, eq=False)
class Explorer:
    """The likelihood of models.

    Attributes
    ----------
    models : Models
    likelihood : Likelihood
    """

    models: Models
    likelihood: Likelihood
    _last: list[FloatArray] = field(default_factory=list, repr=False)

    @cached_property
    def start(self) -> FloatArray:
        """Values on the cards."""
        return self.models.start

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Step of each free number; raise `InputError` for one that does not change the events."""
        return tuple(self._step(number) for number in range(len(self.start)))

    @cached_property
    def sizes(self) -> FloatArray:
        """Sizes of the steps."""
        return np.array([step.size for step in self.steps])

    @property
    def pulls(self) -> FloatArray:
        """The pulls of the last minimum, from which the next one begins."""
        return self._last[-1] if self._last else np.zeros(len(self.likelihood.nuisances))

    def begin(self, pulls: FloatArray) -> None:
        """Let the next minimum begin at these pulls."""
        self._last[:] = [pulls]

    def allowed(self, values: FloatArray) -> tuple[Prediction, ...] | None:
        """Return the predictions for values, or None if a card refuses them, or they are outside the range given."""
        for key, value in zip(self.models.keys, values, strict=True):
            if not key.low <= value <= key.high:
                return None
        return self._of_card(values)

    def _of_card(self, values: FloatArray) -> tuple[Prediction, ...] | None:
        """Return the predictions for values, also outside the range given, or None if a card refuses them."""
        try:
            return self.models.predictions(values)
        except InputError:
            return None

    def profile(self, values: FloatArray) -> Minimum:
        """Return the minimum over the pulls for fixed values of all free numbers."""
        predictions = self.allowed(values)
        if predictions is None:
            return Minimum(_OUT, self.pulls, False)
        found = self.likelihood.profile(predictions, self.pulls)
        self.begin(found.place)
        return found

    def fit(self, values: FloatArray, fixed: frozenset[int] = frozenset()) -> Minimum:
        """Return the minimum over pulls and free numbers that are not fixed; `place` has numbers, then pulls."""
        moving = [number for number in range(len(values)) if number not in fixed]
        if not moving:
            found = self.profile(values)
            return Minimum(found.value, np.concatenate([values, found.place]), found.valid)
        count, sizes = len(moving), self.sizes[moving]

        def at(x: FloatArray) -> tuple[FloatArray, tuple[Prediction, ...] | None]:
            here = np.array(values, dtype=np.float64)
            here[moving] += x[:count] * sizes
            return here, self.allowed(here)

        def value(x: FloatArray) -> float:
            _, predictions = at(x)
            return _OUT if predictions is None else self.likelihood.chi2(predictions, x[count:])[0]

        def gradient(x: FloatArray) -> FloatArray:
            here, predictions = at(x)
            if predictions is None:
                return np.zeros(len(x))
            return self.likelihood.chi2(predictions, x[count:], self._slopes(here, moving))[1]

        limits = [self._limits_in_steps(number, values) for number in moving]
        limits += [(nuisance.low, nuisance.high) for nuisance in self.likelihood.nuisances]
        start = np.concatenate([np.zeros(count), self.pulls])
        predictions = self.models.predictions(values)
        curvature = self.likelihood.curvature(predictions, self.pulls, self._slopes(values, moving))
        found = minimum(value, gradient, start, curvature, limits)
        place = np.concatenate([values, found.place[count:]])
        place[moving] += found.place[:count] * sizes
        self.begin(found.place[count:])
        return Minimum(found.value, place, found.valid)

    def _slopes(self, values: FloatArray, numbers: Sequence[int]) -> list[list[FloatArray | None]]:
        """Return the derivatives of the counts by free numbers in steps."""
        return [
            [None if counts is None else counts * self.sizes[n] for counts in self.models.slopes(values, self.sizes, n)]
            for n in numbers
        ]

    def errors(self, place: FloatArray) -> FloatArray:
        """Return the errors of free numbers and pulls at a minimum, by the second derivatives."""
        count = len(self.start)
        predictions = self.models.predictions(place[:count])
        slopes = self._slopes(place[:count], range(count))
        curvature = self.likelihood.curvature(predictions, place[count:], slopes)
        found = np.sqrt(np.maximum(np.diag(2.0 * np.linalg.pinv(curvature)), 0.0))
        return np.concatenate([found[:count] * self.sizes, found[count:]])

    def range_of(self, number: int) -> tuple[float, float]:
        """Return the range in which a free number is looked for."""
        step, key = self.steps[number], self.models.keys[number]
        farthest = _LARGEST_RADIUS * float(self.start[number]) if key.is_radius else np.inf
        return max(step.low, key.low), min(step.high, key.high, farthest)

    def _limits_in_steps(self, number: int, values: FloatArray) -> tuple[float, float]:
        low, high = self.range_of(number)
        return (low - values[number]) / self.sizes[number], (high - values[number]) / self.sizes[number]

    def along(self, number: int, others: FloatArray) -> Callable[[float], Minimum]:
        """Return the profile along one free number, as a function that begins with `others` at their last minimum."""
        place = np.array(others, dtype=np.float64)

        def at(value: float) -> Minimum:
            place[number] = value
            if self.allowed(place) is None:
                return Minimum(_OUT, place, False)
            found = self.fit(place, frozenset({number}))
            if found.valid:
                place[:] = found.place[: len(place)]
            return found

        return at

    def change(self, values: FloatArray) -> float:
        """Return by how much chi2 of events expected on the cards changes with the values; inf if they are refused."""
        predictions = self._of_card(values)
        return np.inf if predictions is None else self._distance(predictions)

    def _distance(self, predictions: tuple[Prediction, ...]) -> float:
        total = 0.0
        for number, prediction in enumerate(predictions):
            expected, _ = prediction.expected(self.likelihood.pulls_of(number, np.zeros_like(self.pulls)))
            data, before = prediction.data, self._expected[number]
            variance = np.maximum(before, LEAST) if data.variance is None else data.variance
            terms = (expected - before) ** 2 / variance
            total += float(np.sum(terms if data.used is None else terms * data.used))
        return total

    @cached_property
    def _expected(self) -> tuple[FloatArray, ...]:
        """Expected events on the cards."""
        predictions = self.models.predictions(self.start)
        none = np.zeros_like(self.pulls)
        return tuple(p.expected(self.likelihood.pulls_of(n, none))[0] for n, p in enumerate(predictions))

    def signal_ratio(self, values: FloatArray) -> float:
        """Return the number of CEvNS over that on the cards; inf if the values are refused."""
        predictions = self.allowed(values)
        if predictions is None:
            return np.inf
        totals = [sum(float(np.sum(p.counts[0])) for p in each) for each in (predictions, self._on_cards)]
        return totals[0] / totals[1]

    @cached_property
    def _on_cards(self) -> tuple[Prediction, ...]:
        return self.models.predictions(self.start)

    def _step(self, number: int) -> Step:
        key = self.models.keys[number]
        self._require_freedom(number)
        sides = [self._one_sigma(number, sign) for sign in (1.0, -1.0)]
        if max(change for _, change, _ in sides) < _NO_CHANGE:
            if key.text == SIGNAL:
                raise InputError("no CEvNS events are expected in the bins of these data, so there is nothing to fit")
            raise InputError(f"--free {key.text}: the expected events do not depend on it; leave it out")
        (up, _, high), (down, _, low) = sides
        return Step(up, down, low, high)

    def _require_freedom(self, number: int) -> None:
        """Raise the `InputError` of a card that refuses every other value of a free number."""
        size = max(_FIRST_STEP * abs(self.start[number]), _SMALLEST_STEP)
        refused = []
        for sign in (1.0, -1.0):
            values = np.array(self.start)
            values[number] += sign * size
            try:
                self.models.predictions(values)
            except InputError as error:
                refused.append(error)
        if len(refused) == 2:
            raise InputError(f"--free {self.models.keys[number].text}: {refused[0]}") from refused[0]

    def _one_sigma(self, number: int, sign: float) -> tuple[float, float, float]:
        """Return the distance of one standard deviation on a side, the change there, and the limit on that side."""
        start = self.start

        def moved(distance: float) -> FloatArray:
            values = np.array(start)
            values[number] += sign * distance
            return values

        distance = max(_FIRST_STEP * abs(start[number]), _SMALLEST_STEP)
        inside, change = 0.0, 0.0
        while distance < _LONGEST_STEP:
            now = self.change(moved(distance))
            if now == np.inf or now > 1.0:
                break
            inside, change, distance = distance, now, distance * _GROWTH
        else:
            return inside, change, sign * np.inf
        limit = sign * np.inf
        outside, found = distance, now
        for _ in range(60):
            middle = 0.5 * (inside + outside) if inside > 0.05 * outside or found == np.inf else (
                np.sqrt(max(inside, 1e-6 * outside) * outside)
            )  # fmt: skip
            now = self.change(moved(middle))
            if now == np.inf or now > 1.0:
                outside, found = middle, now
            else:
                inside, change = middle, now
            if 0.5 < found < 2.0 or outside - inside < 1e-9 * outside:
                break
        if found == np.inf:  # the card refuses what is beyond
            limit = float(start[number] + sign * inside)
            return inside, change, limit
        return outside, found, sign * np.inf
