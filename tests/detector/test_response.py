"""Events seen by a detector."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from tests.detector.tracing import assert_traces
from tridentgen.detector import (
    Constant,
    Detector,
    GammaResolution,
    GaussianResolution,
    Lindhard,
    SigmoidEfficiency,
    TableEfficiency,
    quenching,
)
from tridentgen.errors import InputError
from tridentgen.matter.nuclei import nuclide

NAI = tuple(quenching("nai", nuclide(name)) for name in ("Na23", "I127"))
CSI = (quenching("csi", nuclide("Cs133")),)
RNG = np.random.default_rng(5)
RECOIL = np.concatenate([[0.0], RNG.exponential(8e-6, 999)])
U = RNG.uniform(1e-12, 1.0 - 1e-12, 1000)


@pytest.mark.parametrize("resolution", [GaussianResolution(0.05, 0.2, 0.1), GammaResolution(9.56)])
def test_events_trace(resolution: GaussianResolution | GammaResolution) -> None:
    detector = Detector(NAI, resolution, SigmoidEfficiency(1.2, 0.3, 11.0, -0.2, 13.0), threshold_keVee=0.3)
    which = RNG.integers(0, 2, 1000).astype(np.float64)
    assert_traces(detector.observed, RECOIL, U, which)
    assert_traces(detector.acceptance, RECOIL, detector.observed(RECOIL, U, which))


def test_every_nuclide_has_its_quenching() -> None:
    detector = Detector((NAI[0], NAI[1], NAI[0]))
    which = np.arange(1000.0) % 3.0
    expected = np.where(which == 1.0, NAI[1](RECOIL), NAI[0](RECOIL))
    np.testing.assert_array_equal(detector.quenched(RECOIL, which), expected)
    assert [detector.quenching_of(i) for i in range(3)] == [NAI[0], NAI[1], NAI[0]]


def test_isotopes_with_their_own_lindhard() -> None:
    isotopes = [nuclide(name) for name in ("Xe129", "Xe131", "Xe132", "Xe136")]
    detector = Detector(tuple(Lindhard.of(target) for target in isotopes))
    for number, target in enumerate(isotopes):
        np.testing.assert_array_equal(
            detector.quenched(RECOIL, np.full(1000, float(number))), Lindhard.of(target)(RECOIL)
        )
    assert_traces(detector.quenched, RECOIL, np.arange(1000.0) % 4.0)


def test_one_quenching_is_for_all() -> None:
    detector = Detector(CSI)
    np.testing.assert_array_equal(detector.quenched(RECOIL, 1.0), CSI[0](RECOIL))
    assert detector.quenching_of(1) is CSI[0]


def test_without_resolution_no_random_number_is_used() -> None:
    assert Detector(CSI).dimensions == 0
    np.testing.assert_array_equal(Detector(CSI).observed(RECOIL, math.nan), CSI[0](RECOIL))
    assert Detector(CSI, GammaResolution(9.56)).dimensions == 1


def test_observed_energies_have_the_gaussian_distribution() -> None:
    """Kolmogorov-Smirnov test with evenly spread uniform numbers: the distance is half a step."""
    u = (np.arange(20000.0) + 0.5) / 20000.0
    observed = Detector((Constant(0.5),), GaussianResolution(0.1, 0.2)).observed(np.full(20000, 8e-6), u) * 1e6
    sigma = math.sqrt(0.01 + 0.04 * 4.0)
    distance = stats.kstest(observed, stats.norm(4.0, sigma).cdf).statistic
    assert distance == pytest.approx(0.5 / 20000.0, rel=1e-6)


def test_acceptance_by_hand() -> None:
    recoil_efficiency = TableEfficiency(np.array([0.0, 100.0]), np.array([0.0, 1.0]))
    detector = Detector(
        CSI,
        efficiency=TableEfficiency(np.array([0.0, 10.0]), np.array([0.0, 1.0])),
        recoil_efficiency=recoil_efficiency,
        threshold_keVee=1.0,
        threshold_keVnr=20.0,
    )
    recoil, observed = np.array([19.0, 50.0, 50.0, 50.0]) * 1e-6, np.array([5.0, 0.9, 1.5, 20.0]) * 1e-6
    np.testing.assert_allclose(detector.acceptance(recoil, observed), [0.0, 0.0, 0.5 * 0.15, 0.5], rtol=1e-13)


def test_a_minimum_of_ionisation_is_before_the_resolution() -> None:
    """It asks for the quenched energy of the recoiling nuclide, whatever is observed; 0 asks for nothing."""
    detector = Detector(NAI, GaussianResolution(0.1), threshold_keVee=0.2, quenched_min_keVee=0.5)
    recoil = np.full(3, 6e-6)
    observed = np.array([0.1, 0.3, 5.0]) * 1e-6
    for nuclide_number in (0.0, 1.0):
        enough = detector.quenched(recoil, nuclide_number) * 1e6 >= 0.5
        expected = np.where(enough & (observed >= 0.2e-6), 1.0, 0.0)
        np.testing.assert_array_equal(detector.acceptance(recoil, observed, 0.0, nuclide_number), expected)
    assert detector.quenched(recoil, 0.0)[0] > 0.5e-6 > detector.quenched(recoil, 1.0)[0]
    with pytest.raises(InputError, match="quenched_min_keVee = nan must be a non-negative number"):
        Detector(NAI, quenched_min_keVee=math.nan)


def test_what_is_no_detector() -> None:
    with pytest.raises(InputError, match=r"needs a quenching; Constant\(1.0\)"):
        Detector(())
    with pytest.raises(InputError, match="threshold_keVnr = -1 must be a non-negative number"):
        Detector(CSI, threshold_keVnr=-1)
