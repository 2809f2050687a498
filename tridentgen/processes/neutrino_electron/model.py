"""The interaction of neutrinos with electrons: the Standard Model and optional additions to it.

What conserves the helicity of the neutrino adds to g_L and g_R before squaring. Terms that flip it (magnetic moment,
scalar, pseudoscalar) do not interfere with those, nor do transitions to other flavours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tridentgen.constants import ALPHA, ELECTRON_MASS_GEV, GEV_M2_TO_CM2, SIN2_THETA_W_LOW_ENERGY
from tridentgen.errors import InputError
from tridentgen.matter.particles import FLAVOURS, lepton_mass_GeV
from tridentgen.physics import cevns_factors as factors
from tridentgen.physics import neutrino_electron as physics
from tridentgen.physics.elementary import Value
from tridentgen.processes.dipole import DipolePortal
from tridentgen.processes.terms import (
    SM_CHARGE_RADII_CM2,
    FlavourMatrix,
    LightVector,
    PerFlavour,
    check_mass,
    check_name,
    check_number,
)

STANDARD_MODEL = "standard-model"


@dataclass(frozen=True)
class ElectronNsi:
    """Non-standard interactions -2 sqrt2 G_F eps_P [nubar' gamma P_L nu] [ebar gamma P e] with P = L, R.

    g_L += eps_L and g_R += eps_R if the flavour is conserved; transitions to other flavours add with eps for g
    (J. Barranco et al., Phys. Rev. D 77 (2008) 093014).
    """

    eps_L: FlavourMatrix = field(default_factory=FlavourMatrix)
    eps_R: FlavourMatrix = field(default_factory=FlavourMatrix)

    def element(self, incoming: str, outgoing: str) -> tuple[float, float]:
        """Return (eps_L, eps_R) of the transition between two flavours."""
        return self.eps_L.element(incoming, outgoing), self.eps_R.element(incoming, outgoing)


@dataclass(frozen=True)
class ElectronScalar:
    """A light scalar or pseudoscalar boson; `strength` is g_nu g_e."""

    mass_GeV: float
    strength: float


@dataclass(frozen=True)
class ElectronModel:
    """Couplings of neutrinos to electrons.

    Parameters
    ----------
    sin2_theta_w : float
        Weak mixing angle at tree level: g_L = s_W^2 - 1/2 (+ 1 for nue), g_R = s_W^2.
    radiative : bool
        Electroweak and QED corrections of Bahcall, Kamionkowski and Sirlin, which bring their own s_W^2 = 0.2317 at
        m_Z and contain the charge radii of the Standard Model.
    magnetic_moment : float or PerFlavour
        Effective magnetic moment in Bohr magnetons.
    millicharge : float or PerFlavour
        Charge of the neutrino in units of e; the antineutrino has the opposite one.
    charge_radius : PerFlavour or str
        <r^2> in cm^2, or ``standard-model``; g_V += (sqrt2 pi alpha/3 G_F) <r^2>.
    nsi, vector, scalar, pseudoscalar
        Additions to the Standard Model; None for no addition. The electron has the charge of nue under the vector;
        charges with which it has none, but muon and tau opposite ones, couple through their loop, as to nuclei.
    dipole : DipolePortal
        Upscattering nu e -> N e to a heavy neutral lepton, and its decay.

    Raises
    ------
    InputError
        For a value out of range, additions to the same term or with undefined interference, or a vector that does not
        couple to electrons.
    """

    sin2_theta_w: float = SIN2_THETA_W_LOW_ENERGY
    radiative: bool = False
    magnetic_moment: float | PerFlavour = 0.0
    millicharge: float | PerFlavour = 0.0
    charge_radius: PerFlavour | str | None = None
    nsi: ElectronNsi | None = None
    vector: LightVector | None = None
    scalar: ElectronScalar | None = None
    pseudoscalar: ElectronScalar | None = None
    dipole: DipolePortal | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.sin2_theta_w < 1.0:
            raise InputError(f"sin2_theta_w = {self.sin2_theta_w} must lie between 0 and 1")
        if isinstance(self.charge_radius, str):
            check_name("charge_radius", self.charge_radius, (STANDARD_MODEL,))
        for flavour in FLAVOURS:
            for name, value in (
                ("magnetic_moment", self.moment(flavour)),
                ("millicharge", self.charge(flavour)),
                ("charge_radius", self._radius_cm2(flavour)),
            ):
                check_number(f"{name} of nu_{flavour}", value)
        for name, boson in (("scalar", self.scalar), ("pseudoscalar", self.pseudoscalar)):
            if boson is not None:
                check_mass(f"{name}.mass_GeV", boson.mass_GeV)
                check_number(f"{name}.strength", boson.strength)
        if self.dipole is not None and self.dipole.regimes != ("coherent",):
            raise InputError("dipole.regimes are those of nuclei: leave them out for electrons")
        self._check_combination()

    def _check_combination(self) -> None:
        if self.radiative and self.sin2_theta_w != SIN2_THETA_W_LOW_ENERGY:
            raise InputError("radiative = true brings its own weak mixing angle: leave sin2_theta_w out, or radiative")
        if self.radiative and self.charge_radius is not None:
            raise InputError("radiative = true contains the charge radius: leave charge_radius out, or radiative")
        if self.has_moment and (self.scalar is not None or self.pseudoscalar is not None):
            raise InputError(
                "magnetic_moment and scalar or pseudoscalar terms all flip the neutrino's helicity, and how an "
                "effective moment interferes with them is not defined: leave one out"
            )
        if self.vector is not None and self.vector.charge.neutrinos.e == 0.0 and not self.vector.charge.by_loop:
            raise InputError(
                "vector.charges give no charge to electrons, and the loop of the other particles is not finite: choose "
                "charges with e, or Lmu-Ltau"
            )

    @property
    def has_moment(self) -> bool:
        """Whether a flavour has a magnetic moment."""
        return any(self.moment(flavour) != 0.0 for flavour in FLAVOURS)

    def moment(self, flavour: str) -> float:
        """Return the magnetic moment of a flavour in Bohr magnetons."""
        return _of(self.magnetic_moment, flavour)

    def charge(self, flavour: str) -> float:
        """Return the charge of a flavour in units of e."""
        return _of(self.millicharge, flavour)

    def _radius_cm2(self, flavour: str) -> float:
        if self.charge_radius is None:
            return 0.0
        radii = SM_CHARGE_RADII_CM2 if isinstance(self.charge_radius, str) else self.charge_radius
        return radii.of(flavour)

    def couplings(self, flavour: str, kinetic: Value) -> tuple[Value, Value]:
        """Return (g_L, g_R) of a flavour at a kinetic energy of the electron in GeV, everything included; traceable."""
        if self.radiative:
            left, right = physics.radiative_couplings(kinetic, flavour)
        else:
            left, right = self.sin2_theta_w + (0.5 if flavour == "e" else -0.5), self.sin2_theta_w
        if self.nsi is not None:
            eps_left, eps_right = self.nsi.element(flavour, flavour)
            left, right = left + eps_left, right + eps_right
        shift: Value = physics.charge_radius_shift(self._radius_cm2(flavour) / GEV_M2_TO_CM2)
        charge = self.charge(flavour)
        if charge != 0.0:
            shift = shift + physics.millicharge_shift(kinetic, charge)
        if self.vector is not None:
            shift = shift + self._exchange(self.vector, flavour, kinetic)
        return left + 0.5 * shift, right + 0.5 * shift

    def _exchange(self, vector: LightVector, flavour: str, kinetic: Value) -> Value:
        """Return the shift g_nu g_e/(sqrt2 G_F (2mT + M^2)) of g_V."""
        charges = vector.charge.neutrinos
        strength: Value = vector.strength * charges.of(flavour)
        if charges.e != 0.0:
            strength = strength * charges.e
        else:  # through the photon, as for a proton of opposite charge
            q2 = 2.0 * ELECTRON_MASS_GEV * kinetic
            loop: Value = 0.0
            for other in FLAVOURS[1:]:
                loop = loop + charges.of(other) * factors.lepton_loop(q2, lepton_mass_GeV(other))
            strength = strength * (2.0 * ALPHA / math.pi * loop)
        return 0.5 * factors.mediator_coupling(kinetic, ELECTRON_MASS_GEV, vector.mass_GeV, strength)

    def flavour_changing(self, flavour: str) -> tuple[tuple[float, float], ...]:
        """Return (eps_L, eps_R) of every transition to another flavour that is not zero."""
        if self.nsi is None:
            return ()
        found = (self.nsi.element(flavour, other) for other in FLAVOURS if other != flavour)
        return tuple(pair for pair in found if any(pair))

    def flips(self, energy: Value, kinetic: Value, fall: Value, flavour: str) -> Value:
        """Return dsigma/dT in GeV^-3 of the terms that flip the helicity of the neutrino; traceable."""
        found: Value = 0.0
        if self.moment(flavour) != 0.0:
            found = found + self.moment(flavour) ** 2 * physics.moment(energy, kinetic, fall)
        for boson, formula in ((self.scalar, physics.scalar), (self.pseudoscalar, physics.pseudoscalar)):
            if boson is not None:
                found = found + boson.strength**2 * formula(energy, kinetic, boson.mass_GeV)
        return found

    @property
    def is_chiral(self) -> bool:
        """Whether g_L and g_R alone give the cross section, so that events can be reweighted to other couplings."""
        changes = any(self.flavour_changing(flavour) for flavour in FLAVOURS)
        others = (self.scalar, self.pseudoscalar, self.dipole)
        return not (changes or self.has_moment or any(other is not None for other in others))

    def infrared(self, flavour: str) -> tuple[tuple[str, float], ...]:
        """Return the name and the mass in GeV of whatever makes the spectrum steep at small recoils; 0 for a photon."""
        found = []
        if self.moment(flavour) != 0.0:
            found.append(("a magnetic moment", 0.0))
        if self.charge(flavour) != 0.0:
            found.append(("a millicharge", 0.0))
        if self.vector is not None and self.vector.strength * self.vector.charge.neutrinos.of(flavour) != 0.0:
            found.append((f"a vector of {self.vector.mass_GeV:g} GeV", self.vector.mass_GeV))
        if self.scalar is not None and self.scalar.strength != 0.0:
            found.append((f"a scalar of {self.scalar.mass_GeV:g} GeV", self.scalar.mass_GeV))
        return tuple(found)


def _of(values: float | PerFlavour, flavour: str) -> float:
    return values.of(flavour) if isinstance(values, PerFlavour) else float(values)
