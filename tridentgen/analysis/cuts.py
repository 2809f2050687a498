"""Cuts on observables: what a card may limit, and which events pass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import InputError


@dataclass(frozen=True)
class Observable:
    """What a cut may limit: its name, the unit on cards and that unit in the units of the events.

    An ``energy_minus`` is the energy of the momentum ``p4_minus``; all other names are columns of the events. `signed`
    ones may be limited below zero.
    """

    name: str
    unit: str
    factor: float = 1.0
    signed: bool = False

    @property
    def keys(self) -> tuple[str, str]:
        """Keys of the lowest and the highest value on a card."""
        unit = f"_{self.unit}" if self.unit else ""
        return f"{self.name}_min{unit}", f"{self.name}_max{unit}"


TRIDENT_OBSERVABLES = (
    Observable("m2_ll", "GeV2"),
    Observable("q2", "GeV2"),
    Observable("w2", "GeV2"),
    Observable("delta_theta", "deg", math.pi / 180.0),
    Observable("theta_minus", "deg", math.pi / 180.0),
    Observable("theta_plus", "deg", math.pi / 180.0),
    Observable("energy_minus", "GeV"),
    Observable("energy_plus", "GeV"),
    Observable("recoil_energy", "GeV"),
)
CEVNS_OBSERVABLES = (
    Observable("e_nu", "GeV"),
    Observable("recoil_energy", "keV"),
    Observable("cos_theta", ""),
    Observable("time", "ns", signed=True),
    Observable("quenched_energy", "keV"),
    Observable("observed_energy", "keV"),
)


def values(columns: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.float64]:
    """Return the observable `name` of every event, shape (N,); raise `InputError` where the events lack it."""
    momentum = f"p4_{name.removeprefix('energy_')}"
    if name.startswith("energy_") and momentum in columns:
        return np.asarray(columns[momentum][:, 0])
    if name not in columns:
        raise InputError(f"these events have no '{name}' to cut on; leave cuts.{name}_min and cuts.{name}_max out")
    return columns[name]


def passing(columns: Mapping[str, NDArray[Any]], limits: Mapping[str, tuple[float, float]]) -> NDArray[np.bool_]:
    """Return which events pass, shape (N,).

    Parameters
    ----------
    columns
        Columns of the events, (N,) or (N, 4).
    limits
        Lowest and highest value allowed of each observable by name, in the units of the events; both still pass.
    """
    kept = np.ones(len(columns["weight"]), dtype=bool)
    for name, (low, high) in limits.items():
        found = values(columns, name)
        kept &= (found >= low) & (found <= high)
    return kept
