"""Opening an event file, with all checks that are possible before its data are read."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.process import Column, Role
from tridentgen.errors import FileError, InputError, nearest
from tridentgen.events.columns import column_of
from tridentgen.events.groups import Group, plain_attributes, read_groups, require_bounded
from tridentgen.events.hdf5 import FORMAT_VERSION
from tridentgen.events.headers import virtual_mappings
from tridentgen.events.output import FORMAT, H5PY_ERRORS, part_path, reason
from tridentgen.events.pieces import Piece, Pieces
from tridentgen.events.sound_numbers import require_sound_attributes, require_sound_column
from tridentgen.events.weights import knows_sigma

BLOCK_ROWS = 1 << 17

_log = logging.getLogger("tridentgen")
_SUM = 1e-9
"""Relative difference between the sum of weights and the cross section by rounding."""


@dataclass(frozen=True)
class EventFile:
    """An open event file, checked to have all its columns with the correct lengths."""

    path: Path
    file: Any
    attributes: Mapping[str, Any]
    columns: tuple[Column, ...]
    rows: int
    pieces: Pieces

    def column(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Read events `start` to `stop` of one column.

        Raise `InputError` for an unknown one, `FileError` for one that cannot be read.
        """
        column = next((column for column in self.columns if column.name == name), None)
        if column is None:
            raise InputError(f"no column '{name}' in the file{nearest(name, [known.name for known in self.columns])}")
        stop, place = self.rows if stop is None else stop, f"events/{name}"
        if place in self.pieces:
            return self.pieces.read(place, start, stop, column.shape, np.dtype(column.dtype))
        try:
            values: NDArray[Any] = self.file[place][start:stop]
        except H5PY_ERRORS as error:  # raised here to name the file at fault
            raise FileError(
                f"'{self.path}': column '{name}' cannot be read ({reason(error)}); make it again or take a fresh copy"
            ) from error
        return values

    def sources(self) -> tuple[Piece, ...]:
        """Return the files that hold the events of a virtual file, and their rows; none for any other file.

        Raise `FileError` if they are not the same for all columns.
        """
        names = [f"events/{column.name}" for column in self.columns]
        if not any(name in self.pieces for name in names):
            return ()
        found = {
            tuple(piece._replace(dataset="") for piece in self.pieces[name] if piece.dataset == name)
            for name in names
            if name in self.pieces
        }
        if len(found) != 1 or not all(name in self.pieces for name in names):
            raise FileError(f"'{self.path}' takes its columns from different files; merge again")
        return found.pop()

    def blocks(self, names: Sequence[str]) -> Iterator[dict[str, NDArray[Any]]]:
        """Read columns in blocks of events, in order and with bounded memory."""
        for start in range(0, self.rows, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, self.rows)
            yield {name: self.column(name, start, stop) for name in names}

    def sound_blocks(self, names: Sequence[str]) -> Iterator[dict[str, NDArray[Any]]]:
        """Read columns as `blocks` does; raise `FileError` for numbers that are not finite or too large."""
        start = 0
        for block in self.blocks(names):
            for name, values in block.items():
                require_sound_column(name, values, start, self.path)
            start += max(map(len, block.values()), default=0)
            yield block

    def groups(self) -> dict[str, Group]:
        """Read all groups that hold arrays or attributes, other than the events, by path (``sampling/0``)."""
        return read_groups(self.file, self.path)


def name_unnormalised(file: EventFile) -> None:
    """Log one line if a file is not complete and its weights do not sum to its cross section."""
    known = file.attributes
    if known["complete"] or not knows_sigma(known) or all(column.name != "weight" for column in file.columns):
        return
    total, sigma = math.fsum(float(np.sum(block["weight"])) for block in file.blocks(["weight"])), known.get("sigma")
    if sigma is None:
        _log.warning("'%s' is the file of an unfinished run: its weights are not normalised yet", file.path)
    elif not math.isclose(total, float(sigma), rel_tol=_SUM):
        _log.warning(
            "'%s' is not complete, and its weights sum to %.6g cm2 instead of sigma = %.6g cm2; make it again",
            file.path, total, float(sigma),
        )  # fmt: skip


def require_events(file: EventFile) -> None:
    """Raise `FileError` for a file without events; a Poisson number of 0 is a result, and nothing to mend."""
    if file.rows == 0 and file.attributes.get("n_before_cuts") == 0:
        raise FileError(f"'{file.path}' holds no events: their Poisson number is 0; take it as that result")
    if file.rows == 0:
        raise FileError(f"'{file.path}' holds no events; loosen the cuts of its card and make it again")


@contextmanager
def open_events(path: str | os.PathLike[str]) -> Iterator[EventFile]:
    """Open an event file for reading.

    Raises
    ------
    FileError
        The file does not exist; it is not an HDF5 file or not an event file; it is truncated or damaged, which may
        be found while its data are read inside the ``with`` block; columns are missing or have unequal lengths.
    """
    path = Path(path)
    _check_readable(path)
    try:
        with h5py.File(path, "r") as file:
            found = _checked(file, path)
            with closing(found.pieces):
                yield found
    except (FileError, InputError):
        raise
    except BlockingIOError as error:
        raise FileError(f"'{path}' is being written; read it when the run has ended") from error
    except MemoryError as error:
        raise FileError(f"'{path}' does not fit into memory: {reason(error)}") from error
    except H5PY_ERRORS as error:
        cure = "make it again or take a fresh copy"
        raise FileError(f"'{path}' is cut short or damaged ({reason(error)}); {cure}") from error


def _check_readable(path: Path) -> None:
    """Raise `FileError` unless `path` is an HDF5 file that may be read."""
    try:
        if not path.exists():
            unfinished = f"; an unfinished run left '{part_path(path)}'" if part_path(path).exists() else ""
            raise FileError(f"there is no file '{path}'{unfinished}")
        if not path.is_file():
            raise FileError(f"'{path}' is not an ordinary file; give an event file")
        with path.open("rb") as file:
            if not file.read(1):
                raise FileError(f"'{path}' is empty; make it again")
    except FileError:
        raise
    except (OSError, ValueError) as error:
        raise FileError(f"cannot read '{path}': {reason(error)}") from error
    if not h5py.is_hdf5(path):
        raise FileError(f"'{path}' is not an HDF5 file; give an event file made by tridentgen generate")


def _checked(file: Any, path: Path) -> EventFile:
    """Check everything but the data; raise `FileError` for a file that is not an event file or incomplete."""
    attributes = plain_attributes(file, path)
    if attributes.get("format") != FORMAT:
        raise FileError(f"'{path}' is HDF5 but not a tridentgen event file: its attribute 'format' is not '{FORMAT}'")
    version = attributes.get("format_version")
    if version != FORMAT_VERSION:
        raise FileError(
            f"'{path}' has format version {version}, this tridentgen reads {FORMAT_VERSION}; "
            "use the tridentgen that made it"
        )
    lost = [name for name in ("n_events", "columns", "complete") if name not in attributes]
    if lost:
        raise FileError(f"'{path}' lacks the attribute '{lost[0]}'; make it again or take a fresh copy")
    require_sound_attributes(attributes, path)
    pieces = Pieces(path, virtual_mappings(file, path))
    rows, names = int(attributes["n_events"]), str(attributes["columns"]).split(",")
    events: Any = file["events"] if _holds(file, "events") else None
    missing = [name for name in names if not _holds(events, name)]
    if missing:
        raise FileError(f"'{path}' lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; make it again")
    columns = tuple(_checked_column(events[name], name, rows, attributes, pieces, path) for name in names)
    return EventFile(path, file, attributes, columns, rows, pieces)


def _holds(group: Any, name: str) -> bool:
    """Return whether an object is in the group itself, not behind a soft or external link."""
    return isinstance(group, h5py.Group) and name in group and isinstance(group.get(name, getlink=True), h5py.HardLink)


def _checked_column(
    data: Any, name: str, rows: int, attributes: Mapping[str, Any], pieces: Pieces, path: Path
) -> Column:
    """Return a column; raise `FileError` unless its size agrees with the attributes and the size of the file."""
    shape, dtype = tuple(data.shape[1:]), data.dtype.str.lstrip("<|")
    # A run that was killed may have written columns of a batch that it did not count.
    whole = data.shape[0] == rows or (data.shape[0] > rows and not attributes["complete"])
    if rows < 0 or not whole:
        raise FileError(f"'{path}': column '{name}' has {data.shape[0]} events, the file says {rows}; make it again")
    if data.dtype.kind not in "fiu":
        raise FileError(f"'{path}': column '{name}' holds {data.dtype} of shape {shape}; make it again")
    if f"events/{name}" not in pieces:
        require_bounded(data, path)
    elif pieces[f"events/{name}"][-1].stop != rows:
        raise FileError(f"'{path}': column '{name}' has {rows} events, its shards have a different number; merge again")
    column = column_of(name, shape, dtype, {"units": "", "description": "", **plain_attributes(data, path)})
    if not _is_sound(column):
        raise FileError(f"'{path}': column '{name}' holds {data.dtype} of shape {shape}; make it again")
    return column


def _is_sound(column: Column) -> bool:
    """Whether the type and shape of a column are those of its role; files may have been written without roles."""
    name, role = column.name, column.role
    if role.is_momentum or (role is Role.UNKNOWN and name.startswith("p4_")):
        return (column.shape, column.dtype) == ((4,), "f8")
    if role.is_weight or (role is Role.UNKNOWN and name.startswith("weight")):
        return (column.shape, column.dtype) == ((), "f8")
    if role is Role.NUMBER or name == "event_id":
        return (column.shape, column.dtype) == ((), "u8")
    return column.shape == () or role in (Role.OBSERVABLE, Role.UNKNOWN)
