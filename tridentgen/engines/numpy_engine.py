"""The NumPy engine: a process evaluated on blocks of points that fit the cache, on all cores by threads.

Work is cut into tiles of fixed size. A tile's sums are formed by a fixed tree and added exactly afterwards, histograms
are sums of integers, and every function used is elementwise with the same bits wherever a point stands in an array; so
results depend on neither the number of threads nor the size of the blocks.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tridentgen.processes.process import Process
from tridentgen.sampling.proposal import ChannelProposal, Proposal
from tridentgen.sampling.uniforms import uniforms

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]

TILE = 4096
"""Points whose sums are formed together, on every engine."""

POINT_WORDS, EVENT_WORDS = 8, 12
"""Random numbers per integration point and per event."""

_TABLE_WORD, _SPARE_WORDS, ACCEPT_WORD = 7, slice(8, 11), 11
_UNIT = 2.0**20
_CAP = 2.0**16

T = TypeVar("T")


def available_cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _keep_freed_memory() -> None:
    """Stop glibc from giving memory back to the system after every block, which costs more than the arithmetic.

    Freeing one large block raises its thresholds for that to the block's size, at most 32 MiB (mallopt(3), "Note");
    other allocators do not mind.
    """
    np.empty((32 << 20) - (64 << 10), dtype=np.uint8)


class Sums(NamedTuple):
    """Sums over points: weights, and squared differences of neighbouring pairs."""

    points: int
    weight: float
    pair_difference2: float


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


@dataclass(frozen=True)
class NumpyEngine:
    """Evaluates processes with NumPy.

    Attributes
    ----------
    threads : int
        Threads to use; all cores unless given.
    tiles_per_block : int
        Tiles evaluated in one go; 0 chooses: 4 for one thread, where arrays of 128 KiB fit the cache best, 16 for
        several, which then spend less time waiting for the interpreter (benchmarks/block_size.py).
    """

    threads: int = field(default_factory=available_cores)
    tiles_per_block: int = 0
    name: str = "numpy"

    def __post_init__(self) -> None:
        if self.tiles_per_block == 0:
            object.__setattr__(self, "tiles_per_block", 4 if self.threads == 1 else 16)
        _keep_freed_memory()

    def integrate(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, points: int
    ) -> Sums:
        """Return the stratified sums over `points` (rounded up to whole tiles) of one channel."""
        tiles = math.ceil(points / TILE)
        total = tiles * TILE

        def block(first: int, count: int) -> list[tuple[float, float]]:
            u = uniforms(seed, stream, first, count, POINT_WORDS)
            cell = proposal.stratified_cells(first, count, total, u[_TABLE_WORD])
            placed = proposal.place(cell, u[: process.dimensions])
            weight = process.integrand(channel, placed.x) * placed.inverse_density
            return [(tree_sum(w), tree_sum((w[::2] - w[1::2]) ** 2)) for w in weight.reshape(-1, TILE)]

        sums = [pair for pairs in self._blocks(block, tiles) for pair in pairs]
        return Sums(total, math.fsum(s[0] for s in sums), math.fsum(s[1] for s in sums))

    def histograms(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, points: int,
        scale: float, power: int,
    ) -> Histograms:  # fmt: skip
        """Return what training needs, over `points` (rounded up to whole tiles) uniform in the map's cube.

        The grid's histogram holds squares of weight/`scale`, that of the cells its power `power`; each entry is capped
        and rounded to a multiple of 2^-20, so that sums are exact in any order.
        """
        d, increments = proposal.grid.shape[0], proposal.grid.shape[1] - 1
        cells = len(proposal.cell_share)

        def block(first: int, count: int) -> tuple[list[float], Histograms]:
            u = uniforms(seed, stream, first, count, POINT_WORDS)
            cell = np.minimum((u[_TABLE_WORD] * cells).astype(np.int64), cells - 1)
            placed = proposal.place(cell, u[:d])
            weight = process.integrand(channel, placed.x) * placed.inverse_density
            relative = weight * (1.0 / scale)
            squares, powers = _integers(relative**2), _integers(relative**power)
            shape = {"minlength": increments}
            return [tree_sum(w) for w in weight.reshape(-1, TILE)], Histograms(
                count,
                0.0,
                np.stack([np.bincount(which, squares, **shape) for which in placed.increments]),
                np.stack([np.bincount(which, **shape).astype(float) for which in placed.increments]),
                np.bincount(cell, powers, minlength=cells).astype(float),
                np.bincount(cell, minlength=cells).astype(float),
            )

        sums: list[float] = []
        total: Histograms | None = None
        for tile_sums, part in self._blocks(block, math.ceil(points / TILE)):
            sums += tile_sums
            total = part if total is None else total + part
        if total is None:
            raise ValueError("histograms need at least one point")
        return total._replace(weight=math.fsum(sums))

    def events(self, process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int) -> Columns:
        """Return the columns of events `first` to `first + count - 1`, weights not yet divided by the total number.

        The column ``accept`` holds a uniform number of each event for unweighting.
        """
        blocks = list(self._event_blocks(process, proposal, seed, stream, first, count))
        return {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}

    def weights(
        self, process: Process, proposal: Proposal, seed: int, stream: int, count: int
    ) -> tuple[IntArray, FloatArray]:
        """Return channels and weights of the first `count` events of a stream; arrays of shape (count,)."""
        size = TILE * self.tiles_per_block

        def block(first: int, length: int) -> tuple[IntArray, FloatArray]:
            u = uniforms(seed, stream, first, min(length, count - first), EVENT_WORDS)
            weight = np.empty(u.shape[1])
            channels, parts = _by_channel(process, proposal, u)
            for channel, which, x, inverse in parts:
                weight[which] = process.integrand(channel, x) * inverse
            return channels, weight

        blocks = list(self._run(block, range(0, count, size), size))
        return np.concatenate([b[0] for b in blocks]), np.concatenate([b[1] for b in blocks])

    def _event_blocks(
        self, process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int
    ) -> Iterator[Columns]:
        size = TILE * self.tiles_per_block

        def block(offset: int, length: int) -> Columns:
            begin = first + offset
            return _event_block(process, proposal, seed, stream, begin, min(length, first + count - begin))

        return self._run(block, range(0, count, size), size)

    def _blocks(self, block: Callable[[int, int], T], tiles: int) -> Iterator[T]:
        """Yield ``block(first, count)`` over consecutive blocks of whole tiles, in order."""
        per = self.tiles_per_block
        return self._run(
            lambda tile, length: block(tile * TILE, min(length, tiles - tile) * TILE),
            range(0, tiles, per),
            per,
        )

    def _run(self, block: Callable[[int, int], T], starts: range, size: int) -> Iterator[T]:
        if self.threads == 1:
            yield from (block(start, size) for start in starts)
            return
        # A few blocks per thread are under way at a time, so that memory stays bounded.
        with ThreadPoolExecutor(self.threads) as pool:
            remaining = iter(starts)
            waiting = [pool.submit(block, start, size) for start in islice(remaining, 2 * self.threads)]
            while waiting:
                yield waiting.pop(0).result()
                waiting += [pool.submit(block, start, size) for start in islice(remaining, 1)]


def _by_channel(
    process: Process, proposal: Proposal, u: FloatArray
) -> tuple[IntArray, Iterator[tuple[int, NDArray[np.intp], FloatArray, FloatArray]]]:
    """Place events; return their channels and, per channel, (number, which events, points, inverse densities)."""
    channels, cells = proposal.pick(u[_TABLE_WORD])

    def parts() -> Iterator[tuple[int, NDArray[np.intp], FloatArray, FloatArray]]:
        for number, (density, share) in enumerate(zip(proposal.channels, proposal.channel_share, strict=True)):
            which = np.flatnonzero(channels == number)
            if len(which):
                placed = density.place(cells[which], u[: process.dimensions, which])
                yield number, which, placed.x, placed.inverse_density / share

    return channels, parts()


def _event_block(process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int) -> Columns:
    u = uniforms(seed, stream, first, count, EVENT_WORDS)
    out: Columns = {column.name: np.empty((count, *column.shape), dtype=column.dtype) for column in process.columns}
    out["event_id"][:] = np.arange(first, first + count, dtype=np.uint64)
    out["accept"] = u[ACCEPT_WORD]
    for channel, which, x, inverse in _by_channel(process, proposal, u)[1]:
        for name, value in process.event(channel, x, u[_SPARE_WORDS, which]).items():
            if isinstance(value, tuple):
                for component, part in enumerate(value):
                    out[name][which, component] = part
            else:
                out[name][which] = value * inverse if name.startswith("weight") else value
    return out


def _integers(values: FloatArray) -> FloatArray:
    """Round to multiples of 2^-20 after capping, and return their integer numbers as floats."""
    return np.rint(np.minimum(values, _CAP) * _UNIT)


def tree_sum(values: FloatArray) -> float:
    """Sum an array whose length is a power of two by halves: the same tree on every engine."""
    while len(values) > 1:
        half = len(values) // 2
        values = values[:half] + values[half:]
    return float(values[0])
