"""The native engine: traced physics compiled for the host's vector units, no GPU needed.

Results have the bits of the NumPy engine (in the default, exact mode), whatever the number of threads.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.c_printer import PrintedFunction
from tridentgen.engines.compiler import HostCompiler
from tridentgen.engines.kernel_source import TracedEvent, host_source, trace_event, trace_integrand
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.engines.uniforms import uniforms
from tridentgen.engines.work import (
    EVENT_WORDS,
    SPARE_WORDS,
    TILE,
    Columns,
    FloatArray,
    Histograms,
    IntArray,
    Sums,
    available_cores,
    draw_channels,
    empty_columns,
    joined,
    run_blocks,
)

_MAX_DIMENSIONS = 8
_TILES_PER_CALL = 64
_EVENTS_PER_CALL = 1 << 14

_Double, _Int, _Unsigned, _Pointer = ctypes.c_double, ctypes.c_int64, ctypes.c_uint64, ctypes.c_void_p


class _Density(ctypes.Structure):
    """`struct tg_density` of kernels/density.h; the arrays must outlive it."""

    _fields_ = (
        ("grid", _Pointer),
        ("steps", _Pointer),
        ("inverse_cell", _Pointer),
        ("cumulative", _Pointer),
        ("dimensions", _Int),
        ("increments", _Int),
        ("cells", _Int),
        ("strata", _Int * _MAX_DIMENSIONS),
    )

    @classmethod
    def of(cls, density: ChannelProposal) -> _Density:
        arrays = (density.grid, density.steps, density.inverse_cell_density, density.cumulative)
        if not all(array.flags.c_contiguous and array.dtype == np.float64 for array in arrays):
            raise ValueError("the arrays of a density must be contiguous doubles")
        d = len(density.strata)
        strata = (_Int * _MAX_DIMENSIONS)(*density.strata)
        return cls(*(a.ctypes.data for a in arrays), d, density.steps.shape[1], len(density.cell_share), strata)


class Kernel:
    """A compiled function with its constants and tables; its calls release the interpreter."""

    def __init__(self, function: PrintedFunction, path: Path) -> None:
        library = ctypes.CDLL(str(path))
        self._constants = np.ascontiguousarray(function.constants)
        self._tables = tuple(np.ascontiguousarray(table, dtype=float) for table in function.tables)
        addresses = [table.ctypes.data for table in self._tables]
        self._table_list = (_Pointer * max(len(addresses), 1))(*addresses)
        head = [_Pointer, _Pointer, ctypes.POINTER(_Density)]
        tiles = [_Unsigned, _Unsigned, _Int, _Int]
        self._integrate = _declared(library.tg_integrate, [*head, *tiles, _Int, _Pointer, _Pointer])
        self._histograms = _declared(library.tg_histograms, [*head, *tiles, _Double, *[_Pointer] * 5])
        self._points = _declared(
            library.tg_points,
            [*head, _Int, _Pointer, _Pointer, _Int, _Double, _Int, _Pointer, _Pointer, _Pointer, _Pointer],
        )

    def _head(self, density: _Density) -> tuple[Any, ...]:
        return self._constants.ctypes.data, self._table_list, ctypes.byref(density)

    def integrate(
        self, density: _Density, seed: int, stream: int, total: int, first: int, tiles: int
    ) -> tuple[FloatArray, FloatArray]:
        """Return the sums of `tiles` tiles from `first` on: weights, squared differences of pairs."""
        sums, pairs = np.empty(tiles), np.empty(tiles)
        self._integrate(*self._head(density), seed, stream, first, tiles, total, sums.ctypes.data, pairs.ctypes.data)
        return sums, pairs

    def histograms(
        self, density: _Density, seed: int, stream: int, scale: float, first: int, tiles: int
    ) -> tuple[FloatArray, Histograms]:
        """Return the sums of tiles and the histograms over all of them."""
        sums = np.empty(tiles)
        shape = (density.dimensions, density.increments)
        counts = [np.zeros(s, dtype=np.int64) for s in (shape, shape, density.cells, density.cells)]
        addresses = (array.ctypes.data for array in (sums, *counts))
        self._histograms(*self._head(density), seed, stream, first, tiles, 1.0 / scale, *addresses)
        grid, grid_points, cells, cell_points = (array.astype(float) for array in counts)
        return sums, Histograms(tiles * TILE, 0.0, grid, grid_points, cells, cell_points)

    def points(
        self, density: _Density, cells: IntArray, u: FloatArray, share: float, weighted: int, which: IntArray,
        outputs: Sequence[tuple[NDArray[Any], int]],
    ) -> None:  # fmt: skip
        """Write the outputs of given points into arrays.

        `u` has a row per input; output j of point i goes to entry ``which[i]`` of array j, component as given. The
        first `weighted` outputs are divided by the density times `share`.
        """
        rows = np.ascontiguousarray(u)
        cells, which = np.ascontiguousarray(cells), np.ascontiguousarray(which)
        addresses = (_Pointer * len(outputs))(*(a.ctypes.data + a.itemsize * part for a, part in outputs))
        steps = np.array([a.strides[0] // a.itemsize for a, _ in outputs], dtype=np.int64)
        is_int = np.array([a.dtype == np.int32 for a, _ in outputs], dtype=np.int64)
        self._points(
            *self._head(density), len(cells), cells.ctypes.data, rows.ctypes.data, rows.shape[1], share, weighted,
            which.ctypes.data, addresses, steps.ctypes.data, is_int.ctypes.data,
        )  # fmt: skip


def _declared(function: Any, arguments: list[Any]) -> Any:
    function.argtypes, function.restype = arguments, None
    return function


@dataclass(frozen=True)
class NativeEngine:
    """Evaluates processes with compiled kernels.

    Attributes
    ----------
    compiler : HostCompiler
    threads : int
        Threads to use; all cores unless given.
    """

    compiler: HostCompiler
    threads: int = field(default_factory=available_cores)
    name: str = "native"
    _integrands: dict[Process, list[Kernel]] = field(default_factory=dict, compare=False, repr=False)
    _events: dict[Process, list[tuple[Kernel, TracedEvent]]] = field(default_factory=dict, compare=False, repr=False)

    def integrate(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, points: int
    ) -> Sums:
        """Return the stratified sums over `points` (rounded up to whole tiles) of one channel."""
        tiles = math.ceil(points / TILE)
        kernel, density = self._integrand(process, channel), _Density.of(proposal)
        block = partial(kernel.integrate, density, seed, stream, tiles * TILE)
        blocks = list(run_blocks(self.threads, block, tiles, self._tiles_per_call(tiles)))
        sums, pairs = (math.fsum(value for b in blocks for value in b[i]) for i in (0, 1))
        return Sums(tiles * TILE, sums, pairs)

    def histograms(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, points: int,
        scale: float,
    ) -> Histograms:  # fmt: skip
        """Return what training needs, over `points` (rounded up to whole tiles) uniform in the map's cube."""
        tiles = math.ceil(points / TILE)
        kernel, density = self._integrand(process, channel), _Density.of(proposal)
        block = partial(kernel.histograms, density, seed, stream, scale)
        total = Histograms.empty(density.dimensions, density.increments, density.cells)
        sums: list[float] = []
        for tile_sums, part in run_blocks(self.threads, block, tiles, self._tiles_per_call(tiles)):
            sums += list(tile_sums)
            total += part
        return total._replace(weight=math.fsum(sums))

    def weights(
        self, process: Process, proposal: Proposal, seed: int, stream: int, count: int
    ) -> tuple[IntArray, FloatArray]:
        """Return channels and weights of the first `count` events of a stream; arrays of shape (count,)."""
        densities = [_Density.of(density) for density in proposal.channels]
        kernels = [self._integrand(process, channel) for channel in range(len(densities))]

        def block(first: int, length: int) -> tuple[IntArray, FloatArray]:
            u = uniforms(seed, stream, first, length, EVENT_WORDS)
            weight = np.empty(length)
            channels, drawn = draw_channels(proposal, u)
            for channel, which, cells in drawn:
                share = float(proposal.channel_share[channel])
                rows = u[: process.dimensions, which]
                kernels[channel].points(densities[channel], cells, rows, share, 1, which, [(weight, 0)])
            return channels, weight

        blocks = list(run_blocks(self.threads, block, count, _EVENTS_PER_CALL))
        return np.concatenate([b[0] for b in blocks]), np.concatenate([b[1] for b in blocks])

    def events(self, process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int) -> Columns:
        """Return the columns of events `first` to `first + count - 1`, weights not yet divided by the total number.

        The column ``accept`` holds a uniform number of each event for unweighting.
        """
        densities = [_Density.of(density) for density in proposal.channels]
        kernels = self._event_kernels(process)
        used = [*range(process.dimensions), *range(SPARE_WORDS.start, SPARE_WORDS.stop)]

        def block(offset: int, length: int) -> Columns:
            u = uniforms(seed, stream, first + offset, length, EVENT_WORDS)
            out = empty_columns(process, first + offset, u)
            for channel, which, cells in draw_channels(proposal, u)[1]:
                kernel, event = kernels[channel]
                places = [(out[output.column], output.component) for output in event.outputs]
                share = float(proposal.channel_share[channel])
                rows = u[np.ix_(used, which)]
                kernel.points(densities[channel], cells, rows, share, event.weighted, which, places)
                for name, value in event.constants.items():
                    out[name][which] = value
            return out

        return joined(list(run_blocks(self.threads, block, count, _EVENTS_PER_CALL)))

    def _tiles_per_call(self, tiles: int) -> int:
        return min(_TILES_PER_CALL, math.ceil(tiles / self.threads))

    def _integrand(self, process: Process, channel: int) -> Kernel:
        if process not in self._integrands:
            functions = [trace_integrand(process, i) for i in range(len(process.channels))]
            self._integrands[process] = self._compiled(functions)
        return self._integrands[process][channel]

    def _event_kernels(self, process: Process) -> list[tuple[Kernel, TracedEvent]]:
        if process not in self._events:
            traced = [trace_event(process, i) for i in range(len(process.channels))]
            kernels = self._compiled([event.function for event in traced])
            self._events[process] = list(zip(kernels, traced, strict=True))
        return self._events[process]

    def _compiled(self, functions: list[PrintedFunction]) -> list[Kernel]:
        """Compile what is new side by side (the compiler is a process of its own), each text once."""
        sources = [host_source(function) for function in functions]
        distinct = set(sources)
        with ThreadPoolExecutor(self.threads) as pool:
            libraries = dict(zip(distinct, pool.map(self.compiler.library, distinct), strict=True))
        return [Kernel(function, libraries[source]) for function, source in zip(functions, sources, strict=True)]
