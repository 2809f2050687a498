"""Merge the shards of a run: the result has the same columns as an undivided run."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tridentgen.engines.process import Column
from tridentgen.errors import FileError
from tridentgen.events.columns import column_attributes
from tridentgen.events.committed import CommittedFile
from tridentgen.events.differences import SOFTWARE, difference
from tridentgen.events.groups import Group
from tridentgen.events.hdf5 import EventWriter
from tridentgen.events.integrity import BLOCK_ROWS, GROUP, BlockHashes, content_hash
from tridentgen.events.output import check_output, part_path, real_path, writing
from tridentgen.events.reader import EventFile, open_events
from tridentgen.events.sound_numbers import require_sound_column
from tridentgen.events.stated_exposure import EXPOSURE_NAMES, RESULT_NAMES, exposure_results
from tridentgen.events.weights import BATCH, AcceptedSums, rows_of_batches, summed_attributes
from tridentgen.progress import Progress, silent
from tridentgen.typing import Columns

_log = logging.getLogger("tridentgen")

_SAME = ("version", "seed", "n_run", "run_id", "map_hash")
"""Root attributes that the shards of one run share."""


@dataclass(frozen=True)
class Shard:
    """A range of events of a run, `first` to `stop - 1`, and the files that hold their `rows`, in order."""

    path: Path
    attributes: dict[str, Any]
    columns: tuple[Column, ...]
    first: int
    stop: int
    rows: int
    files: tuple[tuple[Path, int], ...]


def merge(
    paths: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    virtual: bool = False,
    force: bool = False,
    progress: Progress = silent,
) -> Path:
    """Merge the shards of a run, given in any order.

    Parameters
    ----------
    paths
        Files of ``tridentgen generate --first``, or of `merge`.
    output
        The file to write.
    virtual
        Refer to the shards instead of copying them; they have to stay where they are.
    force
        Overwrite the output.
    progress
        Called with the current step and the completed fraction.

    Raises
    ------
    FileError
        A file cannot be read, belongs to a different run, is incomplete or unweighted, or does not hold the events that
        were written to it; or events are duplicated or missing, which the message names. No output is left then.
    """
    output = real_path(output)
    check_output(output, force)
    paths = [paths] if isinstance(paths, str | os.PathLike) else paths
    shards = _in_order([_shard(Path(path)) for path in paths])  # opened one by one: there may be thousands
    write = _write_virtual if virtual else _write_copy
    write(shards, output, force, progress)
    return output


def _shard(path: Path) -> Shard:
    with open_events(path) as file:
        known, rows, columns = dict(file.attributes), file.rows, file.columns
        files = tuple((piece.file, piece.stop - piece.start) for piece in file.sources()) or ((path.resolve(), rows),)
    lost = [name for name in (*_SAME, "first", "n_requested", "n_trials", "content_hash") if name not in known]
    if lost:
        raise FileError(f"'{path}' lacks the attribute '{lost[0]}': it was not made by 'tridentgen generate'")
    if known.get("unweighted"):
        raise FileError(f"'{path}' holds unweighted events; merge weighted shards and unweight the result")
    if not known["complete"]:
        raise FileError(f"'{path}' belongs to an interrupted run, its weights were rescaled; make it again")
    first, count, total = (int(known[name]) for name in ("first", "n_requested", "n_run"))
    if not 0 <= first < first + count <= total or count != int(known.get("n_done", count)):
        raise FileError(
            f"'{path}' says that it holds {count} events from number {first} on, of a run of {total}; make it again or "
            "take a fresh copy"
        )
    return Shard(path, known, columns, first, first + count, rows, files)


def _in_order(shards: list[Shard]) -> list[Shard]:
    """Return the shards by their first events; raise `FileError` if they do not form one complete run."""
    if not shards:
        raise FileError("there is nothing to merge; name the shards of a run")
    shards = sorted(shards, key=lambda shard: shard.first)
    model = shards[0]
    names = [column.name for column in model.columns]
    for shard in shards[1:]:
        if any(shard.attributes[name] != model.attributes[name] for name in _SAME):
            raise FileError(
                f"'{shard.path}' does not belong to the same run as '{model.path}': "
                f"{difference(shard.attributes, model.attributes, _SAME)}; make it again like the others"
            )
        if [column.name for column in shard.columns] != names:
            raise FileError(f"'{shard.path}' has different columns from '{model.path}'")
    _check_whole(shards, int(model.attributes["n_run"]))
    return shards


def _check_whole(shards: list[Shard], total: int) -> None:
    end, missing = 0, []
    for before, shard in zip([None, *shards], shards, strict=False):
        if shard.first < end and before is not None:
            raise FileError(
                f"events {shard.first} to {min(end, shard.stop) - 1} are in both '{before.path}' and '{shard.path}'; "
                "leave one of them out"
            )
        if shard.first > end:
            missing.append(f"{end} to {shard.first - 1}")
        end = shard.stop
    if end < total:
        missing.append(f"{end} to {total - 1}")
    if missing:
        raise FileError(
            f"the run of {total} events is not complete: events {', '.join(missing)} are missing; make them with "
            "'tridentgen generate --first' and merge again"
        )


def _attributes(shards: list[Shard]) -> dict[str, Any]:
    """Return the root attributes of the whole run."""
    known = dict(shards[0].attributes)
    known |= {"first": 0, "n_requested": known["n_run"]}
    for name in ("engine", *SOFTWARE):
        if made := dict.fromkeys(str(shard.attributes[name]) for shard in shards if name in shard.attributes):
            known[name] = ", ".join(made)
    stated = [{name: shard.attributes.get(name) for name in EXPOSURE_NAMES} for shard in shards]
    unlike = next((shard for shard, given in zip(shards, stated, strict=True) if given != stated[0]), None)
    if unlike is not None:
        _log.warning("'%s' states another exposure than '%s'; the merged file states none", unlike.path, shards[0].path)
        known = {name: value for name, value in known.items() if name not in (*EXPOSURE_NAMES, *RESULT_NAMES)}
    return known


def _groups(shards: list[Shard]) -> dict[str, Group]:
    """Return the groups that the merged file stores besides the events: the VEGAS map."""
    with open_events(shards[0].path) as file:
        return {name: group for name, group in file.groups().items() if name != GROUP}


def _blocks(shards: list[Shard], progress: Progress) -> Iterator[tuple[int, Columns]]:
    """Yield the number of trials and the events of each batch of the run, as in an undivided run."""
    waiting: list[Columns] = []
    tried = done = 0
    for shard in shards:
        with open_events(shard.path) as file:
            for stop, columns in _batches_of(shard, file):
                waiting.append(columns)
                tried, done = tried + stop - done, stop
                progress("merging", stop / shards[-1].stop)
                if stop % BATCH == 0:
                    yield tried, _joined(waiting)
                    waiting, tried = [], 0
    if tried:
        yield tried, _joined(waiting)


def _batches_of(shard: Shard, file: EventFile) -> Iterator[tuple[int, Columns]]:
    """Yield the end of each batch of the run, as the number of an event, and the events of a shard up to there.

    Raise `FileError` after the last batch if the events are not those that were written.
    """
    names = [column.name for column in shard.columns]
    hashes = BlockHashes(names)
    row = 0
    for batch in rows_of_batches(file.column, shard.first, shard.stop, file.rows):
        row = batch.end
        others = {name: file.column(name, batch.row, row) for name in names if name != "event_id"}
        columns = {"event_id": batch.numbers, **others}
        for name, values in others.items():
            require_sound_column(name, values, batch.row, shard.path)
        hashes.update(columns)
        yield batch.stop, columns
    if row != shard.rows or content_hash(hashes.arrays()) != shard.attributes["content_hash"]:
        raise FileError(
            f"'{shard.path}' does not hold the events that were written to it ('tridentgen verify' says where); make "
            "it again or take a fresh copy"
        )


def _joined(pieces: list[Columns]) -> Columns:
    return pieces[0] if len(pieces) == 1 else {n: np.concatenate([piece[n] for piece in pieces]) for n in pieces[0]}


class _Sums:
    """The sums over trials of the whole run."""

    def __init__(self) -> None:
        self._begin = 0
        self.kept = AcceptedSums()

    def add(self, tried: int, columns: Columns) -> None:
        place = columns["event_id"] - np.uint64(self._begin)
        padded = {name: np.zeros(tried) for name in ("weight", "acceptance") if name in columns}
        for name, values in padded.items():
            values[place] = columns[name]
        self.kept.add(padded["weight"], padded.get("acceptance"))
        self._begin += tried

    def results(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """Return the root attributes with the result of the whole run; `known` are the others."""
        found: dict[str, Any] = summed_attributes(self.kept.weight) | self.kept.attributes
        return found | exposure_results({**known, **found}, 1.0)


def _write_copy(shards: list[Shard], output: Path, force: bool, progress: Progress) -> None:
    sums, groups, known = _Sums(), _groups(shards), _attributes(shards)
    with EventWriter(output, shards[0].columns, known, force=force) as writer:
        try:
            for name, group in groups.items():
                writer.write_group(name, group.arrays, group.attributes)
            for tried, columns in _blocks(shards, progress):
                writer.append(columns, tried=tried)
                sums.add(tried, columns)
            writer.set_attributes(sums.results(known))
            writer.close(complete=True)
        except BaseException:
            writer.discard()  # the shards are still there
            raise


def _write_virtual(shards: list[Shard], output: Path, force: bool, progress: Progress) -> None:
    """Write a file whose columns are views of those of the shards."""
    files = [piece for shard in shards for piece in shard.files]
    for path in (*(shard.path for shard in shards), *(path for path, _ in files)):
        if output.exists() and output.samefile(path):
            raise FileError(f"'{output}' would refer to itself, as it is one of the shards; choose another output")
    columns = shards[0].columns
    sums, hashes = _Sums(), BlockHashes([column.name for column in columns])
    for tried, block in _blocks(shards, progress):
        sums.add(tried, block)
        hashes.update(block)
    rows, digests = sum(size for _, size in files), hashes.arrays()
    known = _attributes(shards)
    known |= {"n_events": rows, "n_done": sums.kept.weight.trials, **sums.results(known)}
    known["content_hash"] = content_hash(digests)
    groups = _groups(shards) | {GROUP: Group(digests, {"block_rows": BLOCK_ROWS})}
    part = part_path(output)
    check_output(output, force)  # reading may have taken hours
    with writing(part):
        disk = CommittedFile(part, new=True)
        try:
            with h5py.File(disk, "w", libver="earliest") as file:
                file.attrs.update(known)
                for name, group in groups.items():
                    _fill(file.require_group(name), group)
                for column in columns:
                    _refer(file, column, files, output.resolve().parent)
            disk.commit(durable=True)
            disk.close(lambda: part.replace(output))
        except BaseException:
            disk.forget()
            part.unlink(missing_ok=True)
            disk.close()
            raise


def _fill(place: Any, group: Group) -> None:
    for key, values in group.arrays.items():
        place.create_dataset(key, data=values)
    place.attrs.update(group.attributes)


def _refer(file: Any, column: Column, files: list[tuple[Path, int]], folder: Path) -> None:
    """Create a column that refers to the rows of other files; unreadable rows are not a number, instead of zero."""
    dtype = np.dtype(column.dtype)
    layout = h5py.VirtualLayout(shape=(sum(size for _, size in files), *column.shape), dtype=dtype)
    at = 0
    for path, size in files:
        if size:
            source = os.path.relpath(path, folder).replace("%", "%%")  # HDF5 replaces %b by numbers
            shape = (size, *column.shape)
            layout[at : at + size] = h5py.VirtualSource(source, f"events/{column.name}", shape=shape, dtype=dtype)
            at += size
    missing = np.nan if dtype.kind == "f" else np.iinfo(dtype).max
    data = file.create_virtual_dataset(f"events/{column.name}", layout, fillvalue=missing)
    data.attrs.update(column_attributes(column))
