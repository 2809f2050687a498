"""Shares of the events of a kind: by its classes, such as components of the source, and in bins of its first axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tridentgen.analysis.cut_flow import Share
from tridentgen.analysis.histograms import weighted_quantiles
from tridentgen.engines.process import Process
from tridentgen.processes.base import ReactionKind, Sort
from tridentgen.typing import Columns, FloatArray

T = TypeVar("T")

_MOST_BINS = 12
_LOG_SPAN = 100.0
"""Bins grow by factors of 2 to 2.5 where the middle 90 % of the cross section span more than this factor."""

_TAIL = 1e-3
_ROUND = (1.0, 2.0, 5.0)
_NEAR_ZERO = 0.3
"""Bins begin at 0 unless the smallest values exceed this share of the largest."""


class Bins(NamedTuple):
    """Shares of the cross section in bins of a column; the last bin reaches to infinity."""

    column: str
    units: str
    edges: FloatArray
    shares: tuple[Share, ...]


class _Sums:
    """Sums of weights and squared weights by number."""

    def __init__(self) -> None:
        self.weight: dict[int, float] = {}
        self.squares: dict[int, float] = {}

    def add(self, codes: NDArray[Any], weight: FloatArray) -> None:
        found, place = np.unique(codes, return_inverse=True)
        sums, squares = np.bincount(place.ravel(), weight), np.bincount(place.ravel(), weight**2)
        for code, total, square in zip(found.tolist(), sums.tolist(), squares.tolist(), strict=True):
            self.weight[int(code)] = self.weight.get(int(code), 0.0) + total
            self.squares[int(code)] = self.squares.get(int(code), 0.0) + square

    def shares(self, name_of: Callable[[int], T]) -> dict[T, Share]:
        """Return the share of each name with its error, sqrt(sum w^2 (k - share)^2)/sum w; numbers may share a name."""
        total, squares = math.fsum(self.weight.values()), math.fsum(self.squares.values())
        members: dict[T, list[int]] = {}
        for code in sorted(self.weight):
            members.setdefault(name_of(code), []).append(code)
        found = {}
        for name, codes in members.items():
            share = math.fsum(self.weight[code] for code in codes) / total
            own = math.fsum(self.squares[code] for code in codes)
            variance = own * (1.0 - share) ** 2 + (squares - own) * share**2
            found[name] = Share(share, math.sqrt(max(variance, 0.0)) / total)
        return found


class ClassRates:
    """Collects the shares of the events of a process, batch by batch."""

    def __init__(self, kind: ReactionKind, process: Process, attributes: Mapping[str, Any]) -> None:
        known = {column.name: column for column in process.columns}
        self._attributes = attributes
        self._sorts = {name: sort for name, sort in kind.sorts.items() if sort.column in known}
        self._sums = {name: _Sums() for name in self._sorts}
        axis = next((axis for axis in kind.axes if axis.column in known), None)
        self._column = None if axis is None else known[axis.column]
        self._edges: FloatArray | None = None
        self._bins = _Sums()

    def add(self, batch: Columns) -> None:
        """Add events with their weights; the first batch decides on the bins."""
        weight = batch["weight"]
        if not np.sum(weight) > 0.0:
            return
        for name, sort in self._sorts.items():
            self._sums[name].add(batch[sort.column], weight)
        if self._column is not None:
            values = np.asarray(batch[self._column.name], dtype=np.float64)
            if self._edges is None:
                self._edges = round_edges(values, weight)
            self._bins.add(np.searchsorted(self._edges, np.maximum(values, 0.0), side="right") - 1, weight)

    def classes(self) -> dict[str, dict[str, Share]]:
        """Return the shares by class and name; classes with a single name, or like others, are left out."""
        found: dict[str, dict[str, Share]] = {}
        for name, sort in self._sorts.items():
            by_name = self._sums[name].shares(partial(self._name, sort))
            if len(by_name) > 1 and not any(_alike(by_name, other) for other in found.values()):
                found[name] = by_name
        return found

    def _name(self, sort: Sort, code: int) -> str:
        return sort.labels(self._attributes).get(code) or sort.name_of(code)

    def bins(self) -> Bins | None:
        """Return the shares in bins; None if the kind has no axis, or there are no events."""
        if self._column is None or self._edges is None:
            return None
        shares = self._bins.shares(int)
        every = tuple(shares.get(number, Share(0.0, 0.0)) for number in range(len(self._edges)))
        return Bins(self._column.name, self._column.units, self._edges, every)


def _alike(first: Mapping[str, Share], second: Mapping[str, Share]) -> bool:
    """Return whether two classifications have the same names and shares."""
    same_names = first.keys() == second.keys()
    return same_names and all(math.isclose(first[name].value, second[name].value) for name in first)


def round_edges(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return lower edges of bins at round numbers for values that are not negative: 0 first, and last that of the tail.

    Parameters
    ----------
    values, weights
        Of shape (N,), in any units; some value is positive.
    """
    least, early, late, last = weighted_quantiles(values, weights, (_TAIL, 0.05, 0.95, 1.0 - _TAIL))
    if early > 0.0 and late > _LOG_SPAN * early:
        steps = [factor * 10.0**power for power in range(_power(least), _power(last) + 1) for factor in _ROUND]
        return np.array([0.0, *(step for step in steps if least < step <= last)])
    start = least if least >= _NEAR_ZERO * last else 0.0
    rough = (last - start) / _MOST_BINS
    if not rough > 1e-9 * last:  # a single value, or 0 everywhere
        return np.zeros(1)
    step = next(f * 10.0 ** _power(rough) for f in (*_ROUND, 10.0) if f * 10.0 ** _power(rough) >= rough)
    return np.array([0.0, *(step * n for n in range(math.floor(start / step) + 1, math.ceil(last / step)))])


def _power(value: float) -> int:
    return math.floor(math.log10(value))
