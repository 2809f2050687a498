"""Histograms of weighted events, and the choice of their bins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import InputError
from tridentgen.events.events import Events
from tridentgen.events.observables import LONG_TAIL
from tridentgen.events.part_of_run import part_of_run
from tridentgen.typing import FloatArray

_BINS = 50
_LOG_SPAN = 100.0  # a logarithmic axis where the middle 90 % of the cross section span more than this factor
_EVENTS_PER_BIN = 25
_TINY = 1e-300
_TAIL = 1e-3
"""Share of the cross section outside either end of a logarithmic axis, and below a linear one."""


def dsigma_histogram(
    events: Events,
    column: str | FloatArray,
    edges: FloatArray,
    mask: NDArray[np.bool_] | None = None,
    factor: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Differential cross section in bins.

    Parameters
    ----------
    events
        Weighted events; their weights sum to the cross section in cm^2, those of a shard to its part of it.
    column
        Name of a column ``(N,)``, or the values of an observable, one per event.
    edges
        Increasing bin edges ``(B + 1,)`` in the units of the column; the last bin includes its upper edge. Values
        outside are ignored.
    mask
        Events to include ``(N,)``; all by default.
    factor
        Factor of each weight ``(N,)``, such as the acceptance of a detector; 1 by default.

    Returns
    -------
    values, errors
        dsigma/dx and its statistical error sqrt(sum w^2)/width, ``(B,)``, cm^2 per unit of the column. Those of a
        shard are estimates for the whole run.
    """
    values = np.asarray(events[column] if isinstance(column, str) else column)
    if values.shape != (len(events),):
        raise InputError(f"a histogram needs one value per event; the shape is {values.shape}")
    edges = np.asarray(edges, dtype=np.float64)
    if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0.0):
        raise InputError("bin edges must increase, and there must be at least two")
    inside = (values >= edges[0]) & (values <= edges[-1])
    if mask is not None:
        inside &= mask
    # numpy.histogram takes differences of a cumulative sum, which loses precision in small bins.
    bins = np.minimum(np.searchsorted(edges, values[inside], side="right") - 1, len(edges) - 2)
    weights = events["weight"][inside] if factor is None else events["weight"][inside] * factor[inside]
    part = part_of_run(events.attributes)
    if part is not None:
        weights = weights * part.factor
    widths = np.diff(edges)
    sums = np.bincount(bins, weights, len(widths))
    squares = np.bincount(bins, weights**2, len(widths))
    return sums / widths, np.sqrt(squares) / widths


def axis_histogram(
    events: Events, values: FloatArray, edges: FloatArray, log: bool, mask: NDArray[np.bool_] | None = None,
    factor: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return `dsigma_histogram` of `values`, per unit of their logarithm if `log`: areas are then cross sections."""
    if log:
        values, edges = np.log(np.maximum(values, _TINY)), np.log(edges)
    return dsigma_histogram(events, values, edges, mask, factor)


def bin_edges(
    values: FloatArray, weights: FloatArray, *, always_log: bool = False, long_tail: float = LONG_TAIL
) -> tuple[FloatArray, bool]:
    """Return bin edges that contain all but the tails of the cross section, and whether they are logarithmic.

    `long_tail` is the share of the cross section above the end of a linear axis.
    """
    shares = (_TAIL, 0.05, 0.95, 1.0 - long_tail, 1.0 - _TAIL)
    low, early, late, high, end = weighted_quantiles(values, weights, shares)
    relative = weights / np.max(weights)  # the squares of small weights would be zero
    number = int(np.clip(np.sum(relative) ** 2 / np.sum(relative**2) / _EVENTS_PER_BIN, 10, _BINS))
    if end - low <= 1e-9 * abs(end):  # a single value, such as the energy of a monochromatic beam
        half = 0.1 * abs(end) or 1.0
        # With an odd number of bins the value is at the centre of one.
        return np.linspace(end - half, end + half, _BINS + 2), False
    if low > 0.0 and (always_log or late > _LOG_SPAN * early):
        return np.geomspace(low, end, number + 1), True
    if high - low <= 1e-9 * abs(high):
        high = end
    if 0.0 < low < 0.15 * high:
        low = 0.0
    return np.linspace(low, high, number + 1), False


def weighted_quantiles(values: FloatArray, weights: FloatArray, shares: Sequence[float]) -> list[float]:
    """Return the values below which the given shares of the total weight lie."""
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    places = np.searchsorted(cumulative, np.asarray(shares) * cumulative[-1])
    return [float(values[order[min(place, len(values) - 1)]]) for place in places]
