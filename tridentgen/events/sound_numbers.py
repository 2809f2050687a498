"""Numbers of event files that readers compute with: finite, and of a size whose square is finite.

They are checked where a file is opened and its columns are read, so that no reader meets anything else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import FileError

LARGEST = 1e150
"""Largest number: no cross section or energy comes near, and sums of squares stay finite."""

_COUNTS = (
    "n_events", "n_done", "n_requested", "n_run", "n_trials", "n_before_cuts", "first", "seed", "overweight_events",
)  # fmt: skip
_FLAGS = ("complete", "unweighted", "rescaled_complete")
_WHOLE: Mapping[str, tuple[int, int]] = MappingProxyType(
    {**dict.fromkeys(_COUNTS, (0, (1 << 63) - 1)), **dict.fromkeys(_FLAGS, (0, 1))}
)
"""Root attributes that are whole numbers: the smallest and the largest possible one."""

_AMOUNTS = (
    "sigma", "sigma_error", "sum_w", "sum_w2", "acceptance", "acceptance_error", "max_weight", "expected_events",
    "expected_events_error", "poisson_mean",
)  # fmt: skip
"""Root attributes that are not negative."""


def require_sound_attributes(attributes: Mapping[str, Any], path: Path) -> None:
    """Raise `FileError` unless the root attributes that are numbers are possible ones; they may be missing."""
    for name, (low, high) in _WHOLE.items():
        if name in attributes and not _is_whole(attributes[name], low, high):
            kind = "0 or 1" if high == 1 else f"a whole number from {low} on"
            raise _unsound(path, f"attribute '{name}' = {attributes[name]!r} is not {kind}")
    if attributes.get("n_trials") == 0 and attributes.get("n_events", 0) > 0:
        raise _unsound(path, f"attribute 'n_trials' = 0 does not go with {attributes['n_events']} events")
    for name in _AMOUNTS:
        value = attributes.get(name, 0.0)
        if isinstance(value, str) or not 0.0 <= value < LARGEST:
            raise _unsound(path, f"attribute '{name}' = {value!r} is not a number from 0 to {LARGEST:g}")


def require_sound_column(name: str, values: NDArray[Any], first: int, path: Path) -> None:
    """Raise `FileError` if a number of a column is not finite or too large; `first` is the row of the first value."""
    if values.dtype.kind != "f":
        return
    sound = np.abs(values) < LARGEST  # False for what is not a number
    if not sound.all():
        place = np.argwhere(~sound)[0]
        value = float(values[tuple(place)])
        what = f"is {value:g}, too large" if math.isfinite(value) else "is not finite"
        raise FileError(f"'{path}': column '{name}' of event {first + int(place[0])} {what}; make the file again")


def _is_whole(value: Any, low: int, high: int) -> bool:
    return not isinstance(value, str) and math.isfinite(value) and value == int(value) and low <= value <= high


def _unsound(path: Path, what: str) -> FileError:
    return FileError(f"'{path}': {what}; make it again or take a fresh copy")
