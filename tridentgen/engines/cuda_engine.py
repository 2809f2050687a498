"""The CUDA engine: traced physics in kernels that CuPy compiles for the GPU.

Events are addressed by number and sums have a fixed tree, so results are bit-identical to those of the other engines
(in the default, exact mode, without fused multiply-add).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.c_printer import PrintedFunction
from tridentgen.engines.kernel_source import TracedEvent, device_source, trace_event, trace_integrand
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.engines.work import (
    TILE,
    Engine,
    Histograms,
    TileSums,
    Words,
    joined,
)
from tridentgen.errors import TridentgenError
from tridentgen.typing import Columns, FloatArray, IntArray

T = TypeVar("T")

_THREADS = 256
_MAX_CONSTANTS = 512
_MAX_DIMENSIONS = 8
_MAX_TABLES = 16
_MOST_BLOCKS = 1 << 16
_BYTES_PER_EVENT = 2048  # columns, random numbers and indices on the device, with room to spare
_SHARE_OF_MEMORY = 0.5


class CudaError(TridentgenError):
    """No GPU can be used; the message gives the reason."""


def require_gpu() -> Any:
    """Return the module `cupy`; raise `CudaError` if it is not installed or there is no GPU."""
    try:
        import cupy
    except ImportError:
        raise CudaError(
            'engine \'cuda\' needs CuPy: pip install "tridentgen[cuda12]" or "tridentgen[cuda13]"'
        ) from None
    try:
        available = cupy.cuda.is_available()
    except Exception as error:  # CuPy 13 raises an error of its own if the driver is too old
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
        """Copy the constants and tables of the function and the proposal to the device."""
        cupy = self._cupy
        arrays = (density.grid, density.steps, density.inverse_cell_density, density.cumulative)
        self._density = [cupy.asarray(np.ascontiguousarray(array)) for array in arrays]
        sizes = (*density.steps.shape, len(density.cell_share))
        factors = np.zeros((3, _MAX_DIMENSIONS))
        factors[:, : len(density.strata)] = density.strata_factors
        addresses = np.array([*(array.data.ptr for array in self._density), *sizes], dtype=np.uint64)
        self._set("tg_proposal", np.concatenate([addresses, factors.reshape(-1).view(np.uint64)]))
        self._set("tg_constants", self._function.constants)
        if self._tables:
            self._set("tg_tables", np.array([table.data.ptr for table in self._tables], dtype=np.uint64))

    def _set(self, name: str, values: Any) -> None:
        source = self._cupy.asarray(np.ascontiguousarray(values).view(np.uint8))
        self._module.get_global(name).copy_from_device(source.data, source.nbytes)


@dataclass(frozen=True)
class CudaEngine(Engine):
    """Evaluates processes on all GPUs: tiles and events are distributed by number.

    Attributes
    ----------
    fast : bool
        Allow fused multiply-add.
    devices : tuple of int
        Numbers of the GPUs to use; all by default.
    """

    fast: bool = False
    devices: tuple[int, ...] = ()
    name: str = "cuda"
    cupy: Any = field(default_factory=require_gpu, compare=False, repr=False)
    _integrands: dict[tuple[int, Process, int], DeviceKernels] = field(default_factory=dict, compare=False, repr=False)
    _events: dict[tuple[int, Process, int], tuple[DeviceKernels, TracedEvent]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        if not self.devices:
            object.__setattr__(self, "devices", tuple(range(self.cupy.cuda.runtime.getDeviceCount())))

    @property
    def compiled_by(self) -> str:
        """NVRTC and its version."""
        major, minor = self.cupy.cuda.nvrtc.getVersion()
        return f"NVRTC {major}.{minor}"

    def tile_sums(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int,
        first: int, tiles: int, total: int,
    ) -> TileSums:  # fmt: skip
        """Return the stratified sums of `tiles` tiles from number `first` on; the integral has `total` tiles."""

        def part(offset: int, number: int) -> list[FloatArray]:
            kernels = self._integrand(process, channel)
            kernels.prepare(proposal)
            sums = [self.cupy.empty(number) for _ in range(2)]
            numbers = _integers(seed, stream, first + offset, number, total * TILE)
            kernels.launch("tg_integrate", number, *numbers, *sums)
            return [array.get() for array in sums]

        parts = self._on_devices(part, tiles)
        return TileSums(*(np.concatenate(found) for found in zip(*parts, strict=True)))

    def tile_histograms(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, scale: float,
        first: int, tiles: int,
    ) -> tuple[FloatArray, Histograms]:  # fmt: skip
        """Return the sum of weights of each of `tiles` tiles from `first` on, and histograms with `weight` = 0."""
        cells = len(proposal.cell_share)

        def part(offset: int, number: int) -> tuple[FloatArray, Histograms]:
            cupy, kernels = self.cupy, self._integrand(process, channel)
            kernels.prepare(proposal)
            sums, shapes = cupy.empty(number), (proposal.steps.shape, proposal.steps.shape, (cells,), (cells,))
            counts = [cupy.zeros(shape, dtype=cupy.int64) for shape in shapes]
            numbers = _integers(seed, stream, first + offset, number)
            kernels.launch("tg_histograms", number, *numbers, np.float64(1.0 / scale), sums, *counts)
            grid, grid_points, cell_sums, cell_points = (array.get().astype(float) for array in counts)
            return sums.get(), Histograms(number * TILE, 0.0, grid, grid_points, cell_sums, cell_points)

        d, increments = proposal.steps.shape
        total = Histograms.empty(d, increments, cells)
        sums: list[FloatArray] = []
        for tile_sums, found in self._on_devices(part, tiles):
            sums.append(tile_sums)
            total += found
        return np.concatenate(sums), total

    def weights(
        self, process: Process, proposal: Proposal, seed: int, stream: int, count: int, first: int = 0
    ) -> tuple[IntArray, FloatArray]:
        """Return channels and weights of `count` events of a stream from `first` on; arrays of shape (count,)."""

        def part(offset: int, number: int) -> tuple[IntArray, FloatArray]:
            drawn = self._draw(process, proposal, seed, stream, first + offset, number)
            return drawn.channel.get().astype(np.int64), self._weights(process, proposal, drawn).get()

        parts = self._on_devices(part, count, self._events_at_a_time())
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    def events(
        self, process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int,
        max_weight: float | None = None,
    ) -> Columns:  # fmt: skip
        """Return the columns of events `first` to `first + count - 1`, with weights not divided by the total number.

        Events are processed in blocks that fit the free memory of the device. The column ``accept`` holds the uniform
        number for accept-reject. With `max_weight`, only events with integrand weight > ``accept`` x `max_weight` are
        generated.
        """

        def part(offset: int, number: int) -> Columns:
            drawn = self._draw(process, proposal, seed, stream, first + offset, number)
            accept = drawn.u[Words.of(process).accept]
            if max_weight is None:
                return self._columns(process, proposal, first + offset, drawn, self.cupy.arange(number), accept)
            kept = self.cupy.flatnonzero(self._weights(process, proposal, drawn) > accept * max_weight)
            return self._columns(process, proposal, first + offset, drawn, kept, accept)

        return joined(self._on_devices(part, count, self._events_at_a_time()))

    def _events_at_a_time(self) -> int:
        free: int = self.cupy.cuda.Device().mem_info[0]
        return max(TILE, int(free * _SHARE_OF_MEMORY) // _BYTES_PER_EVENT)

    def _on_devices(self, part: Callable[[int, int], T], total: int, most: int = 1 << 40) -> list[T]:
        """Return ``part(first, number)`` over consecutive ranges of at most `most`, one or more on each device."""
        size = min(most, math.ceil(total / len(self.devices)))
        pieces = [(first, min(size, total - first)) for first in range(0, total, size)]

        def on_device(number: int) -> list[T]:
            with self.cupy.cuda.Device(self.devices[number]):
                return [part(*piece) for piece in pieces[number :: len(self.devices)]]

        if len(self.devices) == 1:
            return on_device(0)
        with ThreadPoolExecutor(len(self.devices)) as pool:
            found = list(pool.map(on_device, range(len(self.devices))))
        return [found[i % len(found)][i // len(found)] for i in range(len(pieces))]

    def _draw(self, process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int) -> _Drawn:
        """Return the random numbers of events, and the channels and cells that they select."""
        cupy, words = self.cupy, Words.of(process)
        u, channel, cell = cupy.empty((words.event, count)), cupy.empty(count, np.int32), cupy.empty(count, np.int64)
        table = [cupy.asarray(array) for array in (*proposal.alias, proposal.offsets)]
        self._integrand(process, 0).launch(
            "tg_draw", math.ceil(count / _THREADS), *_integers(seed, stream, first, count, words.event, words.table),
            *table, np.int64(len(proposal.channels)), u, channel, cell,
        )  # fmt: skip
        cupy.cuda.get_current_stream().synchronize()  # the table must live until it has been read
        return _Drawn(u, channel, cell)

    def _weights(self, process: Process, proposal: Proposal, drawn: _Drawn) -> Any:
        """Return the integrand's weights of drawn events, on the device."""
        count = len(drawn.channel)
        weight, everyone = self.cupy.empty(count), self.cupy.arange(count)
        for number in range(len(proposal.channels)):
            which = self.cupy.flatnonzero(drawn.channel == number)
            kernels = self._integrand(process, number)
            self._points(kernels, proposal, number, drawn, which, everyone, [(weight, 0)], 1)
        return weight

    def _columns(
        self, process: Process, proposal: Proposal, first: int, drawn: _Drawn, kept: Any, accept: Any
    ) -> Columns:
        """Return the columns of the drawn events `kept`, in pinned memory of the host."""
        cupy, count = self.cupy, len(kept)
        row = cupy.empty(len(drawn.channel), np.int64)
        row[kept] = cupy.arange(count)
        on_device = {
            column.name: cupy.empty((count, *column.shape), dtype=column.dtype)
            for column in process.columns
            if column.name != "event_id"
        }
        channel = drawn.channel[kept]
        for number in range(len(proposal.channels)):
            kernels, event = self._event(process, number)
            places = [(on_device[output.column], output.component) for output in event.outputs]
            which = kept[cupy.flatnonzero(channel == number)]
            self._points(kernels, proposal, number, drawn, which, row, places, event.weighted)
        on_device["event_id"] = (kept + first).astype(np.uint64)
        on_device["accept"] = accept[kept]
        return self._copied(on_device)

    def _copied(self, on_device: dict[str, Any]) -> Columns:
        """Copy columns to pinned memory concurrently."""
        stream = self.cupy.cuda.get_current_stream()
        out: Columns = {}
        for name, array in on_device.items():
            out[name] = _pinned(self.cupy, array)
            array.get(stream=stream, out=out[name], blocking=False)
        stream.synchronize()
        return out

    def _points(
        self, kernels: DeviceKernels, proposal: Proposal, channel: int, drawn: _Drawn, which: Any, row: Any,
        places: Sequence[tuple[Any, int]], weighted: int,
    ) -> None:  # fmt: skip
        cupy, count = self.cupy, len(which)
        if count == 0:
            return
        kernels.prepare(proposal.channels[channel])
        addresses = cupy.asarray(np.array([a.data.ptr + a.itemsize * part for a, part in places], dtype=np.uint64))
        steps = cupy.asarray(np.array([a.strides[0] // a.itemsize for a, _ in places], dtype=np.int64))
        is_int = cupy.asarray(np.array([a.dtype == np.int32 for a, _ in places], dtype=np.int64))
        kernels.launch(
            "tg_points", math.ceil(count / _THREADS), np.int64(count), which, row, drawn.cell, drawn.u,
            np.int64(drawn.u.shape[1]), np.float64(proposal.channel_share[channel]), np.int64(weighted), addresses,
            steps, is_int,
        )  # fmt: skip
        # The arrays above must live until the kernel has read them.
        cupy.cuda.get_current_stream().synchronize()

    def _integrand(self, process: Process, channel: int) -> DeviceKernels:
        key = (self.cupy.cuda.Device().id, process, channel)
        if key not in self._integrands:
            self._integrands[key] = DeviceKernels(trace_integrand(process, channel), self.cupy, self.fast)
        return self._integrands[key]

    def _event(self, process: Process, channel: int) -> tuple[DeviceKernels, TracedEvent]:
        key = (self.cupy.cuda.Device().id, process, channel)
        if key not in self._events:
            event = trace_event(process, channel)
            self._events[key] = DeviceKernels(event.function, self.cupy, self.fast), event
        return self._events[key]


class _Drawn(NamedTuple):
    """Random numbers of events, shape (words, n), and their channels and cells, on the device."""

    u: Any
    channel: Any
    cell: Any


def _integers(seed: int, stream: int, *others: int) -> tuple[Any, ...]:
    return np.uint64(seed), np.uint64(stream), *(np.int64(value) for value in others)


def _pinned(cupy: Any, like: Any) -> NDArray[Any]:
    """Return a host array in pinned memory, of the shape and type of a device array."""
    memory = cupy.cuda.alloc_pinned_memory(max(like.nbytes, 1))
    return np.frombuffer(memory, like.dtype, math.prod(like.shape)).reshape(like.shape)
