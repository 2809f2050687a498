"""sigma_T and sigma_L of nu gamma* -> nu' l- l+ against Dirac matrices and another phase space, and in limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.physics.three_leptons import Nodes, three_leptons
from tests.reference.dirac import METRIC, lepton_tensor
from tridentgen.constants import ALPHA, G_FERMI, GEV_M2_TO_CM2
from tridentgen.errors import InputError
from tridentgen.matter.particles import lepton_mass_GeV
from tridentgen.processes.trident.photon_neutrino import PhotonNeutrino
from tridentgen.processes.trident.trident import Trident

Channel = tuple[str, str, str]
MU_MU = ("numu", "mu-", "mu+")

CASES: tuple[tuple[Channel, float, float, Nodes], ...] = (
    (MU_MU, 0.0, 0.3, (8, 8, 8, 6)),
    (MU_MU, 0.1, 0.3, (8, 8, 8, 6)),
    (("numubar", "e-", "mu+"), 0.0, 0.3, (10, 10, 10, 6)),
    (("numu", "mu-", "e+"), 0.05, 0.2, (10, 10, 10, 6)),
    (("nue", "e-", "e+"), 0.0, 1e-5, (10, 10, 10, 6)),
    (("numu", "e-", "e+"), 0.0, 6.5e-4, (10, 10, 10, 6)),
)


def from_dirac(channel: Channel, q2: float, shat: float, nodes: Nodes) -> tuple[float, float]:
    """sigma_T and sigma_L in cm^2 from traces: e_x and e_y, and p1 with the factor 4 Q^2/shat^2."""
    trident = Trident(*channel)
    masses = trident.minus.mass_GeV, trident.plus.mass_GeV
    leptons = three_leptons(q2, shat, *masses, nodes)
    p1, q, p2, p_minus, p_plus, weight = leptons
    couplings = trident.couplings
    tensor = lepton_tensor(
        p1, p2, p_minus, p_plus, q, *masses, couplings.vector, couplings.axial, trident.incoming.antiparticle
    )
    transverse = tensor[:, 1, 1].real + tensor[:, 2, 2].real
    low = p1 @ METRIC
    longitudinal = 4 * q2 / shat**2 * np.einsum("nmv,nm,nv->n", tensor, low, low).real
    # Gauge invariance: -g = e_x e_x + e_y e_y - e_L e_L in what is conserved.
    trace = -np.einsum("nmv,mv->n", tensor, METRIC).real
    assert np.max(np.abs(trace + longitudinal - transverse) / transverse) < 1e-9
    factor = GEV_M2_TO_CM2 / (2 * shat)
    return factor * 0.5 * float(np.sum(weight * transverse)), factor * float(np.sum(weight * longitudinal))


@pytest.mark.parametrize(("channel", "q2", "shat", "nodes"), CASES, ids=str)
def test_cross_sections_are_those_of_dirac_matrices(channel: Channel, q2: float, shat: float, nodes: Nodes) -> None:
    expected = from_dirac(channel, q2, shat, nodes)
    photon = PhotonNeutrino(Trident(*channel))
    assert float(photon.sigma_transverse(q2, shat)) == pytest.approx(expected[0], rel=6e-4, abs=0.0)
    assert float(photon.sigma_longitudinal(q2, shat)) == pytest.approx(expected[1], rel=6e-4, abs=1e-60)


@pytest.mark.slow
def test_electrons_far_above_threshold() -> None:
    """ln(shat/m^2) = 15: where a wrong treatment of the collinear region shows."""
    expected, _ = from_dirac(("numu", "e-", "e+"), 0.0, 1.0, (16, 16, 16, 8))
    photon = PhotonNeutrino(Trident("numu", "e-", "e+"))
    assert float(photon.sigma_transverse(0.0, 1.0)) == pytest.approx(expected, rel=1e-3, abs=0.0)


def test_real_photons_at_high_energy_see_a_logarithm() -> None:
    """sigma_T/shat grows by (V^2 + A^2) alpha G_F^2/(9 pi^2) for each e-fold of shat/m^2 (PRL 113 (2014) 091801)."""
    trident = Trident("numu", "e-", "e+")
    shat = np.array([0.1, 1.0, 10.0, 100.0])
    per = PhotonNeutrino(trident).sigma_transverse(0.0, shat) / shat
    strength = trident.couplings.vector**2 + trident.couplings.axial**2
    slope = strength * ALPHA * G_FERMI**2 / (9.0 * math.pi**2) * GEV_M2_TO_CM2
    np.testing.assert_allclose(np.diff(per), slope * math.log(10.0), rtol=5e-3)


def test_virtual_photons_of_little_virtuality_are_real() -> None:
    photon = PhotonNeutrino(Trident(*MU_MU))
    real, almost = photon.sigma_transverse(0.0, 0.3), photon.sigma_transverse(1e-7, 0.3)
    assert float(almost) == pytest.approx(float(real), rel=1e-4, abs=0.0)
    assert float(photon.sigma_longitudinal(0.0, 0.3)) == 0.0
    twice = photon.sigma_longitudinal(np.array([1e-7, 2e-7]), 0.3)
    assert twice[1] / twice[0] == pytest.approx(2.0, rel=1e-4)


def test_nothing_is_made_below_threshold() -> None:
    photon = PhotonNeutrino(Trident(*MU_MU))
    threshold = 4.0 * lepton_mass_GeV("mu") ** 2
    np.testing.assert_array_equal(photon.sigma_transverse([[0.0, 0.2]], [[0.999 * threshold, 0.2 + threshold]]), 0.0)
    # W^6 phase space and matrix element just above: nothing jumps.
    assert 0.0 < photon.sigma_transverse(0.0, 1.0001 * threshold) < 1e-4 * photon.sigma_transverse(0.0, 2 * threshold)


def test_more_nodes_do_not_matter() -> None:
    for channel, q2, shat in ((MU_MU, 0.0, 20.0), (("numu", "e-", "e+"), 0.0, 50.0), (("numu", "mu-", "e+"), 0.3, 1.0)):
        trident = Trident(*channel)
        usual, finer = (
            PhotonNeutrino(trident, n).sigma_transverse(q2, shat) for n in ((12, 20, 12, 8), (24, 32, 20, 12))
        )
        assert float(usual) == pytest.approx(float(finer), rel=4e-4, abs=0.0)


def test_mistakes_are_named() -> None:
    photon = PhotonNeutrino(Trident(*MU_MU, regime="diffractive"))
    with pytest.raises(InputError, match="have several kinds of target, each with its own flux"):
        photon.h_transverse(5.0, 0.01, 0.1)
    with pytest.raises(InputError, match="shat must be positive"):
        photon.sigma_transverse(0.0, 0.0)
    with pytest.raises(InputError, match="q2 must not be negative"):
        photon.sigma_longitudinal(-0.1, 1.0)
    with pytest.raises(InputError, match="q2 must be positive"):
        PhotonNeutrino(Trident(*MU_MU)).h_transverse(5.0, 0.0, 1.0)
