"""The CUDA engine: traced physics in kernels that CuPy compiles for the GPU.

Events are addressed by number and sums have a fixed tree, so results have the bits of the other engines (in the
default, exact mode, without fused multiply-add).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tridentgen.engines.c_printer import PrintedFunction
from tridentgen.engines.kernel_source import TracedEvent, device_source, trace_event, trace_integrand
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.engines.work import (
    EVENT_WORDS,
    SPARE_WORDS,
    TABLE_WORD,
    TILE,
    Columns,
    FloatArray,
    Histograms,
    IntArray,
    Sums,
    empty_columns,
)
from tridentgen.errors import TridentgenError

_THREADS = 256
_MAX_CONSTANTS = 512
_MAX_TABLES = 8
_MOST_BLOCKS = 1 << 16
_BYTES_PER_EVENT = 2048  # columns, random numbers and indices on the device, with room to spare
_SHARE_OF_MEMORY = 0.5


class CudaError(TridentgenError):
    """No GPU can be used; the message says why."""


def require_gpu() -> Any:
    """Return the module `cupy`; raise `CudaError` where there is none or no GPU."""
    try:
        import cupy
    except ImportError:
        raise CudaError(
            'engine \'cuda\' needs CuPy: pip install "tridentgen[cuda12]" or "tridentgen[cuda13]"'
        ) from None
    try:
        available = cupy.cuda.is_available()
    except Exception as error:  # CuPy 13 raises one of its own where the driver is too old for it
        raise CudaError(f"engine 'cuda' cannot use the GPU here: {str(error).splitlines()[0]}") from None
    if not available:
        raise CudaError(
            "engine 'cuda' needs an NVIDIA GPU and its driver; none is available here, use 'native' or 'numpy'"
        )
    return cupy


class DeviceKernels:
    """The compiled kernels of one printed function on one device."""

    def __init__(self, function: PrintedFunction, cupy: Any, fast: bool) -> None:
        if len(function.constants) > _MAX_CONSTANTS or len(function.tables) > _MAX_TABLES:
            raise CudaError(f"a process with {len(function.constants)} constants is too large for the GPU's kernels")
        options = ("-std=c++17", f"-fmad={'true' if fast else 'false'}")
        self._module = cupy.RawModule(code=device_source(function), options=options, backend="nvrtc")
        self._cupy = cupy
        self._function = function
        self._tables = [cupy.asarray(np.ascontiguousarray(table, dtype=float)) for table in function.tables]
        self._density: list[Any] = []

    def launch(self, name: str, blocks: int, *arguments: Any) -> None:
        """Start a kernel on the current stream."""
        self._module.get_function(name)((min(max(blocks, 1), _MOST_BLOCKS),), (_THREADS,), arguments)

    def prepare(self, density: ChannelProposal) -> None:
        """Put the function's constants and tables and the density where the kernels read them."""
        cupy = self._cupy
        arrays = (density.grid, density.steps, density.inverse_cell_density, density.cumulative)
        self._density = [cupy.asarray(np.ascontiguousarray(array)) for array in arrays]
        sizes = [len(density.strata), density.steps.shape[1], len(density.cell_share)]
        strata = [*density.strata, *[0] * (8 - len(density.strata))]
        words = [*(array.data.ptr for array in self._density), *sizes, *strata]
        self._set("tg_proposal", np.array(words, dtype=np.uint64))
        self._set("tg_constants", self._function.constants)
        if self._tables:
            self._set("tg_tables", np.array([table.data.ptr for table in self._tables], dtype=np.uint64))

    def _set(self, name: str, values: Any) -> None:
        source = self._cupy.asarray(np.ascontiguousarray(values).view(np.uint8))
        self._module.get_global(name).copy_from_device(source.data, source.nbytes)


@dataclass(frozen=True)
class CudaEngine:
    """Evaluates processes on one GPU.

    Attributes
    ----------
    fast : bool
        Allow fused multiply-add.
    """

    fast: bool = False
    name: str = "cuda"
    cupy: Any = field(default_factory=require_gpu, compare=False, repr=False)
    _integrands: dict[tuple[Process, int], DeviceKernels] = field(default_factory=dict, compare=False, repr=False)
    _events: dict[tuple[Process, int], tuple[DeviceKernels, TracedEvent]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def integrate(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, points: int
    ) -> Sums:
        """Return the stratified sums over `points` (rounded up to whole tiles) of one channel."""
        cupy, tiles = self.cupy, math.ceil(points / TILE)
        kernels = self._integrand(process, channel)
        kernels.prepare(proposal)
        sums, pairs = cupy.empty(tiles), cupy.empty(tiles)
        numbers = _integers(seed, stream, 0, tiles, tiles * TILE)
        kernels.launch("tg_integrate", tiles, *numbers, sums, pairs)
        return Sums(tiles * TILE, math.fsum(sums.get()), math.fsum(pairs.get()))

    def histograms(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, points: int,
        scale: float,
    ) -> Histograms:  # fmt: skip
        """Return what training needs, over `points` (rounded up to whole tiles) uniform in the map's cube."""
        cupy, tiles = self.cupy, math.ceil(points / TILE)
        kernels = self._integrand(process, channel)
        kernels.prepare(proposal)
        sums, cells = cupy.empty(tiles), len(proposal.cell_share)
        shapes = (proposal.steps.shape, proposal.steps.shape, (cells,), (cells,))
        counts = [cupy.zeros(shape, dtype=cupy.int64) for shape in shapes]
        numbers = _integers(seed, stream, 0, tiles)
        kernels.launch("tg_histograms", tiles, *numbers, np.float64(1.0 / scale), sums, *counts)
        grid, grid_points, cell_sums, cell_points = (array.get().astype(float) for array in counts)
        return Histograms(tiles * TILE, math.fsum(sums.get()), grid, grid_points, cell_sums, cell_points)

    def weights(
        self, process: Process, proposal: Proposal, seed: int, stream: int, count: int
    ) -> tuple[IntArray, FloatArray]:
        """Return channels and weights of the first `count` events of a stream; arrays of shape (count,)."""
        kernels = [self._integrand(process, channel) for channel in range(len(proposal.channels))]
        weight = self.cupy.empty(count)
        rows = list(range(process.dimensions))
        u, channels = self._drawn(kernels[0], proposal, seed, stream, 0, count)
        for channel, which, cells in channels:
            self._points(kernels[channel], proposal, channel, u, rows, which, cells, [(weight, 0)], 1)
        found = np.empty(count, dtype=np.int64)
        for channel, which, _ in channels:
            found[which.get()] = channel
        return found, weight.get()

    def events(self, process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int) -> Columns:
        """Return the columns of events `first` to `first + count - 1`, weights not yet divided by the total number.

        Done in pieces that fit the free memory of the device. The column ``accept`` holds a uniform number of each
        event for unweighting.
        """
        free = self.cupy.cuda.Device().mem_info[0]
        size = max(TILE, int(free * _SHARE_OF_MEMORY) // _BYTES_PER_EVENT)
        pieces = [
            self._piece(process, proposal, seed, stream, begin, min(size, first + count - begin))
            for begin in range(first, first + count, size)
        ]
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}

    def _piece(self, process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int) -> Columns:
        cupy = self.cupy
        rows = [*range(process.dimensions), *range(SPARE_WORDS.start, SPARE_WORDS.stop)]
        kernels = [self._event(process, channel) for channel in range(len(proposal.channels))]
        u, channels = self._drawn(kernels[0][0], proposal, seed, stream, first, count)
        filled = {output.column for output in kernels[0][1].outputs}
        on_device = {
            column.name: cupy.empty((count, *column.shape), dtype=column.dtype)
            for column in process.columns
            if column.name in filled
        }
        for channel, which, cells in channels:
            function, event = kernels[channel]
            places = [(on_device[output.column], output.component) for output in event.outputs]
            self._points(function, proposal, channel, u, rows, which, cells, places, event.weighted)
        out = empty_columns(process, first, u.get())
        for channel, which, _ in channels:
            for name, value in kernels[channel][1].constants.items():
                out[name][which.get()] = value
        for name, array in on_device.items():
            out[name] = array.get()
        return out

    def _drawn(
        self, kernels: DeviceKernels, proposal: Proposal, seed: int, stream: int, first: int, count: int
    ) -> tuple[Any, list[tuple[int, Any, Any]]]:
        """Return the random numbers of events, and for each channel its events and the cells of all of them."""
        cupy = self.cupy
        u = cupy.empty((EVENT_WORDS, count))
        kernels.launch(
            "tg_uniforms", math.ceil(count / _THREADS), *_integers(seed, stream, first, count, EVENT_WORDS), u
        )
        channel, cell = (cupy.asarray(array) for array in proposal.pick(u[TABLE_WORD].get()))
        found = [(number, cupy.flatnonzero(channel == number)) for number in range(len(proposal.channels))]
        return u, [(number, which, cell) for number, which in found if len(which)]

    def _points(
        self, kernels: DeviceKernels, proposal: Proposal, channel: int, u: Any, rows: Sequence[int], which: Any,
        cells: Any, places: Sequence[tuple[Any, int]], weighted: int,
    ) -> None:  # fmt: skip
        cupy, count = self.cupy, len(which)
        kernels.prepare(proposal.channels[channel])
        addresses = cupy.asarray(np.array([a.data.ptr + a.itemsize * part for a, part in places], dtype=np.uint64))
        steps = cupy.asarray(np.array([a.strides[0] // a.itemsize for a, _ in places], dtype=np.int64))
        is_int = cupy.asarray(np.array([a.dtype == np.int32 for a, _ in places], dtype=np.int64))
        kernels.launch(
            "tg_points", math.ceil(count / _THREADS), np.int64(count), cells, u, np.int64(u.shape[1]),
            cupy.asarray(np.array(rows, dtype=np.int64)), np.float64(proposal.channel_share[channel]),
            np.int64(weighted), which, addresses, steps, is_int,
        )  # fmt: skip
        # The arrays above must live until the kernel has read them.
        cupy.cuda.get_current_stream().synchronize()

    def _integrand(self, process: Process, channel: int) -> DeviceKernels:
        key = (process, channel)
        if key not in self._integrands:
            self._integrands[key] = DeviceKernels(trace_integrand(process, channel), self.cupy, self.fast)
        return self._integrands[key]

    def _event(self, process: Process, channel: int) -> tuple[DeviceKernels, TracedEvent]:
        key = (process, channel)
        if key not in self._events:
            event = trace_event(process, channel)
            self._events[key] = DeviceKernels(event.function, self.cupy, self.fast), event
        return self._events[key]


def _integers(seed: int, stream: int, *others: int) -> tuple[Any, ...]:
    return np.uint64(seed), np.uint64(stream), *(np.int64(value) for value in others)
