"""Observables of events, their axes in figures, and cuts on them."""

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
    """A quantity for cuts.

    It is a column of the events, or computed from other columns. A column of its name takes precedence: it is exact
    where momenta have lost digits.

    Attributes
    ----------
    name, unit
        As on cards: the keys are ``NAME_min_UNIT`` and ``NAME_max_UNIT``.
    factor
        Value of that unit in the units of the events.
    signed
        Whether the limits of a cut may be negative.
    columns
        The columns needed to compute the observable if it is not a column itself.
    value
        ``value(*columns)`` returns the observable, shape (N,).
    needs_detector
        Whether only events in a detector with a response have the observable.
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
        """Return the columns among `known` needed to compute the observable; none if it cannot be computed."""
        if self.name in known:
            return (self.name,)
        return self.columns if self.value is not None and set(self.columns) <= set(known) else ()

    def of(self, columns: Mapping[str, NDArray[Any]]) -> FloatArray:
        """Return its value for every event, shape (N,); raise `InputError` if the events lack it."""
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
    """The quantity on the x axis of a figure.

    Attributes
    ----------
    name
        Name of the figure.
    column, column_units
        Column from which the quantity is computed, and the units that `value` expects.
    symbol
        Its symbol in TeX; ``MINUS`` and ``PLUS`` stand for the leptons.
    units
        Units on the axis, in TeX.
    value
        Function from the column to the value in `units`.
    log
        Whether the axis is always logarithmic.
    sort
        The classes drawn as separate lines: the name of a `Sort` of the process.
    log_y
        Whether the axis of the cross section is logarithmic, as is usual for recoil spectra.
    seen
        Whether to draw the events accepted by the detector, weights times acceptance, if events have one.
    with_kept
        Whether to add a line for the events accepted by the detector, if there is one.
    long_tail
        Share of the cross section left out above a linear axis.
    only_if_sorted
        Whether to omit the figure if all events are of one class: another figure then shows the same.
    differs_from
        Omit the figure if the quantity equals this column everywhere; ``0`` if it is 0 everywhere.
    GeV_above
        Draw the quantity in GeV, as in the column, if it exceeds this value in GeV.
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
        """The cut as text, such as ``5 <= theta_minus <= 20 deg``, in the units of the card."""
        name, factor = self.observable.name, self.observable.factor
        least, largest = f"{self.low / factor:.6g}", f"{self.high / factor:.6g}"
        if not math.isfinite(self.low):
            told = f"{name} <= {largest}"
        elif not math.isfinite(self.high):
            told = f"{name} >= {least}"
        else:
            told = f"{least} <= {name} <= {largest}"
        return f"{told} {self.observable.unit.replace('_', '/')}".rstrip()  # a key cannot have the / of km/s


def in_MeV(values: NDArray[Any]) -> FloatArray:
    """Convert the values of an axis from GeV to MeV."""
    return np.asarray(1e3 * values)


def in_us(values: NDArray[Any]) -> FloatArray:
    """Convert the values of an axis from ns to us."""
    return np.asarray(1e-3 * values)


def limits_of(cuts: Iterable[Cut]) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest value of each observable by name."""
    return {cut.observable.name: (cut.low, cut.high) for cut in cuts}


def cuts_on(limits: Mapping[str, tuple[float, float]], observables: Iterable[Observable]) -> tuple[Cut, ...]:
    """Return the cuts for limits on observables given by name, in their order."""
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
