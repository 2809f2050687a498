"""Hashes of the columns of an event file, block by block, to detect and locate flipped bits.

The hashes of a column are SHA-256 of `BLOCK_ROWS` rows each, in the group ``integrity``; a hash over all columns is the
root attribute ``content_hash``. They depend on the events alone, not on batches, chunks or engines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS = 1 << 17
GROUP = "integrity"

_DIGEST_BYTES = 32

Read = Callable[[str, int, int], NDArray[Any]]
"""``read(column, start, stop)``."""


class BlockHashes:
    """Hashes of growing columns.

    Parameters
    ----------
    names
        The columns.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._finished: dict[str, list[bytes]] = {name: [] for name in names}
        self._open = {name: hashlib.sha256() for name in names}
        self._rows = 0

    def update(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Add rows to all columns."""
        rows = len(next(iter(columns.values())))
        for name in self._finished:
            values = np.ascontiguousarray(columns[name])
            at, place = 0, self._rows
            while at < rows:
                step = min(rows - at, BLOCK_ROWS - place % BLOCK_ROWS)
                self._open[name].update(values[at : at + step].data)
                at, place = at + step, place + step
                if place % BLOCK_ROWS == 0:
                    self._finished[name].append(self._open[name].digest())
                    self._open[name] = hashlib.sha256()
        self._rows += rows

    def arrays(self) -> dict[str, NDArray[np.uint8]]:
        """Return the hashes of each column, shape (blocks, 32)."""
        rest = self._rows % BLOCK_ROWS != 0
        found = {}
        for name, done in self._finished.items():
            digests = [*done, self._open[name].digest()] if rest else done
            found[name] = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, _DIGEST_BYTES)
        return found

    @classmethod
    def of(cls, names: Sequence[str], rows: int, read: Read) -> BlockHashes:
        """Return the hashes of existing columns."""
        hashes = cls(names)
        for start in range(0, rows, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, rows)
            hashes.update({name: read(name, start, stop) for name in names})
        return hashes


def content_hash(arrays: Mapping[str, NDArray[np.uint8]]) -> str:
    """Return one hash over the hashes of all columns, in the order of their names."""
    state = hashlib.sha256()
    for name in sorted(arrays):
        state.update(name.encode() + b"\0" + arrays[name].tobytes())
    return state.hexdigest()
