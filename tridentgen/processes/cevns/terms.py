"""Additions to the Standard Model in CEvNS, each with its convention and its source."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from tridentgen.constants import NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.errors import InputError, nearest
from tridentgen.matter.particles import FLAVOURS

PSEUDOSCALAR_VERTICES = ("i-gamma5", "gamma5")

_UP_GEV, _DOWN_GEV = 2.2e-3, 4.7e-3  # PDG 2018, MS-bar at 2 GeV
_F_PROTON, _F_NEUTRON = (0.0208, 0.0411), (0.0189, 0.0451)  # (u, d): Hoferichter et al., PRL 115 (2015) 092301

SCALAR_PROTON_CHARGE = PROTON_MASS_GEV * (_F_PROTON[0] / _UP_GEV + _F_PROTON[1] / _DOWN_GEV)
"""Sum over u and d of (m_p/m_q) f_q, the coupling of a proton to a scalar of unit quark coupling: 17.08."""

SCALAR_NEUTRON_CHARGE = NEUTRON_MASS_GEV * (_F_NEUTRON[0] / _UP_GEV + _F_NEUTRON[1] / _DOWN_GEV)
"""The same sum for the neutron: 17.09."""

TENSOR_CHARGES = (0.784, -0.204)
"""delta_u and delta_d of the proton: Gupta et al., Phys. Rev. D 98 (2018) 091501."""


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


@dataclass(frozen=True)
class Nsi:
    """Vector-like non-standard interactions -2 sqrt2 G_F eps_q [nubar' gamma P_L nu] [qbar gamma q] of u and d quarks.

    g_p += 2 eps_u + eps_d and g_n += eps_u + 2 eps_d if the flavour is conserved; transitions to other flavours add
    their squares (Barranco, Miranda, Rashba, JHEP 12 (2005) 021).
    """

    eps_u: FlavourMatrix = FlavourMatrix()
    eps_d: FlavourMatrix = FlavourMatrix()

    def nucleons(self, incoming: str, outgoing: str) -> tuple[float, float]:
        """Return the couplings (proton, neutron) of the transition between two flavours."""
        up, down = self.eps_u.element(incoming, outgoing), self.eps_d.element(incoming, outgoing)
        return 2.0 * up + down, up + 2.0 * down


@dataclass(frozen=True)
class ContactNgi:
    """Contact terms (G_F/sqrt2) C_X [nubar Gamma_X P_L nu] [Nbar Gamma_X N] of the whole nucleus, without form factor.

    `vector` adds to 2 Q_V; `axial` is positive for the sign of a V - A nucleus; `pseudoscalar_vertex` is that of the
    nucleus: ``i-gamma5``, which does not interfere, or ``gamma5``, of (nubar i gamma5 nu)(Nbar i gamma5 N), which
    interferes with the tensor. Lindner, Rodejohann, Xu, JHEP 03 (2017) 097.
    """

    vector: float = 0.0
    axial: float = 0.0
    scalar: float = 0.0
    pseudoscalar: float = 0.0
    tensor: float = 0.0
    pseudoscalar_vertex: str = "i-gamma5"

    def __post_init__(self) -> None:
        for name in ("vector", "axial", "scalar", "pseudoscalar", "tensor"):
            check_number(f"ngi.{name}", getattr(self, name))
        check_name("ngi.pseudoscalar_vertex", self.pseudoscalar_vertex, PSEUDOSCALAR_VERTICES)

    @property
    def needs_spin(self) -> bool:
        """Whether a term requires a nucleus with spin."""
        return any((self.axial, self.pseudoscalar, self.tensor))

    @property
    def flips_helicity(self) -> bool:
        """Whether a term flips the neutrino's helicity."""
        return any((self.scalar, self.pseudoscalar, self.tensor))


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


@dataclass(frozen=True)
class LightScalar:
    """A light scalar boson; `strength` is g_nu g_q, with the charges of nucleons for universal g_q by default.

    C_S = Z proton_charge F_p + N neutron_charge F_n; for couplings g_u, g_d give sum_q (m_N/m_q) f_q g_q instead
    (Cerdeno et al., JHEP 05 (2016) 118).
    """

    mass_GeV: float
    strength: float
    proton_charge: float = SCALAR_PROTON_CHARGE
    neutron_charge: float = SCALAR_NEUTRON_CHARGE

    def __post_init__(self) -> None:
        check_mass("scalar.mass_GeV", self.mass_GeV)
        for name in ("strength", "proton_charge", "neutron_charge"):
            check_number(f"scalar.{name}", getattr(self, name))


@dataclass(frozen=True)
class LightTensor:
    """A light tensor boson with universal quark coupling; `strength` is g_nu g_q.

    C_T = (delta_u + delta_d)(Z F_p + N F_n) by isospin. `factor` multiplies C_T^2 (1 - T/E - MT/4E^2 + T^2/4E^2) in the
    convention of contact terms: 8 by explicit traces; part of the literature has 4.
    """

    mass_GeV: float
    strength: float
    delta_u: float = TENSOR_CHARGES[0]
    delta_d: float = TENSOR_CHARGES[1]
    factor: float = 8.0

    def __post_init__(self) -> None:
        check_mass("tensor.mass_GeV", self.mass_GeV)
        for name in ("strength", "delta_u", "delta_d"):
            check_number(f"tensor.{name}", getattr(self, name))
        if self.factor not in (4.0, 8.0):
            raise InputError(f"tensor.factor = {self.factor} must be 8, or 4 to compare with literature that has it")

    @property
    def nucleon_charge(self) -> float:
        """Charge of a nucleon without the factor 8."""
        return (self.delta_u + self.delta_d) * math.sqrt(self.factor / 8.0)


@dataclass(frozen=True)
class DipolePortal:
    """Upscattering to a heavy neutral lepton of mass `mass_GeV` by L = (mu/2) Nbar sigma^mn nu F_mn.

    mu is in Bohr magnetons. Where the literature writes L = d nubar sigma^mn N F_mn, mu = 2d.
    """

    mass_GeV: float
    mu_muB: float

    def __post_init__(self) -> None:
        check_mass("dipole.mass_GeV", self.mass_GeV)
        check_number("dipole.mu_muB", self.mu_muB)
