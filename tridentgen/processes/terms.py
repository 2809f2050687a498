"""Additions to the Standard Model that several processes share, each with its convention and its source."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from tridentgen.errors import InputError, nearest
from tridentgen.matter.particles import FLAVOURS


def check_number(name: str, value: float) -> None:
    """Raise `InputError` unless the number is finite."""
    if not math.isfinite(value):
        raise InputError(f"{name} = {value} must be a finite number")


def check_mass(name: str, value_GeV: float) -> None:
    """Raise `InputError` unless the mass is finite and not negative."""
    if not (math.isfinite(value_GeV) and value_GeV >= 0.0):
        raise InputError(f"{name} = {value_GeV} must be a mass in GeV, at least 0")


def check_name(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raise `InputError` unless the name is known."""
    if value not in known:
        raise InputError(f"unknown {name} '{value}'{nearest(value, known)}; known are {', '.join(known)}")


@dataclass(frozen=True)
class PerFlavour:
    """A number for each flavour."""

    e: float = 0.0
    mu: float = 0.0
    tau: float = 0.0

    def of(self, flavour: str) -> float:
        """Return the number of a flavour."""
        return float(getattr(self, flavour))


@dataclass(frozen=True)
class FlavourMatrix:
    """A real symmetric matrix in flavour, zero where not given; ``emu`` is the element of nu_e and nu_mu, and so on."""

    ee: float = 0.0
    mumu: float = 0.0
    tautau: float = 0.0
    emu: float = 0.0
    etau: float = 0.0
    mutau: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            check_number(field.name, getattr(self, field.name))

    def element(self, first: str, second: str) -> float:
        """Return the element of two flavours."""
        ordered = sorted((first, second), key=FLAVOURS.index)
        return float(getattr(self, "".join(ordered)))


SM_CHARGE_RADII_CM2 = PerFlavour(-0.83e-32, -0.48e-32, -0.30e-32)
"""<r^2> of the Standard Model in cm^2: Bernabeu, Papavassiliou, Vidal, Nucl. Phys. B 680 (2004) 450."""


@dataclass(frozen=True)
class VectorCharges:
    """Charges of quarks and neutrinos under a light vector, in units of its coupling."""

    u: float
    d: float
    neutrinos: PerFlavour

    @property
    def nucleons(self) -> tuple[float, float]:
        """Charges of proton and neutron."""
        return 2.0 * self.u + self.d, self.u + 2.0 * self.d

    @property
    def by_loop(self) -> bool:
        """Whether it couples to nuclei only through a loop of charged leptons of opposite charges."""
        return self.u == self.d == 0.0


_THIRD = 1.0 / 3.0

VECTOR_CHARGES: Mapping[str, VectorCharges] = MappingProxyType(
    {
        "universal": VectorCharges(1.0, 1.0, PerFlavour(1.0, 1.0, 1.0)),
        "B-L": VectorCharges(_THIRD, _THIRD, PerFlavour(-1.0, -1.0, -1.0)),
        "B-3Le": VectorCharges(_THIRD, _THIRD, PerFlavour(e=-3.0)),
        "B-3Lmu": VectorCharges(_THIRD, _THIRD, PerFlavour(mu=-3.0)),
        "B-3Ltau": VectorCharges(_THIRD, _THIRD, PerFlavour(tau=-3.0)),
        "Le-Lmu": VectorCharges(0.0, 0.0, PerFlavour(1.0, -1.0, 0.0)),
        "Le-Ltau": VectorCharges(0.0, 0.0, PerFlavour(1.0, 0.0, -1.0)),
        "Lmu-Ltau": VectorCharges(0.0, 0.0, PerFlavour(0.0, 1.0, -1.0)),
    }
)
"""Charges by name (Atzori Corona et al., JHEP 05 (2022) 109, table 1)."""


@dataclass(frozen=True, init=False)
class LightVector:
    """A light vector boson: Q_V += g^2 q_nu Q'/(sqrt2 G_F (2MT + m^2)), Q' the charge of the nucleus.

    Charges without quarks (``Lmu-Ltau``, ...) couple to protons through a loop of charged leptons, which have the
    charges of their neutrinos: Q' = Z F_p (2 alpha/pi) sum_l (-q_l) int x (1-x) ln(m_l^2 + x (1-x) 2MT) dx (Atzori
    Corona et al., JHEP 05 (2022) 109).

    Parameters
    ----------
    mass_GeV : float
    coupling, strength : float
        Either g, or g^2 (g_nu g_q, which may be negative), by name.
    charges : str or VectorCharges
        Charges in units of g; they multiply `strength` too.

    Raises
    ------
    TypeError
        For a number that is not said to be g or g^2, for both, or for neither.
    InputError
        For a value out of range.
    """

    mass_GeV: float
    strength: float
    charges: str | VectorCharges

    def __init__(
        self, mass_GeV: float, *unnamed: object, coupling: float | None = None, strength: float | None = None,
        charges: str | VectorCharges = "universal",
    ) -> None:  # fmt: skip
        if unnamed or (coupling is None) == (strength is None):
            raise TypeError("LightVector needs one of coupling = g and strength = g^2, by name")
        product = strength if coupling is None else coupling * coupling
        for name, value in (("mass_GeV", mass_GeV), ("strength", product), ("charges", charges)):
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
        check_mass("vector.mass_GeV", self.mass_GeV)
        check_number("vector.strength", self.strength)
        if isinstance(self.charges, str):
            check_name("vector.charges", self.charges, tuple(VECTOR_CHARGES))
        charge = self.charge
        for name, value in (("u", charge.u), ("d", charge.d), *((f, charge.neutrinos.of(f)) for f in FLAVOURS)):
            check_number(f"vector.charges.{name}", value)
        if charge.by_loop and abs(sum(charge.neutrinos.of(flavour) for flavour in FLAVOURS)) > 1e-12:
            raise InputError(
                "vector.charges: without quarks the loop that couples the boson to nuclei is finite only if the "
                "charges of e, mu and tau add up to zero"
            )

    @property
    def charge(self) -> VectorCharges:
        """The charges."""
        return VECTOR_CHARGES[self.charges] if isinstance(self.charges, str) else self.charges
