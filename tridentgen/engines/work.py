"""Common parts of all engines: tiles, sums, histograms, the interface, and blocks of work on threads."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from tridentgen.engines.process import Process
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.typing import Columns, FloatArray, IntArray

TILE = 4096
"""Number of points that are summed together, on every engine."""

HISTOGRAM_UNIT, HISTOGRAM_CAP = 2.0**20, 2.0**16
"""Entries of training histograms are capped and counted in units of 2^-20, so that sums are exact in any order."""

T = TypeVar("T")


class Words(NamedTuple):
    """Assignment of the uniform numbers of a point; must agree with kernels/words.h.

    Coordinates come first, then the number that selects the cell; events also have the number for accept-reject and
    the auxiliary random numbers. `point` and `event` are the total numbers, in whole Philox blocks.
    """

    point: int
    event: int
    table: int
    accept: int
    spare: slice

    @classmethod
    def of(cls, process: Process) -> Words:
        """Return the assignment for a process."""
        d, spares = process.dimensions, process.spares
        return cls(_whole_blocks(d + 1), _whole_blocks(d + 2 + spares), d, d + 1, slice(d + 2, d + 2 + spares))


def _whole_blocks(words: int) -> int:
    return -(-words // 4) * 4


def available_cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Sums(NamedTuple):
    """Sums over points: weights, and squared differences of neighbouring pairs."""

    points: int
    weight: float
    pair_difference2: float


class TileSums(NamedTuple):
    """The sums of each tile, arrays of shape (tiles,)."""

    weight: FloatArray
    pair_difference2: FloatArray


class Histograms(NamedTuple):
    """Sums for training over `points` points: weights, and integer histograms of powers of weight/scale.

    `grid` and `grid_points` have shape (d, increments), `cells` and `cell_points` (cells,).
    """

    points: int
    weight: float
    grid: FloatArray
    grid_points: FloatArray
    cells: FloatArray
    cell_points: FloatArray

    @classmethod
    def empty(cls, dimensions: int, increments: int, cells: int) -> Histograms:
        """Return histograms without entries."""
        return cls(
            0,
            0.0,
            np.zeros((dimensions, increments)),
            np.zeros((dimensions, increments)),
            np.zeros(cells),
            np.zeros(cells),
        )

    def __add__(self, other: object) -> Histograms:
        """Add two sets of histograms; exact, since all but `weight` are integers."""
        if not isinstance(other, Histograms):
            return NotImplemented
        return Histograms(
            self.points + other.points,
            self.weight + other.weight,
            self.grid + other.grid,
            self.grid_points + other.grid_points,
            self.cells + other.cells,
            self.cell_points + other.cell_points,
        )


class Engine(Protocol):
    """Evaluates processes; all engines give the same results bit by bit.

    All quantities can be computed in ranges of tiles or events, and every division into ranges gives the same bits.
    Subclasses inherit `integrate` and `histograms`, which are computed from tiles.
    """

    @property
    def name(self) -> str:
        """Name of the engine on cards."""

    @property
    def compiled_by(self) -> str:
        """The compiler of the kernels with its version; empty where none is used, or by workers elsewhere."""
        return ""

    def tile_sums(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int,
        first: int, tiles: int, total: int,
    ) -> TileSums:  # fmt: skip
        """Return the stratified sums of `tiles` tiles from number `first` on; the integral has `total` tiles."""

    def tile_histograms(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, scale: float,
        first: int, tiles: int,
    ) -> tuple[FloatArray, Histograms]:  # fmt: skip
        """Return the sum of weights of each of `tiles` tiles from `first` on, and histograms with `weight` = 0."""

    def integrate(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, points: int
    ) -> Sums:
        """Return the stratified sums over `points` (rounded up to whole tiles) of one channel."""
        tiles = math.ceil(points / TILE)
        sums = self.tile_sums(process, channel, proposal, seed, stream, 0, tiles, tiles)
        return Sums(tiles * TILE, math.fsum(sums.weight), math.fsum(sums.pair_difference2))

    def histograms(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, points: int,
        scale: float,
    ) -> Histograms:  # fmt: skip
        """Return the training histograms over `points` (rounded up to whole tiles) uniform in the unit cube of the map.

        The histogram of the grid holds squares of weight/`scale`, that of the cells fourth powers.
        """
        tiles = math.ceil(points / TILE)
        sums, found = self.tile_histograms(process, channel, proposal, seed, stream, scale, 0, tiles)
        return found._replace(weight=math.fsum(sums))

    def weights(
        self, process: Process, proposal: Proposal, seed: int, stream: int, count: int, first: int = 0
    ) -> tuple[IntArray, FloatArray]:
        """Return channels and weights of `count` events of a stream from `first` on; arrays of shape (count,)."""

    def events(
        self, process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int,
        max_weight: float | None = None,
    ) -> Columns:  # fmt: skip
        """Return the columns of events `first` to `first + count - 1`, with weights not divided by the total number.

        The column ``accept`` holds the uniform number for accept-reject. With `max_weight`, only events with integrand
        weight > ``accept`` x `max_weight` are generated: unweighted events if no weight exceeds `max_weight`.
        """

    def stop(self) -> None:
        """Abandon work in other threads that waits for results of other processes or machines."""
        return


class Drawn(NamedTuple):
    """Events of one channel in a block: their positions in the block and their cells; arrays of shape (n,)."""

    channel: int
    which: IntArray
    cells: IntArray


def draw_channels(proposal: Proposal, u: FloatArray) -> tuple[IntArray, list[Drawn]]:
    """Select channel and cell of each event from one uniform number."""
    channels, cells = proposal.pick(u)
    chosen = ((number, np.flatnonzero(channels == number)) for number in range(len(proposal.channels)))
    return channels, [Drawn(number, which, cells[which]) for number, which in chosen if len(which)]


def empty_columns(process: Process, count: int) -> Columns:
    """Return uninitialised columns of `count` events of a process, and ``accept``."""
    out: Columns = {column.name: np.empty((count, *column.shape), dtype=column.dtype) for column in process.columns}
    out["accept"] = np.empty(count)
    return out


def joined(blocks: list[Columns]) -> Columns:
    """Return the columns of consecutive blocks as one."""
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def run_blocks(threads: int, block: Callable[[int, int], T], total: int, size: int) -> Iterator[T]:
    """Yield ``block(start, count)`` over consecutive blocks of `total` items, in order.

    At most two blocks per thread are in progress at a time, so that memory stays bounded.
    """
    pieces = ((start, min(size, total - start)) for start in range(0, total, size))
    if threads == 1:
        yield from (block(start, count) for start, count in pieces)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(block, *piece) for piece in islice(pieces, 2 * threads)]
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(block, *piece) for piece in islice(pieces, 1)]


def tree_sum(values: FloatArray) -> float:
    """Sum an array whose length is a power of two by halves: the same tree on every engine."""
    while len(values) > 1:
        half = len(values) // 2
        values = values[:half] + values[half:]
    return float(values[0])
