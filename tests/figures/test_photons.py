"""Fluxes and cross sections of photons over their plane, against the full process and against limits."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from tests.figures.cards import request, silent
from tridentgen.errors import InputError
from tridentgen.figures import photons
from tridentgen.figures.photons import PhotonCrossSections, Photons, least_q2
from tridentgen.processes.trident.photon_neutrino import PhotonNeutrino
from tridentgen.processes.trident.trident import Trident

MUONS, ELECTRONS = ("mu-", "mu+"), ("e-", "e+")


@cache
def numbers() -> Photons:
    return photons.compute(request("process.form_factor=fermi"), silent)


def channel(leptons: tuple[str, str]) -> PhotonCrossSections:
    (found,) = (c for c in numbers().channels if c.leptons == leptons)
    return found


def test_three_gev_on_argon() -> None:
    assert (numbers().energy_GeV, numbers().target, numbers().regime) == (3.0, "Ar40", "coherent")
    assert [c.leptons for c in numbers().channels] == [MUONS, ELECTRONS]


def test_photons_of_little_virtuality_are_real() -> None:
    """Below the masses squared; sigma_T then falls, for electrons long before it does for muons."""
    muons, electrons = channel(MUONS), channel(ELECTRONS)
    np.testing.assert_allclose(muons.sigma_transverse_over_real[:, 0], 1.0, atol=1e-2)
    at = {c.leptons: int(np.argmin(np.abs(c.q2_GeV2 - 1e-3))) for c in (muons, electrons)}
    row = {c.leptons: int(np.argmin(np.abs(c.shat_GeV2 - 0.3))) for c in (muons, electrons)}
    assert muons.sigma_transverse_over_real[row[MUONS], at[MUONS]] > 0.95
    assert electrons.sigma_transverse_over_real[row[ELECTRONS], at[ELECTRONS]] < 0.5


def test_longitudinal_photons_go_with_their_virtuality() -> None:
    """sigma_L is proportional to Q^2 while Q^2 is far below the muon's mass squared."""
    muons = channel(MUONS)
    few = muons.q2_GeV2 < 1e-4
    slope = muons.sigma_longitudinal_cm2[10, few] / muons.q2_GeV2[few]
    np.testing.assert_allclose(slope, slope[0], rtol=0.02)


def test_nothing_below_threshold() -> None:
    for one in numbers().channels:
        below = one.shat_GeV2[:, None] - one.q2_GeV2[None, :] <= one.threshold_GeV2
        assert np.all(one.sigma_transverse_over_real[below] == 0.0)
        assert np.all(one.sigma_transverse_over_real[~below] > 0.0)


def test_the_least_virtuality_is_that_of_two_body_kinematics() -> None:
    """At fixed W^2 = shat - Q^2 it is M^2 W^4/(S Q^2_max), from energies and momenta in the centre of mass."""
    mass, energy = Trident("numu", *MUONS).targets[0].mass_GeV, 3.0
    for shat in (1e-3, 0.1, 1.5):
        q2 = float(least_q2(energy, np.array([shat]), mass)[0])
        s, w2 = mass**2 + 2.0 * mass * energy, shat - q2
        p = (s - mass**2) / (2.0 * math.sqrt(s))
        e_out = (s + mass**2 - w2) / (2.0 * math.sqrt(s))
        p_out = math.sqrt(e_out**2 - mass**2)
        q2_max = 2.0 * ((s + mass**2) / (2.0 * math.sqrt(s)) * e_out + p * p_out) - 2.0 * mass**2
        assert q2 == pytest.approx(mass**2 * w2**2 / (s * q2_max), rel=1e-6)
    assert np.isinf(least_q2(1e-3, np.array([1e3]), 1.0))


def test_fluxes_end_where_the_target_says() -> None:
    fluxes = numbers().fluxes
    allowed = fluxes.q2_GeV2[None, :] > fluxes.q2_min_GeV2[:, None]
    assert np.array_equal(fluxes.h_transverse > 0.0, allowed)
    assert np.array_equal(fluxes.h_longitudinal > 0.0, allowed)


def test_fluxes_times_cross_sections_are_the_full_process() -> None:
    """Integrated over the figure's own plane in logarithms, by the trapezoidal rule, which is good to some per cent."""
    one = channel(MUONS)
    trident = Trident("numu", *MUONS)
    photon = PhotonNeutrino(trident)
    q2, shat = one.q2_GeV2[None, :], one.shat_GeV2[:, None]
    sigma_t = one.sigma_transverse_over_real * one.sigma_transverse_real_cm2[:, None]
    h_t, h_l = (h(3.0, q2, shat) for h in (photon.h_transverse, photon.h_longitudinal))
    density = h_t * sigma_t + h_l * one.sigma_longitudinal_cm2
    steps = np.log(one.q2_GeV2), np.log(one.shat_GeV2)
    total = np.trapezoid(np.trapezoid(density, steps[0], axis=1), steps[1]) / (32.0 * math.pi**2)
    full = trident.cross_section(energy=3.0, rel_error=5e-3, engine="numpy")
    assert total == pytest.approx(full.value, rel=0.06)


def test_a_coarse_quadrature_is_enough() -> None:
    one = channel(ELECTRONS)
    photon = PhotonNeutrino(Trident("numu", *ELECTRONS))
    for i, j in ((5, 3), (12, 10), (25, 20)):
        fine = photon.sigma_transverse(one.q2_GeV2[j], one.shat_GeV2[i])
        real = photon.sigma_transverse(0.0, one.shat_GeV2[i])
        assert one.sigma_transverse_over_real[i, j] == pytest.approx(float(fine / real), rel=1e-2)


def test_picture_and_table() -> None:
    """Panels show their own functions: h_T and h_L in the first column, muons above electrons."""
    pytest.importorskip("matplotlib")
    figure = photons.draw(numbers())
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_xlabel()}
    assert len(panels) == 6
    shown = {title: np.asarray(axes.collections[0].get_array()) for title, axes in panels.items()}
    fluxes, muons = numbers().fluxes, channel(MUONS)
    for title, values in {
        "$h_T$": fluxes.h_transverse,
        "$h_L$": fluxes.h_longitudinal,
        r"$\sigma_L$ [cm$^2$], $\mu^-\mu^+$": muons.sigma_longitudinal_cm2,
        r"$\sigma_T(Q^2)/\sigma_T(0)$, $\mu^-\mu^+$": muons.sigma_transverse_over_real,
    }.items():
        large = values > 1e-3 * np.max(values)
        np.testing.assert_allclose(shown[title].reshape(values.shape)[large], values[large], rtol=1e-12)
    lines = photons.text(numbers()).splitlines()
    assert lines[0] == "numu of 3 GeV on Ar40, coherent; at Q2 in GeV2"
    assert len(lines) == 2 + 2 * -(-len(channel(MUONS).shat_GeV2) // 6)


def test_mistakes() -> None:
    with pytest.raises(InputError, match=r"process.regimes begins with 'diffractive': a photon flux"):
        photons.compute(request("process.regimes=['diffractive']"), silent)
    with pytest.raises(InputError, match=r"0.2 GeV is below the threshold of numu Ar40 -> numu mu- mu\+"):
        photons.compute(request(energies=(0.2,)), silent)
