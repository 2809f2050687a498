"""Cuts on observables: what a card may limit, and which events pass."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import InputError
from tridentgen.events.kinematics import angle, square, transverse
from tridentgen.processes.trident.columns import PROTON

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Observable:
    """What a cut may limit: its name, the unit on cards and that unit in the units of the events.

    It is a column of the events, or computed from others. `signed` ones may be limited below zero.
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


class _Computed(NamedTuple):
    """An observable that is no column: the columns that it takes, and how it follows from them."""

    columns: tuple[str, ...]
    of: Callable[..., FloatArray]


_MINUS, _PLUS, _BEAM = "p4_minus", "p4_plus", "p4_nu_in"
_COMPUTED: Mapping[str, _Computed] = MappingProxyType(
    {
        "m2_ll": _Computed((_MINUS, _PLUS), lambda minus, plus: square(minus + plus)),
        "delta_theta": _Computed((_MINUS, _PLUS), angle),
        "theta_minus": _Computed((_MINUS, _BEAM), angle),
        "theta_plus": _Computed((_PLUS, _BEAM), angle),
        "theta_pair": _Computed((_MINUS, _PLUS, _BEAM), lambda minus, plus, beam: angle(minus + plus, beam)),
        "energy_minus": _Computed((_MINUS,), lambda p: p[:, 0]),
        "energy_plus": _Computed((_PLUS,), lambda p: p[:, 0]),
        "pt_minus": _Computed((_MINUS, _BEAM), transverse),
        "pt_plus": _Computed((_PLUS, _BEAM), transverse),
        "other_kinetic": _Computed(
            ("regime", "recoil_energy"), lambda regime, recoil: np.where(regime == PROTON, recoil, 0.0)
        ),
        "pt_pair": _Computed((_MINUS, _PLUS, _BEAM), lambda minus, plus, beam: transverse(minus + plus, beam)),
    }
)
"""Observables that follow from other columns. The beam is the neutrino of the event, along whatever axis; besides the
pair a trident has nothing to see but a proton, whose kinetic energy is ``other_kinetic``."""


def columns_of(name: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the columns among `known` from which the observable `name` is had; none where it cannot be.

    A column of that name goes first: it is exact where momenta have lost digits.
    """
    if name in known:
        return (name,)
    needed = _COMPUTED[name].columns if name in _COMPUTED else (name,)
    return needed if set(needed) <= set(known) else ()


def values(columns: Mapping[str, NDArray[Any]], name: str) -> FloatArray:
    """Return the observable `name` of every event, shape (N,); raise `InputError` where the events lack it."""
    needed = columns_of(name, columns)
    if not needed:
        raise InputError(f"these events have no '{name}' to cut on; leave cuts.{name}_min and cuts.{name}_max out")
    if needed == (name,):
        return columns[name]
    return _COMPUTED[name].of(*(columns[column] for column in needed))


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
