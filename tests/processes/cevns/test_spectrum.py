"""Recoil spectra: closed forms, and each piece of the model as the spectrum shows it."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

from tests.processes.cevns.plain import helm
from tests.processes.cevns.spectra import KEV, MEV, PION_LINE, POINT, RECOILS, Array, elastic, total, upscattering
from tridentgen.constants import ALPHA, G_FERMI, GEV_M2_TO_CM2
from tridentgen.errors import InputError
from tridentgen.matter.nuclei import nuclide
from tridentgen.matter.particles import NEUTRINOS, lepton_mass_GeV
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.spectrum import RecoilSpectrum, recoil_spectra
from tridentgen.processes.cevns.terms import (
    SCALAR_NEUTRON_CHARGE,
    SCALAR_PROTON_CHARGE,
    ContactNgi,
    DipolePortal,
    LightScalar,
    LightTensor,
)
from tridentgen.processes.nucleus import NuclearShape
from tridentgen.processes.terms import LightVector, PerFlavour


@pytest.mark.parametrize("name", ["C12", "Ar40", "Xe132"])
@pytest.mark.parametrize("energy", [1 * MEV, PION_LINE, 0.5])
def test_point_like_totals(name: str, energy: float) -> None:
    """G_F^2 Q_V^2 E^2/(pi (1 + 2E/M)) for spin 0, and with T^2/2E^2 or without T/E for the others."""
    target, M = nuclide(name), nuclide(name).mass_GeV
    charge = target.Z * (0.5 - 2 * 0.23863) - 0.5 * target.N
    scale = G_FERMI**2 * charge**2 / math.pi * GEV_M2_TO_CM2
    expected = scale * energy**2 / (1 + 2 * energy / M)
    assert total(elastic(name, shape=POINT, spin="0"), energy) == pytest.approx(expected, rel=1e-13, abs=0.0)
    high = 2 * energy**2 / (M + 2 * energy)
    spin = scale * M * (high / 2 + high**3 / (6 * energy**2))
    assert total(elastic(name, shape=POINT, spin="1/2"), energy) == pytest.approx(spin, rel=1e-13, abs=0.0)
    rough = scale * M * (high - M * high**2 / (4 * energy**2))
    assert total(elastic(name, shape=POINT, spin="approx"), energy) == pytest.approx(rough, rel=1e-13, abs=0.0)


def test_cross_sections_grow_with_the_square_of_the_neutron_number() -> None:
    """At s_W^2 = 1/4 protons drop out: dsigma/dT at T = 0 is G_F^2 M N^2/4pi."""
    for name in ("C12", "Ar40", "Ge74", "Xe132", "Pb208"):
        target = nuclide(name)
        found = float(elastic(name, sin2_theta_w=0.25).dsigma_dT(10 * MEV, 0.0))
        expected = G_FERMI**2 * target.mass_GeV * target.N**2 / (4 * math.pi) * GEV_M2_TO_CM2
        assert found == pytest.approx(expected, rel=1e-14, abs=0.0)


def ratio(found: RecoilSpectrum, expected: RecoilSpectrum, recoil: Array = RECOILS) -> Array:
    return np.asarray(found.dsigma_dT(PION_LINE, recoil) / expected.dsigma_dT(PION_LINE, recoil))


TERMS = ("vector", "axial", "scalar", "pseudoscalar", "tensor")


@pytest.mark.parametrize("incoming", ["numu", "numubar"])
def test_heavy_mediators_are_contact_terms(incoming: str) -> None:
    """C_X = sqrt2 g^2 Q'/(G_F m^2), also where scalar and tensor interfere."""
    mass, strength = 1e4, 3.0
    contact = math.sqrt(2) * strength / (G_FERMI * mass**2)
    target = nuclide("Ar40")
    charges = {
        "vector": 3.0 * target.A,
        "scalar": target.Z * SCALAR_PROTON_CHARGE + target.N * SCALAR_NEUTRON_CHARGE,
        "tensor": 0.58 * target.A,
    }
    heavy = {
        "vector": LightVector(mass, strength=strength),
        "scalar": LightScalar(mass, strength),
        "tensor": LightTensor(mass, strength),
    }
    for kinds in (("vector",), ("scalar",), ("tensor",), ("scalar", "tensor"), ("vector", "scalar", "tensor")):
        chosen: dict[str, Any] = {kind: heavy[kind] for kind in kinds}
        bosons = elastic("Ar40", incoming, spin="1/2", **chosen)
        vector, axial, scalar, pseudoscalar, tensor = (
            contact * charges[kind] if kind in kinds else 0.0 for kind in TERMS
        )
        ngi = ContactNgi(vector, axial, scalar, pseudoscalar, tensor)
        np.testing.assert_allclose(ratio(bosons, elastic("Ar40", incoming, spin="1/2", ngi=ngi)), 1.0, rtol=1e-8)
    # and half of each is the whole
    half = LightScalar(mass, strength / 2)
    mixed = elastic("Ar40", incoming, scalar=half, ngi=ContactNgi(scalar=contact / 2 * charges["scalar"]))
    np.testing.assert_allclose(ratio(mixed, elastic("Ar40", incoming, scalar=heavy["scalar"])), 1.0, rtol=1e-8)


@pytest.mark.parametrize("spin", ["0", "1/2"])
def test_a_light_dipole_portal_is_a_magnetic_moment(spin: str) -> None:
    moment, plain = elastic(spin=spin, magnetic_moment=1e-6), elastic(spin=spin)
    expected = moment.dsigma_dT(PION_LINE, RECOILS) - plain.dsigma_dT(PION_LINE, RECOILS)
    for heavy in (0.0, 1e-12, 1e-8):
        portal = upscattering(heavy=heavy, mu=1e-6, spin=spin)
        np.testing.assert_allclose(portal.dsigma_dT(PION_LINE, RECOILS), expected, rtol=1e-9)


def test_a_vector_boson_can_hide_the_standard_model() -> None:
    """Q_V and its shift cancel where g^2 3A/(sqrt2 G_F D) = -Q_V: zero there, and a spectrum on either side."""
    target = nuclide("Ar40")
    charge = target.Z * (0.5 - 2 * 0.23863) - 0.5 * target.N
    recoil, mass = 20 * KEV, 10 * MEV
    propagator = 2 * target.mass_GeV * recoil + mass**2
    strength = -charge * math.sqrt(2) * G_FERMI * propagator / (3 * target.A)
    spectrum = elastic(vector=LightVector(mass, strength=strength))
    hidden, near = spectrum.dsigma_dT(PION_LINE, np.array([recoil, 1.1 * recoil]))
    standard = elastic().dsigma_dT(PION_LINE, recoil)
    assert hidden < 1e-28 * standard
    assert near > 1e-4 * standard
    # the other sign adds
    assert elastic(vector=LightVector(mass, strength=-strength)).dsigma_dT(PION_LINE, recoil) > 3.9 * standard


def test_axial_part_of_odd_nuclides() -> None:
    for name, strength in (("F19", 1.706), ("Cs133", 0.376), ("Ar40", 0.0)):
        target = nuclide(name)
        extra = elastic(name, axial=True).dsigma_dT(PION_LINE, RECOILS[:30]) - elastic(name).dsigma_dT(
            PION_LINE, RECOILS[:30]
        )
        E, T, M = PION_LINE, RECOILS[:30], target.mass_GeV
        shape = np.array([helm(math.sqrt(2 * M * t), target.A) for t in T])
        factor = 1 - T / E + M * T / (2 * E**2) + T**2 / (2 * E**2)
        expected = G_FERMI**2 * M / (4 * math.pi) * strength * shape**2 * factor * GEV_M2_TO_CM2
        np.testing.assert_allclose(extra, expected, rtol=2e-3, atol=1e-50)
    with pytest.raises(InputError, match="spin content of C13 is not known"):
        elastic("C13", axial=True)


def test_separate_radii_weigh_protons_and_neutrons() -> None:
    shape = NuclearShape("helm", 4.7, 5.0)
    spectrum = elastic("Cs133", shape=shape, spin="0")
    M, T = nuclide("Cs133").mass_GeV, 10 * KEV
    q = math.sqrt(2 * M * T)
    charge = 55 * (0.5 - 2 * 0.23863) * helm(q, 133, 4.7) - 0.5 * 78 * helm(q, 133, 5.0)
    K = 1 - T / PION_LINE - M * T / (2 * PION_LINE**2)
    expected = G_FERMI**2 * M / math.pi * charge**2 * K * GEV_M2_TO_CM2
    assert float(spectrum.dsigma_dT(PION_LINE, T)) == pytest.approx(expected, rel=1e-12, abs=0.0)
    # photons see the protons
    moment = elastic("Cs133", shape=shape, spin="0", magnetic_moment=1e-6).dsigma_dT(PION_LINE, T) - expected
    other = elastic("Cs133", shape=NuclearShape("helm", 4.7, 6.0), spin="0", magnetic_moment=1e-6)
    without = elastic("Cs133", shape=NuclearShape("helm", 4.7, 6.0), spin="0")
    assert other.dsigma_dT(PION_LINE, T) - without.dsigma_dT(PION_LINE, T) == pytest.approx(moment, rel=1e-9, abs=0.0)


@pytest.mark.parametrize("charges", ["Lmu-Ltau", "Le-Lmu", "Le-Ltau"])
def test_vectors_without_quarks_couple_through_lepton_loops(charges: str) -> None:
    """g_p += sqrt2 alpha g^2 eps/(pi G_F D), eps = int x (1-x) ln[(m_b^2 + x (1-x) q^2)/(m_a^2 + x (1-x) q^2)] dx.

    For the neutrino of charge +1, with a its charged lepton and b the other: Atzori Corona et al., JHEP 05 (2022) 109.
    """
    target, recoil, mass, strength = nuclide("Ar40"), 20 * KEV, 30 * MEV, 1e-5
    first, second = (part[1:] for part in charges.split("-"))
    q2 = 2 * target.mass_GeV * recoil
    a, b = (lepton_mass_GeV(flavour) ** 2 for flavour in (first, second))
    eps = float(
        mpmath.quad(lambda x: x * (1 - x) * mpmath.log((b + x * (1 - x) * q2) / (a + x * (1 - x) * q2)), [0, 0.5, 1])
    )
    shift = math.sqrt(2) * ALPHA * strength * eps / (math.pi * G_FERMI * (q2 + mass**2))
    for flavour in ("e", "mu", "tau"):
        sign = {first: 1.0, second: -1.0}.get(flavour, 0.0)
        g_p = 0.5 - 2 * 0.23863 + sign * shift
        charge = target.Z * g_p - 0.5 * target.N
        found = elastic("Ar40", f"nu{flavour}", vector=LightVector(mass, strength=strength, charges=charges)).dsigma_dT(
            PION_LINE, recoil
        )
        standard = elastic("Ar40", f"nu{flavour}").dsigma_dT(PION_LINE, recoil)
        plain_charge = target.Z * (0.5 - 2 * 0.23863) - 0.5 * target.N
        assert float(found / standard) == pytest.approx((charge / plain_charge) ** 2, rel=1e-12, abs=0.0)
    # the heavier lepton screens less: a positive mixing, which the plain logarithm describes below the muon's mass
    assert eps > 0.0
    if charges == "Lmu-Ltau":
        assert eps == pytest.approx(math.log(b / a) / 6, rel=0.01)


def test_what_is_infrared() -> None:
    assert not elastic().infrared
    assert not elastic(ngi=ContactNgi(scalar=1.0)).infrared
    assert not elastic(vector=LightVector(1.0, strength=1e-6)).infrared
    for model in (
        {"vector": LightVector(10 * MEV, strength=1e-8)},
        {"scalar": LightScalar(0.0, 1e-12)},
        {"tensor": LightTensor(1 * MEV, 1e-8)},
        {"magnetic_moment": 1e-11},
    ):
        assert elastic(**model).infrared
    assert not elastic(vector=LightVector(10 * MEV, strength=0.0)).infrared
    assert not elastic(vector=LightVector(10 * MEV, strength=1e-8, charges="B-3Le")).infrared
    assert not elastic(magnetic_moment=PerFlavour(e=1e-11)).infrared
    assert upscattering().infrared


def test_final_states() -> None:
    model = CevnsModel(dipole=DipolePortal(2 * MEV, 1e-10), magnetic_moment=1e-11)
    first, second = recoil_spectra(nuclide("Cs133"), "nuebar", model)
    assert (first.name, second.name) == ("elastic", "upscattering")
    assert (first.final_mass_GeV, second.final_mass_GeV) == (0.0, 2 * MEV)
    assert first.neutrino is second.neutrino is NEUTRINOS["nuebar"]
    assert first.mass_GeV == second.mass_GeV == nuclide("Cs133").mass_GeV
    assert first.threshold_GeV == 0.0
    assert second.threshold_GeV == pytest.approx(2 * MEV * (1 + 1 * MEV / second.mass_GeV), rel=1e-14, abs=0.0)
    low, high = (float(t) for t in second.recoil_limits(PION_LINE))
    assert float(second.minimum_energy(low)) == pytest.approx(PION_LINE, rel=1e-13, abs=0.0)
    assert float(second.minimum_energy(high)) == pytest.approx(PION_LINE, rel=1e-13, abs=0.0)
    assert len(recoil_spectra(nuclide("Cs133"), "nue", CevnsModel(dipole=DipolePortal(2 * MEV, 0.0)))) == 1
    with pytest.raises(InputError, match="unknown neutrino 'numuu'"):
        recoil_spectra(nuclide("Cs133"), "numuu", CevnsModel())
