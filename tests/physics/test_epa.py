"""Fluxes, maps and laboratory momenta of the equivalent-photon approximation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.physics.frames import Long, long
from tridentgen.constants import PROTON_MASS_GEV
from tridentgen.flux import Monochromatic
from tridentgen.matter.nuclei import nuclide
from tridentgen.matter.particles import lepton_mass_GeV
from tridentgen.physics import epa
from tridentgen.physics.trident_hadron import E2
from tridentgen.physics.trident_phase_space import momentum_transfer
from tridentgen.processes.trident.epa import EpaTrident
from tridentgen.processes.trident.photon_neutrino import PhotonNeutrino
from tridentgen.processes.trident.sampled_epa import SampledEpaTrident
from tridentgen.processes.trident.targets import charge_form_factor
from tridentgen.processes.trident.trident import Trident

Array = NDArray[np.float64]
M_MU = lepton_mass_GeV("mu")
M_ARGON = nuclide("Ar40").mass_GeV
KINDS = ("exact", "lambda-qcd", "q-max", "uncut")


def gauss(n: int) -> tuple[Array, Array]:
    x, w = np.polynomial.legendre.leggauss(n)
    return 0.5 + 0.5 * x, 0.5 * w


def test_flux_of_a_nucleus_is_what_the_design_says() -> None:
    """h_T = 2 K1 e_T^2 shat^2/((S - M^2)^2 Q^2), h_L = K1 (2C - 1)^2/(2 C^2), K1 = 4 Z^2 e^2 F^2; and the limit."""
    q2, shat, energy = np.array([1e-3, 5e-3, 0.02]), np.array([0.1, 0.2, 0.5]), 7.0
    photon = PhotonNeutrino(Trident("numu", "mu-", "mu+", form_factor="woods-saxon"))
    form, _ = charge_form_factor(nuclide("Ar40"), "woods-saxon")
    k1 = 4.0 * 18**2 * E2 * form(q2) ** 2
    c = 2.0 * M_ARGON * energy / shat
    e_t2 = c**2 * q2 - c * q2 - M_ARGON**2
    np.testing.assert_allclose(photon.h_transverse(energy, q2, shat), 2.0 * k1 * e_t2 / (c**2 * q2), rtol=1e-12)
    np.testing.assert_allclose(
        photon.h_longitudinal(energy, q2, shat), k1 * (2.0 * c - 1.0) ** 2 / (2.0 * c**2), rtol=1e-12
    )
    # Z^2 e^2/(4 pi^2) F^2 far from the limit of Q^2, where e_T^2 is C^2 Q^2
    far = photon.h_transverse(1e5, q2, shat) / (32.0 * math.pi**2)
    np.testing.assert_allclose(far, 18**2 * E2 / (4.0 * math.pi**2) * form(q2) ** 2, rtol=1e-4)


def test_flux_of_a_proton_has_both_form_factors() -> None:
    """D = (G_E^2 + tau G_M^2)/(1 + tau) and C = G_M^2 as in Budnev et al., Phys. Rept. 15 (1975) 181, eq. D.7.

    With x = 1/C: h_T/(8 e^2) = D (1 - x - Q^2_min/Q^2) + x^2 G_M^2/2, Q^2_min = x^2 M^2.
    """
    trident = Trident("numu", "mu-", "mu+", target="H1", regime="proton", nucleon_form_factor="dipole")
    q2, shat, energy = np.array([0.02, 0.1, 0.5]), np.array([0.1, 0.3, 2.0]), 5.0
    x = shat / (2.0 * PROTON_MASS_GEV * energy)
    dipole = (1.0 + q2 / 0.71) ** -2
    tau = q2 / (4.0 * PROTON_MASS_GEV**2)
    magnetic = (2.79284734463 * dipole) ** 2
    electric = (dipole**2 + tau * magnetic) / (1.0 + tau)
    expected = 8.0 * E2 * (electric * (1.0 - x - x**2 * PROTON_MASS_GEV**2 / q2) + 0.5 * x**2 * magnetic)
    np.testing.assert_allclose(PhotonNeutrino(trident).h_transverse(energy, q2, shat), expected, rtol=1e-9)


def test_flux_ends_with_the_kinematics() -> None:
    photon = PhotonNeutrino(Trident("numu", "mu-", "mu+"))
    shat, energy = 0.2, 2.0
    c = 2.0 * M_ARGON * energy / shat
    lowest = M_ARGON**2 / (c * (c - 1.0))
    q2 = lowest * np.array([0.999, 1.001])
    assert photon.h_transverse(energy, q2, shat)[0] == 0.0 == photon.h_longitudinal(energy, q2, shat)[0]
    assert photon.h_longitudinal(energy, q2, shat)[1] > 100.0 * photon.h_transverse(energy, q2, shat)[1] > 0.0


def test_exact_map_has_the_photons_of_the_full_process() -> None:
    x, y = np.random.default_rng(3).random((2, 500))
    full = momentum_transfer(x, y, 3.0, M_ARGON, 2 * M_MU, 0.02)
    real = epa.exact_transfer(x, y, 3.0, M_ARGON, 2 * M_MU, 0.02)
    for name in ("q2", "over_shat", "e_t2", "measure"):
        np.testing.assert_array_equal(getattr(real, name), getattr(full, name))
    np.testing.assert_allclose(real.w**2 * real.over_shat, 1.0, rtol=1e-14)
    excess = np.sqrt(long(full.w) ** 2 + long(full.q2)) - Long(2 * M_MU)
    np.testing.assert_allclose(real.w_excess, excess.astype(float), atol=1e-15)
    assert epa.real_photon(real).q2 == 0.0


@pytest.mark.parametrize("q_max", [0.05, 0.3, 1.0])
def test_textbook_map_covers_the_triangle(q_max: float) -> None:
    """Int dQ^2/Q^4 ds and Int dQ^2/Q^2 ds/s over Q = s/2E ... q_max, s > 4 m^2, in closed form."""
    energy = 4.0
    s_min = 4 * M_MU**2
    x, wx = gauss(80)
    t = epa.textbook_transfer(x[:, None], x[None, :], energy, M_ARGON, 2 * M_MU, 0.02, q_max**2)
    low = s_min / (2 * energy)
    assert t.q2.min() > low**2
    assert t.q2.max() < q_max**2
    np.testing.assert_allclose(t.e_t2, (2 * M_ARGON * energy * t.over_shat) ** 2 * t.q2, rtol=1e-13)
    measured = [float(np.einsum("ij,i,j->", t.measure * f, wx, wx)) for f in (1.0 + 0 * t.q2, t.q2 * t.over_shat)]
    # Int_low^q 2 dQ/Q^3 (2 E Q - s_min), and Int 2 dQ/Q ln(Q/low)
    area = 4 * energy * (1 / low - 1 / q_max) - s_min * (1 / low**2 - 1 / q_max**2)
    assert measured[0] == pytest.approx(area, rel=1e-6)
    assert measured[1] == pytest.approx(math.log(q_max / low) ** 2, rel=1e-6)


def test_textbook_map_is_empty_where_the_cut_is_too_low() -> None:
    t = epa.textbook_transfer(np.full(3, 0.5), np.full(3, 0.5), 0.2, M_ARGON, 2 * M_MU, 0.02, 0.05**2)
    np.testing.assert_array_equal(t.measure, 0.0)


def events(
    kind: str, regime: str, energy: float, channel: tuple[str, str, str]
) -> tuple[SampledEpaTrident, dict[str, Array]]:
    process = EpaTrident(*channel, regime=regime, photon_flux=kind).sampled(Monochromatic(energy))
    assert isinstance(process, SampledEpaTrident)
    rng = np.random.default_rng(8)
    columns = process.event(1, list(rng.random((6, 4000))), list(rng.random((3, 4000))))
    return process, {
        name: np.stack(np.broadcast_arrays(*v), axis=1) if isinstance(v, tuple) else np.asarray(v)
        for name, v in columns.items()
    }


def square(p: Array) -> Array:
    wide = long(p)
    return np.asarray(wide[:, 0] ** 2 - (wide[:, 1:] ** 2).sum(axis=1), dtype=float)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("regime", "energy", "channel"),
    [
        ("coherent", 5.0, ("numu", "mu-", "mu+")),
        ("proton", 1.0, ("numu", "mu-", "e+")),
        ("neutron", 30.0, ("nuebar", "e-", "e+")),
    ],
)
def test_events_have_bodies_on_shell_that_balance(
    kind: str, regime: str, energy: float, channel: tuple[str, str, str]
) -> None:
    """Three-momentum is conserved, the energy off by what a virtuality of the photon costs: Q^2 = shat - W^2."""
    process, e = events(kind, regime, energy, channel)
    mass = process.parts[1].target.mass_GeV
    for name, m in (("nu_out", 0.0), ("minus", process.mass_minus), ("plus", process.mass_plus), ("recoil", mass)):
        np.testing.assert_allclose(square(e[f"p4_{name}"]), m * m, atol=2e-14 * e[f"p4_{name}"][:, 0].max() ** 2)
    leptons = e["p4_nu_out"] + e["p4_minus"] + e["p4_plus"]
    np.testing.assert_allclose(square(leptons), e["w2"], rtol=1e-6, atol=1e-12 * energy**2)
    np.testing.assert_allclose(square(e["p4_minus"] + e["p4_plus"]), e["m2_ll"], rtol=1e-6, atol=1e-12 * energy**2)
    off = e["p4_nu_in"] - leptons - e["p4_recoil"]
    assert np.max(np.abs(off[:, 1:])) < 1e-13 * (energy + mass)
    transferred = np.array([mass, 0, 0, 0]) - e["p4_recoil"]
    np.testing.assert_allclose(-square(transferred), e["q2"], rtol=1e-5, atol=1e-13 * mass**2)
    if kind == "exact":
        # (K + off)^2 = W^2 of the full process = shat - Q^2
        np.testing.assert_allclose(
            square(leptons + off + np.array([mass, 0, 0, 0])),
            e["w2"] - e["q2"],
            rtol=1e-5,
            atol=1e-11 * (energy + mass) ** 2,
        )


def test_turns_and_mirrors_change_no_angle_between_momenta() -> None:
    process = EpaTrident("numu", "mu-", "e+").sampled(Monochromatic(4.0))
    rng = np.random.default_rng(9)
    x = list(rng.random((6, 300)))
    first, other = rng.random(300), rng.random(300)
    found = [process.event(0, x, [first, other, u]) for u in (np.full(300, 0.1), np.full(300, 0.4), np.full(300, 0.9))]
    for name in ("m2_ll", "delta_theta", "theta_minus", "theta_plus", "weight", "helicity_minus", "helicity_plus"):
        for turned in found[1:]:
            np.testing.assert_allclose(turned[name], found[0][name], rtol=1e-9)


def test_leptons_lean_against_the_recoil() -> None:
    """In the mean they have the momentum that the target did not take."""
    _, e = events("exact", "coherent", 3.0, ("numu", "mu-", "mu+"))
    leptons = e["p4_nu_out"] + e["p4_minus"] + e["p4_plus"]
    np.testing.assert_allclose(leptons[:, 1:3], -e["p4_recoil"][:, 1:3], atol=1e-13)
    kick = np.hypot(e["p4_recoil"][:, 1], e["p4_recoil"][:, 2])
    assert np.all(kick**2 <= e["q2"] * (1.0 + 1e-9))


@pytest.mark.parametrize(("axial", "helicities"), [(1.0, (-1, 1)), (-1.0, (1, -1))])
def test_fast_leptons_have_the_helicity_of_their_current(axial: float, helicities: tuple[int, int]) -> None:
    found = EpaTrident("numu", "mu-", "e+", vector=1.0, axial=axial).generate(300.0, events=20_000, engine="numpy")
    fast = (found["p4_minus"][:, 0] > 10.0) & (found["p4_plus"][:, 0] > 10.0)
    weight = found["weight"] * fast
    right = (found["helicity_minus"] == helicities[0]) & (found["helicity_plus"] == helicities[1])
    assert np.sum(weight[right]) / np.sum(weight) > 0.95
