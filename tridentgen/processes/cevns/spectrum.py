"""Recoil spectra dsigma/dT of one nuclide, from model, form factors and kinematic factors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tridentgen.constants import ALPHA, GEV_M2_TO_CM2
from tridentgen.matter.nuclei import Nuclide
from tridentgen.matter.particles import FLAVOURS, Neutrino, lepton_mass_GeV, neutrino
from tridentgen.physics import cevns_factors as factors
from tridentgen.physics import cevns_kinematics as kinematics
from tridentgen.physics import dipole_portal
from tridentgen.physics.dipole_portal import Polarisation
from tridentgen.physics.elementary import Value
from tridentgen.processes.bound_nucleons import fermi_momentum
from tridentgen.processes.cevns.labels import ELASTIC, UPSCATTERING
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.terms import LightScalar, LightTensor
from tridentgen.processes.cevns.upscattering import NEUTRON, PROTON, Nucleon, OnNucleons, OnNucleus
from tridentgen.processes.dipole import DipolePortal
from tridentgen.processes.nucleus import NuclearShape, Shape, axial_strength, is_even_even
from tridentgen.processes.terms import LightVector

Density = Callable[[Value, Value], Value]
"""dsigma/dT in GeV^-3 of neutrino energy and recoil in GeV, within the kinematic limits."""

_LIGHT_GEV = 0.1
"""A mediator below this mass, which is comparable with 2 E of stopped pions, distorts the recoil spectrum at small
recoils."""

_LEAST_ENERGY_GEV, _LEAST_RECOIL_GEV = 1e-30, 1e-70
"""Lower limits of energies and recoils that keep quotients finite: far below any physical value."""


@dataclass(frozen=True, eq=False)
class RecoilSpectrum:
    """Recoil spectrum of one nuclide and one neutrino species, with one final state.

    Attributes
    ----------
    name : str
        ``elastic``, or ``upscattering`` to the heavy neutral lepton of the dipole portal.
    nuclide, neutrino
        Target nuclide and projectile neutrino.
    final_mass_GeV : float
        Mass of the outgoing lepton.
    infrared : bool
        Whether the spectrum is steep at small recoils (a 1/T term or a light boson): sample log T, not T.
    density : callable
        dsigma/dT in GeV^-3, valid within the limits only; use `dsigma_dT`.
    struck : Nucleon or None
        The nucleon that recoils, if it is not the nucleus as a whole.
    """

    name: str
    nuclide: Nuclide
    neutrino: Neutrino
    final_mass_GeV: float
    infrared: bool
    density: Density
    struck: Nucleon | None = None

    @property
    def mass_GeV(self) -> float:
        """Mass in GeV of what recoils: the nucleus or the nucleon."""
        return self.nuclide.mass_GeV if self.struck is None else self.struck.mass_GeV

    @property
    def recoil_code(self) -> int:
        """PDG code of what recoils."""
        return self.nuclide.pdgid if self.struck is None else self.struck.pdgid

    def polarisation(self, energy_GeV: Value, recoil_GeV: Value) -> Polarisation:
        """Return the polarisation of the heavy neutral lepton from a neutrino; traceable."""
        assert isinstance(self.density, OnNucleus | OnNucleons)
        mass, heavy = self.mass_GeV, self.final_mass_GeV
        versine = kinematics.versine_neutrino(energy_GeV, recoil_GeV, mass, heavy)
        weights = self.density.tensor(recoil_GeV)
        return dipole_portal.polarisation(energy_GeV, recoil_GeV, mass, heavy, versine, *weights)

    @property
    def threshold_GeV(self) -> float:
        """Neutrino energy in GeV above which the process is possible."""
        return float(kinematics.threshold(self.mass_GeV, self.final_mass_GeV))

    def threshold_above(self, least_GeV: float) -> float:
        """Return the neutrino energy in GeV above which recoils of at least `least_GeV` are possible."""
        return kinematics.threshold_above(least_GeV, self.mass_GeV, self.final_mass_GeV)

    def recoil_limits(self, energy_GeV: Value) -> tuple[Value, Value]:
        """Return the smallest and largest recoil in GeV; traceable."""
        return kinematics.recoil_limits(energy_GeV, self.mass_GeV, self.final_mass_GeV)

    def minimum_energy(self, recoil_GeV: Value) -> Value:
        """Return the smallest neutrino energy in GeV that allows a recoil T > 0; traceable."""
        return kinematics.minimum_energy(recoil_GeV, self.mass_GeV, self.final_mass_GeV)

    def dsigma_dT(self, energy_GeV: Value, recoil_GeV: Value) -> Value:
        """Return dsigma/dT in cm^2/GeV, never negative, and exactly 0 beyond the kinematic limits; traceable."""
        least = max(self.threshold_GeV, _LEAST_ENERGY_GEV)
        energy = np.maximum(energy_GeV, least)
        low, high = self.recoil_limits(energy)
        recoil = np.maximum(np.minimum(recoil_GeV, high), np.maximum(low, _LEAST_RECOIL_GEV))
        inside = (energy_GeV > least) & (recoil_GeV >= low) & (recoil_GeV <= high)
        return np.where(inside, np.maximum(self.density(energy, recoil), 0.0) * GEV_M2_TO_CM2, 0.0)


def recoil_spectra(
    nuclide: Nuclide, neutrino_name: str, model: CevnsModel, shape: NuclearShape | None = None
) -> tuple[RecoilSpectrum, ...]:
    """Return the spectra of a nuclide, one for each kind of final state: elastic, and upscattering if there is any.

    `shape` is ``NuclearShape()``, Helm's form factor, unless given. Raise `InputError` for an unknown neutrino, or a
    nuclide that the model or the shape does not fit.
    """
    incoming = neutrino(neutrino_name)
    protons, neutrons = (shape or NuclearShape()).of(nuclide)
    density = Elastic(nuclide, incoming, model, protons, neutrons)
    elastic = RecoilSpectrum(ELASTIC, nuclide, incoming, 0.0, _is_infrared(model, incoming.flavour), density)
    dipole = model.dipole
    if dipole is None or dipole.mu_muB == 0.0:
        return (elastic,)
    up = _upscattering(nuclide, incoming, model, dipole, protons)
    return up if dipole.decays else (elastic, *up)


def _is_infrared(model: CevnsModel, flavour: str) -> bool:
    """Return whether a photon or a light boson couples to the neutrino."""
    bosons = (boson for boson in (model.vector, model.scalar, model.tensor) if boson is not None)
    light = any(boson.mass_GeV < _LIGHT_GEV and _neutrino_coupling(boson, flavour) != 0.0 for boson in bosons)
    return light or model.moment(flavour) != 0.0


def _neutrino_coupling(boson: LightVector | LightScalar | LightTensor, flavour: str) -> float:
    """Return the strength of a boson, times the neutrino's charge under a vector."""
    charge = boson.charge.neutrinos.of(flavour) if isinstance(boson, LightVector) else 1.0
    return boson.strength * charge


def _has_spin(nuclide: Nuclide, model: CevnsModel) -> bool:
    """Return whether the kinematic factors are those of spin 1/2."""
    if model.spin in ("0", "1/2"):
        return model.spin == "1/2"
    return model.needs_spin or not is_even_even(nuclide)


def _upscattering(
    nuclide: Nuclide, incoming: Neutrino, model: CevnsModel, dipole: DipolePortal, protons: Shape
) -> tuple[RecoilSpectrum, ...]:
    """Return the spectra of the dipole portal, one for each regime; H1 has that of the proton if both are wanted."""
    heavy, found = dipole.mass_GeV, []
    if "coherent" in dipole.parts and not (nuclide.is_hydrogen and "proton" in dipole.parts):
        strength = ALPHA * factors.BOHR_MAGNETON2 * (nuclide.Z * dipole.mu_muB) ** 2
        coherent = OnNucleus(nuclide.mass_GeV, heavy, strength, protons, _has_spin(nuclide, model))
        found.append(RecoilSpectrum(UPSCATTERING, nuclide, incoming, heavy, True, coherent))
    fermi = fermi_momentum(nuclide, dipole.pauli_blocking, dipole.fermi_momentum_GeV)
    for nucleon, count in ((PROTON, nuclide.Z), (NEUTRON, nuclide.N)):
        if nucleon.regime in dipole.parts and count:
            density = OnNucleons(nucleon, heavy, dipole.strength * count, fermi)
            found.append(RecoilSpectrum(nucleon.final, nuclide, incoming, heavy, True, density, nucleon))
    return tuple(found)


class Couplings(NamedTuple):
    """What a model and a nuclide make of one recoil T, form factors included; dsigma/dT is quadratic in it.

    Attributes
    ----------
    contact : Contact
        C_X of the terms that interfere.
    transitions : tuple
        Vector couplings of the transitions to other flavours.
    spin : Value
        Form factor of the axial part of nuclides with spin, and 0 without it.
    charge : Value
        Z F_p, which `moment` in Bohr magnetons multiplies.
    moment : float
    """

    contact: factors.Contact
    transitions: tuple[Value, ...]
    spin: Value
    charge: Value
    moment: float


class Elastic:
    """dsigma/dT with a massless lepton in the final state: couplings of T, and kinematic factors of E and T."""

    def __init__(
        self, nuclide: Nuclide, incoming: Neutrino, model: CevnsModel, protons: Shape, neutrons: Shape
    ) -> None:
        self._nuclide, self._model, self._flavour = nuclide, model, incoming.flavour
        self._protons, self._neutrons = protons, neutrons
        self._sign = -1.0 if incoming.antiparticle else 1.0
        self._spin = _has_spin(nuclide, model)
        self._axial = axial_strength(nuclide) if model.axial else 0.0

    def __call__(self, energy: Value, recoil: Value) -> Value:
        """Return dsigma/dT in GeV^-3."""
        return self.with_couplings(energy, recoil, self.couplings(recoil))

    def nucleons(self, recoil: Value) -> tuple[Value, Value]:
        """Return Z F_p and N F_n at a recoil."""
        q2 = 2.0 * self._nuclide.mass_GeV * recoil
        f_p = self._protons(q2)
        f_n = f_p if self._neutrons is self._protons else self._neutrons(q2)
        return self._nuclide.Z * f_p, self._nuclide.N * f_n

    def couplings(self, recoil: Value, nucleons: tuple[Value, Value] | None = None) -> Couplings:
        """Return the couplings at a recoil; they are linear in `nucleons`, Z F_p and N F_n unless given."""
        protons, neutrons = nucleons or self.nucleons(recoil)
        mean = (protons + neutrons) / self._nuclide.A
        contact = self._contact(recoil, protons, neutrons, mean)
        pairs = self._model.flavour_changing(self._flavour)
        transitions = tuple(2.0 * (g_p * protons + g_n * neutrons) for g_p, g_n in pairs)
        return Couplings(contact, transitions, mean if self._axial else 0.0, protons, self._model.moment(self._flavour))

    def with_couplings(self, energy: Value, recoil: Value, couplings: Couplings) -> Value:
        """Return dsigma/dT in GeV^-3 with couplings at this recoil."""
        mass, contact = self._nuclide.mass_GeV, couplings.contact
        vector = self._vector_factor(energy, recoil)
        if self._model.spin == "approx" or not self._spin:
            total = contact.vector * contact.vector * vector
            total = total + self._scalar(energy, recoil, contact.scalar)
        else:
            gamma5 = self._model.ngi is not None and self._model.ngi.pseudoscalar_vertex == "gamma5"
            total = factors.contact(energy, recoil, mass, contact, self._sign, gamma5)
        for change in couplings.transitions:
            total = total + change * change * vector
        if self._axial:
            total = total + self._axial * (couplings.spin * couplings.spin) * factors.axial(energy, recoil, mass)
        return factors.weak_scale(mass) * total + self._magnetic(energy, recoil, couplings)

    def _vector_factor(self, energy: Value, recoil: Value) -> Value:
        mass = self._nuclide.mass_GeV
        if self._model.spin == "approx":
            return factors.vector_approximate(energy, recoil, mass)
        factor = factors.vector_spin_half if self._spin else factors.vector_spin0
        return factor(energy, recoil, mass)

    def _scalar(self, energy: Value, recoil: Value, coupling: Value) -> Value:
        if coupling is None:
            return 0.0
        factor = factors.scalar_spin_half if self._spin else factors.scalar_spin0
        return coupling * coupling * factor(energy, recoil, self._nuclide.mass_GeV)

    def _contact(self, recoil: Value, protons: Value, neutrons: Value, mean: Value) -> factors.Contact:
        """Return C_X of the whole nucleus at this recoil; `protons`, `neutrons` are Z F_p and N F_n."""
        model, mass = self._model, self._nuclide.mass_GeV
        g_p, g_n = model.nucleon_couplings(self._flavour)
        vector: Value = 2.0 * (g_p * protons + g_n * neutrons)
        scalar: Value = None
        tensor: Value = None

        def exchange(boson: LightVector | LightScalar | LightTensor, charge: Value) -> Value:
            strength = _neutrino_coupling(boson, self._flavour) * charge
            return factors.mediator_coupling(recoil, mass, boson.mass_GeV, strength)

        if model.vector is not None:
            charge = _vector_charge(model.vector, 2.0 * mass * recoil, protons, neutrons)
            vector = vector + exchange(model.vector, charge)
        if model.scalar is not None:
            charge = model.scalar.proton_charge * protons + model.scalar.neutron_charge * neutrons
            scalar = exchange(model.scalar, charge)
        if model.tensor is not None:
            tensor = exchange(model.tensor, model.tensor.nucleon_charge * (protons + neutrons))
        if model.ngi is None:
            return factors.Contact(vector=vector, scalar=scalar, tensor=tensor)
        ngi = model.ngi
        return factors.Contact(
            vector=vector + ngi.vector * mean if ngi.vector else vector,
            axial=ngi.axial * mean if ngi.axial else None,
            scalar=_sum(scalar, ngi.scalar, mean),
            pseudoscalar=ngi.pseudoscalar * mean if ngi.pseudoscalar else None,
            tensor=_sum(tensor, ngi.tensor, mean),
        )

    def _magnetic(self, energy: Value, recoil: Value, couplings: Couplings) -> Value:
        protons, moment = couplings.charge, couplings.moment
        if moment == 0.0:
            return 0.0
        factor = factors.magnetic_spin_half if self._spin else factors.magnetic_spin0
        strength = ALPHA * factors.BOHR_MAGNETON2 * moment * moment
        return strength * (protons * protons) * factor(energy, recoil)


def _sum(light: Value, contact: float, mean: Value) -> Value:
    """Return the coupling by a light boson plus a contact term; None if there is neither."""
    if not contact:
        return light
    return contact * mean if light is None else light + contact * mean


def _vector_charge(boson: LightVector, q2: Value, protons: Value, neutrons: Value) -> Value:
    """Return the charge Q' of the nucleus under a light vector boson at Q^2, form factors included."""
    charges = boson.charge
    if not charges.by_loop:
        proton, neutron = charges.nucleons
        return proton * protons + neutron * neutrons
    loop: Value = 0.0
    for flavour in FLAVOURS:
        charge = charges.neutrinos.of(flavour)
        if charge:
            loop = loop - charge * factors.lepton_loop(q2, lepton_mass_GeV(flavour))
    return 2.0 * ALPHA / math.pi * loop * protons
