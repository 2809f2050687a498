"""Quenching: the electron-equivalent energy of a nuclear recoil, a fraction of its kinetic energy.

Every model is a quenching factor Q(T) of the recoil energy T, with E_ee = T Q(T). Outside the range of validity of a
model, the factor is constant at its value at the nearest end. E_ee never decreases with T, so that spectra can be
transformed; this is checked when a model is constructed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import MappingProxyType

import numpy as np

from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector.linear_table import LinearTable
from tridentgen.errors import InputError, nearest
from tridentgen.matter.nuclei import Nuclide, nuclide
from tridentgen.physics.elementary import Value, exp, log, polynomial
from tridentgen.typing import FloatArray

ANY_RECOIL_KEV = 1.0e6
"""End of the range of models that are valid at all energies: 1 GeV."""

COLUMNS = ("factor", "keVee")

_LEAST_RECOIL_KEV = 1.0e-12  # keeps logarithms finite
_BISECTIONS = 64
_MOST_Q_KEV = 10.0
_CHECKED_POINTS = 2000


class Quenching(ABC):
    """Electron-equivalent energy of a recoil. Subclasses are frozen dataclasses."""

    @property
    @abstractmethod
    def range_keV(self) -> tuple[float, float]:
        """Range of recoil energies in which the model is valid."""

    @property
    def breaks_keV(self) -> tuple[float, ...]:
        """Recoil energies where the factor is not smooth."""
        return self.range_keV

    @abstractmethod
    def factor(self, recoil_keV: Value) -> Value:
        """Return the quenching factor at recoil energies within the range. Traceable."""

    def __call__(self, recoil_GeV: Value) -> Value:
        """Return the electron-equivalent energy in GeV of recoils of kinetic energy `recoil_GeV` >= 0. Traceable."""
        low, high = self.range_keV
        return recoil_GeV * self.factor(np.minimum(np.maximum(recoil_GeV * KEV_PER_GEV, low), high))

    def inverse(self, ee_GeV: FloatArray) -> FloatArray:
        """Return the smallest recoil energies in GeV, shape (N,), with the given electron-equivalent energies.

        Computed by bisection in the logarithm to full precision; for NumPy arrays only.
        """
        ee = np.asarray(ee_GeV, dtype=np.float64)
        top = self.range_keV[1] / KEV_PER_GEV
        scale = self(np.float64(top)) / top
        beyond = ee > top * scale
        low = np.where(beyond | (ee <= 0.0), top, ee)  # the factor is at most 1
        high = np.full_like(low, top)
        for _ in range(_BISECTIONS):
            middle = np.sqrt(low) * np.sqrt(high)
            reached = self(middle) >= ee
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        return np.where(beyond, ee / scale, np.where(ee <= 0.0, 0.0, high))

    def _check(self) -> None:
        """Raise `InputError` unless the factor lies between 0 and 1 and the energy never decreases."""
        low, high = self.range_keV
        grid = [np.linspace(low, high, _CHECKED_POINTS), np.geomspace(1e-6 * high, high, _CHECKED_POINTS)]
        recoil = np.unique(np.concatenate([*grid, self.breaks_keV]))
        factor = self(recoil / KEV_PER_GEV) * (KEV_PER_GEV / np.where(recoil > 0.0, recoil, 1.0))
        wrong = (factor < 0.0) | (factor > 1.0 + 1e-12)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(
                f"the quenching factor at a recoil of {recoil[i]:.4g} keV is {factor[i]:.4g}; "
                "it must lie between 0 and 1"
            )
        energy = recoil * factor
        falls = np.diff(energy) < -1e-12 * energy[1:]
        if falls.any() or energy[-1] <= 0.0:
            where = recoil[int(np.argmax(falls))] if falls.any() else high
            raise InputError(
                f"the electron-equivalent energy does not increase at a recoil of {where:.4g} keV; "
                "it must increase over the whole range of the model"
            )


@dataclass(frozen=True)
class Constant(Quenching):
    """The same factor at all energies; 1 means no quenching."""

    value: float

    def __post_init__(self) -> None:
        self._check()

    @property
    def range_keV(self) -> tuple[float, float]:
        """All recoil energies."""
        return 0.0, ANY_RECOIL_KEV

    def factor(self, recoil_keV: Value) -> Value:  # noqa: ARG002
        """Return the factor."""
        return self.value


@dataclass(frozen=True)
class Lindhard(Quenching):
    """Lindhard's theory: Q = k g/(1 + k g) - q/T, g = 3 e^0.15 + 0.7 e^0.6 + e, e proportional to T.

    J. Lindhard et al., Mat. Fys. Medd. Dan. Vid. Selsk. 33 (1963) no. 10, in the parametrisation of J. D. Lewin and
    P. F. Smith, Astropart. Phys. 6 (1996) 87, section 4.2.

    Parameters
    ----------
    k : float
        Strength of the electronic stopping.
    epsilon_per_keV : float
        e at T = 1 keV: 11.5 Z^(-7/3) in the theory.
    cutoff_keV : float
        Recoil energy below which the electron-equivalent energy is zero.
    q_keV : float
        Ionisation that the binding of electrons takes from every recoil, 0 in the theory; a negative one, as fits of
        germanium prefer it below 1 keV, is ionisation on top. Q is limited to the range 0 to 1. P. Sorensen, Phys. Rev.
        D 91 (2015) 083509, writes q/e: his q is `epsilon_per_keV` times this one.
    """

    k: float
    epsilon_per_keV: float
    cutoff_keV: float = 0.0
    q_keV: float = 0.0

    def __post_init__(self) -> None:
        for name, holds in (("k", self.k > 0.0), ("epsilon_per_keV", self.epsilon_per_keV > 0.0)):
            if not holds or not np.isfinite(getattr(self, name)):
                raise InputError(f"{name} = {getattr(self, name)!r} of Lindhard quenching must be a positive number")
        if not 0.0 <= self.cutoff_keV < ANY_RECOIL_KEV:
            raise InputError(f"cutoff_keV = {self.cutoff_keV!r} of Lindhard quenching must not be negative")
        if not abs(self.q_keV) <= _MOST_Q_KEV:
            raise InputError(
                f"q_keV = {self.q_keV!r} of Lindhard quenching must lie between {-_MOST_Q_KEV} and {_MOST_Q_KEV}"
            )

    @classmethod
    def of(cls, target: Nuclide, k: float | None = None, cutoff_keV: float = 0.0, q_keV: float = 0.0) -> Lindhard:
        """Return the quenching in a pure element; k = 0.133 Z^(2/3) A^(-1/2) unless given (Lewin and Smith)."""
        if k is None:
            k = 0.133 * target.Z ** (2.0 / 3.0) / target.A**0.5
        return cls(k, 11.5 * target.Z ** (-7.0 / 3.0), cutoff_keV, q_keV)

    @property
    def range_keV(self) -> tuple[float, float]:
        """All recoil energies."""
        return _LEAST_RECOIL_KEV, ANY_RECOIL_KEV

    @property
    def breaks_keV(self) -> tuple[float, ...]:
        """The cutoff, and the recoil energy below which Q is 0, or 1."""
        return tuple(place for place in (self.cutoff_keV, self._limited_below_keV) if place)

    @cached_property
    def _limited_below_keV(self) -> float:
        """Recoil energy at which Q without limits is 0, for a positive q, or 1; 0 without q."""
        if not self.q_keV:
            return 0.0
        limit = 0.0 if self.q_keV > 0.0 else 1.0
        low, high = np.float64(_LEAST_RECOIL_KEV), np.float64(ANY_RECOIL_KEV)
        for _ in range(_BISECTIONS):
            middle = np.sqrt(low) * np.sqrt(high)
            # T (Q - limit) increases with T for a positive q, and decreases for a negative one.
            beyond = (middle * (self._theory(middle) - limit) - self.q_keV) * (1.0 if self.q_keV > 0.0 else -1.0) > 0.0
            low, high = (low, middle) if beyond else (middle, high)
        return float(high)

    def factor(self, recoil_keV: Value) -> Value:
        """Return Q."""
        factor = self._theory(recoil_keV)
        if self.q_keV:
            factor = np.minimum(np.maximum(factor - self.q_keV / recoil_keV, 0.0), 1.0)
        return np.where(recoil_keV >= self.cutoff_keV, factor, 0.0) if self.cutoff_keV else factor

    def _theory(self, recoil_keV: Value) -> Value:
        """Return k g/(1 + k g)."""
        e = recoil_keV * self.epsilon_per_keV
        root = exp(0.15 * log(e))
        square = root * root
        kg = self.k * (3.0 * root + 0.7 * (square * square) + e)
        return kg / (1.0 + kg)


@dataclass(frozen=True)
class Polynomial(Quenching):
    """E_ee = c_1 T + c_2 T^2 + ..., both in MeV, up to `valid_to_keV`."""

    coefficients: tuple[float, ...]
    valid_to_keV: float

    def __post_init__(self) -> None:
        if len(self.coefficients) < 2 or not np.isfinite(self.coefficients).all():
            raise InputError("a quenching polynomial needs two or more finite coefficients, beginning with that of T")
        if not 0.0 < self.valid_to_keV <= ANY_RECOIL_KEV:
            raise InputError(f"valid_to_keV = {self.valid_to_keV!r} must be positive and at most {ANY_RECOIL_KEV:g}")
        self._check()

    @property
    def range_keV(self) -> tuple[float, float]:
        """From zero to the end of validity."""
        return 0.0, self.valid_to_keV

    def factor(self, recoil_keV: Value) -> Value:
        """Return E_ee/T."""
        return polynomial(recoil_keV * 1e-3, self.coefficients)


def linear_factor(factor: float, slope_per_keV: float, valid_to_keV: float) -> Polynomial:
    """Return the quenching with Q = `factor` + `slope_per_keV` T up to `valid_to_keV`."""
    return Polynomial((factor, slope_per_keV * 1e3), valid_to_keV)


@dataclass(frozen=True, eq=False)
class TableQuenching(Quenching):
    """Quenching interpolated linearly in a table.

    Parameters
    ----------
    recoil_keV : array of shape (N,)
        Increasing recoil energies, two or more.
    values : array of shape (N,)
        Quenching factors, or electron-equivalent energies in keV.
    column : {"factor", "keVee"}
        Which of these `values` are; they are interpolated linearly.
    """

    recoil_keV: FloatArray
    values: FloatArray
    column: str = "factor"

    def __post_init__(self) -> None:
        if self.column not in COLUMNS:
            raise InputError(f"column = '{self.column}' of a quenching table must be {' or '.join(COLUMNS)}")
        if self._table.x[0] < 0.0:
            raise InputError(f"recoil energy {self._table.x[0]:g} keV of a quenching table is negative")
        if self.column == "keVee" and self._table.x[0] == 0.0 and self._table.y[0] != 0.0:
            raise InputError("a quenching table has a non-zero energy at zero recoil; remove the point at 0 keV")
        self._check()

    @cached_property
    def _table(self) -> LinearTable:
        return LinearTable(self.recoil_keV, self.values)

    @property
    def range_keV(self) -> tuple[float, float]:
        """From the first point to the last; a point at 0 keV has no factor of its own in a table of energies."""
        first = max(self._table.x[0], _LEAST_RECOIL_KEV) if self.column == "keVee" else self._table.x[0]
        return float(first), float(self._table.x[-1])

    @property
    def breaks_keV(self) -> tuple[float, ...]:
        """The points."""
        return tuple(self._table.x.tolist())

    def factor(self, recoil_keV: Value) -> Value:
        """Return Q."""
        value = self._table(recoil_keV)
        return value if self.column == "factor" else value / recoil_keV


@cache
def _named() -> Mapping[str, Mapping[str, Quenching]]:
    """Return the published sets: the quenching of each element by its symbol."""
    csi = Polynomial((0.0554628, 4.30681, -111.707, 840.384), 60.0)
    sets: dict[str, dict[str, Quenching]] = {
        # Measured from 3 to 60 keV: COHERENT, JINST 17 (2022) P10034 (arXiv:2111.02477); the polynomial is that
        # of the data release with PRL 129 (2022) 081801 (arXiv:2110.07730).
        "csi": {"Cs": csi, "I": csi},
        "csi-2021": {"Cs": csi, "I": csi},
        # Lindhard's k of germanium; Bonhomme et al., EPJ C 82 (2022) 815 measured 0.162 +- 0.004.
        "ge": {"Ge": Lindhard(0.157, _epsilon("Ge74"))},
        # Straight line through the world's data to 125 keV: COHERENT, PRL 126 (2021) 012002 (arXiv:2003.10630).
        "lar": {"Ar": linear_factor(0.246, 7.8e-4, 125.0)},
        # Na: Lindhard's form, k and e fitted here to 0.112 at 3.8 keV (S. H. Lee et al., arXiv:2402.15122), 0.10 at
        # 9 keV and 0.23 at 152 keV (H. W. Joo et al., Astropart. Phys. 108 (2019) 50), within 15 %. I: the middle
        # of Joo's 0.04 to 0.06, 19 to 75 keV.
        "nai": {"Na": Lindhard(0.0554, 0.00874), "I": Constant(0.05)},
        # R. Bernabei et al., Phys. Lett. B 389 (1996) 757.
        "nai-dama": {"Na": Constant(0.3), "I": Constant(0.09)},
        # Lindhard's k of silicon.
        "si": {"Si": Lindhard(0.146, _epsilon("Si28"))},
        # Lindhard's k of xenon, for light and charge together (P. Sorensen and C. E. Dahl, PRD 83 (2011) 063501);
        # 0.110 is the conservative choice of the xenon searches.
        "xe": {"Xe": Lindhard(0.166, _epsilon("Xe132"))},
    }
    return MappingProxyType({name: MappingProxyType(elements) for name, elements in sets.items()})


def _epsilon(name: str) -> float:
    """Return Lindhard's e at 1 keV, which depends on Z alone."""
    return Lindhard.of(nuclide(name)).epsilon_per_keV


NAMED_QUENCHINGS = ("none", "lindhard", "csi", "csi-2021", "ge", "lar", "nai", "nai-dama", "si", "xe")
"""Names that `quenching` accepts."""


def quenching(name: str, target: Nuclide) -> Quenching:
    """Return the quenching called `name` of recoils of `target`.

    ``none`` leaves the recoil energy unchanged, ``lindhard`` computes k and e from Z and A; the others are published
    sets for some elements.

    Raises
    ------
    InputError
        For an unknown name, or an element that the set does not cover.
    """
    if name == "none":
        return Constant(1.0)
    if name == "lindhard":
        return Lindhard.of(target)
    sets = _named()
    if name not in sets:
        raise InputError(
            f"unknown quenching '{name}'{nearest(name, NAMED_QUENCHINGS)}; known are {', '.join(NAMED_QUENCHINGS)}"
        )
    if target.symbol not in sets[name]:
        raise InputError(
            f"quenching '{name}' is for {' and '.join(sets[name])}, not for {target.name}; "
            "use 'lindhard', or give a table or factor for it"
        )
    return sets[name][target.symbol]
