"""The native engine: traced physics compiled for the vector units of the host, without a GPU.

Results are bit-identical to those of the NumPy engine (in the default, exact mode) for any number of threads.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.c_printer import PrintedFunction
from tridentgen.engines.compiler import HostCompiler
from tridentgen.engines.kernel_cache import CompilerError
from tridentgen.engines.kernel_check import Expected, check_kernel, of_event, of_integrand
from tridentgen.engines.kernel_source import TracedEvent, drawing_source, host_source, trace_event, trace_integrand
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.engines.work import (
    TILE,
    Engine,
    Histograms,
    TileSums,
    Words,
    available_cores,
    empty_columns,
    joined,
    run_blocks,
)
from tridentgen.typing import Columns, FloatArray, IntArray

_MAX_DIMENSIONS, _MAX_WORDS, _MAX_CHANNELS = 8, 32, 4096
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
        ("strata", _Double * _MAX_DIMENSIONS),
        ("inverse_strata", _Double * _MAX_DIMENSIONS),
        ("scale", _Double * _MAX_DIMENSIONS),
    )

    @classmethod
    def of(cls, density: ChannelProposal) -> _Density:
        arrays = (density.grid, density.steps, density.inverse_cell_density, density.cumulative)
        if not all(array.flags.c_contiguous and array.dtype == np.float64 for array in arrays):
            raise ValueError("the arrays of a proposal must be contiguous doubles")
        sizes = (*density.steps.shape, len(density.cell_share))
        factors = ((_Double * _MAX_DIMENSIONS)(*values) for values in density.strata_factors)
        return cls(*(a.ctypes.data for a in arrays), *sizes, *factors)


class _Channel(ctypes.Structure):
    """`struct tg_channel` of kernels/draw.h."""

    _fields_ = (
        ("points", _Pointer),
        ("constants", _Pointer),
        ("tables", _Pointer),
        ("density", _Pointer),
        ("share", _Double),
        ("weighted", _Int),
        ("out", _Pointer),
        ("steps", _Pointer),
        ("is_int", _Pointer),
    )


class _Table(ctypes.Structure):
    """`struct tg_table` of kernels/draw.h; the arrays must outlive it."""

    _fields_ = (
        ("keep", _Pointer),
        ("alias", _Pointer),
        ("owner", _Pointer),
        ("offsets", _Pointer),
        ("cells", _Int),
        ("channels", _Int),
    )

    @classmethod
    def of(cls, proposal: Proposal) -> _Table:
        arrays = (*proposal.alias, proposal.owners, proposal.offsets)
        return cls(*(a.ctypes.data for a in arrays), len(proposal.alias[0]), len(proposal.channels))


class Kernel:
    """A compiled function with its constants and tables; calls release the interpreter lock."""

    def __init__(self, function: PrintedFunction, path: Path) -> None:
        library = _loaded(path)
        self._constants = np.ascontiguousarray(function.constants)
        self._tables = tuple(np.ascontiguousarray(table, dtype=float) for table in function.tables)
        addresses = [table.ctypes.data for table in self._tables]
        self._table_list = (_Pointer * max(len(addresses), 1))(*addresses)
        head = [_Pointer, _Pointer, ctypes.POINTER(_Density)]
        tiles = [_Unsigned, _Unsigned, _Int, _Int]
        self._integrate = _declared(library.tg_integrate, [*head, *tiles, _Int, _Pointer, _Pointer])
        self._histograms = _declared(library.tg_histograms, [*head, *tiles, _Double, *[_Pointer] * 5])
        self._points = ctypes.cast(library.tg_points, _Pointer)

    def points(self, density: ChannelProposal, u: FloatArray, weighted: int, outputs: int) -> FloatArray:
        """Return the outputs at points given by a density and uniform numbers, shape (outputs, N)."""
        count, out = u.shape[1], np.empty((outputs, u.shape[1]))
        channel = self.writing(_Density.of(density), 1.0, weighted, _Places([(row, 0) for row in out]))
        numbers = [_Int, _Pointer, _Pointer, _Pointer, _Pointer, _Int, _Double, _Int]
        function = ctypes.CFUNCTYPE(None, _Pointer, _Pointer, _Pointer, *numbers, *[_Pointer] * 3)(channel.points)
        which, row, cell = np.arange(count, dtype=np.int32), np.arange(count), np.zeros(count, dtype=np.int64)
        drawn = np.ascontiguousarray(u)
        function(
            channel.constants, channel.tables, channel.density, count, which.ctypes.data, row.ctypes.data,
            cell.ctypes.data, drawn.ctypes.data, count, 1.0, weighted, channel.out, channel.steps, channel.is_int,
        )  # fmt: skip
        return out

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

    def writing(self, density: _Density, share: float, weighted: int, places: _Places) -> _Channel:
        """Return the structure by which this kernel writes event columns; the first `weighted` outputs are weights.

        The sampling density of the events is `density` times the channel weight `share`. The arguments must outlive
        the returned structure.
        """
        pointers = (self._table_list, ctypes.pointer(density))
        tables, density_pointer = (ctypes.cast(pointer, _Pointer) for pointer in pointers)
        columns = (ctypes.cast(array, _Pointer) for array in (places.addresses, places.steps, places.is_int))
        return _Channel(self._points, self._constants.ctypes.data, tables, density_pointer, share, weighted, *columns)


class _Places:
    """Destinations of outputs: an array each, and the component of its entries."""

    def __init__(self, outputs: Sequence[tuple[NDArray[Any], int]]) -> None:
        n = len(outputs)
        self.addresses = (_Pointer * n)(*(a.ctypes.data + a.itemsize * part for a, part in outputs))
        self.steps = (_Int * n)(*(a.strides[0] // a.itemsize for a, _ in outputs))
        self.is_int = (_Int * n)(*(a.dtype == np.int32 for a, _ in outputs))


class _Writers(NamedTuple):
    """The channels of a process as C structures, and the objects they point to."""

    channels: Any
    kept: tuple[Any, ...]

    @classmethod
    def of(cls, proposal: Proposal, kernels: list[Kernel], weighted: list[int], places: list[_Places]) -> _Writers:
        shares = [float(share) for share in proposal.channel_share]
        densities = [_Density.of(density) for density in proposal.channels]
        parts = zip(kernels, densities, shares, weighted, places, strict=True)
        channels = [kernel.writing(density, share, number, place) for kernel, density, share, number, place in parts]
        return cls((_Channel * len(channels))(*channels), (proposal, kernels, densities, places))


def _loaded(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:  # a folder from which nothing may be run, a library that is missing
        raise CompilerError(f"the kernel '{path}' cannot be loaded: {error}") from None


def _declared(function: Any, arguments: list[Any], result: Any = None) -> Any:
    function.argtypes, function.restype = arguments, result
    return function


@dataclass(frozen=True)
class NativeEngine(Engine):
    """Evaluates processes with compiled kernels.

    Attributes
    ----------
    compiler : HostCompiler
    threads : int
        Threads to use; all cores by default.
    """

    compiler: HostCompiler
    threads: int = field(default_factory=available_cores)
    name: str = "native"
    _integrands: dict[Process, list[Kernel]] = field(default_factory=dict, compare=False, repr=False)
    _events: dict[Process, list[tuple[Kernel, TracedEvent]]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def compiled_by(self) -> str:
        """First line of the compiler's version text."""
        return self.compiler.version

    def tile_sums(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int,
        first: int, tiles: int, total: int,
    ) -> TileSums:  # fmt: skip
        """Return the stratified sums of `tiles` tiles from number `first` on; the integral has `total` tiles."""
        kernel, density = self._integrand(process, channel), _Density.of(proposal)

        def block(offset: int, number: int) -> tuple[FloatArray, FloatArray]:
            return kernel.integrate(density, seed, stream, total * TILE, first + offset, number)

        blocks = list(run_blocks(self.threads, block, tiles, self._tiles_per_call(tiles)))
        return TileSums(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))

    def tile_histograms(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, scale: float,
        first: int, tiles: int,
    ) -> tuple[FloatArray, Histograms]:  # fmt: skip
        """Return the sum of weights of each of `tiles` tiles from `first` on, and histograms with `weight` = 0."""
        kernel, density = self._integrand(process, channel), _Density.of(proposal)

        def block(offset: int, number: int) -> tuple[FloatArray, Histograms]:
            return kernel.histograms(density, seed, stream, scale, first + offset, number)

        total = Histograms.empty(density.dimensions, density.increments, density.cells)
        sums: list[FloatArray] = []
        for tile_sums, part in run_blocks(self.threads, block, tiles, self._tiles_per_call(tiles)):
            sums.append(tile_sums)
            total += part
        return np.concatenate(sums), total

    def weights(
        self, process: Process, proposal: Proposal, seed: int, stream: int, count: int, first: int = 0
    ) -> tuple[IntArray, FloatArray]:
        """Return channels and weights of `count` events of a stream from `first` on; arrays of shape (count,)."""
        channels, weight = np.empty(count, dtype=np.int64), np.empty(count)
        writers = self._weighing(process, proposal, weight)
        draw = self._drawing(process, proposal, seed, stream)

        def block(at: int, number: int) -> None:
            draw(writers, first + at, number, at, chosen=channels)

        list(run_blocks(self.threads, block, count, _EVENTS_PER_CALL))
        return channels, weight

    def events(
        self, process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int,
        max_weight: float | None = None,
    ) -> Columns:  # fmt: skip
        """Return the columns of events `first` to `first + count - 1`, with weights not divided by the total number.

        The column ``accept`` holds the uniform number for accept-reject. With `max_weight`, only events with integrand
        weight > ``accept`` x `max_weight` are generated.
        """
        draw = self._drawing(process, proposal, seed, stream)
        if max_weight is None:
            out = empty_columns(process, count)
            writers = self._writing(process, proposal, out)
            list(run_blocks(self.threads, lambda at, n: draw(writers, first + at, n, at, out), count, _EVENTS_PER_CALL))
            return out
        weigh = self._weighing(process, proposal, np.empty(0))

        def block(at: int, n: int) -> Columns:
            room = empty_columns(process, n)
            made = draw(self._writing(process, proposal, room), first + at, n, 0, room, (weigh, max_weight))
            return {name: column[:made] for name, column in room.items()}

        return joined(list(run_blocks(self.threads, block, count, _EVENTS_PER_CALL)))

    def _weighing(self, process: Process, proposal: Proposal, weight: FloatArray) -> _Writers:
        """Return channels that write the integrand's weights to an array."""
        place = _Places([(weight, 0)])
        kernels = [self._integrand(process, number) for number in range(len(proposal.channels))]
        return _Writers.of(proposal, kernels, [1] * len(kernels), [place] * len(kernels))

    def _writing(self, process: Process, proposal: Proposal, out: Columns) -> _Writers:
        """Return channels that write event columns."""
        compiled = self._event_kernels(process)
        places = [_Places([(out[o.column], o.component) for o in event.outputs]) for _, event in compiled]
        weighted = [event.weighted for _, event in compiled]
        return _Writers.of(proposal, [kernel for kernel, _ in compiled], weighted, places)

    def _drawing(self, process: Process, proposal: Proposal, seed: int, stream: int) -> Callable[..., int]:
        """Return ``draw(channels, first, count, row, ...)``, which writes events and returns their number."""
        words, table = Words.of(process), _Table.of(proposal)
        if words.event > _MAX_WORDS or len(proposal.channels) > _MAX_CHANNELS:
            raise ValueError(f"more than {_MAX_CHANNELS} channels or {_MAX_WORDS} random numbers per event")
        library = _loaded(self.compiler.library(drawing_source()))
        numbers = [_Unsigned, _Unsigned, *[_Int] * 5, _Double]
        function = _declared(library.tg_events, [*[_Pointer] * 3, *numbers, *[_Pointer] * 3], _Int)

        def draw(
            writers: _Writers, first: int, count: int, row: int, out: Columns | None = None,
            select: tuple[_Writers, float] | None = None, chosen: IntArray | None = None,
        ) -> int:  # fmt: skip
            weigh, most = (None, 0.0) if select is None else (select[0].channels, select[1])
            event, accept = (None, None) if out is None else (out["event_id"].ctypes.data, out["accept"].ctypes.data)
            filled: int = function(
                writers.channels, weigh, ctypes.byref(table), seed, stream, first, count, words.event, words.table, row,
                most, event, accept, None if chosen is None else chosen.ctypes.data,
            )  # fmt: skip
            return filled

        return draw

    def _tiles_per_call(self, tiles: int) -> int:
        return min(_TILES_PER_CALL, math.ceil(tiles / self.threads))

    def _integrand(self, process: Process, channel: int) -> Kernel:
        if process not in self._integrands:
            functions = [trace_integrand(process, i) for i in range(len(process.channels))]
            expected = [of_integrand(process, i) for i in range(len(process.channels))]
            self._integrands[process] = self._compiled(process, functions, expected, [(1, 1)] * len(functions))
        return self._integrands[process][channel]

    def _event_kernels(self, process: Process) -> list[tuple[Kernel, TracedEvent]]:
        if process not in self._events:
            traced = [trace_event(process, i) for i in range(len(process.channels))]
            expected = [of_event(process, i, event.outputs) for i, event in enumerate(traced)]
            sizes = [(event.weighted, len(event.outputs)) for event in traced]
            kernels = self._compiled(process, [event.function for event in traced], expected, sizes)
            self._events[process] = list(zip(kernels, traced, strict=True))
        return self._events[process]

    def _compiled(
        self, process: Process, functions: list[PrintedFunction], expected: list[Expected], sizes: list[tuple[int, int]]
    ) -> list[Kernel]:
        """Compile new functions concurrently (the compiler is a separate process), each source once, and check them.

        `expected` are their values by NumPy, `sizes` the numbers of outputs that are weights and of all.
        """
        sources = [host_source(function) for function in functions]
        distinct = {source: i for i, source in reversed(list(enumerate(sources)))}
        name, fast = str(self.compiler.path), self.compiler.fast

        def library(source: str) -> Path:
            i = distinct[source]

            def check(path: Path) -> None:
                check_kernel(Kernel(functions[i], path), process, expected[i], *sizes[i], fast=fast, compiler=name)

            return self.compiler.library(source, check)

        with ThreadPoolExecutor(self.threads) as pool:
            libraries = dict(zip(distinct, pool.map(library, distinct), strict=True))
        return [Kernel(function, libraries[source]) for function, source in zip(functions, sources, strict=True)]
