"""Virtual columns: the files that hold their rows, and reading from these files.

The HDF5 library fills the rows of a file that it cannot open with zeros, whatever the reason, and crashes on damaged
lists of files. Therefore only the layout that `tridentgen.events.merge` writes is accepted, complete datasets of other
files one after another (HDF5 File Format Specification 3.0, sections III.F and VII.B), and the library reads only these
datasets.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import FileError
from tridentgen.events.groups import require_bounded
from tridentgen.events.headers import Mapping, virtual_mappings
from tridentgen.events.output import H5PY_ERRORS, reason

_ALL, _HYPERSLAB = 3, 2
_CHECKSUM_BYTES = 4


class Piece(NamedTuple):
    """Rows `start` to `stop` - 1 of a virtual column: all rows of a dataset of another file."""

    file: Path
    dataset: str
    start: int
    stop: int


class Pieces:
    """The virtual columns of a file.

    Parameters
    ----------
    path
        The file.
    mappings
        As `tridentgen.events.headers.virtual_mappings` found them.

    Raises
    ------
    FileError
        The columns were not written by ``tridentgen merge``, or a file is missing.
    """

    def __init__(self, path: Path, mappings: MappingOf[str, Mapping]) -> None:
        self.path = path
        folder, self._of = path.resolve().parent, dict[str, tuple[Piece, ...]]()
        for name, mapping in mappings.items():
            try:
                self._of[name] = tuple(_pieces(mapping, folder))
            except (struct.error, ValueError) as error:
                raise FileError(
                    f"'{path}': '/{name}' is damaged, or was not written by 'tridentgen merge' ({error}); merge again"
                ) from error
        for file in dict.fromkeys(piece.file for pieces in self._of.values() for piece in pieces):
            if not file.is_file():
                raise FileError(f"'{path}' refers to '{file}', which does not exist; put it back or merge again")
        self._open: Any = None
        self._checked = set[Path]()

    def __contains__(self, name: str) -> bool:
        return name in self._of

    def __getitem__(self, name: str) -> tuple[Piece, ...]:
        return self._of[name]

    def read(self, name: str, start: int, stop: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return rows `start` to `stop` - 1 of a column, whose rows have this shape and type.

        Raise `FileError` for a file that does not hold the expected rows.
        """
        found = np.empty((max(stop - start, 0), *shape), dtype)
        pieces = self._of[name]
        for piece in pieces[bisect_right(pieces, start, key=lambda piece: piece.stop) :]:
            if piece.start >= stop:
                break
            low, high = max(start, piece.start), min(stop, piece.stop)
            found[low - start : high - start] = self._rows(piece, low - piece.start, high - piece.start, found)
        return found

    def _rows(self, piece: Piece, start: int, stop: int, like: NDArray[Any]) -> NDArray[Any]:
        try:
            data = self._file(piece.file)[piece.dataset]
            require_bounded(data, piece.file)
            if (data.shape, data.dtype) != ((piece.stop - piece.start, *like.shape[1:]), like.dtype):
                raise FileError(f"'{self.path}' refers to '{piece.file}', which holds other events now; merge again")
            values: NDArray[Any] = data[start:stop]
        except FileError:
            raise
        except H5PY_ERRORS as error:
            raise FileError(
                f"'{self.path}' refers to '{piece.file}', which cannot be read ({reason(error)}); repair it, or make "
                "it again and merge"
            ) from error
        return values

    def _file(self, path: Path) -> Any:
        """Open and return a file; the previous one is closed, as there may be more files than can be open at once."""
        if self._open is None or Path(self._open.filename) != path:
            self.close()
            self._open = h5py.File(path, "r")
        if path not in self._checked:
            if virtual_mappings(self._open, path):
                raise FileError(f"'{self.path}' refers to '{path}', which refers to other files itself; merge again")
            self._checked.add(path)
        return self._open

    def close(self) -> None:
        """Close the file that was read last."""
        if self._open is not None:
            self._open.close()
            self._open = None


class _Bytes:
    """Bytes that are read in sequence."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return found

    def text(self) -> str:
        end = self._data.index(b"\0", self._at)
        found, self._at = self._data[self._at : end].decode(), end + 1
        return found

    @property
    def left(self) -> int:
        return len(self._data) - self._at


def _pieces(mapping: Mapping, folder: Path) -> list[Piece]:
    """Decode the list of sources of a virtual dataset; raise `ValueError` for any layout that merge does not write."""
    data, found, end = _Bytes(mapping.block), list[Piece](), 0
    if not 1 <= mapping.rank <= 2:
        raise ValueError(f"it has {mapping.rank} dimensions")
    version, count = data.take("<BQ")
    if version != 0:
        raise ValueError(f"list of files of version {version}")
    for _ in range(count):
        file, dataset = data.text(), data.text()
        if data.take("<IIII") != (_ALL, 1, 0, 0):
            raise ValueError("it takes parts of datasets")
        (low, high), *others = _bounds(data, mapping.rank)
        if low != end or high < low or any(bounds[0] != 0 for bounds in others):
            raise ValueError("its files do not follow each other")
        end = high + 1
        found.append(Piece(folder / file.replace("%%", "%"), dataset, low, end))
    if data.left != _CHECKSUM_BYTES:
        raise ValueError("its list of files is longer than it says")
    return found


def _bounds(data: _Bytes, rank: int) -> list[tuple[int, int]]:
    """Decode a selection of one block; return its first and last index in each dimension."""
    kind, version = data.take("<II")
    if kind == _HYPERSLAB and version == 1:  # corners of blocks
        *_, dimensions, blocks = data.take("<IIII")
        if (dimensions, blocks) == (rank, 1):
            corners = data.take(f"<{2 * rank}I")
            return list(zip(corners[:rank], corners[rank:], strict=True))
    elif kind == _HYPERSLAB and version == 2:  # repeated blocks, for indices beyond 32 bits
        regular, _, dimensions = data.take("<BII")
        if (regular, dimensions) == (1, rank):
            slabs = [data.take("<QQQQ") for _ in range(rank)]
            if all(count == 1 for _, _, count, _ in slabs):
                return [(start, start + block - 1) for start, _, _, block in slabs]
    raise ValueError("a file holds several parts of it")
