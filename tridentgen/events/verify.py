"""Check an event file from the outside in: structure, hashes, numbers, momenta, weights, completeness."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import FileError, InputError
from tridentgen.events.integrity import GROUP, BlockHashes, content_hash
from tridentgen.events.maps import proposal_from_groups
from tridentgen.events.part_of_run import part_of_run
from tridentgen.events.reader import EventFile, open_events

Columns = dict[str, NDArray[Any]]

_BALANCE = 1e-12
_SHELL = 1e-11
_SUM = 1e-9


@dataclass(frozen=True)
class Check:
    """One check: what was looked at, whether it is right, and what was found."""

    name: str
    passed: bool
    found: str


def verify(path: str | os.PathLike[str]) -> list[Check]:
    """Return the checks of an event file; those after a damaged column are left out.

    Raise `FileError` where the file cannot be opened as an event file at all.
    """
    path = Path(path)
    checks: list[Check] = []
    with open_events(path) as file:
        checks.append(Check("structure", True, f"{file.rows} events, {len(file.columns)} columns"))
        try:
            for check in _checks(file):
                checks.append(check)
        except FileError:  # fletcher32 does not match: HDF5 refuses to read the chunk
            checks.append(Check("checksums", False, "; ".join(_unreadable(file))))
    return checks


def _unreadable(file: EventFile) -> list[str]:
    """Return what is wrong with the columns that cannot be read; in a virtual file that is the same for many."""
    found: dict[str, None] = {}
    for column in file.columns:
        try:
            for _ in file.blocks([column.name]):
                pass
        except FileError as error:
            found[str(error)] = None
    return list(found)


def _checks(file: EventFile) -> Iterator[Check]:
    yield _hashes(file)
    if "map_hash" in file.attributes:
        yield _map(file)
    yield _complete(file)
    names = {column.name for column in file.columns}
    sums = _Totals()
    for block in file.blocks(sorted(names)):
        sums.add(block)
    yield from sums.checks(file)


def _hashes(file: EventFile) -> Check:
    kept = file.groups().get(GROUP)
    if kept is None or "content_hash" not in file.attributes:
        return Check("content hashes", False, "there are none; the file was not finished")
    found = BlockHashes.of([column.name for column in file.columns], file.rows, file.column).arrays()
    wrong = [
        f"{name} (block {int(np.flatnonzero((values != kept.arrays[name]).any(axis=1))[0])})"
        for name, values in found.items()
        if name in kept.arrays and values.shape == kept.arrays[name].shape and (values != kept.arrays[name]).any()
    ]
    wrong += [name for name in found if name not in kept.arrays or found[name].shape != kept.arrays[name].shape]
    if wrong:
        return Check("content hashes", False, f"the content of {', '.join(wrong)} is not what was written")
    total = content_hash(found)
    same = total == file.attributes["content_hash"]
    return Check("content hashes", same, total if same else "the hash over all columns differs")


def _map(file: EventFile) -> Check:
    try:
        digest = proposal_from_groups(file.groups()).digest
    except InputError as error:
        return Check("trained map", False, str(error))
    same = digest == file.attributes["map_hash"]
    return Check("trained map", same, digest if same else "it is not the map that the run used")


def _complete(file: EventFile) -> Check:
    known = file.attributes
    done, wanted = int(known.get("n_done", file.rows)), int(known.get("n_requested", file.rows))
    whole = bool(known["complete"])
    number = file.rows if known.get("unweighted") else done
    return Check(
        "completeness", whole and number == wanted, f"{number} of {wanted} events{'' if whole else ', interrupted'}"
    )


class _Totals:
    """What is gathered over the blocks of a file."""

    def __init__(self) -> None:
        self.weight, self.last = 0.0, -1
        self.faults: dict[str, float] = {}

    def add(self, block: Columns) -> None:
        tests: tuple[tuple[str, Callable[[Columns], float]], ...] = (
            ("finite numbers", _not_finite),
            ("order of events", self._disorder),
            ("weights", _negative),
            ("momentum balance", _imbalance),
            ("mass shells", _off_shell),
        )
        for name, test in tests:
            with np.errstate(all="ignore"):  # zeros and infinities of a damaged file
                found = test(block)
            self.faults[name] = max(self.faults.get(name, 0.0), math.inf if math.isnan(found) else found)
        if "weight" in block:
            self.weight += float(np.sum(block["weight"]))

    def _disorder(self, block: Columns) -> float:
        if "event_id" not in block or not len(block["event_id"]):
            return 0.0
        numbers = block["event_id"].astype(np.int64)
        rising = bool(np.all(np.diff(numbers) > 0)) and int(numbers[0]) > self.last
        self.last = int(numbers[-1])
        return 0.0 if rising else 1.0

    def checks(self, file: EventFile) -> Iterator[Check]:
        limits = {"momentum balance": _BALANCE, "mass shells": _SHELL}
        said = {
            "finite numbers": ("all are", "some numbers are not finite"),
            "order of events": ("event numbers rise", "event numbers do not rise"),
            "weights": ("none is negative", "some are negative"),
        }
        for name, worst in self.faults.items():
            passed = worst <= limits.get(name, 0.0)
            words = said.get(name, (f"{worst:.1e} of the largest energy",) * 2)
            yield Check(name, passed, words[0] if passed else words[1])
        sigma = float(file.attributes.get("sigma", 0.0))
        try:
            part = part_of_run(file.attributes, file.path)
        except FileError as error:
            yield Check("sum of weights", False, str(error))
            return
        expected = sigma if part is None else sigma / part.factor
        off = abs(self.weight - expected) / expected if expected else abs(self.weight)
        yield Check("sum of weights", off < _SUM, f"{self.weight:.6g} cm2, off sigma by {off:.1e}")


def _not_finite(block: Columns) -> float:
    return float(any(not np.all(np.isfinite(values)) for values in block.values() if values.dtype.kind == "f"))


def _negative(block: Columns) -> float:
    return float("weight" in block and bool(np.any(block["weight"] < 0.0)))


def _imbalance(block: Columns) -> float:
    """Return the largest violation of momentum conservation over the largest energy, target at rest."""
    outgoing = [name for name in ("p4_nu_out", "p4_minus", "p4_plus", "p4_recoil") if name in block]
    if "p4_nu_in" not in block or "p4_recoil" not in outgoing or not len(block["p4_nu_in"]):
        return 0.0
    total = sum(block[name][:, 1:] for name in outgoing) - block["p4_nu_in"][:, 1:]
    return float(np.max(np.abs(total) / block["p4_nu_in"][:, :1]))


def _off_shell(block: Columns) -> float:
    """Return by how much neutrinos and recoils are off their mass shells: |m^2|/E^2, and the spread of equal masses."""
    worst = 0.0
    for name in ("p4_nu_in",):
        if name in block and len(block[name]):
            p = block[name]
            square = p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1)
            worst = max(worst, float(np.max(np.abs(square) / p[:, 0] ** 2)))
    kinds = "isotope" if "isotope" in block else "regime"
    if "p4_recoil" in block and kinds in block:
        p = block["p4_recoil"]
        mass = np.sqrt(np.maximum(p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1), 0.0))
        for kind in np.unique(block[kinds]):
            same = block[kinds] == kind
            scale = p[same, 0] ** 2 / mass[same].mean() ** 2
            worst = max(worst, float(np.max(np.abs(mass[same] / mass[same].mean() - 1.0) / scale)))
    return worst


def require_sound(path: str | os.PathLike[str]) -> None:
    """Raise `FileError` naming the first check that fails."""
    for check in verify(path):
        if not check.passed:
            raise FileError(f"'{path}': {check.name}: {check.found}; make it again or take a fresh copy")
