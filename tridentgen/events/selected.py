"""Event files with the events of another file that pass cuts, as if generated with these cuts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.events.hdf5 import EventWriter
from tridentgen.events.integrity import GROUP
from tridentgen.events.observables import Cut, limits_of, passing
from tridentgen.events.reader import EventFile
from tridentgen.events.stated_exposure import expected_for_exposure
from tridentgen.events.weights import AcceptedSums
from tridentgen.typing import Columns


def write_passing(
    file: EventFile, output: Path, cuts: Sequence[Cut], words: Sequence[str], sigma_error: float, *, force: bool = False
) -> int:
    """Write the events that pass the cuts, and return their number.

    Parameters
    ----------
    file : EventFile
    output : Path
    cuts : sequence of Cut
    words : sequence of str
        The cuts as text, for the attribute ``cuts``.
    sigma_error : float
        Standard deviation in cm^2 of the cross section within the cuts.
    force : bool
        Overwrite the output.

    Raises
    ------
    FileError
        The output cannot be written, or exists and `force` is not set.
    """
    attributes = {name: value for name, value in file.attributes.items() if name != "created"}
    attributes |= _identity(attributes, cuts, words)
    names = [column.name for column in file.columns]
    tried, read = int(attributes.get("n_done", file.rows)), 0
    sums = _Sums(_unit_weight(file))
    with EventWriter(output, file.columns, attributes, force=force) as writer:
        try:
            for name, group in file.groups().items():
                if name != GROUP:
                    writer.write_group(name, group.arrays, group.attributes)
            for block in file.sound_blocks(names):
                kept = passing(block, cuts)
                selected = {name: values[kept] for name, values in block.items()}
                sums.add(block["weight"], selected)
                read += len(kept)
                # Trials without an event in the file are counted with the last block.
                writer.append(selected, tried=len(kept) if read < file.rows else tried - writer.done)
            results = _results(attributes, sums, sigma_error, writer.rows)
            # The events that pass still stand for the same exposure.
            writer.set_attributes(results | expected_for_exposure(attributes | results, file.path))
            writer.close(complete=bool(attributes["complete"]))
        except BaseException:
            writer.discard()  # a part of them would have the cross section of all
            raise
        return writer.rows


def _identity(known: Mapping[str, Any], applied: Sequence[Cut], words: Sequence[str]) -> dict[str, Any]:
    """Return all cuts so far, and a new `run_id`: shards can be merged only if they have the same cuts."""
    cuts = {"cuts": "; ".join([*([str(known["cuts"])] if known.get("cuts") else []), *words])}
    if "run_id" not in known:
        return cuts
    text = repr((known["run_id"], sorted(limits_of(applied).items())))
    return {**cuts, "run_id": hashlib.sha256(text.encode()).hexdigest()}


def _unit_weight(file: EventFile) -> float | None:
    """Return the weight of unweighted events that are not overweight; None for weighted ones."""
    if "overweight_events" not in file.attributes:
        return None
    return min((float(np.min(block["weight"])) for block in file.blocks(["weight"])), default=None)


class _Sums:
    """Sums over the events read and the events that pass."""

    def __init__(self, unit: float | None) -> None:
        self._unit = unit
        self.read = 0.0
        self.kept = AcceptedSums()
        self.overweight = 0

    def add(self, read: NDArray[np.float64], kept: Columns) -> None:
        weight = kept["weight"]
        self.read += float(np.sum(read))
        self.kept.add(weight, kept.get("acceptance"))
        if self._unit is not None:
            self.overweight += int(np.count_nonzero(weight > self._unit * (1.0 + 1e-9)))


def _results(known: Mapping[str, Any], sums: _Sums, sigma_error: float, rows: int) -> dict[str, Any]:
    """Return the attributes computed from the events that pass, as far as the file had them."""
    scale = float(known["sigma"]) / sums.read if "sigma" in known and sums.read > 0.0 else 1.0  # a shard sums to less
    found = {
        "sigma": scale * sums.kept.weight.sum,
        "sigma_error": sigma_error,
        "sum_w": scale * sums.kept.weight.sum,
        "sum_w2": scale**2 * sums.kept.weight.sum_of_squares,
        **sums.kept.attributes,
        "overweight_events": sums.overweight,
    }
    if known.get("unweighted"):
        found |= {"n_requested": rows, "n_run": rows}
    return {name: value for name, value in found.items() if name in known}
