"""The interaction of CEvNS: the Standard Model and optional additions to it.

Every amplitude is expressed by the couplings C_X of `physics.cevns_factors`: the neutral current, its shifts, contact
terms and light bosons add up before squaring. Terms that flip the helicity of the neutrino (scalar, pseudoscalar,
tensor) do not interfere with those that conserve it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tridentgen.constants import ALPHA, G_FERMI, GEV_M2_TO_CM2, SIN2_THETA_W_LOW_ENERGY
from tridentgen.errors import InputError
from tridentgen.matter.particles import FLAVOURS
from tridentgen.processes.cevns.terms import ContactNgi, DipolePortal, LightScalar, LightTensor, Nsi
from tridentgen.processes.terms import SM_CHARGE_RADII_CM2, LightVector, PerFlavour, check_name, check_number

COUPLINGS = ("tree", "radiative")
SPINS = ("auto", "0", "1/2", "approx")

RADIATIVE_PROTON: Mapping[str, float] = MappingProxyType({"e": 0.0382, "mu": 0.0300, "tau": 0.0256})
"""g_V^p with radiative corrections by flavour: Atzori Corona et al., Eur. Phys. J. C 83 (2023) 683, after Erler and
Su, Prog. Part. Nucl. Phys. 71 (2013) 119; nu_tau lies (alpha/3pi) ln(m_mu^2/m_tau^2) from nu_mu by their loop."""

RADIATIVE_NEUTRON = -0.5117
"""g_V^n with radiative corrections, from the same source."""


@dataclass(frozen=True)
class CevnsModel:
    """Couplings of neutrinos to nuclei.

    Parameters
    ----------
    sin2_theta_w : float
        Weak mixing angle at zero momentum transfer.
    couplings : str
        ``tree``: g_p = 1/2 - 2 s_W^2, g_n = -1/2; ``radiative``: numbers by flavour with radiative corrections,
        taken to belong to s_W^2 = 0.23863; another `sin2_theta_w` adds -2 (s_W^2 - 0.23863) to g_p, as at tree level.
    nsi, ngi, vector, scalar, tensor, dipole
        Additions to the Standard Model; None for no addition.
    magnetic_moment : float or PerFlavour
        Effective magnetic moment in Bohr magnetons.
    charge_radius : PerFlavour or str
        <r^2> in cm^2, or ``standard-model``; g_p += -(sqrt2 pi alpha/3 G_F) <r^2>.
    spin : str
        Spin of the nucleus in the kinematic factors: ``0``, ``1/2``; ``approx`` omits T/E in the vector term; ``auto``:
        1/2 if an added term needs a spin, otherwise 0 for even-even nuclides and 1/2 for the rest.
    axial : bool
        Add the axial part of nuclides with spin, (G_F^2 M/4pi) F_A(0) F^2 (1 - T/E + MT/2E^2 + T^2/2E^2).

    Raises
    ------
    InputError
        For a value out of range, or additions to the same term or with undefined interference.
    """

    sin2_theta_w: float = SIN2_THETA_W_LOW_ENERGY
    couplings: str = "tree"
    nsi: Nsi | None = None
    ngi: ContactNgi | None = None
    vector: LightVector | None = None
    scalar: LightScalar | None = None
    tensor: LightTensor | None = None
    magnetic_moment: float | PerFlavour = 0.0
    dipole: DipolePortal | None = None
    charge_radius: PerFlavour | str | None = None
    spin: str = "auto"
    axial: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.sin2_theta_w < 1.0:
            raise InputError(f"sin2_theta_w = {self.sin2_theta_w} must lie between 0 and 1")
        check_name("couplings", self.couplings, COUPLINGS)
        check_name("spin", self.spin, SPINS)
        for flavour in FLAVOURS:
            check_number(f"magnetic_moment of nu_{flavour}", self.moment(flavour))
        if isinstance(self.charge_radius, str):
            check_name("charge_radius", self.charge_radius, ("standard-model",))
        for flavour in FLAVOURS:
            check_number(f"charge_radius of nu_{flavour}", self._radius_cm2(flavour))
        self._check_radiative()
        self._check_spin()
        self._check_combination()

    def _check_radiative(self) -> None:
        if self.couplings == "tree":
            return
        if self.charge_radius is not None:
            raise InputError("couplings = 'radiative' contain the charge radius: leave charge_radius out or use 'tree'")

    def _check_spin(self) -> None:
        if self.spin in ("0", "approx") and self.needs_spin:
            raise InputError(
                f"spin = '{self.spin}' has no axial, pseudoscalar or tensor term: use spin = '1/2' or 'auto' with these"
            )

    def _check_combination(self) -> None:
        if self.axial and self.ngi is not None and self.ngi.axial:
            raise InputError("axial = true and ngi.axial both give the nucleus's axial coupling: leave one out")
        if self.has_moment and self.flips_helicity:
            raise InputError(
                "magnetic_moment and scalar, pseudoscalar or tensor terms all flip the neutrino's helicity, and how an "
                "effective moment interferes with them is not defined: leave one out"
            )

    @property
    def needs_spin(self) -> bool:
        """Whether a term was added that requires a nucleus with spin."""
        return self.tensor is not None or (self.ngi is not None and self.ngi.needs_spin)

    @property
    def flips_helicity(self) -> bool:
        """Whether a scalar, pseudoscalar or tensor term was added."""
        contact = self.ngi is not None and self.ngi.flips_helicity
        return contact or self.scalar is not None or self.tensor is not None

    @property
    def has_moment(self) -> bool:
        """Whether a flavour has a magnetic moment."""
        return any(self.moment(flavour) != 0.0 for flavour in FLAVOURS)

    def moment(self, flavour: str) -> float:
        """Return the magnetic moment of a flavour in Bohr magnetons."""
        moment = self.magnetic_moment
        return moment.of(flavour) if isinstance(moment, PerFlavour) else float(moment)

    def _radius_cm2(self, flavour: str) -> float:
        if self.charge_radius is None:
            return 0.0
        radii = SM_CHARGE_RADII_CM2 if isinstance(self.charge_radius, str) else self.charge_radius
        return radii.of(flavour)

    def nucleon_couplings(self, flavour: str) -> tuple[float, float]:
        """Return g_p and g_n of a flavour: Standard Model, charge radius, and flavour-conserving interactions."""
        if self.couplings == "radiative":
            shift = self.sin2_theta_w - SIN2_THETA_W_LOW_ENERGY
            g_p, g_n = RADIATIVE_PROTON[flavour] - 2.0 * shift, RADIATIVE_NEUTRON
        else:
            g_p, g_n = 0.5 - 2.0 * self.sin2_theta_w, -0.5
        radius = self._radius_cm2(flavour) / GEV_M2_TO_CM2
        g_p -= math.sqrt(2.0) * math.pi * ALPHA / (3.0 * G_FERMI) * radius
        more = (0.0, 0.0) if self.nsi is None else self.nsi.nucleons(flavour, flavour)
        return g_p + more[0], g_n + more[1]

    def flavour_changing(self, flavour: str) -> tuple[tuple[float, float], ...]:
        """Return the couplings (proton, neutron) of every transition to another flavour that is not zero."""
        if self.nsi is None:
            return ()
        found = (self.nsi.nucleons(flavour, other) for other in FLAVOURS if other != flavour)
        return tuple(pair for pair in found if any(pair))
