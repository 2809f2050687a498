"""Upscattering on electrons by the dipole portal, and the photons of the heavy neutral lepton."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tridentgen as tg
from tests.physics.test_cevns_factors import FLUX, Point
from tests.physics.test_dipole_portal import rate, target_tensor
from tridentgen.constants import ALPHA, ELECTRON_MASS_GEV, GEV_M2_TO_CM2
from tridentgen.errors import InputError
from tridentgen.flux import Monochromatic, PowerLaw
from tridentgen.physics.cevns_kinematics import recoil_limits

BOHR2 = np.pi * ALPHA / ELECTRON_MASS_GEV**2
MOMENT, HEAVY = 1e-9, 0.005
THRESHOLD = HEAVY + HEAVY**2 / (2 * ELECTRON_MASS_GEV)


def electrons(
    decay: str = "none", target: str = "H1", least_keV: float = 0.0, heavy: float = HEAVY
) -> tg.NeutrinoElectron:
    model = tg.ElectronModel(dipole=tg.DipolePortal(heavy, MOMENT, decay))
    return tg.NeutrinoElectron(target, "numu", model, recoil_min_keV=least_keV)


def by_matrices(energy: float, recoil: float, heavy: float = HEAVY) -> float:
    """Return dsigma/dT in cm^2/GeV of an electron from explicit traces."""
    low, high = (float(t) for t in recoil_limits(energy, ELECTRON_MASS_GEV, heavy))
    point = Point(energy, ELECTRON_MASS_GEV, heavy, (recoil - low) / (high - low))
    q2 = 2 * ELECTRON_MASS_GEV * point.recoil
    squared = rate(point, target_tensor(point, (1.0, 1.0))) / q2**2
    unit = 4 * np.pi * ALPHA * BOHR2 * MOMENT**2 * GEV_M2_TO_CM2
    return float(unit * squared / (FLUX * ELECTRON_MASS_GEV * energy**2))


@pytest.mark.parametrize("energy", [0.0296, 0.1, 3.0])
@pytest.mark.parametrize("least_keV", [0.0, 2400.0])
def test_cross_section_is_that_of_explicit_matrices(energy: float, least_keV: float) -> None:
    """Just above the threshold of 29.46 MeV and far above, with and without a smallest recoil; quadrature in log T."""
    low, high = (float(t) for t in recoil_limits(energy, ELECTRON_MASS_GEV, HEAVY))
    low = max(low, least_keV * 1e-6)
    x, w = np.polynomial.legendre.leggauss(60)
    recoils = low * (high / low) ** (0.5 * (1 + x))
    total = sum(0.5 * v * T * np.log(high / low) * by_matrices(energy, T) for v, T in zip(w, recoils, strict=True))
    found = electrons("dirac", least_keV=least_keV).cross_section(energy, engine="numpy", rel_error=3e-4).value
    assert found == pytest.approx(total, rel=1.5e-3)


def test_threshold() -> None:
    """m + m^2/2m_e; a smallest recoil above the one there, m^2/2(m_e + m) = 2.27 MeV, needs more energy."""
    assert electrons("dirac").threshold_GeV() == pytest.approx(THRESHOLD, rel=1e-12)
    assert electrons("dirac", least_keV=2000.0).threshold_GeV() == pytest.approx(THRESHOLD, rel=1e-12)
    T = 10e-3
    more = (1 + HEAVY**2 / (2 * ELECTRON_MASS_GEV * T)) * (T + np.sqrt(T * T + 2 * ELECTRON_MASS_GEV * T)) / 2
    assert electrons("dirac", least_keV=1e4).threshold_GeV() == pytest.approx(more, rel=1e-12)
    with pytest.raises(InputError, match=r"no upscattering: the flux ends at 29 MeV .* the threshold is 29\.46"):
        electrons("dirac").sampled(Monochromatic(0.029))


def test_elastic_scattering_stays_beside_it_without_a_decay() -> None:
    """The sum of the two, and no parts of the weight: the model is not g_L and g_R alone."""
    process = electrons(target="Ar")
    beam = Monochromatic(2.0)
    assert process.sampled(beam).channels == ("numu", "numu/upscattering")
    elastic = tg.NeutrinoElectron("Ar", "numu").cross_section(2.0, engine="numpy").value
    up = electrons("majorana", "Ar").cross_section(2.0, engine="numpy").value
    assert process.cross_section(2.0, engine="numpy").value == pytest.approx(elastic + up, rel=3e-3)
    assert up == pytest.approx(18 * electrons("dirac").cross_section(2.0, engine="numpy").value, rel=3e-3)
    found = process.generate(2.0, events=2000, engine="numpy")
    assert "weight_ll" not in found.columns
    heavy = found["channel"] == 1
    p = found["p4_nu_out"]
    mass2 = p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1)
    np.testing.assert_allclose(mass2, np.where(heavy, HEAVY**2, 0.0), atol=1e-14)


def test_a_light_portal_is_a_magnetic_moment() -> None:
    """m = 1 eV above 10 keV: (pi alpha^2/m_e^2)(1/T - 1/E)."""
    light = tg.NeutrinoElectron("H1", "numu", tg.ElectronModel(magnetic_moment=MOMENT), recoil_min_keV=10.0)
    weak = tg.NeutrinoElectron("H1", "numu", recoil_min_keV=10.0).cross_section(0.1, engine="numpy").value
    moment = light.cross_section(0.1, engine="numpy").value - weak
    both = electrons(least_keV=10.0, heavy=1e-9).cross_section(0.1, engine="numpy").value - weak
    assert both == pytest.approx(moment, rel=3e-3)


@pytest.mark.parametrize("decay", ["dirac", "majorana"])
def test_photons_and_momenta(decay: str) -> None:
    """Momenta to 1e-12; the mean direction of a Dirac N's photons is backward, of a Majorana N's even (4 sigma)."""
    process = electrons(decay, "CH2")
    found = process.generate(flux=PowerLaw(1.0, 0.02, 5.0), events=20_000, engine="numpy")
    parent = found["p4_nu_out"]
    scale = found["p4_nu_in"][:, :1]
    assert np.max(np.abs(found["p4_photon"] + found["p4_nu_decay"] - parent) / scale) < 1e-12
    balance = found["p4_photon"] + found["p4_nu_decay"] + found["p4_lepton"] - found["p4_nu_in"]
    assert np.max(np.abs(balance[:, 1:]) / scale) < 1e-12
    for name, mass in (("p4_photon", 0.0), ("p4_nu_decay", 0.0), ("p4_nu_out", HEAVY)):
        p = found[name]
        off = p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1) - mass**2
        assert np.max(np.abs(off) / p[:, 0] ** 2) < 1e-11
    c = (2e-3 * found["photon_energy"] - parent[:, 0]) / np.linalg.norm(parent[:, 1:], axis=1)
    weight = found["weight"]
    mean, error = np.average(c, weights=weight), np.sqrt(np.sum((weight * c) ** 2)) / weight.sum()
    assert abs(mean) < 4 * error if decay == "majorana" else -0.34 < mean < -0.2
    assert set(np.sign(found["decay_flavour"])) == ({1} if decay == "dirac" else {-1, 1})


def test_models_without_it_are_described_as_before() -> None:
    plain = tg.NeutrinoElectron("Ar", "numu")
    assert "dipole" not in json.loads(plain.signature)["model"]
    assert "dipole" not in json.loads(str(plain.attributes(Monochromatic(1.0))["model"]))
    assert json.loads(electrons().signature)["model"]["dipole"] == {"mass_GeV": HEAVY, "mu_muB": MOMENT}
