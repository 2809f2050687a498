"""Compilation of GPU kernels without a GPU: NVIDIA's runtime compiler from its wheel, through ctypes."""

from __future__ import annotations

import ctypes
import importlib.util
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tridentgen.errors import TridentgenError

_OPTIONS = ("-std=c++17", "-fmad=false", "--ptxas-options=-v")
_RESOURCES = re.compile(
    r"Compiling entry function '(?P<kernel>\w+)'.*?(?P<stack>\d+) bytes stack frame, "
    r"(?P<stores>\d+) bytes spill stores, (?P<loads>\d+) bytes spill loads.*?Used (?P<registers>\d+) registers",
    re.DOTALL,
)


class NvrtcError(TridentgenError):
    """NVRTC is not installed, or cannot compile a source; the message says which."""


@dataclass(frozen=True)
class KernelResources:
    """GPU resources of a compiled kernel: registers per thread, bytes of stack and of spilled registers."""

    kernel: str
    registers: int
    stack_bytes: int
    spill_bytes: int


@dataclass(frozen=True)
class Compiled:
    """A source compiled for one architecture: its PTX, the resources of its kernels, and the compile time in s."""

    architecture: str
    ptx: str
    kernels: tuple[KernelResources, ...]
    seconds: float


def find_nvrtc() -> Path:
    """Return the library of the wheel nvidia-cuda-nvrtc (or -cu12); raise `NvrtcError` if it is not installed."""
    spec = importlib.util.find_spec("nvidia")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    found = sorted(path for folder in folders for path in Path(folder).glob("*/lib/libnvrtc.so.*"))
    if not found:
        raise NvrtcError("NVRTC is not installed: pip install nvidia-cuda-nvrtc")
    return found[-1]


def compile_source(source: str, architecture: str) -> Compiled:
    """Compile CUDA text for an architecture such as ``sm_90``; raise `NvrtcError` with the first error."""
    start = time.perf_counter()
    program = _Program(ctypes.CDLL(str(find_nvrtc())), source)
    try:
        program.compile(f"--gpu-architecture={architecture}")
        log, ptx = program.text("ProgramLog"), program.text("PTX")
    finally:
        program.destroy()
    seconds = time.perf_counter() - start
    kernels = tuple(
        KernelResources(m["kernel"], int(m["registers"]), int(m["stack"]), int(m["stores"]) + int(m["loads"]))
        for m in _RESOURCES.finditer(log)
    )
    return Compiled(architecture, ptx, kernels, seconds)


class _Program:
    """An nvrtcProgram."""

    def __init__(self, library: Any, source: str) -> None:
        self._library = library
        self._handle = ctypes.c_void_p()
        self._call("CreateProgram", ctypes.byref(self._handle), source.encode(), b"tridentgen.cu", 0, None, None)

    def compile(self, architecture: str) -> None:
        options = [option.encode() for option in (*_OPTIONS, architecture)]
        code = self._library.nvrtcCompileProgram(self._handle, len(options), (ctypes.c_char_p * len(options))(*options))
        if code != 0:
            lines = [line for line in self.text("ProgramLog").splitlines() if "error" in line]
            raise NvrtcError(f"NVRTC cannot compile the kernels: {lines[0] if lines else f'code {code}'}")

    def text(self, what: str) -> str:
        size = ctypes.c_size_t()
        self._call(f"Get{what}Size", self._handle, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        self._call(f"Get{what}", self._handle, buffer)
        return buffer.value.decode()

    def destroy(self) -> None:
        self._call("DestroyProgram", ctypes.byref(self._handle))

    def _call(self, name: str, *arguments: Any) -> None:
        code = getattr(self._library, f"nvrtc{name}")(*arguments)
        if code != 0:
            raise NvrtcError(f"nvrtc{name} failed with code {code}")
