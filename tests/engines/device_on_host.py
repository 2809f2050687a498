"""The GPU's kernels without a GPU: their text compiled for the host, and a stand-in for CuPy that calls it.

The stand-in is as strict as a GPU: arrays of the device do not turn into NumPy's by themselves, kernels take exactly
the arguments they declare, of exactly those types, and globals hold no more than their size.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.engines.cases import host_compiler

_KERNEL = re.compile(r"^TG_KERNEL (\w+)\(([^)]*)\)", re.MULTILINE)
_SCALARS: dict[str, tuple[type[np.generic], Any]] = {
    "uint64_t": (np.uint64, ctypes.c_uint64),
    "int64_t": (np.int64, ctypes.c_int64),
    "double": (np.float64, ctypes.c_double),
}
_POINTERS: dict[str, type[np.generic]] = {
    "double*": np.float64,
    "const double*": np.float64,
    "int64_t*": np.int64,
    "const int64_t*": np.int64,
    "int32_t*": np.int32,
    "void*const*": np.uint64,
}
_WORD = 8
_GLOBALS = {"tg_constants": 512 * _WORD, "tg_tables": 16 * _WORD, "tg_proposal": 31 * _WORD}


class DeviceArray:
    """An array in the memory of a device: NumPy cannot look at it, only `get` copies it to the host."""

    def __init__(self, host: NDArray[Any]) -> None:
        self._host = host
        self.dtype, self.shape, self.strides = host.dtype, host.shape, host.strides
        self.itemsize, self.nbytes = host.itemsize, host.nbytes

    @property
    def data(self) -> SimpleNamespace:
        """The memory, with its address `ptr`."""
        return SimpleNamespace(ptr=self._host.ctypes.data)

    def get(self, stream: Any = None, out: NDArray[Any] | None = None, blocking: bool = True) -> NDArray[Any]:
        """Return a copy on the host; a stream's copy is done when the stream is synchronised."""
        if out is None:
            return self._host.copy()
        assert (out.shape, out.dtype, out.flags.c_contiguous) == (self.shape, self.dtype, True)
        copy = partial(np.copyto, out, self._host.copy())
        if blocking:
            copy()
        else:
            stream.waiting.append(copy)
        return out

    def __len__(self) -> int:
        return len(self._host)

    def __getitem__(self, key: Any) -> DeviceArray:
        return DeviceArray(self._host[key._host if isinstance(key, DeviceArray) else key])

    def __setitem__(self, key: DeviceArray, values: DeviceArray) -> None:
        self._host[key._host] = values._host

    def __add__(self, other: int) -> DeviceArray:
        return DeviceArray(self._host + other)

    def __mul__(self, other: float) -> DeviceArray:
        return DeviceArray(self._host * other)

    def __gt__(self, other: DeviceArray) -> DeviceArray:
        return DeviceArray(np.asarray(self._host > other._host))

    def astype(self, dtype: Any) -> DeviceArray:
        """Return a converted copy."""
        return DeviceArray(self._host.astype(dtype))

    def __eq__(self, other: object) -> DeviceArray:  # type: ignore[override]
        return DeviceArray(np.asarray(self._host == other))

    __hash__ = None  # type: ignore[assignment]

    def __array__(self, *_args: Any, **_options: Any) -> NDArray[Any]:
        raise TypeError("implicit conversion to a NumPy array is not allowed")


def _parameters(text: str) -> list[str]:
    """Return the types of a C parameter list, without names: ``const double*``."""
    types = (re.sub(r"\w+$", "", part.strip()) for part in text.split(","))
    return [re.sub(r"\s*\*\s*", "*", kind).strip() for kind in types]


class HostModule:
    """What `cupy.RawModule` is to the engine, made of the host's compiler."""

    def __init__(self, code: str, options: Sequence[str] = (), backend: str = "nvrtc") -> None:
        assert backend == "nvrtc"
        assert "-fmad=false" in options
        self._library = ctypes.CDLL(str(host_compiler().library(code)))
        self._kernels = {name: _parameters(parameters) for name, parameters in _KERNEL.findall(code)}

    def get_function(self, name: str) -> Callable[[tuple[int, ...], tuple[int, ...], Sequence[Any]], None]:
        """Return a kernel, to be called with the grid, the block and its arguments."""
        kinds, function = self._kernels[name], getattr(self._library, name)
        function.restype = None

        def launch(grid: tuple[int, ...], block: tuple[int, ...], arguments: Sequence[Any]) -> None:
            assert 1 <= grid[0] < 1 << 31
            assert 1 <= block[0] <= 256  # the kernels' launch bounds
            assert len(arguments) == len(kinds)
            function(*(_passed(value, kind) for value, kind in zip(arguments, kinds, strict=True)))

        return launch

    def get_global(self, name: str) -> SimpleNamespace:
        """Return the memory of a global variable."""
        size = _GLOBALS[name]
        target = (ctypes.c_char * size).in_dll(self._library, name)

        def copy_from_device(source: Any, count: int) -> None:
            assert count <= size, name
            ctypes.memmove(target, source.ptr, count)

        return SimpleNamespace(copy_from_device=copy_from_device)


def _passed(value: Any, kind: str) -> Any:
    """Return an argument as ctypes passes it; it must have the very type that the kernel declares."""
    if kind in _SCALARS:
        expected, passed = _SCALARS[kind]
        assert type(value) is expected, f"{value!r} where {kind} is declared"
        return passed(value.item())
    assert isinstance(value, DeviceArray), f"{value!r} where {kind} is declared"
    assert value.dtype == _POINTERS[kind], f"an array of {value.dtype} where {kind} is declared"
    assert value._host.flags.c_contiguous
    return ctypes.c_void_p(value.data.ptr)


class Devices:
    """The devices of the stand-in: which one a thread uses, and its stream."""

    def __init__(self, count: int, free_bytes: int) -> None:
        self.count, self.free_bytes = count, free_bytes
        self._local = threading.local()

    @property
    def current(self) -> int:
        """Number of the device that this thread uses."""
        return int(getattr(self._local, "stack", [0])[-1])

    def device(self, number: int | None = None) -> Any:
        """Return a device as `cupy.cuda.Device` does: the thread's own, or one to be entered."""
        chosen = self.current if number is None else number
        assert 0 <= chosen < self.count

        @contextmanager
        def entered() -> Iterator[None]:
            self._local.stack = [*getattr(self._local, "stack", [0]), chosen]
            try:
                yield
            finally:
                self._local.stack.pop()

        if number is not None:
            return entered()
        return SimpleNamespace(id=chosen, mem_info=(self.free_bytes, 2 * self.free_bytes))

    def stream(self) -> Any:
        """Return the stream of this thread."""
        if not hasattr(self._local, "stream"):
            waiting: list[Callable[[], None]] = []

            def synchronize() -> None:
                while waiting:
                    waiting.pop(0)()

            self._local.stream = SimpleNamespace(waiting=waiting, synchronize=synchronize)
        return self._local.stream


def fake_cupy(free_bytes: int = 1 << 30, count: int = 1) -> Any:
    """Return what the CUDA engine uses of CuPy, on `count` devices with the given free memory.

    New arrays are filled with rubbish, as on a GPU.
    """
    devices = Devices(count, free_bytes)

    def empty(shape: Any, dtype: Any = np.float64) -> DeviceArray:
        array = np.empty(shape, dtype=dtype)
        array.view(np.uint8).reshape(-1)[:] = 0xA5
        return DeviceArray(array)

    return SimpleNamespace(
        asarray=lambda values: DeviceArray(np.array(values)),
        arange=lambda count: DeviceArray(np.arange(count)),
        empty=empty,
        zeros=lambda shape, dtype=np.float64: DeviceArray(np.zeros(shape, dtype=dtype)),
        flatnonzero=lambda array: DeviceArray(np.flatnonzero(array._host)),
        int64=np.int64,
        RawModule=HostModule,
        cuda=SimpleNamespace(
            is_available=lambda: True,
            runtime=SimpleNamespace(getDeviceCount=lambda: count),
            Device=devices.device,
            get_current_stream=devices.stream,
            alloc_pinned_memory=bytearray,
        ),
    )
