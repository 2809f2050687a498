"""Integrity checks of an event file: structure, hashes, numbers, momenta, weights, completeness."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tridentgen.engines.process import Column, Role
from tridentgen.errors import FileError, InputError
from tridentgen.events.columns import PARENT, names_of
from tridentgen.events.groups import Group
from tridentgen.events.integrity import GROUP, BlockHashes, content_hash
from tridentgen.events.maps import proposal_from_groups
from tridentgen.events.part_of_run import part_of_run
from tridentgen.events.particles import particles_of
from tridentgen.events.reader import EventFile, open_events
from tridentgen.events.weights import knows_sigma
from tridentgen.processes.kinds import columns_of
from tridentgen.typing import Columns

_BALANCE = 1e-12
_SHELL = 1e-11
_SUM = 1e-9


@dataclass(frozen=True)
class Check:
    """One check: its name, whether it passed, and its finding.

    `passed` is None if the check was not possible.
    """

    name: str
    passed: bool | None
    found: str


def verify(path: str | os.PathLike[str]) -> list[Check]:
    """Return the checks of an event file; those after a damaged column are omitted.

    Raise `FileError` if the file cannot be opened as an event file.
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
    """Return the errors of the unreadable columns; in a virtual file many columns share one error."""
    found: dict[str, None] = {}
    for column in file.columns:
        try:
            for _ in file.blocks([column.name]):
                pass
        except FileError as error:
            found[str(error)] = None
    return list(found)


def _checks(file: EventFile) -> Iterator[Check]:
    groups = file.groups()
    yield _hashes(file, groups.get(GROUP))
    if "map_hash" in file.attributes:
        yield _map(file, groups)
    yield _complete(file)
    columns = columns_of(file.columns, file.attributes)
    sums = _Totals(columns)
    for block in file.blocks(sorted(column.name for column in columns)):
        sums.add(block)
    yield from sums.checks(file)


def _hashes(file: EventFile, kept: Group | None) -> Check:
    if kept is None or "content_hash" not in file.attributes:
        return Check("content hashes", False, "missing; the file is unfinished")
    found = BlockHashes.of([column.name for column in file.columns], file.rows, file.column).arrays()
    wrong = [
        f"{name} (block {int(np.flatnonzero((values != kept.arrays[name]).any(axis=1))[0])})"
        for name, values in found.items()
        if name in kept.arrays and values.shape == kept.arrays[name].shape and (values != kept.arrays[name]).any()
    ]
    wrong += [name for name in found if name not in kept.arrays or found[name].shape != kept.arrays[name].shape]
    if wrong:
        return Check("content hashes", False, f"the content of {', '.join(wrong)} differs from what was written")
    total = content_hash(found)
    same = total == file.attributes["content_hash"]
    return Check("content hashes", same, total if same else "the hash over all columns differs")


def _map(file: EventFile, groups: Mapping[str, Group]) -> Check:
    try:
        digest = proposal_from_groups(groups).digest
    except InputError as error:
        return Check("trained map", False, str(error))
    same = digest == file.attributes["map_hash"]
    return Check("trained map", same, digest if same else "differs from the map of the run")


def _complete(file: EventFile) -> Check:
    known = file.attributes
    done, wanted = int(known.get("n_done", file.rows)), int(known.get("n_requested", file.rows))
    whole = bool(known["complete"])
    number = file.rows if known.get("unweighted") else done
    return Check(
        "completeness", whole and number == wanted, f"{number} of {wanted} events{'' if whole else ', interrupted'}"
    )


class _Totals:
    """Totals over the blocks of a file, with the roles of its columns."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.weight, self.last = 0.0, -1
        self.faults: dict[str, float] = {}
        self._columns = columns
        self._weights = names_of(columns, Role.WEIGHT)
        self._momenta = [column for column in columns if column.role.is_momentum]
        self._known = [column for column in self._momenta if column.species is not None]
        self._daughters = names_of(columns, Role.DAUGHTER)
        roles = {column.role for column in self._momenta}
        whole = not any(column.role is Role.UNKNOWN and column.shape == (4,) for column in columns)
        self._balances = whole and Role.INCOMING in roles and bool({Role.OUTGOING, Role.RECOIL} & roles)

    def add(self, block: Columns) -> None:
        tests: tuple[tuple[str, bool, Callable[[Columns], float]], ...] = (
            ("finite numbers", True, _not_finite),
            ("order of events", bool(names_of(self._columns, Role.NUMBER)), self._disorder),
            ("weights", bool(self._weights), self._negative),
            ("momentum balance", self._balances, self._imbalance),
            ("mass shells", bool(self._known), self._off_shell),
            ("decays", bool(self._daughters), self._decay_imbalance),
        )
        for name, possible, test in tests:
            if not possible:
                continue
            with np.errstate(all="ignore"):  # zeros and infinities of a damaged file
                found = test(block)
            self.faults[name] = max(self.faults.get(name, 0.0), math.inf if math.isnan(found) else found)
        with np.errstate(all="ignore"):
            for name in self._weights:
                self.weight += float(np.sum(block[name]))

    def _disorder(self, block: Columns) -> float:
        (name,) = names_of(self._columns, Role.NUMBER)
        if not len(block[name]):
            return 0.0
        numbers = block[name].astype(np.int64)
        rising = bool(np.all(np.diff(numbers) > 0)) and int(numbers[0]) > self.last
        self.last = int(numbers[-1])
        return 0.0 if rising else 1.0

    def _negative(self, block: Columns) -> float:
        return float(any(bool(np.any(block[name] < 0.0)) for name in self._weights))

    def _imbalance(self, block: Columns) -> float:
        """Return the largest violation of momentum conservation over the largest energy, for targets at rest.

        Energy is not checked: apart from the target mass, its balance follows from the mass shells.
        """
        incoming = names_of(self._columns, Role.INCOMING, Role.TARGET)
        outgoing = names_of(self._columns, Role.OUTGOING, Role.RECOIL)
        total = sum(block[name][:, 1:] for name in outgoing) - sum(block[name][:, 1:] for name in incoming)
        energy = np.max([block[name][:, 0] for name in names_of(self._columns, Role.INCOMING)], axis=0)
        return float(np.max(np.abs(total) / energy[:, None], initial=0.0))

    def _decay_imbalance(self, block: Columns) -> float:
        """Return the largest difference of the momenta of a decaying particle and its daughters, over its energy."""
        parent = block[PARENT]
        total = sum(block[name] for name in self._daughters) - parent
        return float(np.max(np.abs(total) / parent[:, :1], initial=0.0))

    def _off_shell(self, block: Columns) -> float:
        """Return the largest |E^2 - p^2 - m^2|/E^2 of the particles whose masses are known."""
        worst = 0.0
        for column in self._known:
            p = block[column.name]
            assert column.species is not None
            try:
                _, mass = particles_of(column.species, block)
            except InputError:
                return math.inf  # a label without a particle
            off = np.abs(p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1) - np.square(mass)) / p[:, 0] ** 2
            worst = max(worst, float(np.max(off, initial=0.0)))
        return worst

    def checks(self, file: EventFile) -> Iterator[Check]:
        limits = {"momentum balance": _BALANCE, "decays": _BALANCE, "mass shells": _SHELL}
        said = {
            "finite numbers": ("all finite", "some numbers are not finite"),
            "order of events": ("event numbers increase", "event numbers do not increase"),
            "weights": ("none negative", "some negative"),
        }
        for name, worst in self.faults.items():
            passed = worst <= limits.get(name, 0.0)
            words = said.get(name, (f"{worst:.1e} of the largest energy",) * 2)
            yield Check(name, passed, words[0] if passed else words[1])
        yield from self._unchecked()
        if self._weights:
            yield self._sum(file)

    def _unchecked(self) -> Iterator[Check]:
        """Yield the checks that were not possible, with the reason."""
        if not self._balances:
            yield Check("momentum balance", None, "the roles of the momenta are not all given")
        unknown = [column.name for column in self._momenta if column.species is None]
        if unknown or not self._momenta:
            why = f"masses of {', '.join(unknown)} are not given" if unknown else "no momentum columns"
            yield Check("mass shells", None, why)
        if not self._weights:
            yield Check("sum of weights", None, "no column with the role weight")
        odd = [column.name for column in self._columns if column.role is Role.UNKNOWN]
        if odd:
            yield Check("roles of columns", None, f"unknown for {', '.join(odd)}")

    def _sum(self, file: EventFile) -> Check:
        if not knows_sigma(file.attributes):
            return Check("sum of weights", None, "the file has no cross section to compare with")
        if not file.rows and "poisson_mean" in file.attributes:
            return Check("sum of weights", None, "a Poisson number of 0 events has no weights to sum")
        sigma = float(file.attributes.get("sigma", 0.0))
        try:
            part = part_of_run(file.attributes, file.path)
        except FileError as error:
            return Check("sum of weights", False, str(error))
        expected = sigma if part is None else sigma / part.factor
        off = abs(self.weight - expected) / expected if expected else abs(self.weight)
        return Check("sum of weights", off < _SUM, f"{self.weight:.6g} cm2, relative difference to sigma {off:.1e}")


def _not_finite(block: Columns) -> float:
    return float(any(not np.all(np.isfinite(values)) for values in block.values() if values.dtype.kind == "f"))


def require_sound(path: str | os.PathLike[str]) -> None:
    """Raise `FileError` naming the first check that fails."""
    for check in verify(path):
        if check.passed is False:
            raise FileError(f"'{path}': {check.name}: {check.found}; make it again or take a fresh copy")
