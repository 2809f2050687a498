"""Weights of events: their sums, their normalisation, and the batches in which they are summed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.work import TILE, tree_sum
from tridentgen.typing import Columns, FloatArray

BATCH = 1 << 17
"""Events held in memory at a time."""


class BatchRows(NamedTuple):
    """Rows of one batch in a file: events `start` to `stop` - 1 are in the rows `row` to `end` - 1."""

    start: int
    stop: int
    row: int
    end: int
    numbers: NDArray[np.uint64]
    """Column ``event_id`` of these rows; events that were cut are missing."""


def rows_of_batches(
    column: Callable[[str, int, int], NDArray[Any]], first: int, stop: int, rows: int, batch: int = BATCH
) -> Iterator[BatchRows]:
    """Yield the batches in which `event_batches` generated the events `first` to `stop - 1` of a file with `rows` rows.

    ``column(name, start, stop)`` reads a part of a column.
    """
    row, start = 0, first
    while start < stop:
        to = min((start // batch + 1) * batch, stop)
        numbers = column("event_id", row, min(row + to - start, rows))
        numbers = numbers[: int(np.searchsorted(numbers, to))]
        yield BatchRows(start, to, row, row + len(numbers), numbers)
        row, start = row + len(numbers), to


def divide_weights(columns: Columns, names: Iterable[str], count: int) -> None:
    """Divide the weights of a batch, the columns of these names, by the number of events of the run, in place."""
    for name in names:
        columns[name] = columns[name] / count


def summed_attributes(sums: WeightSums) -> dict[str, str | int | float]:
    """Return the root attributes that follow from the weights."""
    return {
        "sigma": sums.sum,
        "sigma_error": sums.error,
        "sigma_units": "cm2",
        "weight_rule": weight_rule(1, 1),
        "n_trials": sums.trials,
        "sum_w": sums.sum,
        "sum_w2": sums.sum_of_squares,
    }


UNKNOWN_SIGMA = "weights of the file that was read; the cross section is not known"
"""The attribute ``weight_rule`` of events of other generators without a cross section."""


def knows_sigma(attributes: Mapping[str, Any]) -> bool:
    """Return whether the weights of a file are cross sections."""
    return attributes.get("weight_rule") not in (UNKNOWN_SIGMA, "weight = 1 each")


def weight_rule(count: int, total: int) -> str:
    """Return the normalisation of `count` of the `total` events of a run as text, for the attribute ``weight_rule``."""
    if count == total:
        return "sum(weight) = flux-averaged cross section"
    share = f"{count}/{total}"
    return f"sum(weight) over all {total} events of the run = flux-averaged cross section; over these, {share} of it"


class WeightSums:
    """Sums of weights and of their squares over trials, independent of the batch size.

    Trials that fail the cuts count with weight 0. All batches but the last must be multiples of the tile.
    """

    def __init__(self) -> None:
        self.trials = 0
        self._sums: list[float] = []
        self._squares: list[float] = []

    def add(self, weights: FloatArray) -> None:
        """Add the weights of a batch."""
        self.trials += len(weights)
        padded = np.zeros(math.ceil(len(weights) / TILE) * TILE)
        padded[: len(weights)] = weights
        for tile in padded.reshape(-1, TILE):
            self._sums.append(tree_sum(tile))
            self._squares.append(tree_sum(tile * tile))

    def scaled(self, factor: float) -> WeightSums:
        """Return the sums of all weights multiplied by `factor`."""
        scaled = WeightSums()
        scaled.trials = self.trials
        scaled._sums = [s * factor for s in self._sums]
        scaled._squares = [s * factor * factor for s in self._squares]
        return scaled

    @property
    def sum(self) -> float:
        """Sum of the weights."""
        return math.fsum(self._sums)

    @property
    def sum_of_squares(self) -> float:
        """Sum of the squared weights."""
        return math.fsum(self._squares)

    @property
    def error(self) -> float:
        """Standard deviation of the sum."""
        if self.trials <= 1:
            return self.sum  # one trial says nothing about the spread
        variance = self.sum_of_squares - self.sum * self.sum / self.trials
        return math.sqrt(max(variance, 0.0) * self.trials / max(self.trials - 1, 1))

    @property
    def effective_share(self) -> float:
        """Effective sample size (Kish) per trial, (sum w)^2 / (trials sum w^2)."""
        squares = self.sum_of_squares
        return self.sum * self.sum / (self.trials * squares) if squares > 0.0 else 0.0


class AcceptedSums:
    """Sums over trials: weights, and these times the acceptance of the detector if there is one."""

    def __init__(self) -> None:
        self.weight, self.seen, self._once = WeightSums(), WeightSums(), WeightSums()

    def add(self, weight: FloatArray, acceptance: FloatArray | None = None) -> None:
        """Add a batch of trials, of weight 0 where they fail the cuts."""
        self.weight.add(weight)
        if acceptance is not None:
            self.seen.add(weight * acceptance)
            self._once.add(weight * weight * acceptance)

    @property
    def attributes(self) -> dict[str, float]:
        """Root attributes with the share of the weight that is accepted and its error; none without a detector."""
        if not self.seen.trials:
            return {}
        total = self.weight.sum
        if not total > 0.0:
            return {"acceptance": 1.0, "acceptance_error": 0.0}
        share, squares = self.seen.sum / total, self.weight.sum_of_squares
        variance = self.seen.sum_of_squares - 2.0 * share * self._once.sum + share * share * squares
        error = math.sqrt(max(variance, 0.0)) / total
        return {"acceptance": share, "acceptance_error": error if 0.0 < share < 1.0 else share_error(total, squares)}


def share_error(weight: float, squares: float) -> float:
    """Return the one-sided error of a share of exactly 0 or 1, from the sums of w and w^2 over the events.

    It is the far end of the score interval of Wilson, J. Am. Stat. Assoc. 22 (1927) 209, at one standard deviation:
    1/(n + 1) for an effective sample size (Kish) n = (sum w)^2/sum w^2.
    """
    return squares / (weight * weight + squares)


OVERWEIGHT_SHARE = 1e-4
"""Share of the total weight that overweight events may carry, by the convention of event generators."""


def effective_share(sum_w: float, sum_w2: float, trials: int) -> float:
    """Return the effective sample size (Kish) per trial, (sum w)^2 / (trials sum w^2)."""
    return sum_w**2 / (trials * sum_w2) if trials and sum_w2 else 0.0


def unweighting_efficiency(attributes: Mapping[str, Any]) -> float | None:
    """Return the unweighting efficiency of a run, sigma/w_max with w_max of its training; None if that is not known.

    It is the mean weight of a trial over w_max, the fraction of the trials that pass the cuts and accept-reject.
    """
    if "max_weight" not in attributes or "sigma" not in attributes:
        return None
    largest = float(attributes["max_weight"])
    return float(attributes["sigma"]) / largest if largest > 0.0 else 0.0


def maximum_weight(blocks: Iterable[NDArray[np.float64]], total: float, share: float) -> float:
    """Return the weight above which the events carry at most `share` of `total`, the sum of all blocks.

    Only candidates are stored from block to block, about ``share`` of the events: memory stays bounded.
    """
    top = np.zeros(1)
    for block in blocks:
        falling = np.sort(np.concatenate([top, block[block > 0.0]]))[::-1]
        above = int(np.searchsorted(np.cumsum(falling), share * total, side="right"))
        top = falling[: above + 1]
    return float(top[-1])
