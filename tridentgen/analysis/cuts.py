"""Cuts on observables: what a card may limit, and which events pass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Observable:
    """What a cut may limit: its name, the unit on cards and that unit in GeV or radians.

    An ``energy_minus`` is the energy of the momentum ``p4_minus``; all other names are columns of the events.
    """

    name: str
    unit: str
    factor: float

    def values(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        """Return the observable of every event, shape (N,), in GeV or radians."""
        if self.name.startswith("energy_"):
            return np.asarray(columns[f"p4_{self.name.removeprefix('energy_')}"][:, 0])
        return columns[self.name]


OBSERVABLES = (
    Observable("m2_ll", "GeV2", 1.0),
    Observable("q2", "GeV2", 1.0),
    Observable("w2", "GeV2", 1.0),
    Observable("delta_theta", "deg", math.pi / 180.0),
    Observable("theta_minus", "deg", math.pi / 180.0),
    Observable("theta_plus", "deg", math.pi / 180.0),
    Observable("energy_minus", "GeV", 1.0),
    Observable("energy_plus", "GeV", 1.0),
    Observable("recoil_energy", "GeV", 1.0),
)


def passing(columns: Mapping[str, NDArray[Any]], limits: Mapping[str, tuple[float, float]]) -> NDArray[np.bool_]:
    """Return which events pass, shape (N,).

    Parameters
    ----------
    columns
        Columns of the events, (N,) or (N, 4).
    limits
        Lowest and highest value allowed of each observable by name, in GeV or radians; both still pass.
    """
    kept = np.ones(len(columns["weight"]), dtype=bool)
    for observable in OBSERVABLES:
        if observable.name in limits:
            low, high = limits[observable.name]
            values = observable.values(columns)
            kept &= (values >= low) & (values <= high)
    return kept
