"""The NumPy engine: evaluates a process on blocks of points that fit the cache, with threads on all cores.

The work is divided into tiles of fixed size. The sums of a tile are formed by a fixed tree and then added exactly,
histograms are sums of integers, and all functions are elementwise and bit-identical at any position in an array; the
results therefore depend on neither the number of threads nor the size of the blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from tridentgen.engines.process import Process, weight_names
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.engines.uniforms import uniforms
from tridentgen.engines.work import (
    HISTOGRAM_CAP,
    HISTOGRAM_UNIT,
    TILE,
    Drawn,
    Engine,
    Histograms,
    TileSums,
    Words,
    available_cores,
    draw_channels,
    empty_columns,
    joined,
    run_blocks,
    tree_sum,
)
from tridentgen.typing import Columns, FloatArray, IntArray

T = TypeVar("T")


def _keep_freed_memory() -> None:
    """Prevent glibc from returning memory to the system after every block, which costs more than the arithmetic.

    Freeing one large block raises the thresholds for this to the size of the block, at most 32 MiB (mallopt(3),
    "Note"); other allocators are unaffected.
    """
    np.empty((32 << 20) - (64 << 10), dtype=np.uint8)


@dataclass(frozen=True)
class NumpyEngine(Engine):
    """Evaluates processes with NumPy.

    Attributes
    ----------
    threads : int
        Threads to use; all cores by default.
    tiles_per_block : int
        Tiles evaluated at a time. 0 selects 4 for one thread, where arrays of 128 KiB fit the cache best, and 16 for
        several, which then spend less time waiting for the interpreter lock (benchmarks/numpy_block_size.py).
    """

    threads: int = field(default_factory=available_cores)
    tiles_per_block: int = 0
    name: str = "numpy"

    def __post_init__(self) -> None:
        if self.tiles_per_block == 0:
            object.__setattr__(self, "tiles_per_block", 4 if self.threads == 1 else 16)
        _keep_freed_memory()

    def tile_sums(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int,
        first: int, tiles: int, total: int,
    ) -> TileSums:  # fmt: skip
        """Return the stratified sums of `tiles` tiles from number `first` on; the integral has `total` tiles."""
        words = Words.of(process)

        def block(offset: int, count: int) -> list[tuple[float, float]]:
            begin = first * TILE + offset
            u = uniforms(seed, stream, begin, count, words.point)
            cell = proposal.stratified_cells(begin, count, total * TILE, u[words.table])
            placed = proposal.place(cell, u[: process.dimensions])
            weight = process.integrand(channel, placed.x) * placed.inverse_density
            return [(tree_sum(w), tree_sum((w[::2] - w[1::2]) ** 2)) for w in weight.reshape(-1, TILE)]

        sums = np.array([pair for pairs in self._run(block, tiles * TILE) for pair in pairs])
        return TileSums(sums[:, 0], sums[:, 1])

    def tile_histograms(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, scale: float,
        first: int, tiles: int,
    ) -> tuple[FloatArray, Histograms]:  # fmt: skip
        """Return the sum of weights of each of `tiles` tiles from `first` on, and histograms with `weight` = 0."""
        d, increments = proposal.grid.shape[0], proposal.grid.shape[1] - 1
        cells, words = len(proposal.cell_share), Words.of(process)

        def block(offset: int, count: int) -> tuple[list[float], Histograms]:
            u = uniforms(seed, stream, first * TILE + offset, count, words.point)
            cell = np.minimum((u[words.table] * cells).astype(np.int64), cells - 1)
            placed = proposal.place(cell, u[:d])
            weight = process.integrand(channel, placed.x) * placed.inverse_density
            relative = weight * (1.0 / scale)
            square = relative * relative  # fourth power by multiplication: the bits of pow depend on the machine
            squares, fourths = _integers(square), _integers(square * square)
            return [tree_sum(w) for w in weight.reshape(-1, TILE)], Histograms(
                count,
                0.0,
                np.stack([np.bincount(which, squares, minlength=increments) for which in placed.increments]),
                np.stack([np.bincount(which, minlength=increments).astype(float) for which in placed.increments]),
                np.bincount(cell, fourths, minlength=cells).astype(float),
                np.bincount(cell, minlength=cells).astype(float),
            )

        sums: list[float] = []
        total = Histograms.empty(d, increments, cells)
        for tile_sums, part in self._run(block, tiles * TILE):
            sums += tile_sums
            total += part
        return np.array(sums), total

    def weights(
        self, process: Process, proposal: Proposal, seed: int, stream: int, count: int, first: int = 0
    ) -> tuple[IntArray, FloatArray]:
        """Return channels and weights of `count` events of a stream from `first` on; arrays of shape (count,)."""
        words = Words.of(process)

        def block(offset: int, length: int) -> tuple[IntArray, FloatArray]:
            u = uniforms(seed, stream, first + offset, length, words.event)
            channels, drawn = draw_channels(proposal, u[words.table])
            return channels, _weights(process, proposal, u, drawn)

        blocks = list(self._run(block, count))
        return np.concatenate([b[0] for b in blocks]), np.concatenate([b[1] for b in blocks])

    def events(
        self, process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int,
        max_weight: float | None = None,
    ) -> Columns:  # fmt: skip
        """Return the columns of events `first` to `first + count - 1`, with weights not divided by the total number.

        The column ``accept`` holds the uniform number for accept-reject. With `max_weight`, only events with integrand
        weight > ``accept`` x `max_weight` are generated.
        """
        words, weights = Words.of(process), weight_names(process)

        def block(offset: int, length: int) -> Columns:
            u, numbers = uniforms(seed, stream, first + offset, length, words.event), np.arange(length)
            if max_weight is not None:
                weight = _weights(process, proposal, u, draw_channels(proposal, u[words.table])[1])
                numbers = np.flatnonzero(weight > u[words.accept] * max_weight)
                u = np.ascontiguousarray(u[:, numbers])
            out = empty_columns(process, len(numbers))
            out["event_id"][:] = (numbers + (first + offset)).astype(np.uint64)
            out["accept"][:] = u[words.accept]
            for channel, which, cells in draw_channels(proposal, u[words.table])[1]:
                placed = proposal.channels[channel].place(cells, u[: process.dimensions, which])
                inverse = placed.inverse_density / proposal.channel_share[channel]
                for name, value in process.event(channel, placed.x, u[words.spare, which]).items():
                    if isinstance(value, tuple):
                        for component, part in enumerate(value):
                            out[name][which, component] = part
                    else:
                        out[name][which] = value * inverse if name in weights else value
            return out

        return joined(list(self._run(block, count)))

    def _run(self, block: Callable[[int, int], T], total: int) -> Iterator[T]:
        return run_blocks(self.threads, block, total, self.tiles_per_block * TILE)


def _integers(values: FloatArray) -> FloatArray:
    """Return capped values in whole histogram units, as floats."""
    return np.rint(np.minimum(values, HISTOGRAM_CAP) * HISTOGRAM_UNIT)


def _weights(process: Process, proposal: Proposal, u: FloatArray, drawn: list[Drawn]) -> FloatArray:
    """Return the integrand's weights of a block of events."""
    weight = np.empty(u.shape[1])
    for channel, which, cells in drawn:
        placed = proposal.channels[channel].place(cells, u[: process.dimensions, which])
        inverse = placed.inverse_density / proposal.channel_share[channel]
        weight[which] = process.integrand(channel, placed.x) * inverse
    return weight
