"""An engine whose work is done by the workers of a `concurrent.futures.Executor`: processes, Dask, MPI.

Sums and events belong to numbered tiles and events and are joined in order. The results are therefore bit-identical to
those of a single engine, independent of the distribution of the work and of repetitions.
"""

from __future__ import annotations

import dataclasses
import math
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from tridentgen.engines.process import Process
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.engines.work import (
    TILE,
    Engine,
    Histograms,
    TileSums,
    joined,
)
from tridentgen.errors import TridentgenError
from tridentgen.progress import Progress, silent
from tridentgen.runs.distribution.tasks import Recipe, engine_name, evaluate_channel, evaluate_events
from tridentgen.typing import Columns, FloatArray, IntArray

TRIES = 3
"""Number of attempts at a task before the run ends."""

# Tasks of one call: small enough that two batches of events keep 32 workers busy, large enough that sending the results
# costs less than computing them.
_PIECES, _TILES, _EVENTS = 32, 4, 2 * TILE
_GLANCE_S = 1.0

WAITING = "waiting for workers"
"""Progress message before the first worker is ready."""


class DistributionError(TridentgenError):
    """The workers fail; the message gives the reason."""


@dataclass(frozen=True, eq=False)
class DistributedEngine(Engine):
    """Evaluates one process with the workers of an executor.

    Attributes
    ----------
    executor : Executor
        Its workers must have tridentgen, and the flux files of the card at the same paths.
    recipe : Recipe
        Input from which the workers build their process.
    patience_s : float
        The run ends when no worker finishes anything for this time.
    name : str
        The engine of the workers.
    """

    executor: Executor
    recipe: Recipe
    patience_s: float
    name: str = ""
    stopped: threading.Event = field(default_factory=threading.Event, repr=False)

    @classmethod
    def start(cls, executor: Executor, recipe: Recipe, patience_s: float, progress: Progress = silent) -> Self:
        """Return the engine for the process of a recipe as soon as a first worker is ready.

        Raise `DistributionError` if none is ready after `patience_s` seconds, or if it cannot build the process.
        """
        engine = cls(executor, recipe, patience_s)
        (name,) = engine._results(engine_name, [()], lambda: progress(WAITING, 0.0))
        return dataclasses.replace(engine, name=name)

    def tile_sums(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int,
        first: int, tiles: int, total: int,
    ) -> TileSums:  # fmt: skip
        """Return the stratified sums of each of `tiles` tiles from number `first` on, of `total` in the integral."""
        self._check(process)
        head = ("tile_sums", channel, dataclasses.replace(proposal), seed, stream)
        parts = self._results(evaluate_channel, [(*head, at, n, total) for at, n in _pieces(first, tiles, _TILES)])
        return TileSums(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def tile_histograms(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, scale: float,
        first: int, tiles: int,
    ) -> tuple[FloatArray, Histograms]:  # fmt: skip
        """Return the sum of weights of each of `tiles` tiles from number `first` on, and histograms without it."""
        self._check(process)
        head = ("tile_histograms", channel, dataclasses.replace(proposal), seed, stream, scale)
        parts = self._results(evaluate_channel, [(*head, at, n) for at, n in _pieces(first, tiles, _TILES)])
        d, increments = proposal.steps.shape
        total = Histograms.empty(d, increments, len(proposal.cell_share))
        for _, found in parts:
            total += found
        return np.concatenate([sums for sums, _ in parts]), total

    def weights(
        self, process: Process, proposal: Proposal, seed: int, stream: int, count: int, first: int = 0
    ) -> tuple[IntArray, FloatArray]:
        """Return channels and weights of `count` events of a stream from `first` on; arrays of shape (count,)."""
        ranges = [(n, at) for at, n in _pieces(first, count, _EVENTS)]
        parts = self._of_events(process, "weights", proposal, [(seed, stream, *numbers) for numbers in ranges])
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    def events(
        self, process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int,
        max_weight: float | None = None,
    ) -> Columns:  # fmt: skip
        """Return the columns of events `first` to `first + count - 1`, weights not yet divided by the total number.

        The column ``accept`` holds a uniform number of each event. With `max_weight`, only events are generated
        whose integrand's weight is above that number times `max_weight`.
        """
        calls = [(seed, stream, at, n, max_weight) for at, n in _pieces(first, count, _EVENTS)]
        return joined(self._of_events(process, "events", proposal, calls))

    def _check(self, process: Process) -> None:
        if process.signature != self.recipe.signature:
            raise ValueError("a distributed engine evaluates only the process it was started for")

    def _of_events(
        self, process: Process, method: str, proposal: Proposal, calls: Sequence[tuple[Any, ...]]
    ) -> list[Any]:
        """Return the results of calls that need the whole proposal, which is sent to workers that lack it."""
        self._check(process)
        digest, bare = proposal.digest, dataclasses.replace(proposal)  # without cached tables
        found = self._results(evaluate_events, [(method, digest, None, *call) for call in calls])
        lacking = [i for i, result in enumerate(found) if result is None]
        sent = self._results(evaluate_events, [(method, digest, bare, *calls[i]) for i in lacking])
        for i, result in zip(lacking, sent, strict=True):
            found[i] = result
        return found

    def _results(
        self, task: Callable[..., Any], calls: Sequence[tuple[Any, ...]], glance: Callable[[], None] = lambda: None
    ) -> list[Any]:
        """Return ``task(recipe, *call)`` for all calls, in order; each is attempted up to `TRIES` times.

        While waiting, `glance` is called every second.
        """
        results: list[Any] = [None] * len(calls)
        waiting: dict[Future[Any], tuple[int, int]] = {}
        try:
            for number, call in enumerate(calls):
                waiting[self._submit(task, call)] = (number, 1)
            while waiting:
                for future in self._next(waiting, glance):
                    number, tries = waiting.pop(future)
                    try:
                        results[number] = future.result()
                    except (Exception, CancelledError) as error:
                        if tries == TRIES:
                            raise DistributionError(f"a worker failed {tries} times: {_reason(error)}") from error
                        waiting[self._submit(task, calls[number])] = (number, tries + 1)
        finally:
            for future in waiting:
                future.cancel()
        return results

    def _next(self, waiting: Collection[Future[Any]], glance: Callable[[], None]) -> Iterable[Future[Any]]:
        """Return the next finished futures; raise `DistributionError` on a timeout or if the run was stopped."""
        deadline = time.monotonic() + self.patience_s
        while not self.stopped.is_set():
            glance()
            left = deadline - time.monotonic()
            done, _ = wait(waiting, min(max(left, 0.0), _GLANCE_S), FIRST_COMPLETED)
            if done:
                return done
            if left <= 0.0:
                raise DistributionError(
                    f"no worker has finished anything for {self.patience_s:g} s; check that there are workers, "
                    "then continue with --resume"
                )
        raise DistributionError("the run was stopped")

    def stop(self) -> None:
        """Stop waiting for workers."""
        self.stopped.set()

    def _submit(self, task: Callable[..., Any], call: tuple[Any, ...]) -> Future[Any]:
        try:
            return self.executor.submit(task, self.recipe, *call)
        except Exception as error:  # each library has its own error for a broken pool or a lost scheduler
            raise DistributionError(f"lost the workers ({_reason(error)}); continue with --resume") from error


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _pieces(first: int, count: int, unit: int) -> list[tuple[int, int]]:
    """Divide a range into at most `_PIECES` subranges (first, count) of whole units."""
    size = math.ceil(count / (_PIECES * unit)) * unit
    return [(at, min(size, first + count - at)) for at in range(first, first + count, size)]
