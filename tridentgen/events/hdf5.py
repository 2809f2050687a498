"""Writing the event file batch by batch, so that the events written so far can be read after any interruption.

The file is written as ``OUT.h5.part`` and renamed when it is closed. Every batch is one commit (`CommittedFile`): a
process killed at any moment leaves the file as it was after the previous batch. Disk space for a batch is reserved
before HDF5 writes it, because HDF5 does not recover from a failed write.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from tridentgen._version import __version__
from tridentgen.engines.process import Column
from tridentgen.errors import FileError, InputError, UnfitError, nearest
from tridentgen.events.columns import column_attributes
from tridentgen.events.committed import CommittedFile
from tridentgen.events.groups import (
    Attribute,
    Group,
    attribute_bytes,
    checked_attributes,
    plain_attributes,
    read_groups,
)
from tridentgen.events.integrity import BLOCK_ROWS, GROUP, BlockHashes, content_hash
from tridentgen.events.output import (
    FORMAT,
    check_output,
    part_path,
    real_path,
    reason,
    refuse_existing,
    uninterrupted,
    writing,
)
from tridentgen.events.sound_numbers import require_sound_attributes, require_sound_column
from tridentgen.interrupts import Stopped

FORMAT_VERSION = 1

RESCALED = "rescaled_complete"
"""Root attribute of a file whose weights are rescaled at the end of its run: whether the run is complete."""

CHUNK_ROWS = 4096
_SLACK_BYTES = 1 << 16  # object headers and heaps
_INDEX_BYTES = 1 << 14  # growth of one column's chunk index per batch, with a margin


class EventWriter:
    """Writer of an event file; use it as a context manager.

    Parameters
    ----------
    path
        The file to write. Events go to ``path.part``, which is renamed by `close`.
    columns
        Columns that every batch must hold.
    attributes
        Root attributes. `format`, `format_version`, `n_events`, `columns` and `complete` are the writer's
        own; `generator`, `version` and `created` (UTC) are added if not given.
    force
        Overwrite an existing file.
    chunk_rows
        Events per HDF5 chunk.

    Raises
    ------
    FileError
        The file exists and `force` is not set, its folder is missing or not writable, the path is a directory,
        another run is writing it, or the disk is full.
    InputError
        An attribute or a column that cannot be stored.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        columns: Sequence[Column],
        attributes: Mapping[str, Attribute],
        *,
        force: bool = False,
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        self._set_up(path, columns, chunk_rows)
        start = {
            "generator": "tridentgen",
            "version": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **checked_attributes(attributes),
        }
        check_output(self.path, force)
        with writing(self.part):
            self._create(start, force)

    def _set_up(self, path: str | os.PathLike[str], columns: Sequence[Column], chunk_rows: int) -> None:
        self.path = real_path(path)
        self.part = part_path(self.path)
        self._columns = {column.name: column for column in columns}
        if len(self._columns) != len(columns) or not columns:
            raise InputError("an event file needs one or more columns, each with its own name")
        self._chunk_rows = chunk_rows
        self._rows = self._done = 0
        self._file: Any = None
        self._hashes: BlockHashes | None = BlockHashes(list(self._columns))

    @classmethod
    def resume(cls, path: str | os.PathLike[str], columns: Sequence[Column]) -> Self:
        """Resume the file of a killed run: committed events stay, anything after them is discarded.

        Raises
        ------
        FileError
            There is no unfinished file, another run is writing it, or it cannot be written.
        UnfitError
            It is damaged or has different columns.
        """
        writer = cls.__new__(cls)
        writer._set_up(path, columns, CHUNK_ROWS)
        with writing(writer.part), uninterrupted():
            if not writer.part.exists():
                raise FileError(f"there is no unfinished run '{writer.part}' to resume")
            writer._disk = CommittedFile(writer.part, new=False)
            try:
                writer._file = h5py.File(writer._disk, "r+")
                writer._take_up(columns)
            except UnfitError:
                writer.abandon()
                raise
            except FileError as error:
                writer.abandon()
                raise UnfitError(str(error)) from error
            except (LookupError, TypeError, ValueError, AttributeError, OSError, RuntimeError) as error:
                writer.abandon()
                raise UnfitError(f"'{writer.part}' is damaged ({reason(error)}); remove it and start again") from error
            try:
                writer._go_on_rescaling()
            except BaseException:
                writer.abandon()
                raise
        return writer

    def _take_up(self, columns: Sequence[Column]) -> None:
        """Read the progress of the interrupted run."""
        attributes = plain_attributes(self._file, self.part)
        require_sound_attributes(attributes, self.part)
        if str(attributes["columns"]) != ",".join(column.name for column in columns):
            raise UnfitError(f"'{self.part}' has different columns from this run; remove it and start again")
        self._data = {name: self._file[f"events/{name}"] for name in self._columns}
        self._chunk_rows = next(iter(self._data.values())).chunks[0]
        self._done, self._rows = int(attributes["n_done"]), int(attributes["n_events"])
        for name, data in self._data.items():
            if data.shape != (self._rows, *self._columns[name].shape):
                raise ValueError(f"column '{name}' has the shape {data.shape}")
        self._hashes = BlockHashes.of(self.columns, self._rows, self._sound_column)

    def _sound_column(self, name: str, start: int, stop: int) -> NDArray[Any]:
        values = self.column(name, start, stop)
        require_sound_column(name, values, start, self.part)
        return values

    @property
    def attributes(self) -> dict[str, Any]:
        """Current root attributes of the file."""
        return plain_attributes(self._file, None)

    @property
    def is_open(self) -> bool:
        """Whether the file is still being written."""
        return bool(self._file)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._columns)

    def groups(self) -> dict[str, Group]:
        """Return what `write_group` wrote."""
        return read_groups(self._file, self.part)

    @property
    def rows(self) -> int:
        """Events in the file."""
        return self._rows

    @property
    def done(self) -> int:
        """Number of trials, of which the events in the file passed the cuts."""
        return self._done

    def column(self, name: str, start: int, stop: int) -> NDArray[Any]:
        """Read back part of a column."""
        values: NDArray[Any] = self._data[name][start:stop]
        return values

    def _create(self, attributes: Mapping[str, Attribute], force: bool) -> None:
        """Create the ``.part`` file with its attributes and empty columns."""
        self._disk = CommittedFile(self.part, new=True)
        try:
            refuse_existing(self.path, force)  # another run may have ended since the first check
            self._disk.reserve(_SLACK_BYTES + _INDEX_BYTES * len(self._columns) + attribute_bytes(attributes))
            self._file = h5py.File(self._disk, "w", libver="earliest")
            self._fill(attributes)
            self.commit()
        except BaseException:
            self._remove()
            raise

    def _fill(self, attributes: Mapping[str, Attribute]) -> None:
        own = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "n_events": 0,
            "n_done": 0,
            "columns": ",".join(self._columns),
            "complete": 0,
        }
        for name, value in {**own, **attributes}.items():
            self._file.attrs[name] = value
        self._data = {column.name: self._create_column(column) for column in self._columns.values()}

    def _create_column(self, column: Column) -> Any:
        data = self._file.create_dataset(
            f"events/{column.name}",
            shape=(0, *column.shape),
            maxshape=(None, *column.shape),
            chunks=(self._chunk_rows, *column.shape),
            dtype=column.dtype,
            fletcher32=True,
        )
        data.attrs.update(column_attributes(column))
        return data

    def _reserve(self, size: int) -> None:
        """Reserve disk space for `size` bytes beyond the current end."""
        self._disk.reserve(size)

    def commit(self) -> None:
        """Commit everything written since the last commit, all of it or nothing."""
        with writing(self.part), uninterrupted():
            self._file.flush()
            self._disk.commit(durable=self._rows > 0)

    def append(self, batch: Mapping[str, NDArray[Any]], tried: int | None = None) -> None:
        """Append a batch of events and write it to the disk.

        Parameters
        ----------
        batch
            All columns of the file and no others, ``(rows, *column.shape)`` each.
        tried
            Number of trials of the batch; its number of rows unless given.

        Raises
        ------
        InputError
            A column is missing or unknown, or has the wrong length or shape.
        FileError
            The batch cannot be written; earlier batches stay in the file.
        """
        arrays = self._checked_batch(batch)
        rows = len(next(iter(arrays.values())))
        stop, done = self._rows + rows, self._done + (rows if tried is None else tried)
        hashes, self._hashes = self._hashes, None
        with ThreadPoolExecutor(1) as aside, writing(self.part), uninterrupted():
            hashed = aside.submit(hashes.update, arrays) if hashes else None  # in parallel with the writing
            if rows:
                self._reserve(self._bytes_for(stop))
                for name, values in arrays.items():
                    data = self._data[name]
                    data.resize(stop, axis=0)
                    data[self._rows : stop] = values
                self._file.attrs.modify("n_events", stop)
            self._file.attrs.modify("n_done", done)
            self.commit()
        if hashed is not None:
            hashed.result()
            self._hashes = hashes
        self._rows, self._done = stop, done

    def _checked_batch(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        unlike = sorted(self._columns.keys() ^ batch.keys())
        if unlike:
            raise InputError(f"a batch must hold exactly the columns of the file; not in both: {', '.join(unlike)}")
        arrays = {name: np.asarray(batch[name], dtype=column.dtype) for name, column in self._columns.items()}
        rows = len(next(iter(arrays.values())))
        for name, values in arrays.items():
            wanted = (rows, *self._columns[name].shape)
            if values.shape != wanted:
                raise InputError(f"column '{name}' of a batch has the shape {values.shape}, expected {wanted}")
        return arrays

    def _bytes_for(self, stop: int) -> int:
        """Return an upper limit in bytes of the growth of the file up to `stop` events."""
        chunks = -(-stop // self._chunk_rows) - self._rows // self._chunk_rows
        sizes = (int(np.prod(data.chunks)) * data.dtype.itemsize + 4 for data in self._data.values())
        return _SLACK_BYTES + _INDEX_BYTES * len(self._data) + chunks * int(sum(sizes))

    def write_group(self, name: str, arrays: Mapping[str, NDArray[Any]], attributes: Mapping[str, Attribute]) -> None:
        """Write arrays and attributes to the group `name` (``sampling/0``), replacing those it held.

        They are written to the disk with the next batch or `commit`.
        """
        checked = checked_attributes(attributes)
        if name.strip("/").split("/")[0] in ("", "events"):
            raise InputError(f"'{name}' cannot be the name of a group besides the events")
        values = {key: np.asarray(value) for key, value in arrays.items()}
        size = sum(value.nbytes for value in values.values()) + attribute_bytes(checked)
        with writing(self.part), uninterrupted():
            self._reserve(_SLACK_BYTES + _INDEX_BYTES * len(values) + size)
            group = self._file.require_group(name)
            for key in [key for key, item in group.items() if isinstance(item, h5py.Dataset)]:
                del group[key]
            for key in list(group.attrs):
                del group.attrs[key]
            for key, value in values.items():
                group.create_dataset(key, data=value)
            for key, attribute in checked.items():
                group.attrs[key] = attribute

    def set_attributes(self, attributes: Mapping[str, Attribute]) -> None:
        """Set or replace root attributes (other than the writer's own), with the next batch or `commit`."""
        checked = checked_attributes(attributes)
        with writing(self.part), uninterrupted():
            self._reserve(_SLACK_BYTES + attribute_bytes(checked))
            for name, value in checked.items():
                self._file.attrs[name] = value

    def rescale(self, columns: Sequence[str], factor: float, attributes: Mapping[str, Attribute] = {}) -> None:
        """Multiply columns by `factor` in place, block by block; `attributes` are set before the first block.

        An interrupted run has fewer trials than planned; rescaling makes the sum of its weights the cross section
        again. Each block is one commit with the number of rescaled rows, so that `resume` can continue after a kill.
        """
        for name in columns:
            if name not in self._data:
                raise InputError(f"unknown column '{name}'{nearest(name, self._data)}")
        state: dict[str, Attribute] = {
            "rescale_columns": ",".join(columns),
            "rescale_factor": factor,
            "rescaled_rows": 0,
        }
        self.set_attributes({**attributes, **state})
        self.commit()
        with writing(self.part), uninterrupted():
            self._go_on_rescaling()

    def _go_on_rescaling(self) -> None:
        """Rescale the remaining rows."""
        state = self._file.attrs
        if "rescaled_rows" not in state:
            return
        block, factor = 16 * self._chunk_rows, float(state["rescale_factor"])
        for start in range(int(state["rescaled_rows"]), self._rows, block):
            stop = min(start + block, self._rows)
            for name in str(state["rescale_columns"]).split(","):
                data = self._data[name]
                data[start:stop] = data[start:stop] * factor
            state.modify("rescaled_rows", stop)
            self.commit()
        for name in ("rescale_columns", "rescale_factor", "rescaled_rows"):
            del state[name]
        self.commit()
        self._hashes = BlockHashes.of(self.columns, self._rows, self.column)

    def close(self, complete: bool) -> None:
        """Finish and rename the file; `complete` tells whether the run generated all requested events."""
        if not self._file:
            return
        with writing(self.path), uninterrupted():
            self._finish(complete)
            self._disk.close(lambda: self.part.replace(self.path))

    def abandon(self) -> None:
        """Close the ``.part`` file as it was last committed."""
        self._close_as_committed()
        self._disk.close()

    def _remove(self) -> None:
        self._close_as_committed()
        self._disk.close(lambda: self.part.unlink(missing_ok=True))

    def _close_as_committed(self) -> None:
        self._disk.forget()
        if self._file:
            self._file.close()

    def discard(self) -> None:
        """Remove the ``.part`` file: for a run that ended before its first event."""
        if self._file:
            with writing(self.part), uninterrupted():
                self._remove()

    def _finish(self, complete: bool) -> None:
        """Bring the ``.part`` file to its final state; it is still locked."""
        for data in self._data.values():
            if data.shape[0] > self._rows:  # an interrupted batch
                data.resize(self._rows, axis=0)
        self._file.attrs.modify("n_events", self._rows)
        self._file.attrs.modify("n_done", self._done)
        hashes = (self._hashes or BlockHashes.of(self.columns, self._rows, self.column)).arrays()
        self.write_group(GROUP, hashes, {"block_rows": BLOCK_ROWS})
        self._file.attrs["content_hash"] = content_hash(hashes)
        self._file.attrs.modify("complete", int(complete))
        self._file.close()
        self._disk.commit(durable=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt) and not issubclass(kind, Stopped)
        if self._done == 0 and self._file and kind is not None and (interrupted or set(self._file) == {"events"}):
            self.discard()  # nothing is lost
        elif kind is None or interrupted:
            self.close(complete=False)
        elif self._file:
            self.abandon()
