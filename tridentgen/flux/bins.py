"""Bins of a flux table: their edges from centres, lower edges, both edges, or centres with widths."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tridentgen.errors import FileError
from tridentgen.typing import FloatArray

_EVEN = 0.01
"""Allowed deviation of the centres of equal bins from even spacing, in bin widths: tables print few digits."""

_ROUNDED = 0.1
"""Largest rounding of centres in bin widths: 0.025, 0.075, ... with two digits is 0.03, 0.08, ..."""


def edges_of_lower_edges(low: FloatArray) -> FloatArray:
    """Return edges for lower edges: the last bin is as wide as the one before."""
    return np.append(low, 2.0 * low[-1] - low[-2])


def edges_of_centres(path: Path, centres: FloatArray, *, from_zero: bool = False) -> FloatArray:
    """Return the edges of equal bins around their centres, which may be rounded to the digits printed.

    With `from_zero` the first centre may be 0; its bin is half as wide.
    """
    count, rounding = len(centres), _rounding(centres)
    width = (centres[-1] - centres[0]) / (count - 1)
    if rounding > 2.0 * _EVEN * width:
        round_width = _round_width(centres, min(rounding, 1.2 * _ROUNDED * width))
        if round_width is not None:
            return np.asarray(round_width * np.arange(count + 1))
    tolerance = max(_EVEN * width, 2.0 * min(rounding, _ROUNDED * width)) * (1.0 + 1e-6)
    uneven = np.abs(centres - (centres[0] + width * np.arange(count))).max()
    first = centres[0] - 0.5 * width
    if uneven > tolerance or (first < -tolerance and not (from_zero and centres[0] == 0.0)):
        reason = f"would start a bin at {first:.4g} GeV" if first < -tolerance else "are not evenly spaced"
        raise FileError(
            f"{path}: the energies {reason}, so they are not centres of equal bins; "
            "give points = 'edges', or per = 'GeV' with points = 'points'"
        )
    edges = first + width * np.arange(count + 1)
    return np.where(edges < 1e-9 * width, 0.0, edges)


def _round_width(centres: FloatArray, rounding: float) -> float | None:
    """Return the roundest width of bins from 0 on whose centres these are but for their rounding; None without one."""
    halves = np.arange(len(centres)) + 0.5
    slack = rounding * (1.0 + 1e-6)
    low, high = ((centres - slack) / halves).max(), ((centres + slack) / halves).min()
    for digits in range(6):
        width = float(f"{0.5 * (low + high):.{digits}e}")
        if low <= width <= high:
            return width
    return None


def edges_of_both(path: Path, low: FloatArray, high: FloatArray, lines: tuple[int, ...]) -> FloatArray:
    """Return edges for lower and upper edges, which must meet."""
    narrowest = (high - low).min()
    if not narrowest > 0.0:
        row = int(np.argmin(high - low))
        raise FileError(f"{path}:{lines[row]}: the bin ends at {high[row]:g}, and begins at {low[row]:g}; correct it")
    apart = np.abs(high[:-1] - low[1:])
    if len(apart) and apart.max() > _EVEN * narrowest:
        row = int(np.argmax(apart))
        raise FileError(
            f"{path}:{lines[row + 1]}: the bin begins at {low[row + 1]:g}, and the one before ends at {high[row]:g}; "
            "write gaps as bins with flux 0"
        )
    return np.append(low, high[-1])


def edges_of_widths(path: Path, centres: FloatArray, widths: FloatArray, lines: tuple[int, ...]) -> FloatArray:
    """Return edges for centres with the widths of their bins, which must meet."""
    low, high = centres - 0.5 * widths, centres + 0.5 * widths
    if len(low) and -_EVEN * widths[0] <= low[0] < 0.0:
        low[0] = 0.0
    return edges_of_both(path, low, high, lines)


def bins_meet(low: FloatArray, high: FloatArray) -> bool:
    """Return whether two columns are the lower and upper edges of bins, each beginning where the one before ends."""
    return bool(np.array_equal(low[1:], high[:-1]) and (high > low).all())


def widths_are(edges: FloatArray, width: float) -> bool:
    """Return whether all bins are `width` wide, within the digits that tables print."""
    return bool(np.abs(np.diff(edges) / width - 1.0).max() < 2.0 * _EVEN)


def _rounding(values: FloatArray) -> float:
    """Return half a unit of the last decimal that the numbers are printed with."""
    for decimals in range(7):
        if np.allclose(values, np.round(values, decimals), rtol=0.0, atol=1e-9):
            return 0.5 * 10.0**-decimals
    return 0.0
