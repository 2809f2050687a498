"""Put the shards of a run together: the same columns as one unbroken run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import FileError
from tridentgen.events.hdf5 import EventWriter
from tridentgen.events.integrity import BLOCK_ROWS, GROUP, BlockHashes, content_hash
from tridentgen.events.output import check_output, part_path, writing
from tridentgen.events.reader import EventFile, open_events
from tridentgen.sampling.generate import BATCH, WeightSums, summed_attributes

Columns = dict[str, NDArray[Any]]

_SAME = ("run_id", "map_hash", "seed", "n_run", "version")
"""Root attributes that the shards of one run share."""


@dataclass(frozen=True)
class Shard:
    """An open piece of a run: events `first` to `stop - 1`."""

    path: Path
    file: EventFile
    first: int
    stop: int


def merge(
    paths: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    virtual: bool = False,
    force: bool = False,
) -> Path:
    """Merge the shards of a run, given in any order.

    Parameters
    ----------
    paths
        Files of ``tridentgen generate --first``.
    output
        The file to make.
    virtual
        Refer to the shards instead of copying them; they have to stay where they are.
    force
        Overwrite the output.

    Raises
    ------
    FileError
        A file cannot be read, is of another run, incomplete or unweighted; events are there twice or not at all: the
        message says which.
    """
    output = Path(output)
    check_output(output, force)
    with ExitStack() as stack:
        shards = _in_order([_shard(Path(path), stack.enter_context(open_events(path))) for path in paths])
        write = _write_virtual if virtual else _write_copy
        write(shards, output, force=force)
    return output


def _shard(path: Path, file: EventFile) -> Shard:
    known = file.attributes
    lost = [name for name in (*_SAME, "first", "n_requested", "n_trials") if name not in known]
    if lost:
        raise FileError(f"'{path}' lacks the attribute '{lost[0]}': it was not made by 'tridentgen generate'")
    if known.get("unweighted"):
        raise FileError(f"'{path}' holds unweighted events; merge weighted shards and unweight them then")
    if not known["complete"]:
        raise FileError(f"'{path}' is of an interrupted run, its weights were rescaled; make it again")
    first, count, total = (int(known[name]) for name in ("first", "n_requested", "n_run"))
    if not 0 <= first < first + count <= total or count != int(known.get("n_done", count)):
        raise FileError(
            f"'{path}' says that it holds {count} events from number {first} on, of a run of {total}; make it again or "
            "take a fresh copy"
        )
    return Shard(path, file, first, first + count)


def _in_order(shards: list[Shard]) -> list[Shard]:
    """Return the shards by their first events; raise `FileError` where they are not one whole run."""
    if not shards:
        raise FileError("there is nothing to merge; name the shards of a run")
    shards = sorted(shards, key=lambda shard: shard.first)
    model = shards[0]
    names = [column.name for column in model.file.columns]
    for shard in shards[1:]:
        for name in _SAME:
            if shard.file.attributes[name] != model.file.attributes[name]:
                raise FileError(
                    f"'{shard.path}' is not of the same run as '{model.path}': '{name}' is "
                    f"{shard.file.attributes[name]} there and {model.file.attributes[name]} here"
                )
        if [column.name for column in shard.file.columns] != names:
            raise FileError(f"'{shard.path}' has other columns than '{model.path}'")
    _check_whole(shards, int(model.file.attributes["n_run"]))
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
            f"the run of {total} events is not whole: events {', '.join(missing)} are missing; make them with "
            "'tridentgen generate --first' and merge again"
        )


def _attributes(shards: list[Shard]) -> dict[str, Any]:
    """Return the root attributes of the whole."""
    known = dict(shards[0].file.attributes)
    known |= {"first": 0, "n_requested": known["n_run"]}
    known["engine"] = ",".join(dict.fromkeys(str(shard.file.attributes["engine"]) for shard in shards))
    return known


def _blocks(shards: list[Shard]) -> Iterator[tuple[int, Columns]]:
    """Yield the events of each batch of the run, as when it is made in one go, and how many were tried for it."""
    names = [column.name for column in shards[0].file.columns]
    waiting: list[Columns] = []
    tried = 0
    for shard in shards:
        row, done = 0, shard.first
        while done < shard.stop:
            stop = min((done // BATCH + 1) * BATCH, shard.stop)
            numbers = shard.file.column("event_id", row, min(row + stop - done, shard.file.rows))
            end = row + int(np.searchsorted(numbers, stop))
            waiting.append({name: shard.file.column(name, row, end) for name in names})
            tried, row, done = tried + stop - done, end, stop
            if stop % BATCH == 0:
                yield tried, _joined(waiting)
                waiting, tried = [], 0
    if tried:
        yield tried, _joined(waiting)


def _joined(pieces: list[Columns]) -> Columns:
    return pieces[0] if len(pieces) == 1 else {n: np.concatenate([piece[n] for piece in pieces]) for n in pieces[0]}


class _Sums:
    """The sums over trials of the whole run."""

    def __init__(self) -> None:
        self._begin = 0
        self.weight, self.seen = WeightSums(), WeightSums()

    def add(self, tried: int, columns: Columns) -> None:
        place = columns["event_id"] - np.uint64(self._begin)
        for name, sums in (("weight", self.weight), ("acceptance", self.seen)):
            if name in columns:
                padded = np.zeros(tried)
                padded[place] = columns["weight"] * (columns[name] if name == "acceptance" else 1.0)
                sums.add(padded)
        self._begin += tried

    @property
    def attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = summed_attributes(self.weight)
        if self.seen.trials and self.weight.sum > 0.0:
            found["acceptance"] = self.seen.sum / self.weight.sum
        return found


def _write_copy(shards: list[Shard], output: Path, *, force: bool) -> None:
    sums = _Sums()
    with EventWriter(output, shards[0].file.columns, _attributes(shards), force=force) as writer:
        for name, group in shards[0].file.groups().items():
            if name != GROUP:
                writer.write_group(name, group.arrays, group.attributes)
        for tried, columns in _blocks(shards):
            writer.append(columns, tried=tried)
            sums.add(tried, columns)
        writer.set_attributes(sums.attributes)
        writer.close(complete=True)


def _write_virtual(shards: list[Shard], output: Path, *, force: bool) -> None:
    """Write a file whose columns are views of the shards'."""
    columns = shards[0].file.columns
    rows = sum(shard.file.rows for shard in shards)
    sums, hashes = _Sums(), BlockHashes([column.name for column in columns])
    for tried, block in _blocks(shards):
        sums.add(tried, block)
        hashes.update(block)
    part = part_path(output)
    known = _attributes(shards) | {"n_events": rows, "n_done": sums.weight.trials, **sums.attributes}
    digests = hashes.arrays()
    with writing(part):
        if force:
            part.unlink(missing_ok=True)
        with h5py.File(part, "w", libver="earliest") as file:
            for column in columns:
                layout = h5py.VirtualLayout(shape=(rows, *column.shape), dtype=column.dtype)
                at = 0
                for shard in shards:
                    source = os.path.relpath(shard.path.resolve(), output.resolve().parent)
                    size = (shard.file.rows, *column.shape)
                    layout[at : at + size[0]] = h5py.VirtualSource(source, f"events/{column.name}", shape=size)
                    at += size[0]
                data = file.create_virtual_dataset(f"events/{column.name}", layout)
                data.attrs["units"], data.attrs["description"] = column.units, column.description
            for name, group in {**shards[0].file.groups()}.items():
                made = file.require_group(name)
                arrays = digests if name == GROUP else group.arrays
                for key, values in arrays.items():
                    made.create_dataset(key, data=values)
                made.attrs.update(group.attributes)
            file[GROUP].attrs["block_rows"] = BLOCK_ROWS
            file.attrs.update(known | {"content_hash": content_hash(digests)})
        part.replace(output)
