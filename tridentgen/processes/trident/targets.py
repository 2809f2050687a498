"""Targets of the virtual photon: a nucleus as a whole, or one of its protons and neutrons."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tridentgen.constants import HBARC_GEV_FM, NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.errors import InputError, nearest
from tridentgen.matter.nuclei import NEUTRON_PDG, PROTON_PDG, Nuclide, fourier_bessel_density
from tridentgen.physics import form_factors, trident_hadron
from tridentgen.physics.elementary import Value
from tridentgen.physics.form_factors import FormFactor
from tridentgen.physics.trident_hadron import Hadron
from tridentgen.physics.trident_phase_space import Transfer
from tridentgen.processes.bound_nucleons import fermi_momentum
from tridentgen.processes.trident.columns import COHERENT, NEUTRON, PROTON, REGIME_NAMES

FORM_FACTORS = ("fermi", "woods-saxon", "helm", "klein-nystrand", "fourier-bessel", "unit")
NUCLEON_FORM_FACTORS = ("kelly", "dipole")
REGIMES = ("coherent", "proton", "neutron", "diffractive", "total")

_DIFFUSENESS_FM = 0.523  # of the charge density: De Vries et al., At. Data Nucl. Data Tables 36 (1987) 495
_WOODS_SAXON_RADIUS_FM = 1.126  # times A^(1/3): Altmannshofer et al., Phys. Rev. D 100 (2019) 115029, eq. 15
_HELM_SKIN_FM = 0.9  # Lewin and Smith, Astropart. Phys. 6 (1996) 87
_KLEIN_NYSTRAND_RADIUS_FM, _KLEIN_NYSTRAND_RANGE_FM = 1.2, 0.7  # Phys. Rev. C 60 (1999) 014903
_NUCLEON_Q2_SCALE_GEV2 = 0.3
_PARTS = {"diffractive": ("proton", "neutron"), "total": REGIME_NAMES}


@dataclass(frozen=True)
class Target:
    """A target to which the virtual photon couples.

    Attributes
    ----------
    regime : int
        Code of the event column ``regime``.
    count : int
        Number of such targets in the nuclide.
    mass_GeV, pdgid
        Its mass and PDG code.
    q2_scale_GeV2 : float
        Scale at which its form factor falls off, for sampling.
    hadron : callable
        ``hadron(transfer, energy)``, the weights of the contraction; traceable.
    """

    regime: int
    count: int
    mass_GeV: float
    pdgid: int
    q2_scale_GeV2: float
    hadron: Callable[[Transfer, Value], Hadron]


def targets(
    nuclide: Nuclide,
    regime: str,
    *,
    form_factor: str,
    nucleon_form_factor: str,
    pauli_blocking: bool,
    fermi_momentum_GeV: float | None,
) -> tuple[Target, ...]:
    """Return the targets of a regime: ``diffractive`` is Z protons and A - Z neutrons, ``total`` all three kinds.

    Raise `InputError` for an unknown regime or form factor, a nuclide that has no such target, or a Fermi momentum
    that is not positive.
    """
    if regime not in REGIMES:
        raise InputError(f"unknown regime '{regime}'{nearest(regime, REGIMES)}; known are {', '.join(REGIMES)}")
    if nucleon_form_factor not in NUCLEON_FORM_FACTORS:
        known = ", ".join(NUCLEON_FORM_FACTORS)
        raise InputError(f"unknown nucleon form factor '{nucleon_form_factor}'; known are {known}")
    momentum = fermi_momentum(nuclide, pauli_blocking, fermi_momentum_GeV)
    found: list[Target] = []
    if regime in ("coherent", "total") and not (regime == "total" and nuclide.is_hydrogen):
        found.append(nucleus(nuclide, form_factor))
    if regime in ("proton", "diffractive", "total"):
        found.append(_nucleon(True, nuclide.Z, nucleon_form_factor, momentum))
    if regime == "neutron" and nuclide.N == 0:
        raise InputError(f"{nuclide.name} has no neutrons; choose regime 'proton'")
    if regime in ("neutron", "diffractive", "total") and nuclide.N > 0:
        found.append(_nucleon(False, nuclide.N, nucleon_form_factor, momentum))
    return tuple(found)


def simple_regimes(nuclide: Nuclide, regimes: Iterable[str]) -> tuple[str, ...]:
    """Return those of coherent, proton and neutron that the regimes contain and the nuclide has."""
    meant = {part for name in regimes for part in _PARTS.get(name, (name,))}
    missing = {"coherent"} if nuclide.is_hydrogen else set()
    missing |= {"neutron"} if nuclide.N == 0 else set()
    return tuple(name for name in REGIME_NAMES if name in meant - missing)


def nucleus(nuclide: Nuclide, form_factor: str) -> Target:
    """Return the nucleus as a whole, taken as spin 0."""
    if nuclide.is_hydrogen:
        raise InputError("H1 is a single proton without a coherent regime; choose regime 'proton' or 'total'")
    shape, radius_fm = charge_form_factor(nuclide, form_factor)
    scale = 6.0 * (HBARC_GEV_FM / radius_fm) ** 2
    hadron = _Nucleus(nuclide.mass_GeV, float(nuclide.Z), shape)
    return Target(COHERENT, 1, nuclide.mass_GeV, nuclide.pdgid, scale, hadron)


@dataclass(frozen=True)
class _Nucleus:
    """Weights of the contraction for a nucleus with a charge form factor."""

    mass_GeV: float
    charge: float
    form_factor: Callable[[Value], Value]

    def __call__(self, transfer: Transfer, energy: Value) -> Hadron:
        return trident_hadron.nucleus(transfer, energy, self.mass_GeV, self.charge, self.form_factor(transfer.q2))


def charge_form_factor(nuclide: Nuclide, name: str) -> tuple[Callable[[Value], Value], float]:
    """Return a charge form factor of Q^2 in GeV^2, and its rms radius in fm (or that used for sampling).

    ``fermi`` has the measured charge radius, ``woods-saxon`` the radius 1.126 A^(1/3) fm of the literature on tridents,
    ``helm`` the measured charge radius, ``klein-nystrand`` 1.2 A^(1/3) fm; ``fourier-bessel`` is a measured density.
    """
    measured, third = nuclide.charge_radius_fm, nuclide.A ** (1.0 / 3.0)
    if name == "fermi":
        squared = (measured**2 - 1.4 * (math.pi * _DIFFUSENESS_FM) ** 2) / 0.6
        if squared <= 0.0:
            raise InputError(
                f"form factor 'fermi' does not fit {nuclide.name}: its charge radius {measured} fm is smaller than a "
                f"surface of diffuseness {_DIFFUSENESS_FM} fm allows; choose 'helm'"
            )
        c = math.sqrt(squared)
        return FormFactor(form_factors.symmetrised_fermi, (c, _DIFFUSENESS_FM)), measured
    if name == "woods-saxon":
        c = _WOODS_SAXON_RADIUS_FM * third
        radius = math.sqrt(0.6 * c**2 + 1.4 * (math.pi * _DIFFUSENESS_FM) ** 2)
        return FormFactor(form_factors.symmetrised_fermi, (c, _DIFFUSENESS_FM)), radius
    if name == "helm":
        squared = 5.0 / 3.0 * (measured**2 - 3.0 * _HELM_SKIN_FM**2)
        if squared <= 0.0:
            raise InputError(f"form factor 'helm' does not fit {nuclide.name}: its charge radius is too small")
        sphere = math.sqrt(squared)
        return FormFactor(form_factors.helm, (sphere, _HELM_SKIN_FM)), measured
    if name == "klein-nystrand":
        c = _KLEIN_NYSTRAND_RADIUS_FM * third
        radius = math.sqrt(0.6 * c**2 + 6.0 * _KLEIN_NYSTRAND_RANGE_FM**2)
        return FormFactor(form_factors.klein_nystrand, (c, _KLEIN_NYSTRAND_RANGE_FM)), radius
    if name == "fourier-bessel":
        cutoff, coefficients = fourier_bessel_density(nuclide.name)
        return FormFactor(form_factors.fourier_bessel, (cutoff, coefficients)), measured
    if name == "unit":
        return form_factors.unit, measured
    raise InputError(f"unknown form factor '{name}'{nearest(name, FORM_FACTORS)}; known are {', '.join(FORM_FACTORS)}")


def _nucleon(proton: bool, count: int, form_factor: str, fermi_momentum_GeV: float | None) -> Target:
    mass = PROTON_MASS_GEV if proton else NEUTRON_MASS_GEV
    sachs = form_factors.sachs_kelly if form_factor == "kelly" else form_factors.sachs_dipole
    regime, pdgid = (PROTON, PROTON_PDG) if proton else (NEUTRON, NEUTRON_PDG)
    hadron = _Nucleon(proton, mass, sachs, fermi_momentum_GeV)
    return Target(regime, count, mass, pdgid, _NUCLEON_Q2_SCALE_GEV2, hadron)


@dataclass(frozen=True)
class _Nucleon:
    """Weights of the contraction for a bound nucleon; without a Fermi momentum there is no Pauli blocking."""

    proton: bool
    mass_GeV: float
    sachs: Callable[[Value, bool], tuple[Value, Value]]
    fermi_momentum_GeV: float | None

    def __call__(self, transfer: Transfer, energy: Value) -> Hadron:
        q2, mass, momentum = transfer.q2, self.mass_GeV, self.fermi_momentum_GeV
        g_e, g_m = self.sachs(q2, self.proton)
        blocking = 1.0 if momentum is None else form_factors.pauli_blocking(q2, mass, momentum)
        return trident_hadron.nucleon(transfer, energy, mass, g_e, g_m, blocking)
