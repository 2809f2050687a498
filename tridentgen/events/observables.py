"""Observables of events, how they are drawn, and cuts on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import InputError
from tridentgen.typing import FloatArray

RADIANS_PER_DEGREE = math.pi / 180.0
LONG_TAIL = 1e-2
"""Share of the cross section that a linear axis may leave out above its end."""


@dataclass(frozen=True)
class Observable:
    """A quantity that can be cut on.

    It is a column of the events, or computed from others. A column of its name goes first: it is exact where momenta
    have lost digits.

    Attributes
    ----------
    name, unit
        As on cards: the keys are ``NAME_min_UNIT`` and ``NAME_max_UNIT``.
    factor
        That unit in the units of the events.
    signed
        Whether it may be limited below zero.
    columns
        The columns from which it is computed where it is no column itself.
    value
        ``value(*columns)`` returns it, shape (N,).
    needs_detector
        Whether only events in a detector with a response have it.
    """

    name: str
    unit: str
    factor: float = 1.0
    signed: bool = False
    columns: tuple[str, ...] = ()
    value: Callable[..., FloatArray] | None = None
    needs_detector: bool = False

    @property
    def keys(self) -> tuple[str, str]:
        """Keys of the lowest and the highest value on a card."""
        unit = f"_{self.unit}" if self.unit else ""
        return f"{self.name}_min{unit}", f"{self.name}_max{unit}"

    def needed(self, known: Collection[str]) -> tuple[str, ...]:
        """Return the columns among `known` from which it follows; none where it cannot be computed."""
        if self.name in known:
            return (self.name,)
        return self.columns if self.value is not None and set(self.columns) <= set(known) else ()

    def of(self, columns: Mapping[str, NDArray[Any]]) -> FloatArray:
        """Return its value for every event, shape (N,); raise `InputError` where the events lack it."""
        needed = self.needed(columns)
        if not needed:
            raise InputError(
                f"these events have no '{self.name}' to cut on; leave cuts.{self.name}_min and cuts.{self.name}_max out"
            )
        if needed == (self.name,) or self.value is None:
            return columns[self.name]
        return self.value(*(columns[column] for column in needed))


@dataclass(frozen=True)
class Axis:
    """What is drawn along the x axis of a picture.

    Attributes
    ----------
    name
        Name of the picture.
    column, column_units
        Column it comes from, and the units that `value` expects there.
    symbol
        Its symbol in TeX; ``MINUS`` and ``PLUS`` stand for the leptons.
    units
        Units on the axis, in TeX.
    value
        From the column to the value in `units`.
    log
        Always on a logarithmic axis.
    sort
        What the lines are: the name of a `Sort` of the process.
    log_y
        A logarithmic axis for the cross section, as is usual for recoil spectra.
    seen
        Show what the detector accepts: weights times acceptance.
    with_kept
        Add a line of what the detector accepts, where there is one.
    long_tail
        Share of the cross section left out above a linear axis.
    only_if_sorted
        Leave it out where all events are of one sort: another picture shows the same then.
    differs_from
        Leave it out where it equals this column everywhere; ``0`` where it is 0 everywhere.
    GeV_above
        Draw it in GeV as it is in the column where it exceeds this value in GeV.
    """

    name: str
    column: str
    column_units: str
    symbol: str
    units: str
    value: Callable[[NDArray[Any]], FloatArray] = np.asarray
    log: bool = False
    sort: str = ""
    log_y: bool = False
    seen: bool = False
    with_kept: bool = False
    long_tail: float = LONG_TAIL
    only_if_sorted: bool = False
    differs_from: str = ""
    GeV_above: float = math.inf


@dataclass(frozen=True)
class Cut:
    """A cut on an observable: values from `low` to `high` pass, both included, in the units of the events."""

    observable: Observable
    low: float = -math.inf
    high: float = math.inf

    def passes(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Return which events pass, shape (N,)."""
        found = self.observable.of(columns)
        passed: NDArray[np.bool_] = (found >= self.low) & (found <= self.high)
        return passed

    @property
    def words(self) -> str:
        """The cut as in ``5 <= theta_minus <= 20 deg``, in the units of the card."""
        name, factor = self.observable.name, self.observable.factor
        least, largest = f"{self.low / factor:.6g}", f"{self.high / factor:.6g}"
        if not math.isfinite(self.low):
            told = f"{name} <= {largest}"
        elif not math.isfinite(self.high):
            told = f"{name} >= {least}"
        else:
            told = f"{least} <= {name} <= {largest}"
        return f"{told} {self.observable.unit}".rstrip()


def limits_of(cuts: Iterable[Cut]) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest value of each observable by name."""
    return {cut.observable.name: (cut.low, cut.high) for cut in cuts}


def cuts_on(limits: Mapping[str, tuple[float, float]], observables: Iterable[Observable]) -> tuple[Cut, ...]:
    """Return the cuts that limits on observables of these names make, in their order."""
    known = {observable.name: observable for observable in observables}
    return tuple(Cut(known[name], low, high) for name, (low, high) in limits.items())


def passing(columns: Mapping[str, NDArray[Any]], cuts: Iterable[Cut]) -> NDArray[np.bool_]:
    """Return which events pass all cuts, shape (N,).

    Parameters
    ----------
    columns
        Columns of the events, (N,) or (N, 4).
    cuts
        In the units of the events.
    """
    passed = np.ones(len(columns["weight"]), dtype=bool)
    for cut in cuts:
        passed &= cut.passes(columns)
    return passed
