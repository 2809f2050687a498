"""The response of a detector to nuclear recoils: quenching, then resolution, then efficiency and thresholds."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector.efficiency import ConstantEfficiency, Efficiency
from tridentgen.detector.quenching import Quenching
from tridentgen.detector.resolution import Resolution
from tridentgen.detector.time_efficiency import TimeEfficiency
from tridentgen.errors import InputError
from tridentgen.physics.elementary import Value, look_up
from tridentgen.physics.normal import normal_quantile
from tridentgen.typing import FloatArray


@dataclass(frozen=True, eq=False)
class Detector:
    """The response of a detector to nuclear recoils.

    Observed energies are electron-equivalent: the quenched recoil energy, smeared by the resolution. Without
    quenching (``Constant(1.0)``, for bolometers) they are recoil energies.

    Parameters
    ----------
    quenchings : tuple of Quenching
        One for each nuclide of the target, in its order, or a single one for all.
    resolution : Resolution or None
        None: the observed energy is the quenched energy.
    efficiency : Efficiency
        Efficiency as a function of the OBSERVED energy.
    recoil_efficiency : Efficiency
        Efficiency as a function of the RECOIL energy, for experiments that publish it in this form. The two multiply.
    threshold_keVee, threshold_keVnr : float
        Recoils with a lower OBSERVED energy, or RECOIL energy, are not accepted.
    time_efficiency : TimeEfficiency or None
        Efficiency as a function of the arrival time. None: all times are accepted.
    quenched_min_keVee : float
        Recoils with a lower QUENCHED energy, before the resolution, are not accepted: a minimum of ionisation, below
        which nothing is there that a fluctuation could lift above the threshold.
    light_yield : float or None
        Photoelectrons per keVee, for bins of photoelectrons; the efficiency has its own.

    Raises
    ------
    InputError
        For no quenching or a threshold that is negative or not finite.
    """

    quenchings: tuple[Quenching, ...]
    resolution: Resolution | None = None
    efficiency: Efficiency = field(default_factory=ConstantEfficiency)
    recoil_efficiency: Efficiency = field(default_factory=ConstantEfficiency)
    threshold_keVee: float = 0.0
    threshold_keVnr: float = 0.0
    time_efficiency: TimeEfficiency | None = None
    quenched_min_keVee: float = 0.0
    light_yield: float | None = None

    def __post_init__(self) -> None:
        if not self.quenchings:
            raise InputError("a detector needs a quenching; Constant(1.0) leaves recoil energies as they are")
        for name in ("threshold_keVee", "threshold_keVnr", "quenched_min_keVee"):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise InputError(f"{name} = {getattr(self, name)!r} must be a non-negative number")
        if self.light_yield is not None and not 0.0 < self.light_yield < np.inf:
            raise InputError(
                f"light_yield = {self.light_yield!r} must be a positive number of photoelectrons per keVee"
            )

    @property
    def dimensions(self) -> int:
        """Number of random numbers that `observed` uses: 0 without resolution, else 1."""
        return 0 if self.resolution is None else 1

    @cached_property
    def _kinds(self) -> tuple[Quenching, ...]:
        """The distinct quenchings."""
        return tuple(dict.fromkeys(self.quenchings))

    @cached_property
    def _kind_of(self) -> FloatArray:
        """Index in `_kinds` of the quenching of each nuclide."""
        return np.array([self._kinds.index(q) for q in self.quenchings], dtype=np.float64)

    def quenching_of(self, nuclide: int) -> Quenching:
        """Return the quenching of the nuclide with this index in the target."""
        return self.quenchings[nuclide if len(self.quenchings) > 1 else 0]

    def quenched(self, recoil_GeV: Value, nuclide: Value = 0.0) -> Value:
        """Return the electron-equivalent energy in GeV. Traceable.

        `nuclide` is the index of the recoiling nuclide in the order of `quenchings`, as a float; it is not used if all
        nuclides have the same quenching.
        """
        energy = self._kinds[0](recoil_GeV)
        if len(self._kinds) == 1:
            return energy
        kind = look_up(self._kind_of, nuclide)
        for number, other in enumerate(self._kinds[1:], start=1):
            energy = np.where(kind == float(number), other(recoil_GeV), energy)
        return energy

    def observed(self, recoil_GeV: Value, u: Value, nuclide: Value = 0.0) -> Value:
        """Return the observed energy in GeV, electron-equivalent, for a uniform number 0 < u < 1. Traceable."""
        energy = self.quenched(recoil_GeV, nuclide)
        if self.resolution is None:
            return energy
        return self.resolution.observed(energy * KEV_PER_GEV, normal_quantile(u)) * (1.0 / KEV_PER_GEV)

    def acceptance(
        self, recoil_GeV: Value, observed_GeV: Value, time_ns: Value = 0.0, nuclide: Value = 0.0
    ) -> Value:  # fmt: skip
        """Return the probability that a recoil observed at this energy and time is accepted. Traceable.

        `nuclide` is that of `quenched`.
        """
        kept = self.kept_at_recoil(recoil_GeV * KEV_PER_GEV) * self.kept_at_observed(observed_GeV * KEV_PER_GEV)
        if self.quenched_min_keVee > 0.0:
            kept = kept * self.kept_at_quenched(self.quenched(recoil_GeV, nuclide) * KEV_PER_GEV)
        return kept if self.time_efficiency is None else kept * self.time_efficiency(time_ns)

    def kept_at_recoil(self, recoil_keV: Value) -> Value:
        """Return the factor of `acceptance` that depends on the recoil energy. Traceable."""
        return np.where(recoil_keV >= self.threshold_keVnr, self.recoil_efficiency(recoil_keV), 0.0)

    def kept_at_quenched(self, quenched_keV: Value) -> Value:
        """Return the factor of `acceptance` that depends on the quenched energy. Traceable."""
        return np.where(quenched_keV >= self.quenched_min_keVee, 1.0, 0.0)

    def kept_at_observed(self, observed_keV: Value) -> Value:
        """Return the factor of `acceptance` that depends on the observed energy. Traceable."""
        return np.where(observed_keV >= self.threshold_keVee, self.efficiency(observed_keV), 0.0)
