"""Electrons counted in bins of their energy and of E theta^2, as a detector measures them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from tridentgen.constants import ELECTRON_MASS_GEV
from tridentgen.engines.uniforms import PURPOSE_SMEARING, check_seed, stream_number, uniforms
from tridentgen.errors import InputError
from tridentgen.exchange.importing.electrons import Electrons
from tridentgen.physics.normal import normal_quantile
from tridentgen.typing import FloatArray

STEPS = 200
"""Bins of E theta^2; a cut lies at one of their edges, or where it is asked for."""

_REACH_GEV = 0.01
_LARGEST_ENERGY_GEV = 20.0
_ENERGY_BINS = 12
_NEUTRINO_EDGES_GEV = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)


@dataclass(frozen=True)
class CandleSelection:
    """Which electrons are counted, and how well they are measured.

    Attributes
    ----------
    min_energy_GeV : float
        Smallest energy of the electron.
    max_e_theta2_GeV : float or None
        Largest E theta^2; None for that of the best precision.
    angle_resolution_mrad : float
        Standard deviation of each of the two projected angles.
    energy_resolution : float
        Relative standard deviation at 1 GeV; it falls with the root of the energy.
    seed : int
        Seed of the smearing.

    Raises
    ------
    InputError
        For a number that is negative or not finite.
    """

    min_energy_GeV: float = 0.5
    max_e_theta2_GeV: float | None = None
    angle_resolution_mrad: float = 0.0
    energy_resolution: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        check_seed(self.seed)
        require_sizes(self, *(field.name for field in fields(self)))
        if self.min_energy_GeV == 0.0 or self.max_e_theta2_GeV == 0.0:
            raise InputError("min_energy_GeV and max_e_theta2_GeV must be positive")


def require_sizes(given: object, *names: str) -> None:
    """Raise `InputError` for a number that is negative or not finite; None is none."""
    for name in names:
        value = getattr(given, name)
        if value is not None and not (math.isfinite(value) and value >= 0.0):
            raise InputError(f"{name} = {value} must be a positive number, or 0")


class ElectronCounts:
    """Numbers of events in bins of the electron's energy, E theta^2, and the neutrino's energy."""

    def __init__(self, selection: CandleSelection) -> None:
        self.selection = selection
        least = selection.min_energy_GeV
        self.energies = np.geomspace(least, max(_LARGEST_ENERGY_GEV, 4.0 * least), _ENERGY_BINS + 1)
        self.edges: FloatArray = self._step_GeV() * np.arange(STEPS + 1, dtype=np.float64)
        self.neutrinos = np.array(_NEUTRINO_EDGES_GEV)
        self.signal = np.zeros((_ENERGY_BINS, STEPS, len(self.neutrinos)))
        self.counted = 0.0

    def _step_GeV(self) -> float:
        """Return the width of the bins: they reach beyond the signal as smeared, and the cut asked for is an edge."""
        asked = self.selection.max_e_theta2_GeV
        spread = 2.0 * _LARGEST_ENERGY_GEV * (1e-3 * self.selection.angle_resolution_mrad) ** 2
        step = max(_REACH_GEV + spread, 2.0 * (asked or 0.0)) / STEPS
        return step if asked is None else asked / max(round(asked / step), 1)

    def add_signal(self, electrons: Electrons, e_nu: FloatArray, first: int) -> None:
        """Count electrons of the signal, of which the first has the number `first`."""
        measured = self._smeared(electrons, 0, first)
        bins, kept = self._bins(measured)
        self.counted += float(np.sum(measured.events[measured.energy_GeV >= self.energies[0]]))
        place = np.clip(np.searchsorted(self.neutrinos, e_nu[kept], side="right") - 1, 0, len(self.neutrinos) - 1)
        flat = bins * len(self.neutrinos) + place
        self.signal += np.bincount(flat, measured.events[kept], self.signal.size).reshape(self.signal.shape)

    def background(self, electrons: Iterable[Electrons], smearing: int | None) -> FloatArray:
        """Return the events of a background in bins of the energy and E theta^2."""
        found, first = np.zeros(_ENERGY_BINS * STEPS), 0
        for part in electrons:
            measured = part if smearing is None else self._smeared(part, smearing, first)
            bins, kept = self._bins(measured)
            found += np.bincount(bins, measured.events[kept], found.size)
            first += len(part.events)
        return found.reshape(_ENERGY_BINS, STEPS)

    def _smeared(self, electrons: Electrons, stream: int, first: int) -> Electrons:
        """Return the electrons as measured; the numbers of an electron depend on the seed and its place alone."""
        sigma, relative = 1e-3 * self.selection.angle_resolution_mrad, self.selection.energy_resolution
        if sigma == 0.0 and relative == 0.0:
            return electrons
        numbers = uniforms(
            self.selection.seed, stream_number(PURPOSE_SMEARING, stream), first, len(electrons.events), 4
        )
        x, y, z = (np.asarray(normal_quantile(u)) for u in numbers[:3])
        theta = np.sqrt(electrons.theta2)
        energy = np.maximum(electrons.energy_GeV + relative * np.sqrt(electrons.energy_GeV) * z, ELECTRON_MASS_GEV)
        return Electrons(energy, (theta + sigma * x) ** 2 + (sigma * y) ** 2, electrons.events)

    def _bins(self, electrons: Electrons) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the flat bins of energy and E theta^2 of the electrons counted, and which these are."""
        e_theta2 = electrons.energy_GeV * electrons.theta2
        kept = (electrons.energy_GeV >= self.energies[0]) & (e_theta2 < self.edges[-1])
        row = np.minimum(np.searchsorted(self.energies, electrons.energy_GeV[kept], side="right") - 1, _ENERGY_BINS - 1)
        column = np.minimum((e_theta2[kept] / self.edges[1]).astype(np.int64), STEPS - 1)
        return np.asarray(row * STEPS + column, dtype=np.int64), kept
