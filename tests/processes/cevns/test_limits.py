"""Recoil spectra beyond the kinematic limits: zero, finite and never negative; and their traced bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.detector.tracing import assert_traces
from tests.processes.cevns.spectra import EV, KEV, MEV, PION_LINE, POINT, elastic, upscattering
from tridentgen.matter.nuclei import nuclide
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.spectrum import RecoilSpectrum, recoil_spectra
from tridentgen.processes.cevns.terms import ContactNgi, LightScalar, LightTensor, Nsi
from tridentgen.processes.nucleus import FORM_FACTORS, NuclearShape
from tridentgen.processes.terms import FlavourMatrix, LightVector

EVERYTHING = [
    elastic(spin="0"),
    elastic("Cs133", spin="approx"),
    elastic("Pb208", shape=NuclearShape("fermi", 5.5, 5.7)),
    elastic("Ar40", "numubar", tensor=LightTensor(0.0, 1e-8), scalar=LightScalar(0.0, -1e-8)),
    elastic(
        "Cs133",
        ngi=ContactNgi(1.0, 80.0, 3.0, -40.0, 2.0, "gamma5"),
        vector=LightVector(EV, strength=1e-9, charges="Lmu-Ltau"),
    ),
    elastic("Ar40", "nue", magnetic_moment=1e-9, charge_radius="standard-model", couplings="tree"),
    elastic("F19", axial=True, couplings="radiative", nsi=Nsi(FlavourMatrix(mutau=0.1, mumu=0.3))),
    elastic("H1", shape=NuclearShape("klein-nystrand")),
    *(upscattering(heavy=heavy, spin=spin) for heavy in (0.0, 1 * EV, 2 * MEV, 50 * MEV) for spin in ("0", "1/2")),
]  # fmt: skip
IDS = [f"{i} {s.name} {s.nuclide.name}" for i, s in enumerate(EVERYTHING)]


@pytest.mark.parametrize("spectrum", EVERYTHING, ids=IDS)
@pytest.mark.filterwarnings("error")
def test_exactly_zero_beyond_the_limits_and_never_negative(spectrum: RecoilSpectrum) -> None:
    energy = np.concatenate([[0.0, 1e-300, 1e-30, 1e-12], np.geomspace(1e-6, 10.0, 60), [spectrum.threshold_GeV]])[
        :, None
    ]
    recoil = np.concatenate([[-1.0, -1e-300, 0.0, 1e-300, 1e-60], np.geomspace(1e-18, 5.0, 200), [np.inf]])[None, :]
    found = np.asarray(spectrum.dsigma_dT(energy, recoil))
    assert np.all(np.isfinite(found))
    assert np.all(found >= 0.0)
    low, high = spectrum.recoil_limits(energy)
    outside = (recoil < low) | (recoil > high) | (energy <= spectrum.threshold_GeV)
    np.testing.assert_array_equal(found[outside], 0.0)
    inner = (recoil > 1e-18) & (recoil < 0.99 * high) & (recoil > 1.01 * low) & (energy > 1e-6) & (energy < 0.2)
    assert np.all(found[inner] > 0.0)
    assert np.sum(inner) > 100


@pytest.mark.parametrize("spectrum", EVERYTHING, ids=IDS)
def test_limits_belong_to_the_spectrum(spectrum: RecoilSpectrum) -> None:
    energy = spectrum.threshold_GeV + np.geomspace(1 * MEV, 1.0, 20)
    low, high = (np.asarray(t) for t in spectrum.recoil_limits(energy))
    for recoil in (np.maximum(low, 1e-20), 0.3 * low + 0.7 * high, high * (1 - 1e-9)):
        assert np.all(spectrum.dsigma_dT(energy, recoil) > 0.0)
    for recoil in (low - 1e-9 * low - 1e-30, high * (1 + 1e-12)):
        np.testing.assert_array_equal(spectrum.dsigma_dT(energy, recoil), 0.0)


def test_never_negative_where_the_cross_section_vanishes() -> None:
    """At T_max for spin 0, and there for C_V E = C_A (E + M) of antineutrinos and spin 1/2: zeros by cancellation."""
    energy = np.geomspace(1e-3, 0.05, 5000)
    spectrum = elastic(spin="0", shape=POINT)
    found = spectrum.dsigma_dT(energy, spectrum.recoil_limits(energy)[1])
    assert np.all(found >= 0.0)
    assert np.max(found / spectrum.dsigma_dT(energy, 0.0)) < 1e-15
    vector = 2 * (18 * (0.5 - 2 * 0.23863) - 0.5 * 22)
    for one in np.geomspace(1e-3, 0.05, 60):
        axial = vector * one / (one + spectrum.mass_GeV)
        spectrum = elastic("Ar40", "numubar", shape=POINT, ngi=ContactNgi(axial=axial))
        recoil = float(spectrum.recoil_limits(one)[1]) * (1.0 - 1e-15 * np.arange(9))
        found = spectrum.dsigma_dT(one, recoil)
        assert np.all(found >= 0.0)
        assert np.max(found) < 1e-13 * spectrum.dsigma_dT(one, 0.0)


def test_not_a_number_is_outside() -> None:
    assert elastic().dsigma_dT(PION_LINE, np.nan) == 0.0
    assert elastic().dsigma_dT(np.nan, 1 * KEV) == 0.0


@pytest.mark.parametrize("spectrum", EVERYTHING, ids=IDS)
def test_bits_do_not_change_when_traced(spectrum: RecoilSpectrum) -> None:
    rng = np.random.default_rng(12)
    energy = spectrum.threshold_GeV + 10 ** rng.uniform(-3.0, -0.3, 400)
    low, high = spectrum.recoil_limits(energy)
    recoil = low + (high - low) * rng.uniform(-0.1, 1.1, 400)
    assert_traces(spectrum.dsigma_dT, energy, recoil)
    for part in (0, 1):
        assert_traces(lambda e, part=part: spectrum.recoil_limits(e)[part], energy)
    assert_traces(spectrum.minimum_energy, np.maximum(recoil, 1 * EV))


@pytest.mark.parametrize("name", FORM_FACTORS)
def test_every_shape_traces(name: str) -> None:
    rng = np.random.default_rng(13)
    energy, recoil = rng.uniform(0.01, 0.3, 200), 10 ** rng.uniform(-9.0, -4.0, 200)
    assert_traces(elastic("Xe132", shape=NuclearShape(name)).dsigma_dT, energy, recoil)


def test_masses_are_injected_with_the_nuclide() -> None:
    """A nuclide with another mass has the limits of that mass."""
    heavier = replace(nuclide("Ar40"), mass_GeV=40.0)
    spectrum = recoil_spectra(heavier, "numu", CevnsModel())[0]
    assert float(spectrum.recoil_limits(0.03)[1]) == pytest.approx(2 * 0.03**2 / 40.06, rel=1e-15, abs=0.0)
