"""Types of arrays that stand in many signatures, each by one name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Flags = NDArray[np.bool_]

Columns = dict[str, NDArray[Any]]
"""Columns of events by name, an entry or a row per event."""
