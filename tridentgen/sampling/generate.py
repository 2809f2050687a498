"""Weighted events in batches, from any range of event numbers."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.process import Process
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.uniforms import stream_number
from tridentgen.engines.work import TILE, Columns, Engine, FloatArray, tree_sum
from tridentgen.errors import InputError
from tridentgen.events.events import Events
from tridentgen.sampling.storage import proposal_groups
from tridentgen.sampling.train import PURPOSE_EVENTS

BATCH = 1 << 17
"""Events held in memory at a time."""

_MOST_IN_MEMORY = 10**9


class BatchRows(NamedTuple):
    """Where a file has the events of one batch: numbers `start` to `stop` - 1 in the rows `row` to `end` - 1."""

    start: int
    stop: int
    row: int
    end: int
    numbers: NDArray[np.uint64]
    """Column ``event_id`` of these rows; events that were cut are missing."""


def rows_of_batches(
    column: Callable[[str, int, int], NDArray[Any]], first: int, stop: int, rows: int, batch: int = BATCH
) -> Iterator[BatchRows]:
    """Yield the batches in which `event_batches` made the events `first` to `stop - 1` of a file with `rows` rows.

    ``column(name, start, stop)`` reads a part of a column.
    """
    row, start = 0, first
    while start < stop:
        to = min((start // batch + 1) * batch, stop)
        numbers = column("event_id", row, min(row + to - start, rows))
        numbers = numbers[: int(np.searchsorted(numbers, to))]
        yield BatchRows(start, to, row, row + len(numbers), numbers)
        row, start = row + len(numbers), to


def event_batches(
    process: Process,
    proposal: Proposal,
    engine: Engine,
    seed: int,
    *,
    first: int,
    count: int,
    batch: int = BATCH,
    max_weight: float | None = None,
) -> Generator[Columns]:
    """Yield the columns of events `first` to `first + count - 1` in batches that end at multiples of `batch`.

    Weights are those of a run of one event: divide by the number of events of the run for their sum to be the cross
    section. The column ``accept`` is a uniform number for unweighting; with `max_weight` only events are made whose
    weight is above that number times `max_weight`.
    """
    stream = stream_number(PURPOSE_EVENTS)
    ends = chain(range((first // batch + 1) * batch, first + count, batch), [first + count])
    with ThreadPoolExecutor(1) as pool:  # makes the next batch while the caller writes this one

        def make(begin: int, end: int) -> Future[Columns]:
            return pool.submit(engine.events, process, proposal, seed, stream, begin, end - begin, max_weight)

        try:
            begin = next(ends)
            ahead = make(first, begin)
            for end in ends:
                done, ahead = ahead.result(), make(begin, end)
                begin = end
                yield done
            yield ahead.result()
        except BaseException:  # the caller has gone, or wants to
            engine.stop()
            raise


def generate_events(
    process: Process, proposal: Proposal, engine: Engine, seed: int, count: int,
    attributes: Mapping[str, str | int | float],
) -> Events:  # fmt: skip
    """Return `count` weighted events in memory, with `attributes` and those of the run.

    Raise `InputError` unless 1 <= count <= 10^9.
    """
    check_count(count)
    sums = WeightSums()
    batches = []
    for batch in event_batches(process, proposal, engine, seed, first=0, count=count):
        del batch["accept"]
        divide_weights(batch, count)
        sums.add(batch["weight"])
        batches.append(batch)
    columns = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    run = run_attributes(sums, seed, engine.name, proposal)
    return Events(columns, {**attributes, **run, "complete": 1}, proposal_groups(proposal), process.columns)


def check_count(count: int) -> None:
    """Raise `InputError` unless `count` events can be kept in memory."""
    if not 1 <= count <= _MOST_IN_MEMORY:
        raise InputError(f"events = {count} must lie between 1 and {_MOST_IN_MEMORY} to be kept in memory")


def divide_weights(columns: Columns, count: int) -> None:
    """Divide the weights of a batch by the number of events of the run, in place."""
    for name in columns:
        if name.startswith("weight"):
            columns[name] = columns[name] / count


def run_attributes(sums: WeightSums, seed: int, engine: str, proposal: Proposal) -> dict[str, str | int | float]:
    """Return the root attributes that describe a run and its result."""
    return {
        "seed": seed,
        "engine": engine,
        "device": platform.processor() or platform.machine(),
        "map_hash": proposal.digest,
        **summed_attributes(sums),
    }


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


def weight_rule(count: int, total: int) -> str:
    """Return what the weights of `count` of the `total` events of a run mean, for the attribute ``weight_rule``."""
    if count == total:
        return "sum(weight) = flux-averaged cross section"
    share = f"{count}/{total}"
    return f"sum(weight) over all {total} events of the run = flux-averaged cross section; over these, {share} of it"


class WeightSums:
    """Sums of weights and of their squares over trials, the same for any size of batches.

    Trials that were cut count with weight 0. Batches but the last must be multiples of the tile.
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
        if self.trials == 1:
            return self.sum  # one trial says nothing about the spread
        variance = self.sum_of_squares - self.sum * self.sum / self.trials
        return math.sqrt(max(variance, 0.0) * self.trials / max(self.trials - 1, 1))

    @property
    def effective_share(self) -> float:
        """Share of effective events, (sum w)^2 / (trials sum w^2)."""
        squares = self.sum_of_squares
        return self.sum * self.sum / (self.trials * squares) if squares > 0.0 else 0.0
