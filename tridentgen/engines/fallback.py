"""The native engine as long as it can have its kernels, and NumPy from the first one on that it cannot have."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tridentgen.engines.kernel_cache import CompilerError
from tridentgen.engines.native_engine import NativeEngine
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.engines.work import Engine, Histograms, TileSums
from tridentgen.errors import one_line
from tridentgen.typing import Columns, FloatArray, IntArray

T = TypeVar("T")


def say_that_numpy_is_used(error: CompilerError) -> None:
    """Log in one line why there are no compiled kernels."""
    logging.getLogger("tridentgen").warning("using the numpy engine, which is slower: %s", one_line(str(error)))


@dataclass(frozen=True)
class FallbackEngine(Engine):
    """Evaluates processes with `native`, and with `numpy` once a kernel cannot be had; the bits are the same.

    Attributes
    ----------
    native : NativeEngine
    numpy : NumpyEngine
    """

    native: NativeEngine
    numpy: NumpyEngine
    _failed: threading.Event = field(default_factory=threading.Event, compare=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    @property
    def name(self) -> str:
        """Name of the engine in use."""
        return self._engine.name

    @property
    def compiled_by(self) -> str:
        """The compiler of the kernels, empty once NumPy is in use."""
        return self._engine.compiled_by

    def tile_sums(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int,
        first: int, tiles: int, total: int,
    ) -> TileSums:  # fmt: skip
        """Return the stratified sums of `tiles` tiles from number `first` on; the integral has `total` tiles."""
        return self._tried(lambda e: e.tile_sums(process, channel, proposal, seed, stream, first, tiles, total))

    def tile_histograms(
        self, process: Process, channel: int, proposal: ChannelProposal, seed: int, stream: int, scale: float,
        first: int, tiles: int,
    ) -> tuple[FloatArray, Histograms]:  # fmt: skip
        """Return the sum of weights of each of `tiles` tiles from `first` on, and histograms with `weight` = 0."""
        return self._tried(lambda e: e.tile_histograms(process, channel, proposal, seed, stream, scale, first, tiles))

    def weights(
        self, process: Process, proposal: Proposal, seed: int, stream: int, count: int, first: int = 0
    ) -> tuple[IntArray, FloatArray]:
        """Return channels and weights of `count` events of a stream from `first` on; arrays of shape (count,)."""
        return self._tried(lambda e: e.weights(process, proposal, seed, stream, count, first))

    def events(
        self, process: Process, proposal: Proposal, seed: int, stream: int, first: int, count: int,
        max_weight: float | None = None,
    ) -> Columns:  # fmt: skip
        """Return the columns of events `first` to `first + count - 1`, with weights not divided by the total number."""
        return self._tried(lambda e: e.events(process, proposal, seed, stream, first, count, max_weight))

    @property
    def _engine(self) -> NativeEngine | NumpyEngine:
        return self.numpy if self._failed.is_set() else self.native

    def _tried(self, work: Callable[[Engine], T]) -> T:
        try:
            return work(self._engine)
        except CompilerError as error:
            with self._lock:
                if not self._failed.is_set():
                    say_that_numpy_is_used(error)
                self._failed.set()
        return work(self.numpy)
